"""What happens in the room and after it: sessions, agreement, performance, revisits, and a quarrel that comes back."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from app import cases
from app.cases import lock, move, note
from app.intake import Cleaned, EmptyIsNone
from app.errors import Conflict, InvalidInput, N_
from app.lifecycle import SETTLED, State
from app.models import Agreement, Dispute, FollowUp, Meeting
from app.policies import policy_for
from app.workdays import SHANGHAI

Outcome = Literal["agreed_written", "agreed_oral", "continued", "failed", "withdrawn"]
Performed = Literal["performed", "partly", "not_performed"]


class MeetingIn(BaseModel):
    """The record of one session, as typed (调解记录; and the agreement's parts, art. 29, when there is one)."""

    model_config = ConfigDict(extra="forbid")
    held_at: datetime
    place: Annotated[str, Cleaned, Field(max_length=120)] = ""
    present: Annotated[str, Cleaned, Field(max_length=300)] = ""
    notes: Annotated[str, Cleaned, Field(max_length=4000)] = ""
    outcome: Outcome
    facts: Annotated[str, Cleaned, Field(max_length=4000)] = ""
    terms: Annotated[str, Cleaned, Field(max_length=4000)] = ""
    performance_way: Annotated[str, Cleaned, Field(max_length=300)] = ""
    perform_by: Annotated[date | None, EmptyIsNone] = None

    def agreed(self) -> bool:
        """Tell whether the session ended in an agreement."""
        return self.outcome in ("agreed_written", "agreed_oral")


class FollowUpIn(BaseModel):
    """The record of one revisit, as typed (回访记录)."""

    model_config = ConfigDict(extra="forbid")
    visited_at: datetime
    performed: Performed
    relapsed: bool = False
    satisfied: Annotated[int | None, EmptyIsNone] = Field(default=None, ge=1, le=5)
    notes: Annotated[str, Cleaned, Field(max_length=2000)] = ""


def record(session: Session, dispute: Dispute, meeting: MeetingIn, *, by: str, now: datetime) -> Meeting:
    """Record a session and what came of it. An agreement needs its terms; a held slot is given back once mediation is over."""
    lock(session, dispute)
    _check(dispute, meeting, now)
    row = Meeting(**dispute.owns(), **meeting.model_dump(include={"held_at", "place", "present", "notes", "outcome"}), recorded_by=by)
    session.add(row)
    session.flush()
    note(session, dispute, "session_recorded", by, now, outcome=meeting.outcome)
    if dispute.state is State.SCHEDULED:
        deadline = meeting.held_at + timedelta(days=policy_for(dispute.area).mediation_days)
        move(session, dispute, State.MEDIATING, by, now, due_at=deadline)
    _conclude(session, dispute, meeting, by, now)
    return row


def _check(dispute: Dispute, meeting: MeetingIn, now: datetime) -> None:
    if dispute.state not in (State.SCHEDULED, State.MEDIATING, State.EXTENDED):
        raise Conflict(N_("调解员接单以后才能记录调解"))
    problems: dict[str, str] = {}
    if meeting.held_at > now + timedelta(hours=1):
        problems["held_at"] = N_("时间在将来,请核对")
    if meeting.held_at < dispute.opened_at - timedelta(days=1):
        problems["held_at"] = N_("时间在登记以前,请核对")
    if meeting.agreed() and not meeting.terms:
        problems["terms"] = N_("请写协议内容")
    if meeting.perform_by and meeting.perform_by < meeting.held_at.astimezone(SHANGHAI).date():
        problems["perform_by"] = N_("履行期限在调解以前,请核对")
    if problems:
        raise InvalidInput(problems)


def _conclude(session: Session, dispute: Dispute, meeting: MeetingIn, by: str, now: datetime) -> None:
    match meeting.outcome:
        case "continued":
            return
        case "failed":
            dispute.closed_at = now
            move(session, dispute, State.FAILED, by, now)
        case "withdrawn":
            dispute.ended, dispute.closed_at = "withdrawn", now
            move(session, dispute, State.TERMINATED, by, now, why="withdrawn")
        case agreed:
            _agree(session, dispute, meeting, by, now, oral=agreed == "agreed_oral")
    # The assignment stays accepted (it is this mediator's case); only the slot is free again.
    for assignment in cases.living_assignments(session, dispute):
        cases.give_slot_back(session, assignment)


def _agree(session: Session, dispute: Dispute, meeting: MeetingIn, by: str, now: datetime, *, oral: bool) -> None:
    agreement = agreement_of(session, dispute) or Agreement(**dispute.owns(), terms=meeting.terms, agreed_at=meeting.held_at)
    agreement.oral, agreement.facts, agreement.terms = oral, meeting.facts or dispute.narrative[:4000], meeting.terms
    agreement.performance_way, agreement.perform_by, agreement.agreed_at = meeting.performance_way, meeting.perform_by, meeting.held_at
    session.add(agreement)
    move(session, dispute, State.AGREED_ORAL if oral else State.AGREED_WRITTEN, by, now)
    due = end_of_day(meeting.perform_by) if meeting.perform_by else now + timedelta(days=policy_for(dispute.area).revisit_days[0])
    move(session, dispute, State.PERFORMING, by, now, due_at=due)


def extend(session: Session, dispute: Dispute, *, agreed: str, by: str, now: datetime) -> None:
    """Extend the month of mediation once, with both sides' recorded consent (若干规定 art. 33)."""
    lock(session, dispute)
    if not agreed.strip():
        raise InvalidInput({"agreed": N_("请写明各方怎样同意的")})
    due = (dispute.due_at or now) + timedelta(days=policy_for(dispute.area).extension_days)
    move(session, dispute, State.EXTENDED, by, now, due_at=due, agreed=agreed[:200])


def record_performance(session: Session, dispute: Dispute, performed: Performed, *, by: str, now: datetime) -> Agreement:
    """Record whether what was agreed has been done."""
    lock(session, dispute)
    agreement = agreement_of(session, dispute)
    if agreement is None or dispute.state not in SETTLED:
        raise Conflict(N_("还没有协议可以记录履行"))
    agreement.performed, agreement.performed_at = performed, now if performed == "performed" else None
    note(session, dispute, "performance", by, now, performed=performed)
    if performed == "performed" and dispute.state in (State.PERFORMING, State.AGREED_WRITTEN, State.AGREED_ORAL, State.CONFIRMED):
        move(session, dispute, State.PERFORMED, by, now, due_at=_next_revisit(session, dispute, agreement, now))
    session.flush()
    return agreement


def record_follow_up(session: Session, dispute: Dispute, visit: FollowUpIn, *, by: str, now: datetime) -> FollowUp:
    """Record a revisit; a quarrel that is back goes to 复发 and onto the list again."""
    lock(session, dispute)
    agreement = agreement_of(session, dispute)
    if agreement is None or dispute.state not in SETTLED:
        raise Conflict(N_("达成协议以后才有回访"))
    if visit.visited_at > now + timedelta(hours=1):
        raise InvalidInput({"visited_at": N_("时间在将来,请核对")})
    row = FollowUp(**dispute.owns(), **visit.model_dump(), recorded_by=by)
    session.add(row)
    session.flush()
    agreement.performed = visit.performed
    agreement.performed_at = agreement.performed_at or (now if visit.performed == "performed" else None)
    note(session, dispute, "follow_up", by, now, performed=visit.performed, relapsed=visit.relapsed)
    _after_visit(session, dispute, agreement, visit, by, now)
    return row


def _after_visit(session: Session, dispute: Dispute, agreement: Agreement, visit: FollowUpIn, by: str, now: datetime) -> None:
    if visit.relapsed:
        if dispute.state in (State.AGREED_WRITTEN, State.AGREED_ORAL):
            move(session, dispute, State.PERFORMING, by, now)
        move(session, dispute, State.RELAPSED, by, now, due_at=now + timedelta(hours=policy_for(dispute.area).first_contact_hours))
        return
    if visit.performed == "performed" and dispute.state in (State.PERFORMING, State.CONFIRMED):
        move(session, dispute, State.PERFORMED, by, now)
    if dispute.state is State.PERFORMED:
        move(session, dispute, State.FOLLOWING_UP, by, now)
    dispute.due_at = _next_revisit(session, dispute, agreement, now)
    session.flush()


def _next_revisit(session: Session, dispute: Dispute, agreement: Agreement, now: datetime) -> datetime | None:
    done = len(follow_ups_of(session, dispute))
    days = policy_for(dispute.area).revisit_days
    if done >= len(days):
        return None
    return max(agreement.agreed_at + timedelta(days=days[done]), now + timedelta(days=1))


def close(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Close a case that is performed, revisited, failed, ended or handed over."""
    lock(session, dispute)
    dispute.closed_at = now
    move(session, dispute, State.CLOSED, by, now)


def transfer(session: Session, dispute: Dispute, *, to: str, reason: str, by: str, now: datetime) -> None:
    """Hand the case to the organ that must have it; the links end and a held slot is given back."""
    lock(session, dispute)
    if not to.strip():
        raise InvalidInput({"to": N_("请写明移送到哪里")})
    cases.withdraw(session, dispute, now)
    dispute.closed_at = now
    move(session, dispute, State.TRANSFERRED, by, now, to=to[:100], reason=reason[:300])


def reopen(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Take a relapsed or ended case up again."""
    lock(session, dispute)
    dispute.ended, dispute.closed_at = "", None
    move(session, dispute, State.TRIAGED, by, now, due_at=now + timedelta(hours=policy_for(dispute.area).first_contact_hours))


def agreement_of(session: Session, dispute: Dispute) -> Agreement | None:
    """Return the case's agreement."""
    return session.execute(select(Agreement).where(col(Agreement.dispute_id) == dispute.id)).scalar_one_or_none()


def meetings_of(session: Session, dispute: Dispute) -> list[Meeting]:
    """Return the sessions, oldest first."""
    return list(session.execute(select(Meeting).where(col(Meeting.dispute_id) == dispute.id).order_by(col(Meeting.held_at))).scalars())


def follow_ups_of(session: Session, dispute: Dispute) -> list[FollowUp]:
    """Return the revisits, oldest first."""
    return list(session.execute(select(FollowUp).where(col(FollowUp.dispute_id) == dispute.id).order_by(col(FollowUp.visited_at))).scalars())


def end_of_day(day: date) -> datetime:
    """Return the last second of a Shanghai day."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)
