"""What changed in the pool, when, and by whose hand: written beside every change, never changed, never deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session, col

from talent_pool.profiles import PoolEvent, utc_now

HAND = "talent_pool.hand"  # key of Session.info: by whom, when, and in which batch


@dataclass(frozen=True, slots=True)
class Hand:
    """Who changes the pool in a session: an actor like account:3 or mediator:7, the moment, the batch if any."""

    by: str = "system"
    at: datetime | None = None
    batch: int | None = None


def sign(session: Session, by: str, at: datetime, batch: int | None = None) -> None:
    """Say by whose hand this session changes the pool from now on; unsaid, it is the system's."""
    session.info[HAND] = Hand(by, at, batch)


def hand(session: Session) -> Hand:
    """Return by whose hand the session writes."""
    found = session.info.get(HAND)
    return found if isinstance(found, Hand) else Hand()


def record(session: Session, mediator_id: int, what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Write one change down."""
    record_all(session, what, [(mediator_id, before, after)])


def record_all(
    session: Session, what: str, changes: Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """Write many changes of one sort down, in one statement."""
    signed = hand(session)
    shared = {"what": what, "by": signed.by, "at": signed.at or utc_now(), "batch_id": signed.batch}
    rows = [shared | {"mediator_id": key, "before": plain(old), "after": plain(new)} for key, old, new in changes]
    if rows:
        session.execute(insert(PoolEvent), rows)


def of(session: Session, mediator_id: int, limit: int = 200) -> list[PoolEvent]:
    """Return what happened to a mediator's entry, the newest first."""
    query = select(PoolEvent).where(col(PoolEvent.mediator_id) == mediator_id)
    return list(session.execute(query.order_by(col(PoolEvent.id).desc()).limit(limit)).scalars())


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields in which two states differ, with the old and with the new values."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON can hold them: words of lists as their codes, days and moments in ISO form."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
