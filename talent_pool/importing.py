"""A county's list of mediators: rows of cells become entries, or problems told cell by cell. Pure: no database.

Which column means what is guessed from its heading (data/pool/columns.toml) and decided by a person; what the cells
mean is in data/pool/synonyms.toml and the lists of the taxonomy.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from talent_pool.cells import Reader, Refused, Twice
from talent_pool.entries import Enrolment, Skill
from talent_pool.files import data_dir
from talent_pool.models import Kind, MediatorBase, Sex, Status
from talent_pool.profiles import Consent, Form, ProfileBase
from talent_pool.sheets import SheetRow

REQUIRED = ("name", "kind")
HEADING_WITHIN = 15  # rows: above it stand titles
PROBLEM_COLUMN = "问题"  # of the error file; ignored when it comes back


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the list: its words in both languages, the headings that mean it, its drop-down and width."""

    code: str
    zh: str
    en: str
    words: tuple[str, ...]
    list: str = ""
    width: int = 12


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell: its field, a msgid with `%(word)s`, and the word."""

    field: str
    says: str
    word: str = ""


@dataclass(frozen=True)
class Checked:
    """A row: what it says, or what is wrong with it. `given` are the fields that had words in them."""

    number: int
    given: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    enrolment: Enrolment | None = None
    id_number: str = ""
    key: int | None = None

    @property
    def name(self) -> str:
        """Return the name as it stands in the row."""
        return self.given.get("name", "")


@dataclass(frozen=True)
class Table:
    """The rows below the heading, and what the heading says."""

    heading: tuple[str, ...]
    rows: Sequence[SheetRow] = field(default_factory=tuple)


@lru_cache(maxsize=1)
def columns() -> Mapping[str, Column]:
    """Return the fields of a list in the template's order."""
    table = tomllib.loads((data_dir() / "pool" / "columns.toml").read_text(encoding="utf-8"))
    return {code: Column(code, **{**fields, "words": tuple(fields["words"])}) for code, fields in table.items()}


# --- heading ---------------------------------------------------------------------------------------------------------


def split(rows: Sequence[SheetRow]) -> Table:
    """Find the heading: of the first rows the one with the most words that we know, titles above are skipped."""
    first = rows[:HEADING_WITHIN]
    best = max(first, key=lambda row: (len(guess(row.cells)), -row.number))
    if not guess(best.cells):
        best = next((row for row in first if sum(map(bool, row.cells)) > 1), first[0])
    heading = tuple(cell[:40] for cell in best.cells)
    return Table(heading, [row for row in rows if row.number > best.number and row.cells != best.cells])


def guess(heading: Sequence[str]) -> dict[str, int]:
    """Return which column each field stands in, as far as the headings say; no column serves two fields."""
    plain = [_plain(cell) for cell in heading]
    found: dict[str, int] = {}
    for fits in (_same, _holds):
        for code, column in columns().items():
            free = [at for at in range(len(plain)) if at not in found.values() and plain[at]]
            if code not in found and (hits := [at for at in free if fits(plain[at], column.words)]):
                found[code] = hits[0]
    return found


def _same(heading: str, words: Sequence[str]) -> bool:
    return heading in words


def _holds(heading: str, words: Sequence[str]) -> bool:
    return len(heading) <= 14 and any(len(word) > 1 and word in heading for word in words)


def _plain(cell: str) -> str:
    words = unicodedata.normalize("NFKC", cell).lower()
    words = re.sub(r"\(.*?\)|\[.*?\]|[*※:：\s]", "", words)
    return "" if words == PROBLEM_COLUMN else words


# --- rows ------------------------------------------------------------------------------------------------------------


def check(row: SheetRow, places: Mapping[str, int], area: int, today: date) -> Checked:
    """Return what a row says; everything that is wrong is told, not the first thing only."""
    given = {
        code: row.cells[at]
        for code, at in places.items()
        if code in columns() and at < len(row.cells) and row.cells[at]
    }
    reader = Reader(given, {code for code, at in places.items() if at in row.lost}, area, today)
    said = _read(reader)
    problems = tuple(Problem(name, says, word) for name, says, word in reader.problems)
    if problems:
        return Checked(row.number, given, problems)
    return Checked(row.number, given, (), _enrolment(said, area), said["id_number"], said["key"])


def _read(reader: Reader) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, read in _READERS.items():
        try:
            said[name] = read(reader, said)
        except Refused as problem:
            reader.tell(name, problem.says, problem.word)
            said[name] = None
        except Twice as problem:
            reader.tell(name, problem.says, problem.word)
            said[name] = problem.kept
    return said


_READERS: dict[str, Callable[[Reader, dict[str, Any]], Any]] = {
    "name": lambda reader, _: reader.name(),
    "kind": lambda reader, _: reader.word("kind", "kinds", "行政、行业、乡贤三类里选一类", required=True),
    "form": lambda reader, _: reader.word("form", "forms", "形式不认识:%(word)s") or Form.PERSON.value,
    "subkind": lambda reader, said: reader.subkind(said["kind"]),
    "grade": lambda reader, _: reader.word("grade", "grades", "等级不认识:%(word)s") or "",
    "id_number": lambda reader, _: reader.id_number(),
    "sex": lambda reader, said: reader.sex(said["id_number"]),
    "birth": lambda reader, said: reader.birth_year(said["id_number"]),
    "phone": lambda reader, _: reader.phone(),
    "home": lambda reader, _: reader.home(),
    "title": lambda reader, _: reader.short("title", 40),
    "intro": lambda reader, _: reader.short("intro", 60),
    "years": lambda reader, _: reader.number("years", 0, 70, 0),
    "expertise": lambda reader, _: reader.expertise(),
    "areas": lambda reader, said: reader.areas(said["home"]),
    "dialects": lambda reader, _: reader.dialects(),
    "load_cap": lambda reader, _: reader.number("load_cap", 0, 50, 3),
    "term_from": lambda reader, _: reader.day("term_from"),
    "term_to": lambda reader, said: reader.term_to(said["term_from"]),
    "consent": lambda reader, _: reader.word("consent", "yes_no", "同意公示一栏请填是或否"),
    "key": lambda reader, _: reader.key(),
}


def _enrolment(said: Mapping[str, Any], area: int) -> Enrolment:
    kind, consent = Kind(said["kind"]), {"yes": Consent.GIVEN, "no": Consent.WITHDRAWN}.get(said["consent"] or "")
    base = MediatorBase(
        name=said["name"],
        kind=kind,
        sex=Sex(said["sex"]),
        birth_year=said["birth"],
        home=said["home"],
        phone=said["phone"],
        title=said["title"],
        intro=said["intro"],
        dialects=said["dialects"],
        load_cap=said["load_cap"],
    )
    profile = ProfileBase(
        form=Form(said["form"]),
        subkind=said["subkind"],
        grade=said["grade"],
        term_from=said["term_from"],
        term_to=said["term_to"],
        consent=consent or Consent.UNKNOWN,
    )
    skills = tuple(Skill(type_code, subtype, said["years"]) for type_code, subtype in said["expertise"])
    areas = tuple(said["areas"]) or (area if kind is Kind.INDUSTRY else _town(said["home"]),)
    return Enrolment(base, skills, areas, profile, Status.ACTIVE if consent is Consent.GIVEN else Status.PENDING)


def _town(home: int) -> int:
    return home - home % 1000


def repeats(rows: Sequence[Checked]) -> dict[int, tuple[int, Problem]]:
    """Return the rows that name a person of an earlier row: row → (earlier row, what to tell)."""
    seen: dict[tuple[str, str], Checked] = {}
    found = {}
    for row in rows:
        if row.enrolment is None:
            continue
        base = row.enrolment.base
        marks = [("id", row.id_number), ("phone", f"{base.phone}/{base.name}" if base.phone else "")]
        marks += [("home", f"{base.name}/{base.home}" if not (base.phone or row.id_number) else "")]
        known = [mark for mark in marks if mark[1]]
        earlier = next((seen[mark] for mark in known if mark in seen), None)
        if earlier is not None:
            found[row.number] = (earlier.number, _repeated(row, earlier))
        for mark in known:
            seen.setdefault(mark, row)
    return found


def _repeated(row: Checked, earlier: Checked) -> Problem:
    one, other = row.enrolment, earlier.enrolment
    assert one is not None and other is not None
    if one.base.kind is not other.base.kind:
        return Problem("kind", "第%(word)s行是同一个人,类别却不同。一个人只能在一类", str(earlier.number))
    if set(one.service_areas) != set(other.service_areas):
        return Problem("areas", "第%(word)s行是同一个人。服务几个地方请写在同一行", str(earlier.number))
    return Problem("name", "和第%(word)s行是同一个人", str(earlier.number))
