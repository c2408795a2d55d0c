"""Accounts as an administrator keeps them: one outside the administrator's own area does not exist."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app import accounts
from app.accounts import Viewer
from app.errors import N_, InvalidInput, NotFound
from app.intake import Cleaned
from app.models import Account, Station
from app.scope import Role
from talent_pool import regions

KEPT = (Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR)  # an administrator does not make administrators
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._\-]{2,39}")
_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[A-Za-z0-9.\-]{1,55}")
# No letters that people take for one another when a password is read out.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class NewAccount(BaseModel):
    """The form for a new account, as typed."""

    model_config = ConfigDict(extra="forbid")
    login: Annotated[str, Cleaned, Field(min_length=1, max_length=40)]
    name: Annotated[str, Cleaned, Field(min_length=1, max_length=40)]
    role: Literal["officer", "station_head", "coordinator"]
    station: Annotated[str, Cleaned] = ""
    area: Annotated[str, Cleaned] = ""
    email: Annotated[str, Cleaned, Field(max_length=120)] = ""


@dataclass(frozen=True)
class Made:
    """An account with the password that is shown this one time."""

    account: Account
    password: str


def listing(
    session: Session, admin: Viewer, words: str = "", limit: int = 50, offset: int = 0
) -> Sequence[Row[tuple[Account, str | None]]]:
    """Return (account, its station's name) of the administrator's area, those that work first, then by name."""
    query = select(Account, col(Station.name)).outerjoin(Station, col(Account.station_id) == col(Station.id))
    query = query.where(col(Account.area).between(*regions.bounds(admin.area)))
    if words:
        found = (column.contains(words, autoescape=True) for column in (col(Account.login), col(Account.name)))
        query = query.where(next(found) | next(found) | col(Station.name).contains(words, autoescape=True))
    order = col(Account.disabled_at).is_not(None), col(Account.name), col(Account.id)
    return session.execute(query.order_by(*order).limit(limit).offset(offset)).all()


def get(session: Session, admin: Viewer, account_id: int) -> Account:
    """Return an account that this administrator keeps; NotFound for those elsewhere and for other administrators."""
    found = session.get(Account, account_id)
    if found is None or found.role not in KEPT or not regions.contains(admin.area, found.area):
        raise NotFound(N_("没有这个账号"))
    return found


def stations(session: Session, admin: Viewer) -> list[tuple[int, str]]:
    """Return (id, name) of the stations in the administrator's area."""
    query = select(col(Station.id), col(Station.name)).where(col(Station.area).between(*regions.bounds(admin.area)))
    return [(row[0], row[1]) for row in session.execute(query.order_by(col(Station.name)))]


def add(session: Session, admin: Viewer, new: NewAccount) -> Made:
    """Add an account with a password of its own. Raises InvalidInput for a bad or taken name, or a place elsewhere."""
    problems: dict[str, str] = {}
    if not _LOGIN.fullmatch(new.login):
        problems["login"] = N_("账号用小写字母和数字,3到40位")
    if new.email and not _EMAIL.fullmatch(new.email):
        problems["email"] = N_("邮箱不对,请核对")
    role = Role(new.role)
    station = None if role is Role.COORDINATOR else _station(session, admin, new.station, problems)
    area = _area(admin, new.area, problems) if role is Role.COORDINATOR else station.area if station else 0
    if problems:
        raise InvalidInput(problems)
    password = new_password()
    made = {"login": new.login, "name": new.name, "email": new.email, "password": password}
    try:
        with session.begin_nested():  # two administrators may ask for one name at the same instant
            account = accounts.create(session, role=role, area=area, station_id=station.id if station else None, **made)
    except IntegrityError:
        raise InvalidInput({"login": N_("这个账号已经有了")}) from None
    return Made(account, password)


def _station(session: Session, admin: Viewer, given: str, problems: dict[str, str]) -> Station | None:
    known = given.isascii() and given.isdigit() and len(given) < 10
    station = session.get(Station, int(given)) if known else None
    if station is None or not regions.contains(admin.area, station.area):
        problems["station"] = N_("请选派出所")
        return None
    return station


def _area(admin: Viewer, given: str, problems: dict[str, str]) -> int:
    try:
        area = regions.parse(given) if given else admin.area
    except ValueError:
        area = 0
    if not area or not regions.contains(admin.area, area):
        problems["area"] = N_("区域不在您管理的范围内")
    return area


def disable(session: Session, admin: Viewer, account_id: int, now: datetime) -> Account:
    """Close an account and end its sessions; its keys stop working with it."""
    account = get(session, admin, account_id)
    accounts.disable(session, account, now)
    session.flush()
    return account


def enable(session: Session, admin: Viewer, account_id: int, now: datetime) -> Account:
    """Open a closed account again; reminders are owed from now on."""
    account = get(session, admin, account_id)
    if account.disabled_at is not None:
        account.disabled_at, account.enabled_at = None, now
    session.flush()
    return account


def reset_password(session: Session, admin: Viewer, account_id: int) -> Made:
    """Give an account a new password and end its sessions."""
    account = get(session, admin, account_id)
    password = new_password()
    account.password_hash = accounts.hash_password(password)
    accounts.end_all_sessions(session, account_id)
    session.flush()
    return Made(account, password)


def new_password() -> str:
    """Return a password of 16 letters in fours, easy to read out (79 bits)."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
