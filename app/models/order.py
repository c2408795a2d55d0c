"""The order: names put before the sides, links, ballots, the choice and who was asked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field

from app.models.case import CaseRow
from talent_pool.columns import UtcDateTime, Word
from talent_pool.models import Kind


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
    SUSPENDED = "suspended"  # a side has objected to its ballot and marks anew
    RELEASED = "released"  # the case ended or the mediator was changed


class Purpose(StrEnum):
    """What an invitation link opens."""

    ORDER = "order"
    ASSIGNMENT = "assignment"


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
    """One side's marks in one round: it may be replaced until all sides have sealed, and is opened to be counted."""

    __tablename__ = "ballot"
    __table_args__ = (UniqueConstraint("dispute_id", "round", "side_id"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int = Field(default=1)
    side_id: int = Field(foreign_key="side.id", index=True, ondelete="CASCADE")
    sealed: str = Field(
        default=""
    )  # {"marks", "salt", "reason"} under seal (app.ballot_box); marks: ids, want in tap order
    commitment: str = Field(default="", max_length=64)  # salted hash of the marks, for the side to check
    channel: BallotChannel = Field(sa_type=Word(BallotChannel))
    by_account: int | None = Field(default=None, foreign_key="account.id")  # the officer at the desk
    sealed_at: datetime = Field(sa_type=UtcDateTime)


class Choice(CaseRow, table=True):
    """A choice. Its log, the whole input and answer, lies under seal; `diandan choose` on it gives the same name."""

    __tablename__ = "choice"
    __table_args__ = (UniqueConstraint("dispute_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    round: int = Field(default=1)
    sealed: str = Field(default="")  # {"log", "result"} (app.ballot_box)
    result: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON
    )  # {"chosen", "reserves", "provisional", "silent"}
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
    role: str = Field(default="lead", max_length=10)  # lead, named (by the coordinator), co (joins a mediation)
