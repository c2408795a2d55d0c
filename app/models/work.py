"""The work on a case once somebody has taken it: sessions, the agreement, revisits."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime


class Meeting(CaseRow, table=True):
    """One session of mediation (调解记录)."""

    __tablename__ = "meeting"

    id: int | None = Field(default=None, primary_key=True)
    held_at: datetime = Field(sa_type=UtcDateTime)
    place: str = Field(default="", max_length=120)
    present: str = Field(default="", max_length=300)
    notes: str = Field(default="", max_length=4000)
    outcome: str = Field(max_length=40)  # agreed_written, agreed_oral, continued, failed, withdrawn
    recorded_by: str = Field(max_length=80)


class Agreement(CaseRow, table=True):
    """What the sides agreed (人民调解法 art. 29), one per case; a later one replaces it with a new version."""

    __tablename__ = "agreement"
    __table_args__ = (UniqueConstraint("dispute_id"),)

    id: int | None = Field(default=None, primary_key=True)
    oral: bool = Field(default=False)
    facts: str = Field(default="", max_length=4000)
    terms: str = Field(max_length=4000)
    performance_way: str = Field(default="", max_length=300)
    perform_by: date | None = Field(default=None)
    agreed_at: datetime = Field(sa_type=UtcDateTime)
    performed: str = Field(default="pending", max_length=20)  # pending, performed, partly, not_performed
    performed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FollowUp(CaseRow, table=True):
    """One revisit (回访记录)."""

    __tablename__ = "follow_up"

    id: int | None = Field(default=None, primary_key=True)
    visited_at: datetime = Field(sa_type=UtcDateTime)
    performed: str = Field(max_length=20)
    relapsed: bool = Field(default=False)
    satisfied: int | None = Field(default=None, ge=1, le=5)
    notes: str = Field(default="", max_length=2000)
    recorded_by: str = Field(max_length=80)
