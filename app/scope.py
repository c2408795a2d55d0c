"""Who may see which cases: a session carries one Scope all its life; without one no query on case tables can run."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, event, false, true
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.orm.unitofwork import UOWTransaction
from sqlmodel import Session


class Role(StrEnum):
    """What a viewer is. Codes as in the field's vocabulary."""

    OFFICER = "officer"
    STATION_HEAD = "station_head"
    COORDINATOR = "coordinator"
    ADMIN = "admin"
    PARTY = "party"
    MEDIATOR = "mediator"
    SYSTEM = "system"


class ScopeMissing(Exception):
    """A case table was touched without a scope, or outside of it: a defect of the code, never the user's fault."""


@dataclass(frozen=True)
class Scope:
    """What a session may touch: a station's cases, an area's (12-digit codes, ends included), one case, or none."""

    role: Role
    station_id: int | None = None
    low: int = 0
    high: int = 0
    dispute_id: int | None = None

    def allows(self, row: Any) -> bool:
        """Tell whether a row of a case table lies inside."""
        match self.role:
            case Role.SYSTEM:
                return True
            case Role.OFFICER | Role.STATION_HEAD:
                return bool(row.station_id == self.station_id)
            case Role.COORDINATOR:
                return bool(self.low <= row.area <= self.high)
            case Role.PARTY | Role.MEDIATOR:
                return bool(row.case_key() == self.dispute_id)
            case _:
                return False

    def criterion(self, entity: Any) -> ColumnElement[bool]:
        """Return the same as SQL, for one mapped class."""
        match self.role:
            case Role.SYSTEM:
                return true()
            case Role.OFFICER | Role.STATION_HEAD:
                return entity.station_id == self.station_id  # type: ignore[no-any-return]
            case Role.COORDINATOR:
                # Integer ranges: a text prefix '6101' would also let '61011…' of the neighbour through.
                return entity.area.between(self.low, self.high)  # type: ignore[no-any-return]
            case Role.PARTY | Role.MEDIATOR:
                return entity.case_column() == self.dispute_id  # type: ignore[no-any-return]
            case _:
                return false()


SYSTEM = Scope(Role.SYSTEM)  # the clock, migrations, the command line: no person looks through it
NOBODY = Scope(Role.ADMIN)  # sees no case at all: sign-in pages, administrators


class CaseOwned:
    """Marks a mapped class whose rows belong to one case (see app.models)."""


def guard(session: Session) -> None:
    """Bind the session's scope to everything that it loads and flushes."""
    event.listen(session, "do_orm_execute", _filter)
    event.listen(session, "before_flush", _check)


def _scope_of(session: Any) -> Scope:
    scope = session.info.get("scope")
    if not isinstance(scope, Scope):
        raise ScopeMissing("this session has no scope")
    return scope


def _filter(state: ORMExecuteState) -> None:
    entities = [mapper.class_ for mapper in state.all_mappers if issubclass(mapper.class_, CaseOwned)]
    if not entities or state.is_column_load:
        return
    scope = _scope_of(state.session)
    if scope.role is Role.SYSTEM:
        return
    for entity in entities:
        # track_closure_variables off: the criterion is built here, its values are bound parameters.
        state.statement = state.statement.options(
            with_loader_criteria(entity, scope.criterion(entity), include_aliases=True)
        )


def _check(session: Any, _context: UOWTransaction, _instances: object) -> None:
    scope = _scope_of(session)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CaseOwned) and not scope.allows(row):
            raise ScopeMissing(f"{type(row).__name__} lies outside the session's scope")
