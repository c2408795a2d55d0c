"""What the officer's case page tells of an order: who has opened, sealed, or is silent. Never what was marked."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import assignments, cases, consents, invitations, objections, orders, shortlists
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.models import Asked, AssignmentState, Dispute, Event
from app.web import sessions
from app.workdays import shanghai
from talent_pool.models import Mediator

ENDINGS = tuple(why for why in orders.ENDINGS if why != "refused")


@dataclass(frozen=True)
class SideLine:
    """How far one side is."""

    letter: str
    people: str
    opened_at: datetime | None
    sealed_at: datetime | None
    channel: str
    linked: bool
    objected: bool
    helping: bool
    reminded: bool


@dataclass(frozen=True)
class AskedLine:
    """A mediator who was asked, and the answer."""

    name: str
    state: str
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None
    reason: str


@dataclass(frozen=True)
class Board:
    """The live state of an order."""

    round_no: int = 0
    choosing: bool = False
    may_open: bool = False
    may_open_again: bool = False
    may_end: bool = False
    designating: bool = False
    sides: list[SideLine] = field(default_factory=list)
    asked: list[AskedLine] = field(default_factory=list)
    present: int | None = None  # the assignment that counts
    asked_sides: list[str] = field(default_factory=list)  # whose word is wanted now
    asked_about: str = ""  # the mediator whom it is about
    may_object: bool = False  # a sealed ballot may still be called back
    may_join: bool = False  # a second mediator may be asked to join
    opened: bool = False  # a choice was made: the coordinator may open its log
    overdue: bool = False  # the mediator who was asked has let the time pass


def board_of(session: Session, dispute: Dispute, now: datetime) -> Board:
    """Return the live state of a case's order."""
    shortlist = shortlists.current_round(session, dispute)
    present = assignments.living(session, dispute)
    asked = present is not None and present.state is AssignmentState.ASKED
    return Board(
        round_no=shortlist.round if shortlist else 0,
        choosing=dispute.state in CHOOSING_STATES,
        may_open=dispute.state in (State.TRIAGED, State.SEEKING_CONSENT),
        may_open_again=orders.may_open_again(session, dispute),
        may_end=dispute.state in (*CHOOSING_STATES, *HOLDS_SLOT, *orders.WAITING_STATES),
        designating=dispute.state is State.DESIGNATING,
        sides=sides_of_order(session, dispute, now) if shortlist else [],
        asked=_asked(session, dispute),
        present=present.id if present else None,
        asked_sides=_asked_sides(session, dispute),
        asked_about=_asked_about(session, dispute),
        may_object=dispute.state in objections.OPEN_TO,
        may_join=_may_join(session, dispute),
        opened=assignments.newest_choice(session, dispute) is not None,
        overdue=asked and present is not None and now > present.due_at,
    )


def _may_join(session: Session, dispute: Dispute) -> bool:
    living = cases.living_assignments(session, dispute)
    leads = bool(living) and living[0].role == "lead" and all(row.role != cases.CO for row in living)
    open_to = dispute.state in (State.AWAITING_MEDIATOR, State.SCHEDULED)
    return leads and open_to and (dispute.colour == "red" or consents.all_want_joint(session, dispute))


def on_case_page(session: Session, dispute: Dispute) -> Board:
    """Return the part `order` of the case page."""
    return board_of(session, dispute, sessions.now())


def _asked_sides(session: Session, dispute: Dispute) -> list[str]:
    if dispute.state is State.PROVISIONAL:
        return [side.letter for side in consents.silent_sides(session, dispute)]
    row, present = consents.named(session, dispute), assignments.living(session, dispute)
    if row is not None:
        said = consents.words_of(session, dispute, Asked.DESIGNATION, row.mediator_id)
    elif present is not None and present.reason == assignments.TIED and present.state is AssignmentState.ASKED:
        said = consents.words_of(session, dispute, Asked.WAIVER, present.id or 0)
    else:
        return []
    return [side.letter for side in cases.sides_of(session, dispute) if side.id not in said]


def _asked_about(session: Session, dispute: Dispute) -> str:
    newest, row = assignments.newest_choice(session, dispute), consents.named(session, dispute)
    present = assignments.living(session, dispute)
    if dispute.state is State.PROVISIONAL and newest is not None and newest.result["chosen"]:
        key = int(newest.result["chosen"])
    elif row is not None or present is not None:
        key = row.mediator_id if row is not None else present.mediator_id  # type: ignore[union-attr]
    else:
        return ""
    return str(session.get_one(Mediator, key).name)


def sides_of_order(session: Session, dispute: Dispute, now: datetime) -> list[SideLine]:
    """Return how far each side of an order is."""
    shortlist = shortlists.current_round(session, dispute)
    ballots = {each.side_id: each for each in orders.ballots_of(session, shortlist)} if shortlist else {}
    parties, reminded = cases.parties_of(session, dispute), _reminded_today(session, dispute, now)
    return [
        SideLine(
            letter=side.letter,
            people="、".join([party.name for party in parties if party.side_id == side.id][:3]),
            opened_at=side.opened_at,
            sealed_at=ballot.sealed_at if ballot else None,
            channel=ballot.channel.value if ballot else "",
            linked=invitations.living(session, dispute, now, side_id=side.id) is not None,
            objected=shortlist is not None and objections.is_open(session, side, shortlist.round),
            helping=side.help_asked_at is not None,
            reminded=side.letter in reminded,
        )
        for side in cases.sides_of(session, dispute)
        for ballot in (ballots.get(side.id or 0),)
    ]


def _reminded_today(session: Session, dispute: Dispute, now: datetime) -> set[str]:
    """Return the letters of the sides that were reminded today."""
    query = select(Event).where(col(Event.dispute_id) == dispute.id, col(Event.kind) == "reminded")
    today = shanghai(now).date()
    return {each.data["side"] for each in session.execute(query).scalars() if shanghai(each.at).date() == today}


def _asked(session: Session, dispute: Dispute) -> list[AskedLine]:
    rows = assignments.assignments_of(session, dispute)
    names = {row.mediator_id: session.get_one(Mediator, row.mediator_id).name for row in rows}
    return [
        AskedLine(names[row.mediator_id], row.state.value, row.asked_at, row.due_at, row.answered_at, row.reason)
        for row in rows
    ]
