"""Excel files that leave the house: lists, the template with its drop-downs, the file of rows to correct.

Every cell is written as text: what somebody typed as =cmd() is words when the file is opened, not a formula.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from talent_pool import regions, taxonomy
from talent_pool.importing import PROBLEM_COLUMN, Column, columns

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_ROWS = 2000  # of the template with drop-downs
_LONGEST = 32_000  # characters of a cell


@dataclass(frozen=True)
class Listed:
    """A list on its way into a file: heading and rows of words, widths in characters."""

    title: str
    heading: Sequence[str]
    rows: Iterable[Sequence[object]]
    widths: Sequence[int] = ()
    wrong: Mapping[tuple[int, int], str] = field(default_factory=dict)  # (row, column) → what is wrong there


def workbook(listed: Listed) -> bytes:
    """Return a list as an .xlsx file."""
    book, buffer = _book()
    _write(book, listed)
    book.close()
    return buffer.getvalue()


def template(area: int) -> bytes:
    """Return the empty list of an area with a drop-down for every closed list and for the towns."""
    book, buffer = _book()
    fields = [column for column in columns().values() if column.code != "key"]
    sheet = _write(book, Listed("人才库", [each.zh for each in fields], (), [each.width for each in fields]))
    words = {code: _choices(each, area) for code, each in columns().items()}
    aside = book.add_worksheet("选项")
    for place, column in enumerate(fields):
        if choices := words[column.code]:
            for row, word in enumerate(choices):
                aside.write_string(row, place, word)
            letter = chr(ord("A") + place)
            source = f"=选项!${letter}$1:${letter}${len(choices)}"
            rule = {"validate": "list", "source": source, "error_type": "warning"}
            sheet.data_validation(1, place, _ROWS, place, rule)
    aside.hide()
    book.close()
    return buffer.getvalue()


def _choices(column: Column, area: int) -> list[str]:
    if column.code == "town":
        county = regions.level(area) >= 6
        return [regions.short_name(code) for code in regions.children(area - area % 10**6)] if county else []
    if column.list == "yes_no":
        return ["是", "否"]
    return [label.zh for label in taxonomy.groups().get(column.list, {}).values()]


def _book() -> tuple[Any, io.BytesIO]:
    import xlsxwriter  # late: only whoever takes a file waits for it

    buffer = io.BytesIO()
    return xlsxwriter.Workbook(buffer, _OPTIONS), buffer


def _write(book: Any, listed: Listed) -> Any:
    sheet = book.add_worksheet(listed.title[:31])
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E7EEF7"})
    plain = book.add_format({"num_format": "@", "valign": "top"})
    wrong = book.add_format({"num_format": "@", "valign": "top", "bg_color": "#FDEAEA"})
    for place, words in enumerate(listed.heading):
        width = listed.widths[place] if place < len(listed.widths) else 14
        sheet.set_column(place, place, width, plain)  # as text, so that identity numbers keep their digits
        sheet.write_string(0, place, str(words), bold)
    for number, row in enumerate(listed.rows, start=1):
        for place, value in enumerate(row):
            problem = listed.wrong.get((number - 1, place))
            if value not in ("", None) or problem:
                words = "" if value is None else str(value)
                sheet.write_string(number, place, words[:_LONGEST], wrong if problem else plain)
            if problem:
                sheet.write_comment(number, place, problem)
    sheet.freeze_panes(1, 1)
    return sheet


def to_correct(heading: Sequence[str], rows: Sequence[tuple[Sequence[str], Mapping[int, str]]]) -> bytes:
    """Return the rows that were not taken, as they came, the wrong cells marked and the reasons behind each row."""
    width = max([len(heading), *(len(cells) for cells, _ in rows)])
    lines: list[list[str]] = []
    wrong: dict[tuple[int, int], str] = {}
    for number, (cells, problems) in enumerate(rows):
        said = "；".join(dict.fromkeys(problems.values()))
        lines.append([*cells, *[""] * (width - len(cells)), said])
        wrong |= {(number, place): words for place, words in problems.items() if place >= 0}
    names = [*heading, *[""] * (width - len(heading)), PROBLEM_COLUMN]
    return workbook(Listed("要改的行", names, lines, [14] * width + [60], wrong))
