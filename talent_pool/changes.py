"""How the indexes in memory learn which mediators have changed.

Every write of `talent_pool.roster` notes whom it changed; just before the commit the transaction takes the next number
from the one row of `pool_version` and stamps the changed mediators with it. The row stays locked until the commit, so
numbers become visible in the order of commit: whoever asks "what is newer than n?" misses nothing (a sequence hands out
numbers before their transactions commit, and loses changes). It is the last lock that a transaction takes, so it is
held for the commit only and cannot close a circle of waiting.
"""

from typing import Any

from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from talent_pool.models import PoolChange, PoolVersion

CHANGED = "talent_pool.changed"  # key of Session.info: the mediators changed since the last commit


def note(session: Session, mediator_id: int) -> None:
    """Remember that this transaction changes a mediator; the commit publishes it."""
    if CHANGED not in session.info:
        session.info[CHANGED] = set()
        event.listen(session, "before_commit", _publish)
        event.listen(session, "after_rollback", _forget)
    session.info[CHANGED].add(mediator_id)


def version(session: Session) -> int:
    """Return the number of the last change of the pool that this session can see; 0 before the first."""
    return session.execute(select(col(PoolVersion.version))).scalar_one_or_none() or 0


def since(session: Session, seen: int) -> dict[int, int]:
    """Return the mediators changed after version `seen`, each with the version of its newest change."""
    newer = select(col(PoolChange.mediator_id), col(PoolChange.version)).where(col(PoolChange.version) > seen)
    return {row[0]: row[1] for row in session.execute(newer)}


def _publish(session: Session) -> None:
    changed = sorted(session.info[CHANGED])
    if not changed:
        return
    session.info[CHANGED].clear()
    first = _insert(session, PoolVersion).values(id=1, version=1)
    stamp = first.on_conflict_do_update(index_elements=["id"], set_={"version": PoolVersion.version + 1})
    number = session.execute(stamp.returning(col(PoolVersion.version))).scalar_one()
    row = _insert(session, PoolChange)
    newest = row.on_conflict_do_update(index_elements=["mediator_id"], set_={"version": row.excluded.version})
    session.execute(newest, [{"mediator_id": key, "version": number} for key in changed])


def _forget(session: Session) -> None:
    session.info[CHANGED].clear()


def _insert(session: Session, table: type[SQLModel]) -> Any:
    """Return an INSERT that knows ON CONFLICT, which SQLAlchemy words per database."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(table)
