"""What a side says besides its ballot: yes to a result, to a name, to a waiver; whom it wants on the next list."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime, Word


class Asked(StrEnum):
    """What a side was asked."""

    RESULT = "result"  # the provisional result of a list on which it was silent; `key` is the round
    DESIGNATION = "designation"  # whom the coordinator named; `key` is the mediator
    WAIVER = "waiver"  # to keep a mediator who has disclosed a tie; `key` is the assignment
    JOINT = "joint"  # joint mediation; `key` is 0


class SideWord(CaseRow, table=True):
    """One side's recorded word. Silence has no row."""

    __tablename__ = "side_word"
    __table_args__ = (UniqueConstraint("side_id", "asked", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    asked: Asked = Field(sa_type=Word(Asked))
    key: int = Field(default=0)
    yes: bool
    how: str = Field(max_length=20)  # link, phone, visit, desk, helped
    by: str = Field(max_length=80)  # who recorded it: 'account:3', 'side:A'
    at: datetime = Field(sa_type=UtcDateTime)


class Nomination(CaseRow, table=True):
    """A name from the full roll that a side wants on the next list: one per side."""

    __tablename__ = "nomination"
    __table_args__ = (UniqueConstraint("side_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    round: int  # of the list on which the name is to stand
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class Designation(CaseRow, table=True):
    """Whom the coordinator named, put before the sides."""

    __tablename__ = "designation"
    __table_args__ = (UniqueConstraint("dispute_id", "mediator_id"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    by: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
