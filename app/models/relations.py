"""Cases that belong together: one quarrel logged twice, one that came back, or two that bear on each other."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime, Word


class LinkKind(StrEnum):
    """What the linked case is to the other."""

    SAME = "same"  # the same quarrel: it is merged into the other
    RELAPSE = "relapse"  # the quarrel of the other has come back
    RELATED = "related"


class CaseLink(CaseRow, table=True):
    """A case and the other one that it is merged into, a relapse of, or related to. Undoing removes the row."""

    __tablename__ = "case_link"
    __table_args__ = (UniqueConstraint("dispute_id", "other_id"),)

    id: int | None = Field(default=None, primary_key=True)
    other_id: int = Field(foreign_key="dispute.id", index=True, ondelete="CASCADE")
    kind: LinkKind = Field(sa_type=Word(LinkKind))
    made_by: int = Field(foreign_key="account.id")
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_before: datetime | None = Field(default=None, sa_type=UtcDateTime)  # the clock of a merged case, for undoing
