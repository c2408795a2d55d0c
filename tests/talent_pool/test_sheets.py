"""Reading files that a county sends, and files that somebody made to harm."""

import csv
import io
import random
import struct
import zipfile
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from talent_pool import sheets
from talent_pool.sheets import MOST_BYTES, MOST_ROWS, SheetError, SheetRow, read_sheet


def book(*tables: list[list[Any]], hidden: tuple[int, ...] = (), merged: tuple[tuple[int, ...], ...] = ()) -> bytes:
    """An .xlsx file with a sheet for each table."""
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True})
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for number, table in enumerate(tables):
        sheet = made.add_worksheet()
        for at, row in enumerate(table):
            for place, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(at, place, value, day)
                elif value is not None:
                    sheet.write(at, place, value)
        for top, left, bottom, right in merged:
            sheet.merge_range(top, left, bottom, right, table[top][left])
        if number in hidden:
            sheet.hide()
    for number in range(len(tables)):
        if number not in hidden:
            made.worksheets()[number].activate()
            break
    made.close()
    return buffer.getvalue()


def refused(given: bytes) -> str:
    with pytest.raises(SheetError) as problem:
        read_sheet(given)
    return problem.value.code


def test_cells_are_read_as_people_read_them() -> None:
    rows = read_sheet(
        book(
            [
                ["姓名", "手机", "日期"],
                [" 雷长安 ", 13800000001, date(2026, 1, 2)],
                [],
                [True, 0.5, datetime(2026, 1, 2, 8, 30)],
            ]
        )
    )
    assert [(row.number, row.cells) for row in rows] == [
        (1, ("姓名", "手机", "日期")),
        (2, ("雷长安", "13800000001", "2026-01-02")),
        (4, ("是", "0.5", "2026-01-02 08:30")),
    ]


def test_a_number_that_lost_digits_is_noticed() -> None:
    rows = read_sheet(book([["610629196501011234", 610629196501011234, 13800000001]]))
    assert rows[0].lost == {1}


def test_a_formula_counts_as_what_it_showed() -> None:
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer)
    sheet = made.add_worksheet()
    sheet.write_formula(0, 0, '=HYPERLINK("http://127.0.0.1","x")', None, "点我")
    made.close()
    assert read_sheet(buffer.getvalue())[0].cells == ("点我",)


def test_cells_merged_downwards_are_filled_and_titles_are_not() -> None:
    table = [
        ["花名册", None, None],
        ["乡镇", "姓名", "x"],
        ["旧县镇", "甲", "1"],
        [None, "乙", "2"],
        ["老庙镇", "丙", "3"],
    ]
    rows = read_sheet(book(table, merged=((0, 0, 0, 2), (2, 0, 3, 0))))
    assert [row.cells for row in rows] == [
        ("花名册",), ("乡镇", "姓名", "x"), ("旧县镇", "甲", "1"), ("旧县镇", "乙", "2"), ("老庙镇", "丙", "3"),
    ]  # fmt: skip


def test_hidden_and_blank_sheets_are_passed_over() -> None:
    assert read_sheet(book([["藏"]], [], [["看得见"]], hidden=(0,)))[0].cells == ("看得见",)


def test_an_old_excel_file() -> None:
    rows = read_sheet((Path(__file__).parent / "county.xls").read_bytes())
    assert rows[1].cells == ("序号", "姓名", "类别", "所在乡镇", "联系电话")
    assert rows[2].cells == ("1", "雷长安", "乡贤", "旧县镇", "13800000001")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("comma", [",", "\t", ";"])
def test_text_files_in_both_encodings(encoding: str, comma: str) -> None:
    words = io.StringIO()
    csv.writer(words, delimiter=comma).writerows([["姓名", "简介"], ["雷长安", f'公道{comma}\n"和气"']])
    rows = read_sheet(words.getvalue().encode(encoding))
    assert rows == [
        SheetRow(1, ("姓名", "简介")),
        SheetRow(2, ("雷长安", f'公道{comma if comma != chr(9) else " "} "和气"')),
    ]


def test_many_columns_and_long_cells_are_bounded() -> None:
    rows = read_sheet(book([["列"] * 400, ["长" * 5000]]))
    assert len(rows[0].cells) == 300
    assert len(rows[1].cells[0]) == 500


# --- refused whole ---------------------------------------------------------------------------------------------------


def test_too_large_a_file_is_refused_before_it_is_opened() -> None:
    assert refused(b"PK\x03\x04" + b"x" * MOST_BYTES) == "size"


def test_too_many_rows_are_refused() -> None:
    assert refused(b"a\n" * (MOST_ROWS + 1)) == "rows"
    assert len(read_sheet(b"a\n" * MOST_ROWS)) == MOST_ROWS


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def test_a_bomb_that_says_so_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets.subprocess, "run", lambda *_, **__: pytest.fail("it was opened"))
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 10**6)
    assert refused(packed({"xl/workbook.xml": b"0" * (10**6 + 1)})) == "unpacked"
    assert refused(packed({f"{number}": b"" for number in range(3001)})) == "unpacked"


def test_a_bomb_that_lies_about_its_size_harms_nobody() -> None:
    real = zlib.compress(b"\0" * (20 * 2**20), 9)[2:-4]
    name, size = b"xl/workbook.xml", 100
    head = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, zlib.crc32(b"\0" * size), len(real), size, len(name), 0)
    central = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        20,
        20,
        0,
        8,
        0,
        0,
        zlib.crc32(b"\0" * size),
        len(real),
        size,
        len(name),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    body = head + name + real
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central) + len(name), len(body), 0)
    assert refused(body + central + name + end) in ("broken", "unpacked")


def test_a_sheet_that_claims_to_be_endless_harms_nobody() -> None:
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer)
    sheet = made.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "z")
    made.close()
    assert refused(buffer.getvalue()) in ("rows", "broken")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"", "empty"),
        (b"\n\n , ,\n", "empty"),
        (b"PK\x03\x04 nothing behind", "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"%PDF-1.7\0\0", "format"),
        (b"\x89PNG\r\n\x1a\n\0\0", "format"),
        (b"\xff\xff\xff", "format"),
        (packed({"xl/workbook.xml": b"<workbook"}), "broken"),
        (packed({"word/document.xml": b"<w/>"}), "broken"),
    ],
)
def test_what_is_no_table_is_refused(given: bytes, code: str) -> None:
    assert refused(given) == code


def test_a_package_with_a_password_is_refused() -> None:
    given = bytearray(packed({"xl/workbook.xml": b"<workbook/>"}))
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        given[given.index(mark) + at] |= 1
    assert refused(bytes(given)) == "password"


def test_broken_copies_never_end_in_an_error_of_ours() -> None:
    chance, whole = random.Random(7), book([["姓名", "类别"], ["雷长安", "乡贤"]])
    for _ in range(12):
        given = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            given[chance.randrange(len(given))] = chance.randrange(256)
        try:
            read_sheet(bytes(given[: chance.randint(1, len(given))]))
        except SheetError:
            continue
