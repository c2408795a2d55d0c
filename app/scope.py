"""Who may see which cases: a session carries one Scope all its life; without one no query on case tables can run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, ColumnElement, Select, Table, TextClause, UpdateBase, event, false, inspect, true
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.orm.unitofwork import UOWTransaction
from sqlalchemy.sql.visitors import iterate
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


class ScopedSession(Session):
    """A session whose scope is bound to everything that it loads and flushes (`_filter` and `_check` below)."""


def _scope_of(session: Any) -> Scope:
    scope = session.info.get("scope")
    if not isinstance(scope, Scope):
        raise ScopeMissing("this session has no scope")
    return scope


def _filter(state: ORMExecuteState) -> None:
    scope = state.session.info.get("scope")
    if state.is_column_load or scope is SYSTEM:
        return
    touched, bare = _case_classes(state.statement)
    if not touched and not bare:
        return
    scope = _scope_of(state.session)
    if scope.role is Role.SYSTEM:
        return
    if bare or not state.is_orm_statement or not isinstance(state.statement, Select | UpdateBase):
        # A union takes no criteria, and neither does a statement on bare tables or without a class at its top.
        raise ScopeMissing("write this query on mapped classes, one of them in its outermost SELECT")
    _check_written(state, scope)
    state.statement = state.statement.options(*(_criteria(scope, entity) for entity in touched))


@lru_cache(maxsize=2048)
def _criteria(scope: Scope, entity: Any) -> Any:
    return with_loader_criteria(entity, scope.criterion(entity), include_aliases=True)


# Statements that are built once are walked once; those of a single request go with it.
_WALKED: WeakKeyDictionary[Any, tuple[frozenset[Any], bool]] = WeakKeyDictionary()


def _case_classes(statement: Any) -> tuple[frozenset[Any], bool]:
    if statement not in _WALKED:
        _WALKED[statement] = _walk(statement)
    return _WALKED[statement]


def _walk(statement: Any) -> tuple[frozenset[Any], bool]:
    """Return the classes of case tables anywhere in the statement, and whether something in it cannot be filtered.

    What SQLAlchemy calls the statement's mappers is its top alone: counts, subqueries and conditions are missing there.
    """
    found: set[Any] = set()
    bare, words = set(), False
    for element in iterate(statement):
        entity = element._annotations.get("parententity")
        if entity is not None and issubclass(entity.mapper.class_, CaseOwned):
            found.add(entity.mapper.class_)
        elif entity is None:
            table = element.table if isinstance(element, Column) else element
            bare |= {table.name} & _case_tables() if isinstance(table, Table) else set()
            words = words or isinstance(element, TextClause)
    # Beside its class a table may stand bare: SQLAlchemy writes it so itself.
    return frozenset(found), words or not bare <= {each.__tablename__ for each in found}


@lru_cache(maxsize=1)
def _case_tables() -> frozenset[str]:
    return frozenset(each.__tablename__ for each in _below(CaseOwned) if hasattr(each, "__table__"))


def _below(parent: type[Any]) -> Iterator[Any]:
    for each in parent.__subclasses__():
        yield each
        yield from _below(each)


def _check_written(state: ORMExecuteState, scope: Scope) -> None:
    """Refuse a statement that inserts a foreign row, or moves rows to another case, station or area."""
    if not (state.is_insert or state.is_update):
        return
    owner = state.statement.entity_description["entity"]  # type: ignore[attr-defined]
    key = owner.case_column().key
    for row in _written(state):
        if state.is_update and not row.keys().isdisjoint(("station_id", "area", key)):
            raise ScopeMissing("a statement must not move rows to another case, station or area")
        if state.is_insert and not scope.allows(_decider(row, key)):
            raise ScopeMissing(f"{owner.__name__} lies outside the session's scope")


def _written(state: ORMExecuteState) -> list[dict[str, Any]]:
    values = state.statement._values or {}  # type: ignore[attr-defined]
    fixed = {column.key: getattr(value, "value", None) for column, value in values.items()}
    given = state.parameters or {}
    return [fixed | dict(each) for each in ([given] if isinstance(given, Mapping) else given)]


def _check(session: Any, _context: UOWTransaction, _instances: object) -> None:
    scope = _scope_of(session)
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, CaseOwned) and not (scope.allows(row) and scope.allows(_as_it_was(row))):
            raise ScopeMissing(f"{type(row).__name__} lies outside the session's scope")


def _as_it_was(row: Any) -> SimpleNamespace:
    """Return what decides about a row, with the values that it had before it was changed."""
    key = type(row).case_column().key
    return _decider({name: _old(row, name) for name in ("station_id", "area", key)}, key)


def _decider(values: Mapping[str, Any], key: str) -> SimpleNamespace:
    return SimpleNamespace(
        station_id=values.get("station_id"), area=values.get("area") or 0, case_key=lambda: values.get(key)
    )


def _old(row: Any, name: str) -> Any:
    history = inspect(row).attrs[name].history
    return history.deleted[0] if history.deleted else getattr(row, name)


event.listen(ScopedSession, "do_orm_execute", _filter)
event.listen(ScopedSession, "before_flush", _check)
