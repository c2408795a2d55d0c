"""Rows for bulk writing: collected as plain dictionaries with their ids, then inserted with one statement a table."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import Session, SQLModel, col

Row = dict[str, Any]
# Parents before children, so that foreign keys hold at every statement.
BATCH = 5_000


class Ledger:
    """Collects rows; `write` inserts them in the order of the tables' foreign keys."""

    def __init__(self) -> None:
        self.rows: dict[type[SQLModel], list[Row]] = defaultdict(list)
        self._ids: dict[type[SQLModel], Any] = {}

    def add(self, table: type[SQLModel], **fields: Any) -> int:
        """Keep a row and return its id."""
        key = next(self._ids.setdefault(table, count(1)))
        self.rows[table].append({"id": key, **fields})
        return int(key)

    def put(self, table: type[SQLModel], **fields: Any) -> None:
        """Keep a row of a table that has no counted id."""
        self.rows[table].append(fields)

    def write(self, session: Session) -> None:
        """Insert everything and forget it."""
        order = {table.name: place for place, table in enumerate(SQLModel.metadata.sorted_tables)}
        for model in sorted(self.rows, key=lambda model: order[str(model.__tablename__)]):
            for batch in _batches(self.rows[model]):
                session.execute(insert(model), batch)
        self.rows.clear()

    def catch_up(self, session: Session) -> None:
        """Move PostgreSQL's sequences behind the ids given here; SQLite looks at the table itself."""
        if session.get_bind().dialect.name != "postgresql":
            return
        for model in self._ids:
            last = session.execute(select(func.max(col(model.id)))).scalar_one()  # type: ignore[attr-defined]
            sequence = select(func.pg_get_serial_sequence(str(model.__tablename__), "id")).scalar_subquery()
            session.execute(select(func.setval(sequence, last)))


def _batches(rows: list[Row]) -> Iterable[list[Row]]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))
