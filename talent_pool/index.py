"""The pool in memory: built from rows or from the database, and kept fresh by reading again only what has changed.

A snapshot (`Columns`) never changes; a change makes a new one and swaps it in, so that readers need no lock. Suspended
and retired mediators serve nowhere. A stale index can only make a worse list, never a wrong assignment:
`roster.reserve` decides again.
"""

from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Any, Self

from sqlalchemy import select
from sqlmodel import Session, col

from talent_pool import changes
from talent_pool.models import Absence, Expertise, Mediator, ServiceArea, Status
from talent_pool.roster import Skill
from talent_pool.snapshot import Columns, RosterRow, make_columns, with_changes

__all__ = ["Columns", "RosterIndex", "RosterRow", "read_rows"]


class RosterIndex:
    """The pool's newest known state; many threads may read while one refreshes."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._refreshing = Lock()

    @classmethod
    def build(cls, rows: Iterable[RosterRow], version: int = 0) -> Self:
        """Make an index from rows; raise ValueError for an id twice or one that does not fit into 32 bits."""
        return cls(make_columns(rows, version))

    @classmethod
    def load(cls, session: Session) -> Self:
        """Make an index of the whole pool as the database has it."""
        # The version is read first: whatever changes between the two readings is read again by the next refresh.
        version = changes.version(session)
        return cls.build(read_rows(session), version)

    @property
    def columns(self) -> Columns:
        """Return the state of this moment; take it once for each question."""
        return self._columns

    @property
    def version(self) -> int:
        """Return the number of the last change of the pool that is in."""
        return self._columns.version

    def __len__(self) -> int:
        return len(self._columns)

    def eligible(self, region: int) -> list[int]:
        """Return the ids of the active mediators whose service area contains the place, in ascending order."""
        columns = self._columns
        return sorted(columns.id[columns.serving(region)].tolist())

    def refresh(self, session: Session) -> int:
        """Take in what has changed since the version seen; return how many mediators were read again."""
        if changes.version(session) <= self.version:
            return 0
        with self._refreshing:
            fresh = changes.since(session, self.version)
            if not fresh:
                return 0
            self._columns = with_changes(self._columns, _read_changed(session, fresh), max(fresh.values()))
            return len(fresh)

    def apply(self, rows: Iterable[RosterRow]) -> None:
        """Take in new or changed mediators without a database; one who is gone comes as `active=False`."""
        with self._refreshing:
            self._columns = with_changes(self._columns, list(rows), self.version)


# --- from the tables -------------------------------------------------------------------------------------------------


def read_rows(session: Session, ids: Collection[int] | None = None) -> list[RosterRow]:
    """Read the mediators (all, or those of some ids) with all that belongs to them: four queries."""
    skills = _grouped(session, ids, Expertise.mediator_id, Expertise.type, Expertise.subtype, Expertise.years)
    areas = _grouped(session, ids, ServiceArea.mediator_id, ServiceArea.region)
    leave = _grouped(session, ids, Absence.mediator_id, Absence.first_day, Absence.last_day)
    fields = ("id", "name", "kind", "home", "load_cap", "open_cases", "sex", "birth_year", "title", "intro")
    query = select(col(Mediator.status), col(Mediator.dialects), *(getattr(Mediator, name) for name in fields))
    chosen = query if ids is None else query.where(col(Mediator.id).in_(ids))
    return [
        RosterRow(
            **dict(zip(fields, values, strict=True)),
            active=status is Status.ACTIVE,
            dialects=tuple(code for code in dialects.split(",") if code),
            skills=tuple(Skill(*skill) for skill in skills.get(values[0], ())),
            areas=tuple(area for (area,) in areas.get(values[0], ())),
            leave=tuple((first, last) for first, last in leave.get(values[0], ())),
        )
        for status, dialects, *values in session.execute(chosen)
    ]


def _grouped(session: Session, ids: Collection[int] | None, owner: Any, *fields: Any) -> dict[int, list[Any]]:
    query = select(owner, *fields).order_by(owner, *fields)
    groups: dict[int, list[Any]] = {}
    for key, *rest in session.execute(query if ids is None else query.where(owner.in_(ids))):
        groups.setdefault(key, []).append(rest)
    return groups


def _read_changed(session: Session, fresh: Mapping[int, int]) -> list[RosterRow]:
    # Databases bound the number of values in one IN; a change of most of the pool reads it whole.
    return read_rows(session, list(fresh)) if len(fresh) <= 1000 else [r for r in read_rows(session) if r.id in fresh]
