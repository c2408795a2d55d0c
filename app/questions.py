"""Queries for one row that nearly every request begins with: compiled once, asked through the driver's own cursor.

One SELECT sees one state of the database, with or without a transaction around it, so that none is begun for it. It
costs a fifth of the same through SQLAlchemy's execution. Types are the columns' own, both ways.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any] | None


class Question:
    """A query for one row; its bound parameters are the question's."""

    def __init__(self, query: Select[Any]) -> None:
        self._query = query
        self._spoken: dict[str, _Spoken] = {}

    def ask(self, engine: Engine, **values: Any) -> tuple[Any, ...] | None:
        """Return the first row, or None; raise DBAPIError as any query does."""
        spoken = self._spoken.get(engine.dialect.name)
        if spoken is None:
            spoken = self._spoken[engine.dialect.name] = _spoken(self._query, engine.dialect)
        row = _first(engine, spoken.words, spoken.parameters(values))
        if row is None:
            return None
        return tuple([convert(value) if convert else value for convert, value in zip(spoken.columns, row, strict=True)])


@dataclass(frozen=True)
class _Spoken:
    """A query in the words of one kind of database. `places`: the order of parameters, None where they go by name."""

    words: str
    places: Sequence[str] | None
    fixed: dict[str, Any]  # values that stand in the query itself
    given: dict[str, Convert]
    columns: tuple[Convert, ...]

    def parameters(self, values: dict[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        told = self.fixed.copy()
        for name, convert in self.given.items():
            told[name] = convert(values[name]) if convert else values[name]
        return told if self.places is None else [told[name] for name in self.places]


def _spoken(query: Select[Any], dialect: Dialect) -> _Spoken:
    compiled: Any = query.compile(dialect=dialect)
    fixed: dict[str, Any] = {}
    given: dict[str, Convert] = {}
    for bind, name in compiled.bind_names.items():
        convert = _native(bind.type, dialect).bind_processor(dialect)
        if bind.required:
            given[name] = convert
        else:
            fixed[name] = convert(bind.effective_value) if convert else bind.effective_value
    columns = [_native(column.type, dialect).result_processor(dialect, None) for column in query.selected_columns]
    places = tuple(compiled.positiontup) if compiled.positional else None
    return _Spoken(str(compiled), places, fixed, given, tuple(columns))


def _native(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _first(engine: Engine, words: str, parameters: Any) -> Any:
    driver, raw = engine.dialect.loaded_dbapi, None
    try:
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute(words, parameters)
        row = cursor.fetchone()
        cursor.close()
        return row
    except driver.Error as problem:
        gone = engine.dialect.is_disconnect(problem, raw, None)
        if raw is not None and gone:
            raw.invalidate(problem)
        # Without the values: they are secrets, or somebody's.
        raise DBAPIError.instance(
            words, None, problem, driver.Error, connection_invalidated=gone, dialect=engine.dialect
        ) from problem
    finally:
        if raw is not None:
            raw.close()
