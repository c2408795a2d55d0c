"""Forms that may be sent twice and count once: the hidden key is claimed before the work, and answered alike after."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from app.claims import take
from app.errors import N_, InvalidInput
from app.models import FormKey

_PLAIN = re.compile(r"[\x21-\x7e]{1,80}")


def _kept(key: str) -> str:
    # A key is whatever came with the form: what a column cannot hold (NUL, length) is known by its fingerprint.
    return key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def claim(session: Session, *, actor: str, key: str, body: Mapping[str, Any], now: datetime) -> str | None:
    """Claim a key. Return None when it is ours to do, or the earlier answer; refuse the same key with another body.

    A parallel transaction with the same key waits here until the first has committed (PostgreSQL: by the unique index,
    SQLite: by the write lock).
    """
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=True, default=str).encode()).hexdigest()
    if take(session, FormKey, actor=actor, key=_kept(key), body_hash=digest, answer="", at=now):
        return None
    known = session.execute(
        select(FormKey).where(col(FormKey.actor) == actor, col(FormKey.key) == _kept(key))
    ).scalar_one()
    if known.body_hash != digest:
        raise InvalidInput({"key": N_("这张表已经交过,内容却不一样。请打开新表再填")})
    answered: str = known.answer
    return answered


def answer(session: Session, *, actor: str, key: str, answer: str) -> None:
    """Keep where the form led, for whoever sends it again."""
    session.execute(
        update(FormKey).where(col(FormKey.actor) == actor, col(FormKey.key) == _kept(key)).values(answer=answer)
    )
