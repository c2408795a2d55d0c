"""The only writer of the pool's tables: enrolment, leave, declared relations, and the slots that cases take.

Every write notes whom it changed (`talent_pool.changes`), so that the indexes in memory follow at the commit.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, cast

from sqlalchemy import CursorResult, delete, exists, insert, select, update
from sqlmodel import Session, SQLModel, col

from talent_pool import regions, taxonomy
from talent_pool.changes import note
from talent_pool.models import (
    Absence,
    Expertise,
    Mediator,
    MediatorBase,
    Relation,
    RelationKind,
    ServiceArea,
    Status,
)

MOST_YEARS = 70  # as the table says


class UnknownMediatorError(LookupError):
    """The pool has no mediator of this id."""


class StaleMediatorError(Exception):
    """Somebody else has amended the mediator since the version that the caller read."""


class Identity(Protocol):
    """What is known of a person on a side; the case's own rows fit as they are."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def phone(self) -> str: ...  # noqa: D102
    @property
    def village(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Person:
    """A person on a side, for callers that have no row."""

    name: str
    phone: str = ""
    village: int | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """A kind of quarrel and the years spent on it; `subtype` empty means the whole type."""

    type: str
    subtype: str = ""
    years: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """All that makes a new mediator."""

    base: MediatorBase
    skills: tuple[Skill, ...] = ()
    service_areas: tuple[int, ...] = ()


# --- who is in the pool ----------------------------------------------------------------------------------------------


def enrol(
    session: Session, base: MediatorBase, skills: Iterable[Skill] = (), service_areas: Iterable[int] = ()
) -> Mediator:
    """Take a mediator into the pool, with what he or she is good at and where.

    Raises pydantic's ValidationError for a bad field, ValueError for an unknown type, region or dialect.
    """
    return enrol_all(session, [Enrolment(base, tuple(skills), tuple(service_areas))])[0]


def enrol_all(session: Session, enrolments: Iterable[Enrolment]) -> list[Mediator]:
    """Take many at once, in few statements, and return them in that order. Raises as `enrol`, before any write."""
    given = list(enrolments)
    # A table does not validate by itself: `_checked` does.
    mediators = [Mediator(**_checked(one.base.model_dump())) for one in given]
    skills = [_checked_skills(one.skills) for one in given]
    areas = [sorted({_checked_region(area) for area in one.service_areas}) for one in given]
    session.add_all(mediators)
    session.flush()
    keys = [_key(mediator) for mediator in mediators]
    _insert(
        session,
        Expertise,
        [{"mediator_id": key, **row} for key, rows in zip(keys, skills, strict=True) for row in rows],
    )
    _insert(
        session,
        ServiceArea,
        [{"mediator_id": key, "region": area} for key, rows in zip(keys, areas, strict=True) for area in rows],
    )
    for key in keys:
        note(session, key)
    return mediators


def amend(session: Session, mediator_id: int, version: int | None = None, **changes: object) -> Mediator:
    """Change written-down fields. With `version` (the one that the caller read) a change in between is refused.

    Raises UnknownMediatorError, StaleMediatorError, ValidationError; TypeError for a field that mediators do not have.
    """
    mediator = get_mediator(session, mediator_id)
    if strange := changes.keys() - MediatorBase.model_fields.keys():
        raise TypeError(f"a mediator has no field {min(strange)}")
    if version is not None and version != mediator.version:
        raise StaleMediatorError(f"mediator {mediator_id} is at version {mediator.version}, not {version}")
    kept = {name: getattr(mediator, name) for name in MediatorBase.model_fields}
    for name, value in _checked({**kept, **changes}).items():
        setattr(mediator, name, value)
    return _changed(session, mediator)


def suspend(session: Session, mediator_id: int) -> Mediator:
    """Take a mediator off all new lists for the time being."""
    return _set_status(session, mediator_id, Status.SUSPENDED)


def reinstate(session: Session, mediator_id: int) -> Mediator:
    """Put a suspended mediator back on the lists."""
    return _set_status(session, mediator_id, Status.ACTIVE)


def retire(session: Session, mediator_id: int) -> Mediator:
    """Take a mediator off all new lists for good; what he or she has mediated stays."""
    return _set_status(session, mediator_id, Status.RETIRED)


def get_mediator(session: Session, mediator_id: int) -> Mediator:
    """Return the mediator; raise UnknownMediatorError when there is none."""
    mediator = session.get(Mediator, mediator_id)
    if mediator is None:
        raise UnknownMediatorError(f"no mediator {mediator_id}")
    return mediator


def set_expertise(session: Session, mediator_id: int, skills: Iterable[Skill]) -> None:
    """Replace what a mediator is good at. Raises ValueError for an unknown type or sub-type, or one given twice."""
    _replace(session, mediator_id, Expertise, _checked_skills(skills))


def set_service_areas(session: Session, mediator_id: int, areas: Iterable[int]) -> None:
    """Replace the regions that a mediator serves. Raises ValueError for an unknown region."""
    wanted = sorted({_checked_region(area) for area in areas})
    _replace(session, mediator_id, ServiceArea, [{"region": area} for area in wanted])


def take_leave(session: Session, mediator_id: int, first_day: date, last_day: date, reason: str = "") -> Absence:
    """Note days on which a mediator takes no new case, both ends included. Raises ValueError when they are reversed."""
    if last_day < first_day:
        raise ValueError(f"leave ends ({last_day}) before it begins ({first_day})")
    mediator = get_mediator(session, mediator_id)
    absence = Absence(mediator_id=mediator_id, first_day=first_day, last_day=last_day, reason=reason[:60])
    session.add(absence)
    _changed(session, mediator)
    return absence


# --- who must step aside ---------------------------------------------------------------------------------------------


def declare_relation(session: Session, mediator_id: int, kind: RelationKind, person: Identity) -> Relation:
    """Note a tie between a mediator and a person. Raises ValueError when nothing identifies the person."""
    name, phone = plain_name(person.name), plain_phone(person.phone)
    if not phone and not (name and person.village):
        raise ValueError("a relation needs the person's phone, or name and village")
    mediator = get_mediator(session, mediator_id)
    village = None if person.village is None else _checked_region(person.village)
    relation = Relation(
        mediator_id=mediator_id, kind=RelationKind(kind), person_name=name, person_phone=phone, person_village=village
    )
    session.add(relation)
    _changed(session, mediator)
    return relation


def recused(session: Session, people: Iterable[Identity]) -> dict[int, RelationKind]:
    """Return the mediators who must not have a case of these people, with the reason (RelationKind's first).

    A person is recognised by the phone, or by name and village. A mediator who is one of the people has an interest.
    """
    known = [Person(plain_name(p.name), plain_phone(p.phone), p.village) for p in people]
    found = [(key, kind) for key, kind, who in _ties(session, known) if _is_one_of(who, known)]
    order = list(RelationKind)
    # Sorted worst reason last, so that the first reason overwrites it.
    return dict(sorted(found, key=lambda tie: (tie[0], -order.index(tie[1]))))


def _ties(session: Session, known: Collection[Person]) -> Iterator[tuple[int, RelationKind, Person]]:
    """Yield (mediator, reason, who) for all who share a name or a phone with someone known."""
    names, phones = {p.name for p in known if p.name}, {p.phone for p in known if p.phone}
    alike = col(Relation.person_phone).in_(phones) | col(Relation.person_name).in_(names)
    for tie in session.scalars(select(Relation).where(alike)):
        yield tie.mediator_id, tie.kind, Person(tie.person_name, tie.person_phone, tie.person_village)
    columns = col(Mediator.id), col(Mediator.name), col(Mediator.phone), col(Mediator.home)
    alike = col(Mediator.phone).in_(phones) | col(Mediator.name).in_(names)
    for key, *who in session.execute(select(*columns).where(alike)):
        yield key, RelationKind.INTEREST, Person(*who)


def _is_one_of(who: Person, known: Iterable[Person]) -> bool:
    return any((who.phone and who.phone == p.phone) or (who.name == p.name and _same_place(who, p)) for p in known)


def _same_place(one: Person, other: Person) -> bool:
    # A home may be known by its town only: then any village of that town counts, rather list one name too few.
    if one.village is None or other.village is None:
        return False
    return regions.contains(one.village, other.village) or regions.contains(other.village, one.village)


# --- slots -----------------------------------------------------------------------------------------------------------


def reserve(session: Session, mediator_id: int, today: date) -> bool:
    """Take one slot of an active mediator who is not on leave `today` and not full; tell whether it was taken.

    One conditional UPDATE: whoever comes second for the last slot finds no row. Read first, write then, books twice.
    """
    return _move(session, mediator_id, +1, *_free(today))


def is_free(session: Session, mediator_id: int, today: date) -> bool:
    """Tell whether a slot could be taken now. Advice only: what counts is `reserve`."""
    query = select(col(Mediator.id)).where(col(Mediator.id) == mediator_id, *_free(today))
    return session.execute(query).first() is not None


def _free(today: date) -> tuple[Any, ...]:
    away = exists().where(
        col(Absence.mediator_id) == col(Mediator.id),
        col(Absence.first_day) <= today,
        col(Absence.last_day) >= today,
    )
    return col(Mediator.status) == Status.ACTIVE, col(Mediator.open_cases) < col(Mediator.load_cap), ~away


def release(session: Session, mediator_id: int) -> bool:
    """Give one slot back; tell whether there was one."""
    return _move(session, mediator_id, -1, col(Mediator.open_cases) > 0)


def _move(session: Session, mediator_id: int, step: int, *conditions: Any) -> bool:
    statement = (
        update(Mediator)
        .where(col(Mediator.id) == mediator_id, *conditions)
        .values(open_cases=Mediator.open_cases + step)
        .execution_options(synchronize_session=False)
    )
    moved = cast("CursorResult[Any]", session.execute(statement)).rowcount == 1
    if moved:
        note(session, mediator_id)
        loaded = session.identity_map.get(session.identity_key(Mediator, mediator_id))
        if loaded is not None:
            session.expire(loaded, ["open_cases"])
    return moved


# --- what may be written down ----------------------------------------------------------------------------------------


def plain_phone(text: str) -> str:
    """Return the digits of a phone number without the country's 86, so that one person has one number."""
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"^(?:00)?86(?=1[0-9]{10}$)", "", digits)


def plain_name(text: str) -> str:
    """Return a name without the blanks that forms like to put between its characters."""
    return "".join(text.split())


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Validate all fields of a mediator and bring them into their stored form."""
    base = MediatorBase.model_validate(fields)
    spoken = [code for code in base.dialects.split(",") if code]
    if strange := set(spoken) - taxonomy.dialects().keys():
        raise ValueError(f"unknown dialect: {min(strange)}")
    stored = {"name": plain_name(base.name), "phone": plain_phone(base.phone), "home": _checked_region(base.home)}
    return {**base.model_dump(), **stored, "dialects": ",".join(spoken)}


def _checked_region(code: int) -> int:
    if code not in regions.tree():
        raise ValueError(f"no region {code}")
    return code


def _checked_skills(skills: Iterable[Skill]) -> list[dict[str, Any]]:
    rows = []
    for skill in skills:
        taxonomy.check_type(skill.type, skill.subtype)
        if not 0 <= skill.years <= MOST_YEARS:
            raise ValueError(f"years of expertise must be 0 to {MOST_YEARS}, not {skill.years}")
        rows.append({"type": skill.type, "subtype": skill.subtype, "years": skill.years})
    named = [(row["type"], row["subtype"]) for row in rows]
    if twice := {str(name) for name in named if named.count(name) > 1}:
        raise ValueError(f"expertise given twice: {min(twice)}")
    return rows


def _replace(session: Session, mediator_id: int, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    mediator = get_mediator(session, mediator_id)
    session.execute(delete(table).where(table.mediator_id == mediator_id))  # type: ignore[attr-defined]
    _insert(session, table, [{"mediator_id": mediator_id, **row} for row in rows])
    _changed(session, mediator)


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _set_status(session: Session, mediator_id: int, status: Status) -> Mediator:
    mediator = get_mediator(session, mediator_id)
    mediator.status = status
    return _changed(session, mediator)


def _changed(session: Session, mediator: Mediator) -> Mediator:
    mediator.version += 1
    session.add(mediator)
    session.flush()
    note(session, _key(mediator))
    return mediator


def _key(mediator: Mediator) -> int:
    assert mediator.id is not None, "flushed rows have ids"
    return mediator.id
