"""The house: stations, accounts, signed-in browsers, keys of the API and of forms already taken."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from app.scope import Role
from talent_pool.columns import UtcDateTime, Word


def utc_now() -> datetime:
    """Return this moment, for the one column that a row's maker need not give."""
    return datetime.now(UTC)


class Station(SQLModel, table=True):
    """A police station. `area` is the code of its seat's town; `StationTown` lists the towns that it serves."""

    __tablename__ = "station"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    area: int = Field(sa_type=BigInteger, index=True)
    phone: str = Field(default="", max_length=20)
    address: str = Field(default="", max_length=120)


class StationTown(SQLModel, table=True):
    """A town that a station serves; each town has one station."""

    __tablename__ = "station_town"

    region: int = Field(primary_key=True, sa_type=BigInteger)
    station_id: int = Field(foreign_key="station.id", index=True, ondelete="CASCADE")


class Account(SQLModel, table=True):
    """An officer, station head, coordinator or administrator. `area` is the region that the latter two answer for."""

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=40)
    role: Role = Field(sa_type=Word(Role))
    station_id: int | None = Field(default=None, foreign_key="station.id", index=True)
    area: int = Field(sa_type=BigInteger)
    password_hash: str = Field(max_length=200)
    email: str = Field(default="", max_length=120)
    locale: str = Field(default="zh", max_length=8)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    enabled_at: datetime = Field(
        default_factory=utc_now, sa_type=UtcDateTime, sa_column_kwargs={"default": utc_now}
    )  # since when it is owed reminders


class SignInTry(SQLModel, table=True):
    """One failed sign-in; counted in the database so that every worker counts alike."""

    __tablename__ = "sign_in_try"
    __table_args__ = (
        Index("ix_sign_in_try_login_at", "login_hash", "at"),
        Index("ix_sign_in_try_address_at", "address_hash", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    login_hash: str = Field(max_length=64)
    address_hash: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class WebSession(SQLModel, table=True):
    """A signed-in browser: an account's, or one side's, or one mediator's. Only the hash of its id is kept."""

    __tablename__ = "web_session"

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True, ondelete="CASCADE")
    invitation_id: int | None = Field(default=None, foreign_key="invitation.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key for /api/v1/: sees what its owner sees. Only its hash is kept."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=60)
    key_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FormKey(SQLModel, table=True):
    """The hidden key of a form already taken: the same key gives the same answer, never a second case."""

    __tablename__ = "form_key"

    actor: str = Field(primary_key=True, max_length=80)
    key: str = Field(primary_key=True, max_length=80)
    body_hash: str = Field(max_length=64)
    answer: str = Field(max_length=200)  # where the first answer led (a path), or the number that it made
    at: datetime = Field(sa_type=UtcDateTime)
