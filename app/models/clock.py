"""Messages on their way, inboxes, and what the clock has done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from talent_pool.columns import UtcDateTime, Word


class SendState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Outbox(SQLModel, table=True):
    """A message on its way, written in the transaction of its cause. `dedupe` makes a second one impossible."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state_next_at", "state", "next_at"),)

    id: int | None = Field(default=None, primary_key=True)
    dedupe: str = Field(max_length=120, unique=True)
    channel: str = Field(max_length=20)  # a module of app.channels: inbox, smtp, …
    recipient: str = Field(max_length=200)  # an account's id, an e-mail address, …
    subject: str = Field(max_length=200)
    body: str
    dispute_id: int | None = Field(default=None, foreign_key="dispute.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = Field(default=0)
    lease_owner: str = Field(default="", max_length=80)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: SendState = Field(default=SendState.WAITING, sa_type=Word(SendState))
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = Field(default="", max_length=300)
    template: str = Field(default="", max_length=40)  # its name in data/messages, and what was filled in
    fields: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


class InboxMessage(SQLModel, table=True):
    """A message in an account's own inbox on the page."""

    __tablename__ = "inbox_message"
    __table_args__ = (UniqueConstraint("dedupe"), Index("ix_inbox_message_account_at", "account_id", "at"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    dedupe: str = Field(max_length=120)
    subject: str = Field(max_length=200)
    body: str
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DueRun(SQLModel, table=True):
    """A piece of clockwork that was due: what, for which period, for whom. The unique key is the claim."""

    __tablename__ = "due_run"
    __table_args__ = (UniqueConstraint("name", "period", "whom"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=40)
    period: str = Field(max_length=20)  # '2026-W48'
    whom: str = Field(max_length=40)  # 'account:3'
    ran_at: datetime = Field(sa_type=UtcDateTime)
    late: bool = Field(default=False)


class Heartbeat(SQLModel, table=True):
    """When a part of the house was last alive."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True, max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
