"""What officers made of the machine's readings, from which it learns; and what came of each night's learning."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime


class ReadingLabel(CaseRow, table=True):
    """One case's reading and the officer's word on it; the last word counts. The text is redacted.

    A label that was taken out keeps its row, without words, so that a later correction does not bring it back.
    """

    __tablename__ = "reading_label"
    __table_args__ = (UniqueConstraint("dispute_id"), Index("ix_reading_label_at", "at"))

    id: int | None = Field(default=None, primary_key=True)
    text: str
    model: str = Field(max_length=64)  # version that spoke; 'missing' without one
    machine_type: str = Field(max_length=40)  # empty: it saw nothing
    machine_subtype: str = Field(default="", max_length=40)
    probability: float
    abstained: bool
    machine_gates: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # code → 'raised'
    type: str = Field(max_length=40)
    subtype: str = Field(default="", max_length=40)
    gates: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # code → 'confirmed', 'overridden'
    how: str = Field(max_length=20)  # accepted: as proposed; chosen: picked on the form; corrected: changed later
    account_id: int = Field(foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    month: str = Field(max_length=7, index=True)  # of the first word, in Shanghai: '2026-11'
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LearningRun(SQLModel, table=True):
    """One night's challenger and what became of it."""

    __tablename__ = "learning_run"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True, sa_type=UtcDateTime)
    labels: int
    champion: str = Field(max_length=64)
    challenger: str = Field(max_length=64)
    outcome: str = Field(max_length=20)  # promoted, refused, held, same
    seconds: float
    verdicts: list[Any] = Field(default_factory=list, sa_type=JSON)  # matching.promotion.Verdict.as_json
