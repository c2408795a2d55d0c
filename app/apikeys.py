"""Keys for the JSON API: shown once when they are made, kept as hashes, and good for what their owner may see."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, select
from sqlmodel import Session, col

from app.accounts import Viewer
from app.errors import N_, InvalidInput, NotFound
from app.links import fingerprint
from app.models import Account, ApiKey, Station
from app.questions import Question
from talent_pool.models import PoolVersion

MARK = "dd_"  # so that a key is known for one when it lies in a file
LONGEST = 100


def create(session: Session, account: Account, name: str, now: datetime) -> str:
    """Make a key for an account and return it; nobody can read it again. `name` says what it is for."""
    name = name.strip()
    if not name or len(name) > 60:
        raise InvalidInput({"name": N_("请写这把钥匙给谁用,最多60个字")})
    assert account.id is not None
    key = MARK + secrets.token_urlsafe(32)
    session.add(ApiKey(account_id=account.id, name=name, key_hash=fingerprint(key), created_at=now))
    session.flush()
    return key


def revoke(session: Session, account: Account, key_id: int, now: datetime) -> None:
    """End a key of this account; twice is once. Raises NotFound for a key of somebody else."""
    row = session.get(ApiKey, key_id)
    if row is None or row.account_id != account.id:
        raise NotFound()
    row.revoked_at = row.revoked_at or now
    session.flush()


def living(session: Session, account: Account) -> list[ApiKey]:
    """Return the keys of an account that work, oldest first."""
    query = select(ApiKey).where(col(ApiKey.account_id) == account.id, col(ApiKey.revoked_at).is_(None))
    return list(session.execute(query.order_by(col(ApiKey.id))).scalars())


@dataclass(frozen=True)
class Caller:
    """Whose key it is, and the number of the pool's last change at that moment."""

    viewer: Viewer
    pool_version: int


def find_caller(engine: Engine, key: str) -> Caller | None:
    """Return whose key this is; None when it is unknown or revoked, or its account is closed.

    One query for all that each call asks. No case table is touched, so no session is needed.
    """
    if not key.startswith(MARK) or len(key) > LONGEST:
        return None
    row = _CALLER.ask(engine, key_hash=fingerprint(key))
    if row is None:
        return None
    account_id, name, role, station_id, station, area, locale, pool_version = row
    return Caller(Viewer(account_id, name, role, station_id, station or "", area, locale), pool_version or 0)


def _caller() -> Question:
    query = select(
        col(Account.id),
        col(Account.name),
        col(Account.role),
        col(Account.station_id),
        col(Station.name),
        col(Account.area),
        col(Account.locale),
        select(col(PoolVersion.version)).scalar_subquery(),
    )
    query = query.join_from(ApiKey, Account, col(ApiKey.account_id) == col(Account.id))
    query = query.outerjoin(Station, col(Account.station_id) == col(Station.id)).where(
        col(ApiKey.key_hash) == bindparam("key_hash"),
        col(ApiKey.revoked_at).is_(None),
        col(Account.disabled_at).is_(None),
    )
    return Question(query)


_CALLER = _caller()
