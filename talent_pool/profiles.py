"""Tables of the register beside the pool: what is on paper about a mediator, and everything that ever changed.

`talent_pool.models` holds what decides who is listed; nothing here does. Written by `talent_pool.roster` and
`talent_pool.register` alone. Rows of history are never changed and never deleted.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from talent_pool.columns import UtcDateTime, Word


def utc_now() -> datetime:
    """Return this moment, for a row whose maker names none."""
    return datetime.now(UTC)


class Form(StrEnum):
    """Who is asked: one person, a team (调解队), or a person's studio (个人调解室)."""

    PERSON = "person"
    TEAM = "team"
    STUDIO = "studio"


class Consent(StrEnum):
    """Whether the person agrees to stand on lists that parties see (个人信息保护法 art. 13, 15, 29)."""

    UNKNOWN = "unknown"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class ProposalState(StrEnum):
    """What became of a correction that a person asked for."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ProfileBase(SQLModel):
    """What is written down besides the entry itself."""

    form: Form = Field(default=Form.PERSON, sa_type=Word(Form))
    subkind: str = Field(default="", max_length=40)  # a code of data/taxonomy/pool.toml, under the entry's kind
    grade: str = Field(default="", max_length=40)
    term_from: date | None = Field(default=None)
    term_to: date | None = Field(default=None, index=True)  # the last day
    consent: Consent = Field(default=Consent.UNKNOWN, sa_type=Word(Consent))
    consent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    id_index: str = Field(default="", max_length=64, index=True)  # keyed hash of the identity number; never the number


class Profile(ProfileBase, table=True):
    """One mediator's paper. `spelt` are the pinyin spellings of the name (`talent_pool.spelling`)."""

    __tablename__ = "mediator_profile"
    __table_args__ = (CheckConstraint("term_from <= term_to", name="term"),)

    mediator_id: int = Field(primary_key=True, foreign_key="mediator.id")
    spelt: str = Field(default="", max_length=600)


class Photo(SQLModel, table=True):
    """A face for the card: a small JPEG made anew from what was given (`talent_pool.photos`)."""

    __tablename__ = "mediator_photo"

    mediator_id: int = Field(primary_key=True, foreign_key="mediator.id")
    image: bytes = Field(sa_type=LargeBinary)
    digest: str = Field(max_length=64)


class Training(SQLModel, table=True):
    """A training that a mediator took part in."""

    __tablename__ = "mediator_training"

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    day: date
    topic: str = Field(max_length=60)
    hours: int = Field(default=0, ge=0, le=400)


class Membership(SQLModel, table=True):
    """A person who belongs to a team or studio; whoever must step aside takes the team along."""

    __tablename__ = "mediator_membership"

    team_id: int = Field(primary_key=True, foreign_key="mediator.id")
    member_id: int = Field(primary_key=True, foreign_key="mediator.id", index=True)


class PoolBatch(SQLModel, table=True):
    """Many changes that were made at once and can be undone at once: an import, or one action on many entries."""

    __tablename__ = "pool_batch"

    id: int | None = Field(default=None, primary_key=True)
    what: str = Field(max_length=40)
    by: str = Field(max_length=80)
    area: int = Field(sa_type=BigInteger, index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    note: str = Field(default="", max_length=200)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PoolEvent(SQLModel, table=True):
    """One change of one mediator: who, when, and the values before and after."""

    __tablename__ = "pool_event"
    __table_args__ = (Index("ix_pool_event_mediator_id_id", "mediator_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id")
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    by: str = Field(max_length=80)
    what: str = Field(max_length=40)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    after: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    batch_id: int | None = Field(default=None, foreign_key="pool_batch.id", index=True)


class Proposal(SQLModel, table=True):
    """A correction of the own entry that waits for the coordinator."""

    __tablename__ = "pool_proposal"

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    wanted: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    state: ProposalState = Field(default=ProposalState.WAITING, sa_type=Word(ProposalState), index=True)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str = Field(default="", max_length=80)


class EntryLink(SQLModel, table=True):
    """The link by which a person sees and corrects the own entry; only its hash is kept."""

    __tablename__ = "pool_entry_link"

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
