"""The roll of the talent pool as those see it who work with it: who serves an area, what for, and who has room."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import Session, col

from app.accounts import Viewer
from app.scope import Role
from talent_pool import regions
from talent_pool.models import Absence, Expertise, Kind, Mediator, ServiceArea, Sex, Status
from talent_pool.roster import Skill

COUNTY = 10**6
_COLUMNS = (
    col(Mediator.id),
    col(Mediator.name),
    col(Mediator.kind),
    col(Mediator.home),
    col(Mediator.title),
    col(Mediator.open_cases),
    col(Mediator.load_cap),
    col(Mediator.status),
)


@dataclass(frozen=True)
class Entry:
    """One line of the roll. `away_until` is the last day of a leave that holds today."""

    id: int
    name: str
    kind: Kind
    home: int
    title: str
    open_cases: int
    load_cap: int
    status: Status
    skills: tuple[Skill, ...]
    away_until: date | None

    @property
    def full(self) -> bool:
        """Tell whether there is no room for another case."""
        return self.open_cases >= self.load_cap


@dataclass(frozen=True)
class Person:
    """Everything that a page shows of one mediator; `phone` is empty for those whom it does not concern."""

    entry: Entry
    sex: Sex
    birth_year: int | None
    intro: str
    dialects: tuple[str, ...]
    areas: tuple[int, ...]
    phone: str


def area_of(viewer: Viewer) -> int:
    """Return the region whose roll concerns somebody: a station's whole county, a coordinator's own area."""
    if viewer.role is Role.COORDINATOR or regions.level(viewer.area) <= 6:
        return viewer.area
    return viewer.area - viewer.area % COUNTY


def roll(
    session: Session,
    area: int,
    *,
    today: date,
    kind: Kind | None = None,
    type_code: str = "",
    words: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Entry]:
    """Return those who serve the area or a part of it, by name; the retired are left out."""
    query = select(*_COLUMNS).where(col(Mediator.status) != Status.RETIRED, serves(area))
    if kind is not None:
        query = query.where(col(Mediator.kind) == kind)
    if type_code:
        good_at = select(col(Expertise.mediator_id)).where(col(Expertise.type) == type_code)
        query = query.where(col(Mediator.id).in_(good_at))
    if words:
        query = query.where(
            col(Mediator.name).contains(words, autoescape=True) | col(Mediator.title).contains(words, autoescape=True)
        )
    return _entries(session, query.order_by(col(Mediator.name), col(Mediator.id)).limit(limit).offset(offset), today)


def counts(session: Session, area: int) -> dict[Kind, int]:
    """Return how many of each kind serve the area."""
    query = select(col(Mediator.kind), func.count()).where(col(Mediator.status) != Status.RETIRED, serves(area))
    rows = session.execute(query.group_by(col(Mediator.kind)))
    found: dict[Kind, int] = {row[0]: row[1] for row in rows}
    return {kind: found.get(kind, 0) for kind in Kind}


def find(session: Session, mediator_id: int, area: int, today: date) -> Person | None:
    """Return one mediator; with the phone only when he or she serves `area` or a part of it."""
    entries = _entries(session, select(*_COLUMNS).where(col(Mediator.id) == mediator_id), today)
    if not entries:
        return None
    query = select(
        col(Mediator.sex), col(Mediator.birth_year), col(Mediator.intro), col(Mediator.dialects), col(Mediator.phone)
    )
    sex, birth_year, intro, dialects, phone = session.execute(query.where(col(Mediator.id) == mediator_id)).one()
    mine = select(col(ServiceArea.region)).where(col(ServiceArea.mediator_id) == mediator_id)
    served = tuple(session.execute(mine.order_by(col(ServiceArea.region))).scalars())
    concerns = any(regions.contains(area, each) or regions.contains(each, area) for each in served)
    spoken = tuple(code for code in dialects.split(",") if code)
    return Person(entries[0], sex, birth_year, intro, spoken, served, phone if concerns else "")


def serves(area: int) -> ColumnElement[bool]:
    """Select those who serve an area, a part of it, or a region around it."""
    region = col(ServiceArea.region)
    overlaps = region.between(*regions.bounds(area)) | region.in_(regions.ancestors(area))
    return col(Mediator.id).in_(select(col(ServiceArea.mediator_id)).where(overlaps))


def mine(area: int) -> ColumnElement[bool]:
    """Select those whom a coordinator of the area looks after: who live there, or serve there and nowhere else."""
    here = col(Mediator.home).between(*regions.bounds(area))
    inside = col(ServiceArea.region).between(*regions.bounds(area))
    serve_inside = select(col(ServiceArea.mediator_id)).where(inside)
    serve_outside = select(col(ServiceArea.mediator_id)).where(~inside)
    return here | (col(Mediator.id).in_(serve_inside) & col(Mediator.id).not_in(serve_outside))


def _entries(session: Session, query: Select[*tuple[object, ...]], today: date) -> list[Entry]:
    rows = session.execute(query).all()
    ids = [row.id for row in rows]
    skills, away = _skills(session, ids), _away(session, ids, today)
    return [Entry(**row._mapping, skills=tuple(skills.get(row.id, ())), away_until=away.get(row.id)) for row in rows]


def _skills(session: Session, ids: Collection[int]) -> dict[int, list[Skill]]:
    query = select(col(Expertise.mediator_id), col(Expertise.type), col(Expertise.subtype), col(Expertise.years))
    found: dict[int, list[Skill]] = {}
    for key, *skill in session.execute(
        query.where(col(Expertise.mediator_id).in_(ids)).order_by(col(Expertise.years).desc(), col(Expertise.id))
    ):
        found.setdefault(key, []).append(Skill(*skill))
    return found


def _away(session: Session, ids: Collection[int], today: date) -> dict[int, date]:
    query = select(col(Absence.mediator_id), func.max(Absence.last_day)).where(
        col(Absence.mediator_id).in_(ids), col(Absence.first_day) <= today, col(Absence.last_day) >= today
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Absence.mediator_id)))}
