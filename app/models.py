"""Tables of the case (who asked, who was picked, what since) and of the house: accounts, sessions, messages, clock.

Every row of a case carries the case's station and area, so that `app.scope` can filter and check it without a join.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.lifecycle import State
from app.scope import CaseOwned, Role
from talent_pool.columns import UtcDateTime, Word
from talent_pool.models import Kind, Sex


def utc_now() -> datetime:
    """Return this moment, for the one column that a row's maker need not give."""
    return datetime.now(UTC)


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

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    OVERRIDE_ASKED = "override_asked"  # crime and violence: waits for the station head
    OVERRIDDEN = "overridden"


class Mark(StrEnum):
    """What a side says of one name."""

    WANT = "want"
    ACCEPT = "accept"
    STRIKE = "strike"


class BallotChannel(StrEnum):
    """Where the marks were made."""

    PHONE = "phone"
    DESK = "desk"
    HELPED = "helped"


class AssignmentState(StrEnum):
    """How a mediator answered."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"  # full, absent or recused when his or her turn came
    RELEASED = "released"  # the case ended or the mediator was changed


class Purpose(StrEnum):
    """What an invitation link opens."""

    ORDER = "order"
    ASSIGNMENT = "assignment"


class SendState(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


# --- the house: stations, accounts, sessions -------------------------------------------------------------------------


class Station(SQLModel, table=True):
    """A police station. `area` is the code of its seat's town; `StationTown` lists the towns that it serves."""

    __tablename__ = "station"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60)
    area: int = Field(sa_type=BigInteger, index=True)
    phone: str = Field(default="", max_length=20)
    address: str = Field(default="", max_length=120)


class StationTown(SQLModel, table=True):
    """A town that a station serves; each town has one station."""

    __tablename__ = "station_town"

    region: int = Field(primary_key=True, sa_type=BigInteger)
    station_id: int = Field(foreign_key="station.id", index=True, ondelete="CASCADE")


class Account(SQLModel, table=True):
    """An officer, station head, coordinator or administrator. `area` is the region that the latter two answer for."""

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=40)
    role: Role = Field(sa_type=Word(Role))
    station_id: int | None = Field(default=None, foreign_key="station.id", index=True)
    area: int = Field(sa_type=BigInteger)
    password_hash: str = Field(max_length=200)
    email: str = Field(default="", max_length=120)
    locale: str = Field(default="zh", max_length=8)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    enabled_at: datetime = Field(
        default_factory=utc_now, sa_type=UtcDateTime, sa_column_kwargs={"default": utc_now}
    )  # since when it is owed reminders


class SignInTry(SQLModel, table=True):
    """One failed sign-in; counted in the database so that every worker counts alike."""

    __tablename__ = "sign_in_try"
    __table_args__ = (
        Index("ix_sign_in_try_login_at", "login_hash", "at"),
        Index("ix_sign_in_try_address_at", "address_hash", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    login_hash: str = Field(max_length=64)
    address_hash: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class WebSession(SQLModel, table=True):
    """A signed-in browser: an account's, or one side's, or one mediator's. Only the hash of its id is kept."""

    __tablename__ = "web_session"

    id_hash: str = Field(primary_key=True, max_length=64)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True, ondelete="CASCADE")
    invitation_id: int | None = Field(default=None, foreign_key="invitation.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key for /api/v1/: sees what its owner sees. Only its hash is kept."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=60)
    key_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FormKey(SQLModel, table=True):
    """The hidden key of a form already taken: the same key gives the same answer, never a second case."""

    __tablename__ = "form_key"

    actor: str = Field(primary_key=True, max_length=80)
    key: str = Field(primary_key=True, max_length=80)
    body_hash: str = Field(max_length=64)
    answer: str = Field(max_length=200)  # where the first answer led (a path), or the number that it made
    at: datetime = Field(sa_type=UtcDateTime)


# --- the case --------------------------------------------------------------------------------------------------------


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


class Shortlist(CaseRow, table=True):
    """The names put before the sides in one round, frozen before any ballot."""

    __tablename__ = "shortlist"
    __table_args__ = (UniqueConstraint("dispute_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int = Field(default=1)
    made_at: datetime = Field(sa_type=UtcDateTime)
    widened_to: int | None = Field(default=None, sa_type=BigInteger)
    excluded: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # {"recusal": n, "leave": n, "full": n}


class Listing(CaseRow, table=True):
    """One name on a shortlist, with everything the card showed at that moment."""

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("shortlist_id", "position"), UniqueConstraint("shortlist_id", "mediator_id"))

    id: int | None = Field(default=None, primary_key=True)
    shortlist_id: int = Field(foreign_key="shortlist.id", index=True, ondelete="CASCADE")
    position: int
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    fit: int  # integer score, for ties
    open_cases: int  # as frozen, for ties
    name: str = Field(max_length=40)
    kind: Kind = Field(sa_type=Word(Kind))
    card: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # home, title, intro, expertise, sex, years …
    reasons: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)  # [{"signal", "zh", "en"}]


class Invitation(CaseRow, table=True):
    """A link for one side or one mediator. Only hashes of its token and short code are kept."""

    __tablename__ = "invitation"

    id: int | None = Field(default=None, primary_key=True)
    purpose: Purpose = Field(sa_type=Word(Purpose))
    side_id: int | None = Field(default=None, foreign_key="side.id", index=True, ondelete="CASCADE")
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id", index=True, ondelete="CASCADE")
    nonce: str = Field(max_length=40)  # the secret key makes the token from it; without the key it says nothing
    token_hash: str = Field(max_length=64, unique=True)
    code_hash: str = Field(max_length=64, unique=True)  # the short code typed by hand
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Ballot(CaseRow, table=True):
    """One side's marks in one round: unsealed ones may be replaced, sealed ones are read once all sides have sealed."""

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("dispute_id", "round", "side_id"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int = Field(default=1)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    marks: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON
    )  # {"want": [mediator id in tap order], "accept": [id], "strike": [id]}
    channel: BallotChannel = Field(sa_type=Word(BallotChannel))
    by_account: int | None = Field(default=None, foreign_key="account.id")  # the officer at the desk
    sealed_at: datetime = Field(sa_type=UtcDateTime)


class Choice(CaseRow, table=True):
    """The log of a choice: its whole input and its answer. `diandan choose` on `log` gives the same name."""

    __tablename__ = "choice"
    __table_args__ = (UniqueConstraint("dispute_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int = Field(default=1)
    log: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    at: datetime = Field(sa_type=UtcDateTime)


class Assignment(CaseRow, table=True):
    """A mediator asked to take the case. Until mediation ends it holds one slot of the mediator's cap."""

    __tablename__ = "assignment"
    __table_args__ = (UniqueConstraint("dispute_id", "mediator_id"), UniqueConstraint("dispute_id", "position"))

    id: int | None = Field(default=None, primary_key=True)
    mediator_id: int = Field(foreign_key="mediator.id", index=True)
    position: int  # 1 = the choice itself, 2 … = reserves in order
    state: AssignmentState = Field(sa_type=Word(AssignmentState))
    slot_held: bool = Field(
        default=False
    )  # a slot of the mediator's cap is taken by this row, to be released exactly once
    asked_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", max_length=200)
    disclosed: str = Field(default="", max_length=200)  # what the mediator disclosed on accepting


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


class Event(CaseRow, table=True):
    """What happened, in order: the page's history. Never changed."""

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=40)
    actor: str = Field(max_length=80)  # 'account:3', 'side:A', 'mediator:12', 'clock'
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


# --- messages and the clock ------------------------------------------------------------------------------------------


class Outbox(SQLModel, table=True):
    """A message on its way, written in the transaction of its cause. `dedupe` makes a second one impossible."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state_next_at", "state", "next_at"),)

    id: int | None = Field(default=None, primary_key=True)
    dedupe: str = Field(max_length=120, unique=True)
    channel: str = Field(max_length=20)  # a module of app.channels: inbox, smtp, …
    recipient: str = Field(max_length=200)  # an account's id, an e-mail address, …
    subject: str = Field(max_length=200)
    body: str
    dispute_id: int | None = Field(default=None, foreign_key="dispute.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = Field(default=0)
    lease_owner: str = Field(default="", max_length=80)
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: SendState = Field(default=SendState.WAITING, sa_type=Word(SendState))
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = Field(default="", max_length=300)


class InboxMessage(SQLModel, table=True):
    """A message in an account's own inbox on the page."""

    __tablename__ = "inbox_message"
    __table_args__ = (UniqueConstraint("dedupe"), Index("ix_inbox_message_account_at", "account_id", "at"))

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    dedupe: str = Field(max_length=120)
    subject: str = Field(max_length=200)
    body: str
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DueRun(SQLModel, table=True):
    """A piece of clockwork that was due: what, for which period, for whom. The unique key is the claim."""

    __tablename__ = "due_run"
    __table_args__ = (UniqueConstraint("name", "period", "whom"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=40)
    period: str = Field(max_length=20)  # '2026-W48'
    whom: str = Field(max_length=40)  # 'account:3'
    ran_at: datetime = Field(sa_type=UtcDateTime)
    late: bool = Field(default=False)


class Heartbeat(SQLModel, table=True):
    """When a part of the house was last alive."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True, max_length=40)
    at: datetime = Field(sa_type=UtcDateTime)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
