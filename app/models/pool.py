"""The county's lists on their way into the pool: an upload that waits, and what its columns mean."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from talent_pool.columns import UtcDateTime, Word
from talent_pool.profiles import EntryLink, Photo, PoolBatch, PoolEvent, Profile, Proposal, Training

__all__ = [
    "ColumnMap",
    "DraftState",
    "EntryLink",
    "Photo",
    "PoolBatch",
    "PoolDraft",
    "PoolEvent",
    "Profile",
    "Proposal",
    "Training",
]


class DraftState(StrEnum):
    """How far an uploaded list has come."""

    MAPPING = "mapping"
    RUNNING = "running"
    DONE = "done"


class PoolDraft(SQLModel, table=True):
    """An uploaded list: its cells (compressed JSON), what its columns mean, how many rows are in."""

    __tablename__ = "pool_draft"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True, ondelete="CASCADE")
    area: int = Field(sa_type=BigInteger)
    filename: str = Field(max_length=120)
    at: datetime = Field(sa_type=UtcDateTime)
    state: DraftState = Field(default=DraftState.MAPPING, sa_type=Word(DraftState))
    cells: bytes = Field(sa_type=LargeBinary)
    columns: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # field → place of the column
    same: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON
    )  # row → id of the entry that it is, 0 for a new one
    rows: int = Field(default=0)
    done: int = Field(default=0)
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    batch_id: int | None = Field(default=None, foreign_key="pool_batch.id")


class ColumnMap(SQLModel, table=True):
    """What the columns of a county's list mean, mapped once: found again by the words of its heading."""

    __tablename__ = "pool_column_map"
    __table_args__ = (UniqueConstraint("area", "heading_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    area: int = Field(sa_type=BigInteger)
    heading_hash: str = Field(max_length=64)
    columns: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
