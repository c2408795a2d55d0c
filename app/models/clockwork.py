"""When the clock must look at a case again, and the holidays of a year as somebody has set them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime


class CaseWatch(CaseRow, table=True):
    """When the clock looks at a case: every change of it sets `wake_at`, in the same transaction."""

    __tablename__ = "case_watch"
    __table_args__ = (UniqueConstraint("dispute_id"),)

    id: int | None = Field(default=None, primary_key=True)
    wake_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)  # None: nothing lies ahead
    seen_at: datetime | None = Field(
        default=None, index=True, sa_type=UtcDateTime
    )  # later than now: that clock was wrong, look again


class CalendarYear(SQLModel, table=True):
    """The days off and make-up days of a year, as a State Council notice names them; takes the place of the table."""

    __tablename__ = "calendar_year"

    year: int = Field(primary_key=True)
    notice: str = Field(max_length=60)
    days: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)  # [{"day", "works", "name"}]
    set_by: str = Field(max_length=80)
    set_at: datetime = Field(sa_type=UtcDateTime)
