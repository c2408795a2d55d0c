"""The only writer of the pool's tables: enrolment, leave, declared relations, and the slots that cases take.

Every write notes whom it changed (`talent_pool.changes`), so that the indexes in memory follow at the commit, and
records what was there before (`talent_pool.history`); slots alone have the case's own history. Paper about a mediator
that decides nothing about lists (profile, photo, training, teams) is `talent_pool.register`'s.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, cast

from sqlalchemy import CursorResult, delete, exists, insert, select, update
from sqlmodel import Session, SQLModel, col

from talent_pool import history, regions
from talent_pool.changes import note
from talent_pool.entries import (
    MOST_YEARS,
    Enrolment,
    Identity,
    Person,
    Skill,
    checked,
    checked_profile,
    checked_region,
    checked_skills,
    plain_name,
    plain_phone,
)
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
from talent_pool.profiles import Membership, Profile, ProfileBase
from talent_pool.spelling import spell

__all__ = ["MOST_YEARS", "Enrolment", "Identity", "Person", "Skill", "checked_profile", "plain_name", "plain_phone"]


class UnknownMediatorError(LookupError):
    """The pool has no mediator of this id."""


class StaleMediatorError(Exception):
    """Somebody else has amended the mediator since the version that the caller read."""


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
    mediators = [Mediator(**checked(one.base.model_dump()), status=one.status) for one in given]
    profiles = [checked_profile(one.profile or ProfileBase(), one.base.kind) for one in given]
    skills = [checked_skills(one.skills) for one in given]
    areas = [sorted({checked_region(area) for area in one.service_areas}) for one in given]
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
    _insert(
        session,
        Profile,
        [
            {"mediator_id": key, "spelt": spell(mediator.name), **row}
            for key, mediator, row in zip(keys, mediators, profiles, strict=True)
        ],
    )
    told = zip(keys, mediators, skills, areas, strict=True)
    history.record_all(
        session,
        "enrolled",
        [
            (key, {}, {**_fields(mediator), "status": mediator.status, "expertise": good_at, "areas": serves})
            for key, mediator, good_at, serves in told
        ],
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
    kept = _fields(mediator)
    before, after = history.changed_fields(kept, checked({**kept, **changes}))
    if not after:
        return mediator
    for name, value in after.items():
        setattr(mediator, name, value)
    if "name" in after:
        session.execute(
            update(Profile).where(col(Profile.mediator_id) == mediator_id).values(spelt=spell(mediator.name))
        )
    history.record(session, mediator_id, "amended", before, after)
    return _changed(session, mediator)


def suspend(session: Session, mediator_id: int) -> Mediator:
    """Take a mediator off all new lists for the time being."""
    return set_status(session, mediator_id, Status.SUSPENDED)


def reinstate(session: Session, mediator_id: int) -> Mediator:
    """Put a suspended mediator back on the lists."""
    return set_status(session, mediator_id, Status.ACTIVE)


def retire(session: Session, mediator_id: int, why: str = "") -> Mediator:
    """Take a mediator off all new lists for good; what he or she has mediated stays."""
    return set_status(session, mediator_id, Status.RETIRED, why)


def set_status(session: Session, mediator_id: int, status: Status, why: str = "") -> Mediator:
    """Set whether a mediator can be listed, and note why."""
    mediator = get_mediator(session, mediator_id)
    before, mediator.status = mediator.status, status
    if before is status:
        return mediator
    history.record(session, mediator_id, "status", {"status": before}, {"status": status, "why": why})
    return _changed(session, mediator)


def get_mediator(session: Session, mediator_id: int) -> Mediator:
    """Return the mediator; raise UnknownMediatorError when there is none."""
    mediator = session.get(Mediator, mediator_id)
    if mediator is None:
        raise UnknownMediatorError(f"no mediator {mediator_id}")
    return mediator


def set_expertise(session: Session, mediator_id: int, skills: Iterable[Skill]) -> None:
    """Replace what a mediator is good at. Raises ValueError for an unknown type or sub-type, or one given twice."""
    _replace(session, mediator_id, Expertise, checked_skills(skills), "expertise")


def set_service_areas(session: Session, mediator_id: int, areas: Iterable[int]) -> None:
    """Replace the regions that a mediator serves. Raises ValueError for an unknown region."""
    wanted = sorted({checked_region(area) for area in areas})
    _replace(session, mediator_id, ServiceArea, [{"region": area} for area in wanted], "areas")


def expertise_of(session: Session, mediator_id: int) -> list[dict[str, Any]]:
    """Return what a mediator is good at, as it was given."""
    columns = col(Expertise.type), col(Expertise.subtype), col(Expertise.years)
    rows = session.execute(
        select(*columns).where(col(Expertise.mediator_id) == mediator_id).order_by(col(Expertise.id))
    )
    return [{"type": type_code, "subtype": subtype, "years": years} for type_code, subtype, years in rows]


def areas_of(session: Session, mediator_id: int) -> list[int]:
    """Return the regions that a mediator serves, in order of codes."""
    mine = select(col(ServiceArea.region)).where(col(ServiceArea.mediator_id) == mediator_id)
    return list(session.execute(mine.order_by(col(ServiceArea.region))).scalars())


def take_leave(session: Session, mediator_id: int, first_day: date, last_day: date, reason: str = "") -> Absence:
    """Note days on which a mediator takes no new case, both ends included. Raises ValueError when they are reversed."""
    if last_day < first_day:
        raise ValueError(f"leave ends ({last_day}) before it begins ({first_day})")
    mediator = get_mediator(session, mediator_id)
    absence = Absence(mediator_id=mediator_id, first_day=first_day, last_day=last_day, reason=reason[:60])
    session.add(absence)
    history.record(session, mediator_id, "leave", {}, {"first": first_day, "last": last_day, "reason": absence.reason})
    _changed(session, mediator)
    return absence


def cancel_leave(session: Session, mediator_id: int, absence_id: int) -> bool:
    """Take days of leave back; tell whether they were this mediator's. The history keeps them."""
    absence = session.get(Absence, absence_id)
    if absence is None or absence.mediator_id != mediator_id:
        return False
    gone = {"first": absence.first_day, "last": absence.last_day, "reason": absence.reason}
    session.delete(absence)
    history.record(session, mediator_id, "leave", gone, {})
    _changed(session, get_mediator(session, mediator_id))
    return True


# --- who must step aside ---------------------------------------------------------------------------------------------


def declare_relation(
    session: Session, mediator_id: int, kind: RelationKind, person: Identity, degree: int | None = None
) -> Relation:
    """Note a tie between a mediator and a person; `degree` of kinship is 1 to 3.

    Raises ValueError when nothing identifies the person, or for a degree of anything but kinship.
    """
    if degree is not None and (kind is not RelationKind.KIN or degree not in (1, 2, 3)):
        raise ValueError("kin alone have a degree, 1 to 3")
    name, phone = plain_name(person.name), plain_phone(person.phone)
    if not phone and not (name and person.village):
        raise ValueError("a relation needs the person's phone, or name and village")
    mediator = get_mediator(session, mediator_id)
    village = None if person.village is None else checked_region(person.village)
    relation = Relation(
        mediator_id=mediator_id,
        kind=RelationKind(kind),
        person_name=name,
        person_phone=phone,
        person_village=village,
        degree=degree,
    )
    session.add(relation)
    history.record(session, mediator_id, "relation", {}, {"kind": relation.kind, "person": name, "degree": degree})
    _changed(session, mediator)
    return relation


def recused(session: Session, people: Iterable[Identity]) -> dict[int, RelationKind]:
    """Return the mediators who must not have a case of these people, with the reason (RelationKind's first).

    A person is recognised by the phone, or by name and village. A mediator who is one of the people has an interest.
    A team steps aside with any of its members.
    """
    known = [Person(plain_name(p.name), plain_phone(p.phone), p.village) for p in people]
    found = [(key, kind) for key, kind, who in _ties(session, known) if _is_one_of(who, known)]
    found += [
        (team, kind) for team, member in _teams(session, {key for key, _ in found}) for kind in _of(found, member)
    ]
    order = list(RelationKind)
    # Sorted worst reason last, so that the first reason overwrites it.
    return dict(sorted(found, key=lambda tie: (tie[0], -order.index(tie[1]))))


def _teams(session: Session, members: Collection[int]) -> list[tuple[int, int]]:
    if not members:
        return []
    teams = select(col(Membership.team_id), col(Membership.member_id)).where(col(Membership.member_id).in_(members))
    return [(team, member) for team, member in session.execute(teams)]


def _of(found: Iterable[tuple[int, RelationKind]], member: int) -> list[RelationKind]:
    return [kind for key, kind in found if key == member]


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


def _replace(session: Session, mediator_id: int, table: type[SQLModel], rows: list[dict[str, Any]], what: str) -> None:
    mediator = get_mediator(session, mediator_id)
    before = expertise_of(session, mediator_id) if table is Expertise else areas_of(session, mediator_id)
    after = rows if table is Expertise else [row["region"] for row in rows]
    if before == after:
        return
    history.record(session, mediator_id, what, {what: before}, {what: after})
    session.execute(delete(table).where(table.mediator_id == mediator_id))  # type: ignore[attr-defined]
    _insert(session, table, [{"mediator_id": mediator_id, **row} for row in rows])
    _changed(session, mediator)


def _insert(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _fields(mediator: Mediator) -> dict[str, Any]:
    return {name: getattr(mediator, name) for name in MediatorBase.model_fields}


def _changed(session: Session, mediator: Mediator) -> Mediator:
    mediator.version += 1
    session.add(mediator)
    session.flush()
    note(session, _key(mediator))
    return mediator


def _key(mediator: Mediator) -> int:
    assert mediator.id is not None, "flushed rows have ids"
    return mediator.id
