"""What every use case on a case needs: its lock, its moves, its history, the people on its sides."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from app.claims import put
from app.errors import NotFound
from app.lifecycle import State, check_move
from app.models import Assignment, AssignmentState, CaseWatch, Dispute, Event, Invitation, Party, Side
from talent_pool import roster

LIVING = (AssignmentState.ASKED, AssignmentState.ACCEPTED)
CO = "co"  # the role of a mediator who joins; the lead's is "lead", or "named" by the coordinator


def lock(session: Session, dispute: Dispute) -> Dispute:
    """Lock the case's row until the transaction ends and read it afresh.

    Without it two sides that seal at the same instant on PostgreSQL each miss the other's ballot, and nobody is ever
    asked.
    """
    changed = session.execute(update(Dispute).where(col(Dispute.id) == dispute.id).values(version=Dispute.version + 1))
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise NotFound()
    session.refresh(dispute)
    return dispute


def move(
    session: Session,
    dispute: Dispute,
    state: State,
    actor: str,
    now: datetime,
    due_at: datetime | None = None,
    **data: Any,
) -> None:
    """Move the case to another state, if the table of moves allows it, with its new clock and its event."""
    check_move(dispute.state, state)
    before, dispute.state, dispute.due_at = dispute.state, state, due_at
    note(session, dispute, "moved", actor, now, before=before.value, after=state.value, **data)
    session.flush()


def note(session: Session, dispute: Dispute, kind: str, actor: str, now: datetime, **data: Any) -> None:
    """Add an event to the case's history, and let the clock look at the case."""
    session.add(Event(**dispute.owns(), at=now, kind=kind, actor=actor, data=data))
    wake(session, dispute, now)


def wake(session: Session, dispute: Dispute, now: datetime) -> None:
    """Let the clock look at a case at its next tick: its clocks may run otherwise now."""
    put(session, CaseWatch, ("dispute_id",), {**dispute.owns(), "wake_at": now}, update=("wake_at",))


def sides_of(session: Session, dispute: Dispute) -> list[Side]:
    """Return the sides, A first."""
    return list(
        session.execute(select(Side).where(col(Side.dispute_id) == dispute.id).order_by(col(Side.letter))).scalars()
    )


def in_states(session: Session, states: Collection[State], limit: int) -> list[Dispute]:
    """Return the cases in one of these states, the nearest deadline first."""
    query = select(Dispute).where(col(Dispute.state).in_(states)).order_by(col(Dispute.due_at), col(Dispute.id))
    return list(session.execute(query.limit(limit)).scalars())


def parties_of(session: Session, dispute: Dispute) -> list[Party]:
    """Return everybody on the sides, spokespersons first within a side."""
    return list(
        session.execute(
            select(Party)
            .where(col(Party.dispute_id) == dispute.id)
            .order_by(col(Party.side_id), col(Party.spokesperson).desc(), col(Party.id))
        ).scalars()
    )


def speaker(session: Session, side: Side) -> str:
    """Return the name of whoever speaks for a side."""
    query = select(col(Party.name)).where(col(Party.side_id) == side.id)
    name: str = session.execute(query.order_by(col(Party.spokesperson).desc(), col(Party.id)).limit(1)).scalar_one()
    return name


def history(session: Session, dispute: Dispute) -> list[Event]:
    """Return what happened, oldest first."""
    return list(
        session.execute(
            select(Event).where(col(Event.dispute_id) == dispute.id).order_by(col(Event.at), col(Event.id))
        ).scalars()
    )


def since_triage(session: Session, dispute: Dispute) -> list[Event]:
    """Return what happened since the case was last taken up, oldest first: all of it, or what followed a reopening."""
    query = select(Event).where(col(Event.dispute_id) == dispute.id).order_by(col(Event.id))
    events = list(session.execute(query).scalars())
    taken_up = [
        place for place, event in enumerate(events) if event.kind == "moved" and event.data["after"] == State.TRIAGED
    ]
    return events[taken_up[-1] :] if taken_up else events


def withdraw(session: Session, dispute: Dispute, now: datetime) -> None:
    """Take back every open question to a mediator and every link, and give the held slot back."""
    release(session, dispute, now)
    revoke_links(session, dispute, now)


def release(session: Session, dispute: Dispute, now: datetime) -> None:
    """Take the case back from whoever was asked, has accepted, or waits while a ballot is marked anew."""
    for assignment in living_assignments(session, dispute, (*LIVING, AssignmentState.SUSPENDED)):
        assignment.state, assignment.answered_at = AssignmentState.RELEASED, now
        give_slot_back(session, assignment)
    session.flush()


def finish(session: Session, dispute: Dispute, why: str, actor: str, now: datetime) -> None:
    """End the case without an agreement: whoever was asked is let go, the links stay readable."""
    release(session, dispute, now)
    dispute.ended, dispute.closed_at = why, now
    move(session, dispute, State.TERMINATED, actor, now, why=why)


def give_slot_back(session: Session, assignment: Assignment) -> None:
    """Free the mediator's slot that an assignment holds, exactly once."""
    if assignment.slot_held:
        assignment.slot_held = False
        roster.release(session, assignment.mediator_id)
    session.flush()


def living_assignments(
    session: Session, dispute: Dispute, states: tuple[AssignmentState, ...] = LIVING
) -> list[Assignment]:
    """Return the assignments that count, asked or accepted: the lead's, and after it that of whoever joins."""
    return list(
        session.execute(
            select(Assignment)
            .where(col(Assignment.dispute_id) == dispute.id, col(Assignment.state).in_(states))
            .order_by(col(Assignment.role) == CO, col(Assignment.position))
            .execution_options(populate_existing=True)
        ).scalars()
    )


def revoke_links(session: Session, dispute: Dispute, now: datetime, *, side_id: int | None = None) -> None:
    """Revoke the case's links, or one side's."""
    query = update(Invitation).where(col(Invitation.dispute_id) == dispute.id, col(Invitation.revoked_at).is_(None))
    if side_id is not None:
        query = query.where(col(Invitation.side_id) == side_id)
    session.execute(query.values(revoked_at=now))
