"""Taking a thing once: whoever inserts the row with its unique key has it, everyone else is told so."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def take(session: Session, table: type[SQLModel], **values: Any) -> bool:
    """Insert a row unless one with the same unique key is there; tell whether it was new.

    PostgreSQL waits for a rival's open transaction before it answers, SQLite has one writer:
    on neither can two callers both hear True.
    """
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table).values(**values).on_conflict_do_nothing()
    # The row itself, not rowcount: behind an INSERT, PostgreSQL's is -1 whatever happened.
    return session.execute(statement.returning(*inspect(table).primary_key)).first() is not None


def put(
    session: Session, table: type[SQLModel], key: Sequence[str], values: Mapping[str, Any], update: Collection[str]
) -> None:
    """Insert a row, or write the columns `update` of the one that is there under the same key."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table).values(**values)
    session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_={name: values[name] for name in update})
    )


def changed(done: Any) -> int:
    """Return how many rows a statement changed."""
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
