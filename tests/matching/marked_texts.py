"""Texts whose facts are marked in place: `{y.3500:三千五}` becomes 三千五 with its span and value."""

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "facts"
KINDS = {"y": "amounts", "p": "people", "l": "places", "d": "dates", "t": "phones", "i": "ids", "m": "areas"}
VALUES = {"amounts": "yuan", "places": "region", "dates": "date", "areas": "mu"}
_MARK = re.compile(r"\{([ypldtim])(?:\.([^:{}]*))?:([^{}]*)\}")


class Fact(NamedTuple):
    """A marked stretch; `value` as written, empty where there is no exact one."""

    kind: str
    start: int
    end: int
    value: str


class Marked(NamedTuple):
    """A text, the region in which it is read, and its facts."""

    text: str
    region: str | None
    facts: list[Fact]


def marked(name: str) -> list[Marked]:
    """Read the lines of tests/matching/facts/NAME."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [parse(line) for line in lines if line and not line.startswith("#")]


def parse(line: str) -> Marked:
    """Take the marks out of a line."""
    region = None
    if line.startswith("@"):
        region, line = line[1:].split(" ", 1)
    text, facts, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        facts.append(Fact(KINDS[mark[1]], len(text), len(text) + len(mark[3]), mark[2] or ""))
        text, at = text + mark[3], mark.end()
    return Marked(text + line[at:], region, facts)


def same(kind: str, wanted: str, read: dict[str, object]) -> bool:
    """Tell whether a read fact has the value of the marked one; no exact value agrees with any."""
    if kind not in VALUES or not wanted:
        return True
    value = read[VALUES[kind]]
    if kind == "places":
        return value == wanted.ljust(12, "0")
    return value == wanted if kind == "dates" else value is not None and float(str(value)) == float(wanted)
