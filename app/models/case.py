"""The case: a quarrel, its sides and people, what bars it, who must not have it, what has happened."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Index, UniqueConstraint, literal_column
from sqlmodel import Field, SQLModel

from app.lifecycle import State
from app.scope import CaseOwned
from talent_pool.columns import UtcDateTime, Word
from talent_pool.models import Sex

_EMPTY: ColumnElement[str] = literal_column(
    "''"
)  # what older rows get; as an expression, since alembic misreads an empty string


class Source(StrEnum):
    """How the quarrel reached the station."""

    APPLIED = "applied"
    PROACTIVE = "proactive"
    FROM_POLICE = "from_police"
    FROM_COURT = "from_court"
    FROM_PETITION = "from_petition"
    FROM_HOTLINE = "from_hotline"
    FROM_GRID = "from_grid"


class GateState(StrEnum):
    """A gate is the machine's suspicion until an officer confirms or overrides it."""

    ASKED = "asked"  # the machine is not sure: somebody who knows has to answer
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    OVERRIDE_ASKED = "override_asked"  # crime and violence: waits for the station head
    OVERRIDDEN = "overridden"


class CaseNumber(SQLModel, table=True):
    """The last number given out, per station and year: 「(2026)洛川人调字第12号」 counts up from here."""

    __tablename__ = "case_number"

    station_id: int = Field(primary_key=True, foreign_key="station.id", ondelete="CASCADE")
    year: int = Field(primary_key=True)
    last: int = Field(default=0)


class Dispute(CaseOwned, SQLModel, table=True):
    """One quarrel. What the machine read is kept in `reading`; `type`, `subtype` are what the officer chose."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_station_state", "station_id", "state"),
        Index("ix_dispute_area_opened", "area", "opened_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    no: str = Field(max_length=40, unique=True)
    station_id: int = Field(foreign_key="station.id")
    area: int = Field(sa_type=BigInteger)
    place: int = Field(sa_type=BigInteger)  # where it happened: a village, or the station's town when unknown
    household: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": _EMPTY})
    parcel: str = Field(default="", max_length=80, sa_column_kwargs={"server_default": _EMPTY})
    narrative: str
    type: str = Field(max_length=40, index=True)
    subtype: str = Field(default="", max_length=40)
    source: Source = Field(default=Source.APPLIED, sa_type=Word(Source))
    state: State = Field(default=State.REGISTERED, sa_type=Word(State))
    ended: str = Field(
        default="", max_length=40
    )  # why a terminated case ended: refused, unreachable, no_choice, withdrawn, self_settled
    colour: str = Field(default="green", max_length=8)
    colour_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reading: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    officer_id: int = Field(foreign_key="account.id", index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, index=True, sa_type=UtcDateTime)  # the state's clock
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = Field(default=1)

    def case_key(self) -> int | None:
        """Return the id of the case that this row belongs to."""
        return self.id

    @classmethod
    def case_column(cls) -> Any:
        """Return the column that holds it."""
        return cls.id

    def owns(self) -> dict[str, Any]:
        """Return the three columns that every row of this case carries."""
        return {"dispute_id": self.id, "station_id": self.station_id, "area": self.area}


class CaseRow(CaseOwned, SQLModel):
    """What every row of a case carries: `Side(**dispute.owns(), …)`."""

    dispute_id: int = Field(foreign_key="dispute.id", index=True, ondelete="CASCADE")
    station_id: int
    area: int = Field(sa_type=BigInteger)

    def case_key(self) -> int:
        """Return the id of the case that this row belongs to."""
        return self.dispute_id

    @classmethod
    def case_column(cls) -> Any:
        """Return the column that holds it."""
        return cls.dispute_id


class Side(CaseRow, table=True):
    """One side of the quarrel, 'A', 'B', …; `applicant` marks who asked."""

    __tablename__ = "side"
    __table_args__ = (UniqueConstraint("dispute_id", "letter"),)

    id: int | None = Field(default=None, primary_key=True)
    letter: str = Field(max_length=1)
    applicant: bool = Field(default=False)
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    consent_how: str = Field(default="", max_length=20)  # phone, desk, helped
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # first time the link was used
    help_asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # 请所里帮我选


class Party(CaseRow, table=True):
    """A person on a side."""

    __tablename__ = "party"
    __table_args__ = (Index("ix_party_phone", "phone"),)

    id: int | None = Field(default=None, primary_key=True)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=40)
    sex: Sex = Field(default=Sex.UNKNOWN, sa_type=Word(Sex))
    birth_year: int | None = Field(default=None)
    phone: str = Field(default="", max_length=20)
    village: int | None = Field(default=None, sa_type=BigInteger)
    spokesperson: bool = Field(default=False)
    guardian: str = Field(default="", max_length=40)


class Gate(CaseRow, table=True):
    """A reason why the case may not be mediated, with what the officers decided about it."""

    __tablename__ = "gate"
    __table_args__ = (UniqueConstraint("dispute_id", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=40)
    state: GateState = Field(default=GateState.SUSPECTED, sa_type=Word(GateState))
    start: int | None = Field(default=None)  # span of the words in the narrative; none when an officer set the gate
    end: int | None = Field(default=None)
    reason: str = Field(default="", max_length=500)
    decided_by: int | None = Field(default=None, foreign_key="account.id")
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seconded_by: int | None = Field(default=None, foreign_key="account.id")


class Recusal(CaseRow, table=True):
    """A mediator who must not have this case, declared for it (beside the pool's own relations)."""

    __tablename__ = "recusal"
    __table_args__ = (UniqueConstraint("dispute_id", "mediator_id"),)

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    reason: str = Field(max_length=200)
    declared_at: datetime = Field(sa_type=UtcDateTime)


class Event(CaseRow, table=True):
    """What happened, in order: the page's history. Never changed."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=40)
    actor: str = Field(max_length=80)  # 'account:3', 'side:A', 'mediator:12', 'clock'
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
