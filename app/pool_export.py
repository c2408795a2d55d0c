"""The pool as a file: in the columns of the template, so that it can be corrected in Excel and taken in again."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.pool import serves
from app.pool_rows import Entry, entries
from app.workbooks import Listed, workbook
from talent_pool import regions, taxonomy
from talent_pool.importing import columns
from talent_pool.models import Mediator, Status
from talent_pool.places import find_place
from talent_pool.profiles import Consent

LEFT_OUT = ("id_number", "town")  # the number is not kept; the home says the town
SLICE = 1000


def of_area(session: Session, area: int) -> bytes:
    """Return everybody who serves an area or a part of it, the retired left out."""
    query = select(col(Mediator.id)).where(col(Mediator.status) != Status.RETIRED, serves(area))
    found = session.execute(query.order_by(col(Mediator.name), col(Mediator.id))).scalars()
    return of_people(session, [key for key in found if key is not None], area)


def of_people(session: Session, ids: Sequence[int], area: int) -> bytes:
    """Return these mediators, in this order."""
    fields = [column for column in columns().values() if column.code not in LEFT_OUT]
    heading = [*(column.zh for column in fields), "状态", "在办"]
    rows = (_row(entry, [column.code for column in fields], area) for entry in _in_parts(session, ids))
    widths = [*(column.width for column in fields), 10, 8]
    return workbook(Listed("人才库", heading, rows, widths))


def _in_parts(session: Session, ids: Sequence[int]) -> Iterator[Entry]:
    for start in range(0, len(ids), SLICE):
        part = ids[start : start + SLICE]
        found = entries(session, part)
        yield from (found[key] for key in part if key in found)
        session.expunge_all()


def _row(entry: Entry, fields: Iterable[str], area: int) -> list[str]:
    words = said(entry, area)
    status = taxonomy.label("mediator_status", entry.mediator.status)
    return [*(words[name] for name in fields), status, str(entry.mediator.open_cases)]


def said(entry: Entry, area: int) -> dict[str, str]:
    """Return an entry in words, as the template's columns hold it and import reads it back."""
    one, paper = entry.mediator, entry.profile
    spoken = [taxonomy.label("dialects", code) for code in one.dialects.split(",") if code]
    years = {n for _, _, n in entry.skills}
    return {
        "name": one.name,
        "kind": taxonomy.label("kinds", one.kind),
        "form": taxonomy.label("forms", paper.form or "person"),
        "subkind": taxonomy.label("subkinds", paper.subkind) if paper.subkind else "",
        "grade": taxonomy.label("grades", paper.grade) if paper.grade else "",
        "sex": taxonomy.label("sex", one.sex) if one.sex != "unknown" else "",
        "birth": str(one.birth_year or ""),
        "phone": one.phone,
        "home": _place(one.home, area),
        "title": one.title,
        "expertise": "、".join(_skill(type_code, subtype) for type_code, subtype, _ in entry.skills),
        # One number for all: where they differ the cell stays blank, and a blank cell changes nothing.
        "years": str(next(iter(years))) if len(years) == 1 and years != {0} else "",
        "areas": "、".join(_place(region, area) for region in entry.areas),
        "dialects": "、".join(spoken),
        "load_cap": str(one.load_cap),
        "term_from": _day(paper.term_from),
        "term_to": _day(paper.term_to),
        "consent": {Consent.GIVEN: "是", Consent.WITHDRAWN: "否"}.get(paper.consent, ""),
        "intro": one.intro,
        "key": str(entry.id),
    }


def _place(region: int, area: int) -> str:
    """Return a name that is read back as the same region: the code where the tree has the name twice."""
    name = regions.full_name(region)
    return name if find_place(name, area).code == region else str(region)


def _skill(type_code: str, subtype: str) -> str:
    words = taxonomy.label("types", type_code)
    return f"{words}({taxonomy.label('subtypes', subtype)})" if subtype else words


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
