"""A county's own words for messages, every version of them; and letters for people who have no phone."""

from datetime import datetime

from sqlalchemy import BigInteger, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime


class MessageText(SQLModel, table=True):
    """One version of a region's words for a message. The newest holds; empty words mean those of the level above."""

    __tablename__ = "message_text"
    __table_args__ = (UniqueConstraint("area", "name", "lang", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    area: int = Field(sa_type=BigInteger)
    name: str = Field(max_length=40)
    lang: str = Field(max_length=2)
    version: int
    words: str = Field(sa_type=Text)
    by: str = Field(max_length=80)
    at: datetime = Field(sa_type=UtcDateTime)


class Letter(CaseRow, table=True):
    """A message to a side without a phone, to be printed by the station and taken there. `dedupe` as in the outbox."""

    __tablename__ = "letter"

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    dedupe: str = Field(max_length=120, unique=True)
    subject: str = Field(max_length=200)
    body: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_by: str = Field(default="", max_length=80)
