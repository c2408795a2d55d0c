"""Tables of the talent pool. Written by `talent_pool.roster` alone; read by anyone.

Regions are 12-digit codes kept as integers, so that a whole town, county or city is a range.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from talent_pool.columns import Word

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{5,15}$")]


class Kind(StrEnum):
    """The three kinds of mediators of the pool."""

    ADMINISTRATIVE = "administrative"
    INDUSTRY = "industry"
    LOCAL_ELDER = "local_elder"


class Sex(StrEnum):
    """As on the identity card; unknown is not asked twice."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Whether a mediator can be listed: the active alone are."""

    ACTIVE = "active"
    PENDING = "pending"  # has not agreed to be listed, or does no longer
    LAPSED = "lapsed"  # the term ran out and was not renewed
    SUSPENDED = "suspended"
    RETIRED = "retired"


class RelationKind(StrEnum):
    """Declared facts for which a mediator is recused (在线调解规则 art. 13, 特邀调解规定 art. 15)."""

    KIN = "kin"
    HOUSEHOLD = "household"
    EMPLOYER = "employer"
    CREDITOR = "creditor"
    AGENT = "agent"
    INTEREST = "interest"


class MediatorBase(SQLModel):
    """What is written down about a mediator, once."""

    name: Name
    kind: Kind = Field(sa_type=Word(Kind))
    sex: Sex = Field(default=Sex.UNKNOWN, sa_type=Word(Sex))
    birth_year: int | None = Field(default=None, ge=1900, le=2020)
    home: int = Field(sa_type=BigInteger, index=True)  # the village (or town) where he or she lives
    phone: str = Field(default="", max_length=20)
    title: str = Field(default="", max_length=40)  # post, trade or standing: 司法所调解员, 果农合作社理事长, 退休教师
    intro: str = Field(default="", max_length=60)  # in his or her own plain words, for the card
    dialects: str = Field(default="", max_length=80)  # comma-separated codes of data/taxonomy/dialects.toml
    load_cap: int = Field(default=3, ge=0, le=50)


class Mediator(MediatorBase, table=True):
    """One mediator. `open_cases` is a counter that only `roster.reserve` and `roster.release` move."""

    __tablename__ = "mediator"
    __table_args__ = (CheckConstraint("open_cases >= 0", name="open_cases"),)

    id: int | None = Field(default=None, primary_key=True)
    status: Status = Field(default=Status.ACTIVE, sa_type=Word(Status))
    open_cases: int = Field(default=0)
    version: int = Field(default=1)


class Expertise(SQLModel, table=True):
    """A kind of quarrel that a mediator is good at; `subtype` empty means the whole type."""

    __tablename__ = "expertise"
    __table_args__ = (UniqueConstraint("mediator_id", "type", "subtype"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True, ondelete="CASCADE")
    type: str = Field(max_length=40, index=True)
    subtype: str = Field(default="", max_length=40)
    years: int = Field(default=0, ge=0, le=70)


class ServiceArea(SQLModel, table=True):
    """A region that a mediator serves: a village, town, county, city or the province (`talent_pool.regions.level`)."""

    __tablename__ = "service_area"
    __table_args__ = (UniqueConstraint("mediator_id", "region"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True, ondelete="CASCADE")
    region: int = Field(sa_type=BigInteger, index=True)


class Absence(SQLModel, table=True):
    """Leave or busy days, both ends included."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        Index("ix_absence_days", "last_day", "first_day"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True, ondelete="CASCADE")
    first_day: date
    last_day: date
    reason: str = Field(default="", max_length=60)


class Relation(SQLModel, table=True):
    """A declared tie between a mediator and a person: matched by phone, or by name and village."""

    __tablename__ = "relation"
    __table_args__ = (Index("ix_relation_person", "person_name", "person_village"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True, ondelete="CASCADE")
    kind: RelationKind = Field(sa_type=Word(RelationKind))
    person_name: str = Field(max_length=40)
    person_phone: str = Field(default="", max_length=20, index=True)
    person_village: int | None = Field(default=None, sa_type=BigInteger)
    degree: int | None = Field(default=None, ge=1, le=3)  # of kinship: 1 parent or child, 2 sibling, 3 uncle or cousin


class PoolVersion(SQLModel, table=True):
    """The number of the last committed change of the pool: one row, locked by every writer until its commit."""

    __tablename__ = "pool_version"

    id: int = Field(default=1, primary_key=True)
    version: int = Field(default=0, sa_type=BigInteger)


class PoolChange(SQLModel, table=True):
    """The newest change of each mediator; versions become visible in the order of commit."""

    __tablename__ = "pool_change"

    mediator_id: int = Field(primary_key=True, foreign_key="mediator.id", ondelete="CASCADE")
    version: int = Field(sa_type=BigInteger, index=True)
