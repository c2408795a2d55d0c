"""A county's list on its way in: mapped once, previewed, taken in by parts, the same file twice, corrected, undone."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import Session, col, select

from app import pool_care, pool_export, pool_import, pool_rows
from app.cli import cli
from app.db import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import ColumnMap, DraftState, PoolDraft
from app.workbooks import Listed, template, workbook
from talent_pool import history, register, roster
from talent_pool.importing import columns
from talent_pool.models import Mediator, Status
from talent_pool.profiles import PoolBatch, Profile
from talent_pool.sheets import read_sheet
from tests.builders import JIAOKOUHE, JIAOKOUHE_VILLAGE, LUOCHUAN, YICHUAN, a_mediator, a_station, an_officer
from tests.clock import NOW

HEADING = ["姓名", "类别", "籍贯", "电话", "擅长", "身份证号", "是否同意"]
IDS = {"雷长安": "610629196502031234"}
PEOPLE = [
    ["雷长安", "乡贤", "交口河镇京兆村", "13800000001", "邻里", IDS["雷长安"], "是"],
    ["高医生", "行业", "洛川县", "13800000002", "医疗", "", "是"],
    ["刘科长", "行政", "旧县镇", "13800000003", "劳动争议、土地", "", ""],
]
TODAY = NOW.date()


def a_file(*people: list[str], heading: list[str] = HEADING) -> bytes:
    return workbook(Listed("名单", heading, people))


def uploaded(session: Session, given: bytes, account: int | None = None, area: int = LUOCHUAN) -> PoolDraft:
    rows = pool_import.uploaded(given)
    draft = pool_import.begin(session, account_id=account, area=area, filename="名单.xlsx", rows=rows, now=NOW)
    pool_import.set_columns(session, draft, draft.columns)
    return draft


def counts(session: Session, given: bytes) -> dict[str, int]:
    found = dict(pool_import.preview(session, uploaded(session, given), TODAY).counts)
    return {what: number for what, number in found.items() if number}


def taken_in(db: Database, given: bytes, same: dict[str, int] | None = None, size: int = 500) -> PoolDraft:
    with db.write() as session:
        draft = uploaded(session, given)
        pool_import.start(session, draft, same or {}, by="account:1", now=NOW)
    while draft.state is not DraftState.DONE:
        with db.write() as session:
            draft = session.get_one(PoolDraft, draft.id)
            pool_import.step(session, draft, by="account:1", now=NOW, size=size)
    return draft


def names(db: Database) -> list[str]:
    with db.read() as session:
        return [
            one.name
            for one in session.exec(select(Mediator).order_by(col(Mediator.id)))
            if one.status != Status.RETIRED
        ]


def test_a_list_is_taken_in_by_parts(db: Database) -> None:
    draft = taken_in(db, a_file(*PEOPLE, ["坏人", "外星", "火星", "1", "", "", ""]), size=2)
    assert (draft.done, draft.rows, draft.counts["rows"]) == (4, 4, {"new": 3, "bad": 1})
    assert names(db) == ["雷长安", "高医生", "刘科长"]
    with db.read() as session:
        first, *_, last = session.exec(select(Mediator).order_by(col(Mediator.id))).all()
        assert (first.status, last.status) == (Status.ACTIVE, Status.PENDING), "who did not agree is not listed"
        assert history.of(session, first.id or 0)[0].by == "account:1"
        profile = session.get_one(Profile, first.id)
        assert len(profile.id_index) == 64
        assert IDS["雷长安"] not in str([row.__dict__ for row in session.exec(select(Profile)).all()])


def test_nothing_of_those_who_are_in_stays_in_the_draft(db: Database) -> None:
    draft = taken_in(db, a_file(*PEOPLE, ["坏人", "外星", "火星", "1", "", "", ""]))
    assert [row.cells[0] for row in pool_import._table(draft).rows] == ["坏人"]


def test_the_same_file_twice_changes_nothing(db: Database) -> None:
    given = a_file(*PEOPLE)
    taken_in(db, given)
    with db.read() as session:
        before = [(one.id, one.version) for one in session.exec(select(Mediator).order_by(col(Mediator.id)))]
    assert taken_in(db, given).counts["rows"] == {"same": 3}
    with db.read() as session:
        assert [(one.id, one.version) for one in session.exec(select(Mediator).order_by(col(Mediator.id)))] == before
        assert len(history.of(session, before[0][0] or 0)) == 1


def test_a_changed_cell_changes_its_entry_and_a_blank_one_nothing(db: Database) -> None:
    taken_in(db, a_file(*PEOPLE))
    draft = taken_in(db, a_file(["雷长安", "乡贤", "交口河镇", "13900000009", "", IDS["雷长安"], ""]))
    assert draft.counts["rows"] == {"update": 1}
    with db.read() as session:
        one = session.get(Mediator, 1)
        assert one is not None and one.id is not None
        assert (one.phone, one.home % 1000 > 0) == ("13900000009", True), "the village is not lost to its town"
        assert [each["type"] for each in roster.expertise_of(session, one.id)] == ["neighbor"]
        assert one.status is Status.ACTIVE


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (["雷长安", "乡贤", "老庙镇", "13800000001", "", "", ""], "update"),  # phone and name
        (["雷长安", "乡贤", "交口河镇京兆村", "", "", "", ""], "same"),  # name and village
        (["雷大安", "乡贤", "老庙镇", "13800000001", "", "", ""], "twin"),  # the phone, another name
        (["雷常安", "乡贤", "交口河镇京兆村", "13900000001", "", "", ""], "twin"),  # one character, same village
        (["雷长安", "乡贤", "交口河镇京兆村", "13900000001", "", "", ""], "twin"),  # namesake, or a new phone
        (["雷长安", "乡贤", "旧县镇", "13900000001", "", "", ""], "new"),  # a namesake elsewhere
        (["雷长安", "行业", "交口河镇京兆村", "13800000001", "", "", ""], "bad"),  # one person, two kinds
    ],
)
def test_who_a_row_is(sqlite_db: Database, row: list[str], what: str) -> None:
    taken_in(sqlite_db, a_file(*PEOPLE))
    with sqlite_db.write() as session:
        assert counts(session, a_file(row)) == {what: 1}


def test_a_possible_double_waits_for_a_person(db: Database) -> None:
    taken_in(db, a_file(*PEOPLE))
    odd = a_file(["雷大安", "乡贤", "老庙镇", "13800000001", "", "", "是"])
    assert taken_in(db, odd).counts["rows"] == {"twin": 1}
    assert names(db) == ["雷长安", "高医生", "刘科长"]
    assert taken_in(db, odd, {"2": 1}).counts["rows"] == {"update": 1}
    assert names(db) == ["雷大安", "高医生", "刘科长"]
    odd = a_file(["雷小安", "乡贤", "老庙镇", "13800000001", "", "", "是"])
    assert taken_in(db, odd, {"2": 0}).counts["rows"] == {"new": 1}
    assert names(db)[-1] == "雷小安"


def test_a_person_twice_in_one_list_comes_in_once(db: Database) -> None:
    twice = ["雷长安", "行业", "交口河镇京兆村", "13800000001", "", "", ""]
    draft = taken_in(db, a_file(PEOPLE[0], twice), size=1)
    assert draft.counts["rows"] == {"new": 1, "bad": 1}
    assert "第2行是同一个人" in draft.counts["left"]["3"][0][1]


def test_a_row_of_another_county_s_person_is_told(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        a_mediator(session, name="雷长安", phone="13800000001", home=YICHUAN, areas=(YICHUAN,))
        assert counts(session, a_file(PEOPLE[0])) == {"bad": 1}


def test_the_file_of_wrong_rows_can_be_corrected_and_comes_back(db: Database) -> None:
    draft = taken_in(
        db, a_file(*PEOPLE, ["坏人", "外星", "旧县镇", "1", "", "", "是"], ["=cmd()", "乡贤", "火星", "", "", "", ""])
    )
    with db.read() as session:
        given = pool_import.rows_to_correct(session, draft, TODAY)
    rows = read_sheet(given)
    assert rows[0].cells == (*HEADING, "问题")
    assert [row.cells[0] for row in rows[1:]] == ["坏人", "=cmd()"]
    assert "行政、行业、乡贤三类里选一类" in rows[1].cells[-1] and "电话号码不对:1" in rows[1].cells[-1]
    mended = [[*rows[1].cells[:1], "行业", *rows[1].cells[2:3], "13800000007", *rows[1].cells[4:]]]
    with db.write() as session:
        assert counts(session, a_file(*mended, heading=list(rows[0].cells))) == {"new": 1}


def test_an_import_can_be_taken_back(db: Database) -> None:
    taken_in(db, a_file(*PEOPLE[:1]))
    changed = ["雷长安", "乡贤", "旧县镇", "13900000009", "劳动", IDS["雷长安"], ""]
    draft = taken_in(db, a_file(changed, *PEOPLE[1:]))
    assert draft.counts["rows"] == {"update": 1, "new": 2}
    with db.write() as session:
        assert pool_care.take_back(session, draft.batch_id or 0, area=LUOCHUAN, by="account:1", now=NOW)[1] == 0
    assert names(db) == ["雷长安"]
    with db.read() as session:
        one = session.get(Mediator, 1)
        assert one is not None and one.phone == "13800000001"
        assert [each["type"] for each in roster.expertise_of(session, one.id or 0)] == ["neighbor"]


# --- columns ---------------------------------------------------------------------------------------------------------


def test_columns_are_mapped_once(db: Database) -> None:
    given = a_file(["雷长安", "乡贤", "旧县镇"], heading=["谁", "哪种", "哪里"])
    with db.write() as session:
        rows = pool_import.uploaded(given)
        draft = pool_import.begin(session, account_id=None, area=LUOCHUAN, filename="x", rows=rows, now=NOW)
        assert draft.columns == {}
        with pytest.raises(InvalidInput) as problem:
            pool_import.set_columns(session, draft, {"name": 0})
        assert list(problem.value.problems) == ["column-kind"]
        pool_import.set_columns(session, draft, {"name": 0, "kind": 1, "home": 2})
    with db.write() as session:
        again = pool_import.begin(session, account_id=None, area=LUOCHUAN, filename="x", rows=rows, now=NOW)
        assert again.columns == {"name": 0, "kind": 1, "home": 2}
        elsewhere = pool_import.begin(session, account_id=None, area=YICHUAN, filename="x", rows=rows, now=NOW)
        assert elsewhere.columns == {}
        pool_import.set_columns(session, again, {"name": 0, "kind": 1, "town": 2})
        assert len(session.exec(select(ColumnMap)).all()) == 1


@pytest.mark.parametrize(
    "places", [{"name": 0, "kind": 0, "home": 1}, {"name": 0, "kind": 1}, {"name": 0, "kind": 99, "home": 2}]
)
def test_columns_that_cannot_be_are_refused(sqlite_db: Database, places: dict[str, int]) -> None:
    with sqlite_db.write() as session:
        draft = uploaded(session, a_file(*PEOPLE))
        with pytest.raises(InvalidInput):
            pool_import.set_columns(session, draft, places)


def test_a_list_is_its_uploader_s_alone_and_does_not_stay(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        one, other = an_officer(session), an_officer(session)
        draft = uploaded(session, a_file(*PEOPLE), one.id)
        assert pool_import.get(session, one.id or 0, draft.id or 0) is draft
        with pytest.raises(NotFound):
            pool_import.get(session, other.id or 0, draft.id or 0)
        second = uploaded(session, a_file(*PEOPLE), one.id)
        assert session.exec(select(PoolDraft)).all() == [second], "a new upload replaces the one that waited"
        assert pool_import.forget_old(session, NOW) == 0
        assert pool_import.forget_old(session, NOW + 2 * pool_import.KEPT_FOR) == 1


def test_pressed_twice_it_begins_once(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        draft = uploaded(session, a_file(*PEOPLE))
        pool_import.start(session, draft, {}, by="account:1", now=NOW)
        pool_import.start(session, draft, {}, by="account:1", now=NOW)
        assert len(session.exec(select(PoolBatch)).all()) == 1
        with pytest.raises(Conflict):
            pool_import.set_columns(session, draft, {"name": 0, "kind": 1, "home": 2})
        pool_import.step(session, draft, by="account:1", now=NOW)
        pool_import.step(session, draft, by="account:1", now=NOW)
    assert names(sqlite_db) == ["雷长安", "高医生", "刘科长"]


# --- out -------------------------------------------------------------------------------------------------------------


def test_what_is_exported_comes_back_as_the_same(db: Database) -> None:
    taken_in(db, a_file(*PEOPLE))
    with db.write() as session:
        roster.amend(session, 1, title="=HYPERLINK(1)", intro="先听完", dialects="guanzhong,putonghua", birth_year=1965)
        roster.set_service_areas(session, 1, [JIAOKOUHE, JIAOKOUHE_VILLAGE])
        register.amend_profile(session, 1, subkind="teacher", grade="level_2", term_from=TODAY, term_to=TODAY)
        given = pool_export.of_area(session, LUOCHUAN)
    with db.write() as session:
        assert counts(session, given) == {"same": 3}
    rows = read_sheet(given)
    assert rows[0].cells[0] == "姓名"
    assert "=HYPERLINK(1)" in next(row for row in rows if row.cells[0] == "雷长安").cells
    with zipfile.ZipFile(io.BytesIO(given)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


def test_the_template_offers_lists_and_is_read_back(sqlite_db: Database) -> None:
    given = template(LUOCHUAN)
    with zipfile.ZipFile(io.BytesIO(given)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
        shown = package.read("xl/sharedStrings.xml").decode()
    assert sheet.count("<dataValidation ") == len([each for each in columns().values() if each.list]) + 1
    assert "交口河镇" in shown and "乡贤" in shown
    assert read_sheet(given)[0].cells[0] == "姓名"


# --- command line ----------------------------------------------------------------------------------------------------


def run(db: Database, *words: str) -> Any:
    return CliRunner().invoke(cli, ["pool", *words, "--data-dir", str(db.settings.data_dir)])


def test_the_command_line(sqlite_db: Database, tmp_path: Path) -> None:
    file, wrong, out = tmp_path / "in.xlsx", tmp_path / "wrong.xlsx", tmp_path / "out.xlsx"
    file.write_bytes(a_file(*PEOPLE, ["坏人", "外星", "火星", "1", "", "", ""]))
    with sqlite_db.write() as session:
        a_station(session)
    done = run(sqlite_db, "import", str(file), "--dry-run", "--errors", str(wrong))
    assert done.exit_code == 0, done.output
    assert "第5行 类别: 行政、行业、乡贤三类里选一类" in done.output
    told = json.loads(done.stdout.splitlines()[-1])
    assert told == {"rows": 4, "new": 3, "update": 0, "same": 0, "twin": 0, "bad": 1, "dry_run": True}
    assert names(sqlite_db) == []
    assert read_sheet(wrong.read_bytes())[1].cells[0] == "坏人"
    assert run(sqlite_db, "import", str(file)).exit_code == 0
    assert names(sqlite_db) == ["雷长安", "高医生", "刘科长"]
    with sqlite_db.read() as session:
        assert session.exec(select(PoolDraft)).all() == []
    assert run(sqlite_db, "export", str(out)).exit_code == 0
    assert json.loads(run(sqlite_db, "import", str(out), "--dry-run").stdout.splitlines()[-1])["same"] == 3
    done = run(sqlite_db, "check")
    assert "刘科长: 等本人同意公示" in done.output
    assert json.loads(done.stdout.splitlines()[-1])["doubles"] == 0


@pytest.mark.parametrize("name", ["absent.xlsx", "picture.png", "empty.csv", "other.csv"])
def test_files_that_cannot_be_taken_end_in_one_line(sqlite_db: Database, tmp_path: Path, name: str) -> None:
    from app.errors import DiandanError

    (tmp_path / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "other.csv").write_bytes("品名,价钱\n苹果,3\n".encode())
    done = run(sqlite_db, "import", str(tmp_path / name), "--region", "610629")
    assert isinstance(done.exception, DiandanError) and str(done.exception)


@pytest.mark.slow
def test_twenty_thousand_rows_in_twenty_seconds(sqlite_db: Database) -> None:
    people = [
        [f"雷{chr(0x4E00 + n % 5000)}{chr(0x4E00 + n // 7)}", "乡贤", "旧县镇", f"138{n:08d}", "邻里", "", "是"]
        for n in range(20_000)
    ]
    given = a_file(*people)
    begun = time.perf_counter()
    draft = taken_in(sqlite_db, given)
    assert draft.counts["rows"] == {"new": 20_000}
    assert time.perf_counter() - begun <= 20


def test_an_identity_number_is_known_by_its_key_alone(sqlite_db: Database) -> None:
    with sqlite_db.read() as session:
        first = pool_rows.blind(session, IDS["雷长安"])
        assert first == pool_rows.blind(session, IDS["雷长安"]) != pool_rows.blind(session, "610629196502031242")
        assert pool_rows.blind(session, "") == ""
        assert IDS["雷长安"] not in first
