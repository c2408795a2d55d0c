"""The mark by which a demo's database is told from a real one; it lies in the database and travels with every copy."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, inspect, select
from sqlmodel import Session, col

from app.db import Database
from app.models import Heartbeat

NAME = "demo"


@dataclass(frozen=True)
class Mark:
    """What a demo database says of itself; `ready` is false while it is being filled."""

    scale: str
    seed: int
    made: str  # ISO date
    ready: bool


def find(database: Database) -> Mark | None:
    """Return the mark; None for a database without one, or without tables."""
    if not has_tables(database):
        return None
    with database.read() as session:
        data: dict[str, Any] | None = session.execute(
            select(col(Heartbeat.data)).where(col(Heartbeat.name) == NAME)
        ).scalar_one_or_none()
    return None if data is None else Mark(**data)


def has_tables(database: Database) -> bool:
    """Tell whether anything has made tables here."""
    return inspect(database.engine).has_table(str(Heartbeat.__tablename__))


def put(session: Session, mark: Mark, now: datetime) -> None:
    """Write the mark, or a new one in its place."""
    session.execute(delete(Heartbeat).where(col(Heartbeat.name) == NAME))
    session.add(Heartbeat(name=NAME, at=now, data=asdict(mark)))
    session.flush()
