"""Reads one table from standard input and prints its cells as JSON: a process of its own, with bounded memory and time.

Called by `talent_pool.sheets` alone. A file made to harm ends this process, never the service.
"""

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from talent_pool.sheets import MOST_ROWS, MOST_UNPACKED, SheetError

MOST_COLUMNS = 300
LONGEST_CELL = 500
MEMORY = 1536 * 2**20
SECONDS = 40
LOST_DIGITS = 10**15  # Excel keeps 15 digits of a number
OPEN_DOCUMENT = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

Row = tuple[int, list[str], list[int]]  # number as the sheet shows it, cells, columns of numbers that lost digits


def main() -> None:
    """Read standard input, print {"rows": …, "sheet": …} or {"problem": code}."""
    _bound()
    try:
        found = read(sys.stdin.buffer.read())
    except SheetError as problem:
        found = {"problem": problem.code}
    json.dump(found, sys.stdout, ensure_ascii=False, separators=(",", ":"))


def _bound() -> None:
    try:
        import resource
    except ImportError:  # Windows knows no such limits; the parent's time limit holds there too
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(given: bytes) -> dict[str, Any]:
    """Return the rows that are not blank, and the name of the sheet that was read."""
    if given.startswith(OPEN_DOCUMENT):
        _unpack(given)
        return _workbook(given)
    if given.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in given:
            raise SheetError("password")
        return _workbook(given)
    return {"sheet": "", "rows": _bounded(_text_rows(given))}


def _unpack(given: bytes) -> None:
    """Unpack once into nothing, counting: what a package says about its size need not be true."""
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(given)) as package:
            for entry in package.infolist():
                with package.open(entry) as file:
                    while chunk := file.read(2**20):
                        total += len(chunk)
                        if total > MOST_UNPACKED:
                            raise SheetError("unpacked")
    except RuntimeError:
        raise SheetError("password") from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, ValueError, OSError, NotImplementedError):
        raise SheetError("broken") from None


def _workbook(given: bytes) -> dict[str, Any]:
    import python_calamine as calamine

    try:
        with calamine.load_workbook(io.BytesIO(given)) as book:
            shown = [
                each.name
                for each in book.sheets_metadata
                if each.visible == calamine.SheetVisibleEnum.Visible and each.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            for name in shown:
                sheet = book.get_sheet_by_name(name)
                if sheet.total_height > 20 * MOST_ROWS or sheet.total_height * sheet.total_width > 200 * MOST_ROWS:
                    raise SheetError("rows")
                rows = _bounded(_filled(sheet))
                if rows:
                    return {"sheet": name, "rows": rows}
    except SheetError:
        raise
    except calamine.PasswordError:
        raise SheetError("password") from None
    except Exception:  # the library has a dozen errors for as many ways of being broken
        raise SheetError("broken") from None
    raise SheetError("empty")


def _filled(sheet: Any) -> Iterator[list[Any]]:
    """Yield the rows, with the value of cells merged downwards in each of them."""
    below: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right and bottom - top < 2000:
            below |= {(at, left): (top, left) for at in range(top + 1, bottom + 1)}
    kept: dict[tuple[int, int], Any] = {}
    wanted = set(below.values())
    for number, row in enumerate(sheet.to_python(skip_empty_area=False)):
        for column in range(min(len(row), MOST_COLUMNS)):
            if (number, column) in wanted:
                kept[number, column] = row[column]
            elif (number, column) in below:
                row[column] = kept.get(below[number, column], row[column])
        yield row


def _bounded(rows: Iterator[Sequence[Any]]) -> list[Row]:
    found: list[Row] = []
    for number, row in enumerate(rows, start=1):
        cells = [_written(cell) for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            lost = [at for at, cell in enumerate(row[:MOST_COLUMNS]) if _lost(cell)]
            found.append((number, cells, lost))
        if len(found) > MOST_ROWS:
            raise SheetError("rows")
    return found


def _lost(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= LOST_DIGITS


def _written(cell: Any) -> str:
    """Return a cell as people read it: 13800000001.0 is a phone, midnight is a day."""
    match cell:
        case None:
            text = ""
        case bool():
            text = "是" if cell else "否"
        case float() if cell.is_integer():
            text = str(int(cell))
        case datetime():
            text = cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
        case date() | time():
            text = cell.isoformat()
        case timedelta():
            text = str(cell)
        case _:
            text = str(cell)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST_CELL])
    return text.strip()[:LONGEST_CELL]


def _text_rows(given: bytes) -> Iterator[list[str]]:
    words = _decoded(given)
    first = words[:4000].split("\n", 1)[0]
    comma = max((",", "\t", ";", ","), key=first.count)
    csv.field_size_limit(100_000)
    try:
        yield from csv.reader(io.StringIO(words, newline=""), delimiter=comma)
    except csv.Error:
        raise SheetError("broken") from None


def _decoded(given: bytes) -> str:
    if b"\0" in given:
        raise SheetError("format")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return given.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("format")


if __name__ == "__main__":
    main()
