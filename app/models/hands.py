"""What makes a ballot safe in people's hands: codes, notices that can be objected to, helpers, the desk's PIN."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime


class SealCode(CaseRow, table=True):
    """The six digits that a side's phone was sent to seal with: one per side, of which a keyed hash is kept."""

    __tablename__ = "seal_code"

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", unique=True, ondelete="CASCADE")
    round: int
    code_hash: str = Field(max_length=64)
    sent_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    tries: int = Field(default=0)
    sends: int = Field(default=1)  # how many codes this list has cost
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SealNotice(CaseRow, table=True):
    """A sealed ballot of which the side's phone was told, and the objection (这不是我选的) that came back."""

    __tablename__ = "seal_notice"

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    round: int
    token_hash: str = Field(max_length=64, unique=True)
    at: datetime = Field(sa_type=UtcDateTime)
    objected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # marked anew, with an officer


class VoidChoice(CaseRow, table=True):
    """A choice that no longer counts because a side objected to its ballot; its log stays under seal."""

    __tablename__ = "void_choice"

    id: int | None = Field(default=None, primary_key=True)
    round: int
    sealed: str
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = Field(sa_type=UtcDateTime)
    voided_at: datetime = Field(sa_type=UtcDateTime)


class HelpedBallot(CaseRow, table=True):
    """Who helped a person to mark, who watched, and how the person gave the wish."""

    __tablename__ = "helped_ballot"
    __table_args__ = (UniqueConstraint("side_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    round: int
    helper_id: int = Field(foreign_key="account.id")
    witness: str = Field(max_length=40)
    wish: str = Field(max_length=20)  # spoken, pointed, signed, interpreted
    at: datetime = Field(sa_type=UtcDateTime)


class DeskPin(CaseRow, table=True):
    """Four digits set by the side that sealed first at the desk: whoever goes on after a walk away must know them."""

    __tablename__ = "desk_pin"
    __table_args__ = (UniqueConstraint("dispute_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    pin_hash: str = Field(max_length=64)
    tries: int = Field(default=0)
    seen_at: datetime = Field(sa_type=UtcDateTime)  # the last time that the desk was in use
