"""Accounts of officers, coordinators and administrators: passwords, counted tries, sessions that end at once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from app.db import Database
from app.errors import N_, DiandanError, Forbidden, InvalidInput
from app.models import Account, SignInTry, Station, WebSession
from app.scope import NOBODY, Role, Scope
from app.settings import Settings
from talent_pool import regions

TRIES, WINDOW = 10, timedelta(minutes=15)  # per account
ADDRESS_TRIES = 60  # per address: a station's desks share one
MIN_PASSWORD = 10
SIGN_IN_LOCK = 0x5151  # key of the advisory lock that orders parallel tries


class TooManyTries(DiandanError):
    """Sign-in is closed for a while, for this name or this address."""

    status = 429


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page: enough to decide and to greet, nothing that needs another query."""

    account_id: int
    name: str
    role: Role
    station_id: int | None
    station: str
    area: int
    locale: str

    @property
    def scope(self) -> Scope:
        """Return what this person's sessions may touch."""
        match self.role:
            case Role.OFFICER | Role.STATION_HEAD:
                return Scope(self.role, station_id=self.station_id)
            case Role.COORDINATOR:
                return Scope(self.role, low=regions.bounds(self.area)[0], high=regions.bounds(self.area)[1])
            case _:
                return NOBODY

    @property
    def actor(self) -> str:
        """Return the name under which events are kept."""
        return f"account:{self.account_id}"


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _dummy_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password; refuse a short one."""
    if len(password) < MIN_PASSWORD:
        raise InvalidInput({"password": N_("密码至少10位")})
    return _hasher().hash(_bytes(password))


def create(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    password: str,
    area: int,
    station_id: int | None = None,
    email: str = "",
) -> Account:
    """Add an account. Officers and heads need a station; the others answer for `area`."""
    if role in (Role.OFFICER, Role.STATION_HEAD) and station_id is None:
        raise InvalidInput({"station": N_("民警要有所属派出所")})
    if session.execute(select(col(Account.id)).where(col(Account.login) == login)).first():
        raise InvalidInput({"login": N_("这个账号已经有了")})
    account = Account(
        login=login,
        name=name,
        role=role,
        station_id=station_id,
        area=area,
        email=email,
        password_hash=hash_password(password),
    )
    session.add(account)
    session.flush()
    return account


def sign_in(database: Database, *, login: str, password: str, address: str, now: datetime) -> str:
    """Return a new session's secret id. Wrong name and wrong password take the same time and give the same answer.

    Three short transactions, not one: a refused try must stay counted, and argon2's 30 ms must not
    be spent while SQLite's only write lock is held.
    """
    login_hash = _hash(login.strip().lower())
    with database.write(NOBODY) as session:
        _count_try(session, login_hash, _hash(address), now)
    with database.read(NOBODY) as session:
        account = _find(session, login.strip())
    if not _verify(account, password) or account is None or account.disabled_at is not None:
        raise Forbidden(N_("账号或密码不对"))
    with database.write(NOBODY) as session:
        session.execute(delete(SignInTry).where(col(SignInTry.login_hash) == login_hash))
        return open_session(session, now=now, hours=database.settings.session_hours, account_id=account.id)


def _find(session: Session, login: str) -> Account | None:
    # NUL and lone surrogates are in nobody's name, and PostgreSQL would not even take the question.
    if not login.isprintable():
        return None
    return session.execute(select(Account).where(col(Account.login) == login)).scalar_one_or_none()


def _verify(account: Account | None, password: str) -> bool:
    try:
        return _hasher().verify(account.password_hash if account else _dummy_hash(), _bytes(password))
    except (VerificationError, InvalidHashError):
        return False


def _count_try(session: Session, login_hash: str, address_hash: str, now: datetime) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # Two parallel tries must see one another; SQLite's BEGIN IMMEDIATE sees to that by itself.
        session.execute(select(func.pg_advisory_xact_lock(SIGN_IN_LOCK)))
    count = select(func.count()).select_from(SignInTry).where(col(SignInTry.at) > now - WINDOW)
    by_login = session.execute(count.where(col(SignInTry.login_hash) == login_hash)).scalar_one()
    by_address = session.execute(count.where(col(SignInTry.address_hash) == address_hash)).scalar_one()
    if by_login >= TRIES or by_address >= ADDRESS_TRIES:
        raise TooManyTries(N_("试的次数太多了,请过15分钟再试"))
    session.add(SignInTry(login_hash=login_hash, address_hash=address_hash, at=now))


def count_code_try(database: Database, address: str, now: datetime) -> None:
    """Count one try of a short code from this address, in a transaction of its own; refuse after too many."""
    with database.write(NOBODY) as session:
        _count_try(session, _hash(f"code:{address}"), _hash(address), now)


def forget_code_tries(session: Session, address: str) -> None:
    """Forget the tries of an address after a right code: a village's phones may share one address."""
    session.execute(delete(SignInTry).where(col(SignInTry.login_hash) == _hash(f"code:{address}")))


def open_session(
    session: Session, *, now: datetime, hours: float, account_id: int | None = None, invitation_id: int | None = None
) -> str:
    """Keep a new browser session and return its secret id (192 bits; only its hash is stored)."""
    secret = secrets.token_urlsafe(24)
    session.add(
        WebSession(
            id_hash=_hash(secret),
            account_id=account_id,
            invitation_id=invitation_id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    session.flush()
    return secret


def end_session(session: Session, secret: str) -> None:
    """End one browser session."""
    session.execute(delete(WebSession).where(col(WebSession.id_hash) == _hash(secret)))


def end_all_sessions(session: Session, account_id: int) -> None:
    """End every session of an account: password changed, account disabled."""
    session.execute(delete(WebSession).where(col(WebSession.account_id) == account_id))


def disable(session: Session, account: Account, now: datetime) -> None:
    """Close an account; its sessions end with the next request."""
    account.disabled_at = now
    end_all_sessions(session, account.id or 0)


def change_password(session: Session, account: Account, *, old: str, new: str) -> None:
    """Set a new password and end every session, this one too."""
    if not _verify(account, old):
        raise InvalidInput({"old": N_("原密码不对")})
    account.password_hash = hash_password(new)
    end_all_sessions(session, account.id or 0)


def find_viewer(session: Session, settings: Settings, secret: str, now: datetime) -> tuple[Viewer, datetime] | None:
    """Return who this session belongs to and when it was last seen; None when it has ended or the account is closed."""
    row = session.execute(
        select(
            col(Account.id),
            col(Account.name),
            col(Account.role),
            col(Account.station_id),
            col(Station.name),
            col(Account.area),
            col(Account.locale),
            col(WebSession.seen_at),
            col(WebSession.expires_at),
        )
        .join_from(WebSession, Account, col(WebSession.account_id) == col(Account.id))
        .outerjoin(Station, col(Account.station_id) == col(Station.id))
        .where(col(WebSession.id_hash) == _hash(secret), col(Account.disabled_at).is_(None))
    ).first()
    if row is None:
        return None
    *who, seen_at, expires_at = row
    if now >= expires_at or now - seen_at > timedelta(minutes=settings.session_idle_minutes):
        return None
    account_id, name, role, station_id, station, area, locale = who
    return Viewer(account_id, name, role, station_id, station or "", area, locale), seen_at


def touch(session: Session, secret: str, now: datetime) -> None:
    """Note that the session was used."""
    row = session.get(WebSession, _hash(secret))
    if row is not None:
        row.seen_at = now


def _hash(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
