"""Forms that may be sent twice and count once: the hidden key of a form, claimed before the work and answered alike ever after."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from app.errors import InvalidInput, N_
from app.models import FormKey


def claim(session: Session, *, actor: str, key: str, body: Mapping[str, Any], now: datetime) -> str | None:
    """Claim a key. Return None when it is ours to do, or the earlier answer; refuse the same key with another body.

    A parallel transaction with the same key waits here until the first has committed (PostgreSQL: unique index, SQLite: write lock).
    """
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True, default=str).encode()).hexdigest()
    row = {"actor": actor, "key": key[:80], "body_hash": digest, "answer": "", "at": now}
    if insert_or_nothing(session, FormKey, row):
        return None
    known = session.execute(select(FormKey).where(col(FormKey.actor) == actor, col(FormKey.key) == key[:80])).scalar_one()
    if known.body_hash != digest:
        raise InvalidInput({"key": N_("这张表已经交过,内容却不一样。请打开新表再填")})
    answered: str = known.answer
    return answered


def answer(session: Session, *, actor: str, key: str, answer: str) -> None:
    """Keep where the form led, for whoever sends it again."""
    session.execute(update(FormKey).where(col(FormKey.actor) == actor, col(FormKey.key) == key[:80]).values(answer=answer))


def insert_or_nothing(session: Session, table: type[SQLModel], row: dict[str, Any]) -> bool:
    """Insert a row unless its unique key is taken; tell whether it was inserted. The same on both databases."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return bool(session.execute(insert(table).values(**row).on_conflict_do_nothing()).rowcount)  # type: ignore[attr-defined]
