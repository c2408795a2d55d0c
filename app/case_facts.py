"""What the clocks ask of a case, read from its rows: when what has happened since it was last taken up."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import cases
from app.casework import CONTACTED, agreement_of, meetings_of
from app.clocks import Facts, Moment, Running, running
from app.lifecycle import CHOOSING_STATES, ENDED, SETTLED, State
from app.models import Dispute, Event
from app.order_deadlines import on_police_clock
from app.policies import policy_for

ANEW = frozenset({State.RELAPSED, *ENDED})  # from here a case that is triaged again begins from the start


def facts_of(session: Session, dispute: Dispute, now: datetime) -> Facts:
    """Read a case's moments. The colour is as it holds at `now`."""
    query = select(Event).where(col(Event.dispute_id) == dispute.id, col(Event.kind).in_(("moved", CONTACTED)))
    events = list(session.execute(query.order_by(col(Event.id))).scalars())
    taken_up = _taken_up(dispute, events)
    return Facts(
        state=dispute.state,
        subtype=dispute.subtype,
        red=dispute.colour == "red" and (dispute.colour_until is None or dispute.colour_until > now),
        public_security=on_police_clock(session, dispute),
        due_at=dispute.due_at,
        moments=_moments(session, dispute, events, taken_up),
    )


def clocks_of(session: Session, dispute: Dispute, now: datetime) -> list[Running]:
    """Return the clocks that run on a case now, the nearest end first."""
    return running(facts_of(session, dispute, now), policy_for(dispute.area))


def _taken_up(dispute: Dispute, events: list[Event]) -> datetime:
    anew = [
        event.at
        for event in events
        if event.kind == "moved"
        and (event.data["after"] == State.RELAPSED or (event.data["after"] == State.TRIAGED and _was_over(event)))
    ]
    return anew[-1] if anew else dispute.opened_at


def _was_over(event: Event) -> bool:
    return event.data["before"] in ANEW and event.data["before"] != State.RELAPSED


def _moments(session: Session, dispute: Dispute, events: list[Event], taken_up: datetime) -> dict[Moment, datetime]:
    moments: dict[Moment, datetime] = {"taken_up": taken_up, "entered": _entered(dispute, events, taken_up)}
    contacts = [event.at for event in events if event.kind == CONTACTED]
    if contacts:
        moments["contacted"] = contacts[-1]
    match dispute.state:
        case State.SEEKING_CONSENT:
            moments["asked_consent"] = moments["entered"]
        case state if state in CHOOSING_STATES:
            moments["listed"] = moments["entered"]
        case State.AWAITING_MEDIATOR:
            living = cases.living_assignments(session, dispute)
            moments["asked"] = living[0].asked_at if living else moments["entered"]
        case State.SCHEDULED:
            moments["accepted"] = moments["entered"]
    return moments | _worked(session, dispute, taken_up)


def _entered(dispute: Dispute, events: list[Event], taken_up: datetime) -> datetime:
    moved = [event.at for event in events if event.kind == "moved" and event.data["after"] == dispute.state]
    return moved[-1] if moved else taken_up


def _worked(session: Session, dispute: Dispute, taken_up: datetime) -> dict[Moment, datetime]:
    """Return the moments of sessions and of the agreement, where the case has come so far."""
    if dispute.state in (State.MEDIATING, State.EXTENDED):
        held = [each.held_at for each in meetings_of(session, dispute) if each.held_at >= taken_up]
        names: tuple[Moment, Moment] = ("first_session", "second_session")
        return dict(zip(names, held, strict=False))
    agreement = agreement_of(session, dispute) if dispute.state in SETTLED else None
    if agreement is None:
        return {}
    found: dict[Moment, datetime] = {"agreed": agreement.agreed_at}
    if not agreement.oral:
        found["agreed_in_writing"] = agreement.agreed_at
    if agreement.performed_at is not None:
        found["performed"] = agreement.performed_at
    return found
