"""Marked lines → corpus: `python data/corpus/build.py OUT.jsonl MARKED.txt…` checks, unmarks and drops near-duplicates.

One text a line, `# register: NAME` above each run of lines:

    TYPE/SUBTYPE +ALSO,ALSO !TRAP | text with {g.GATE:words} {s.SIGN:words} {y.3500:三千五} {p:张老三}

`!TRAP` names a gate that the text only seems to show. Further marks, for facts: {l.610629101000:老庙镇} a place,
{d.2026-11-23:前天} a day, {t:19900001234} a telephone, {i:…} an identity number, {m.3.5:三亩半} an area.
Spans are code points of the text without its marks.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from talent_pool import taxonomy

Row = dict[str, Any]
SAME = 0.62  # cosine of runs of three characters from which two texts count as one
REGISTERS = {
    "officer_note",
    "villager_spoken",
    "call_110",
    "message",
    "letter",
    "long_history",
    "online_question",
    "hotline_referral",
    "court_facts",
}
KINDS = {
    "g": ("gates", "code"),
    "s": ("signs", "code"),
    "y": ("amounts", "yuan"),
    "p": ("people", ""),
    "l": ("places", "region"),
    "d": ("dates", "date"),
    "t": ("phones", ""),
    "i": ("ids", ""),
    "m": ("areas", "mu"),
}
READ_AS = {"tourism": "consumer", "internet": "consumer", "intellectual_property": "other"}  # right too, by the guide
ALWAYS = ("gates", "signs", "amounts", "people")
_HEAD = re.compile(r"^([a-z_]+)(?:/([a-z_]+))?((?:\s+[+!][a-z_,]+)*)\s*\|\s*(.+)$")
_MARK = re.compile(r"\{([gsypldtim])(?:\.([^:{}]*))?:([^{}]+)\}")
_REGISTER = re.compile(r"#+\s*register:\s*(\w+)")
_NUMBER = re.compile(r"[0-9０-９.,]+|[一二三四五六七八九十百千万两半几]+")


def parse(line: str, register: str) -> Row:
    """Return one marked line as a row; raise ValueError with what is wrong with it."""
    head = _HEAD.match(line.strip())
    if not head or register not in REGISTERS:
        raise ValueError(f"no 'TYPE/SUBTYPE +ALSO !TRAP | text' under a known register ({register})")
    type_, subtype, extra, marked = head.groups()
    also = [code for part in extra.split() if part[0] == "+" for code in part[1:].split(",")]
    traps = [code for part in extra.split() if part[0] == "!" for code in part[1:].split(",")]
    row: Row = {"text": "", "type": type_, "also": also, "subtype": subtype, "register": register, "traps": traps}
    row |= unmarked(marked)
    if READ_AS.get(type_, type_) not in (type_, *also):
        also.append(READ_AS[type_])
    _check(row)
    return row


def unmarked(marked: str) -> Row:
    """Return the text and the spans of its marks."""
    found: Row = {"text": "", **{kind: [] for kind in ALWAYS}}
    at = 0
    for hit in _MARK.finditer(marked):
        found["text"] += marked[at : hit.start()]
        kind, name = KINDS[hit[1]]
        span: Row = {"start": len(found["text"]), "end": len(found["text"]) + len(hit[3])}
        found.setdefault(kind, []).append(({name: _value(hit[1], hit[2])} if name else {}) | span)
        found["text"] += hit[3]
        at = hit.end()
    found["text"] += marked[at:]
    return found


def _value(kind: str, value: str | None) -> str | float | None:
    return (float(value) if value else None) if kind in "ym" else value or ""


def _check(row: Row) -> None:
    known = {
        "type": ([row["type"], *row["also"]], taxonomy.types()),
        "subtype": ([row["subtype"]] if row["subtype"] else [], taxonomy.all_subtypes()),
        "gate": ([*row["traps"], *(mark["code"] for mark in row["gates"])], taxonomy.gates()),
        "sign": ([mark["code"] for mark in row["signs"]], taxonomy.signs()),
    }
    for what, (codes, right) in known.items():
        wrong = [code for code in codes if code not in right]
        if wrong:
            raise ValueError(f"{what} {wrong[0]!r}")
    if {"{", "}"} & set(row["text"]) or len(row["text"]) < 8:
        raise ValueError("a stray brace, or hardly a text")


def rows(paths: Iterable[Path]) -> Iterator[Row]:
    """Yield every line of marked files; raise SystemExit naming the first line that is wrong."""
    for path in paths:
        register = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if heading := _REGISTER.match(line):
                register = heading[1]
            elif line.strip() and not line.startswith(("#", "```")):
                try:
                    yield parse(line, register)
                except ValueError as problem:
                    raise SystemExit(f"{path}:{number}: {problem}") from None


def shape(row: Row) -> Counter[str]:
    """Return the runs of three characters of a text whose names and numbers are masked."""
    text = row["text"]
    for mark in sorted(row.get("people", []), key=lambda mark: -mark["start"]):
        text = f"{text[: mark['start']]}@{text[mark['end'] :]}"
    text = re.sub(r"[^\w#@]", "", _NUMBER.sub("#", text))
    return Counter(text[at : at + 3] for at in range(len(text) - 2))


def near(shapes: list[Counter[str]]) -> Iterator[tuple[int, int]]:
    """Yield (later, earlier) pairs of texts whose shapes are nearer than SAME."""
    norms = [sum(count * count for count in shape.values()) ** 0.5 or 1.0 for shape in shapes]
    holders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for later, shape_ in enumerate(shapes):
        dots: Counter[int] = Counter()
        for run, count in shape_.items():
            for earlier, other in holders[run]:
                dots[earlier] += count * other
            holders[run].append((later, count))
        for earlier, dot in dots.items():
            if dot > SAME * norms[later] * norms[earlier]:
                yield later, earlier


def distinct(found: list[Row]) -> list[Row]:
    """Return the rows without those that are near to an earlier one."""
    dropped = {later for later, _ in near([shape(row) for row in found])}
    return [row for at, row in enumerate(found) if at not in dropped]


def main(out: Path, marked: list[Path]) -> None:
    """Write the rows that no other corpus file beside `out` holds already."""
    others = [
        json.loads(line)
        for path in sorted(out.parent.glob("*.jsonl"))
        if path != out
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    kept = distinct([*others, *rows(marked)])[len(distinct(others)) :]
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), encoding="utf-8")
    print(f"{out.name}: {len(kept)} texts", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
