"""The roll of the talent pool as those see it who work with it: who serves an area, what for, and who has room."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import Session, col

from app.accounts import Viewer
from app.scope import Role
from talent_pool import regions
from talent_pool.models import Absence, Expertise, Kind, Mediator, ServiceArea, Sex, Status
from talent_pool.profiles import Profile
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


@dataclass(frozen=True)
class Wanted:
    """What the roll is asked for; blank asks for everybody. `words`: name, pinyin, initials, village, post, intro."""

    words: str = ""
    kind: Kind | None = None
    type_code: str = ""
    town: int | None = None
    status: Status | None = None
    grade: str = ""
    free: bool = False


def roll(
    session: Session, area: int, wanted: Wanted = Wanted(), *, today: date, limit: int = 50, offset: int = 0
) -> list[Entry]:
    """Return those who serve the area or a part of it, by name; the retired only where they are asked for."""
    query = select(*_COLUMNS).where(serves(area), *_asked(wanted, area, today))
    return _entries(session, query.order_by(col(Mediator.name), col(Mediator.id)).limit(limit).offset(offset), today)


def found_ids(session: Session, area: int, wanted: Wanted, today: date) -> list[int]:
    """Return all whom the roll would show, in its order."""
    query = select(col(Mediator.id)).where(serves(area), *_asked(wanted, area, today))
    found = session.execute(query.order_by(col(Mediator.name), col(Mediator.id))).scalars()
    return [key for key in found if key is not None]


def _asked(wanted: Wanted, area: int, today: date) -> list[ColumnElement[bool]]:
    status = col(Mediator.status)
    found = [status == wanted.status if wanted.status else status != Status.RETIRED]
    if wanted.kind is not None:
        found.append(col(Mediator.kind) == wanted.kind)
    if wanted.type_code:
        good_at = select(col(Expertise.mediator_id)).where(col(Expertise.type) == wanted.type_code)
        found.append(col(Mediator.id).in_(good_at))
    if wanted.town is not None:
        found.append(serves(wanted.town))
    if wanted.grade:
        graded = select(col(Profile.mediator_id)).where(col(Profile.grade) == wanted.grade)
        found.append(col(Mediator.id).in_(graded))
    if wanted.free:
        away = select(col(Absence.mediator_id)).where(col(Absence.first_day) <= today, col(Absence.last_day) >= today)
        found += [status == Status.ACTIVE, col(Mediator.open_cases) < col(Mediator.load_cap)]
        found.append(col(Mediator.id).not_in(away))
    if wanted.words:
        found.append(_says(wanted.words, area))
    return found


def _says(words: str, area: int) -> ColumnElement[bool]:
    """Select by name, post, own words; by pinyin and initials of the name; by the village or town of the home."""
    fields = (Mediator.name, Mediator.title, Mediator.intro)
    found = or_(*(col(each).contains(words, autoescape=True) for each in fields))
    spelt = words.lower().replace(" ", "").replace("'", "")
    if spelt.isascii() and spelt.isalnum():
        like = col(Profile.spelt).contains(f"|{spelt}", autoescape=True)
        found |= col(Mediator.id).in_(select(col(Profile.mediator_id)).where(like))
    for code in regions.search(words, area, 5):
        found |= col(Mediator.home).between(*regions.bounds(code))
    return found


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
