"""What happens in the room and after it: sessions, agreement, performance, revisits, and a quarrel that comes back."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from app import cases, gates, relations
from app.cases import lock, move, note
from app.errors import N_, Conflict, InvalidInput
from app.intake import Cleaned, EmptyIsNone, clean
from app.lifecycle import ENDED, MOVES, SETTLED, State
from app.models import Agreement, Dispute, FollowUp, Meeting
from app.policies import policy_for
from app.workdays import SHANGHAI

Outcome = Literal["agreed_written", "agreed_oral", "continued", "failed", "withdrawn"]
Performed = Literal["performed", "partly", "not_performed"]
MEDIATED = (State.SCHEDULED, State.MEDIATING, State.EXTENDED)
REOPENED = (State.RELAPSED, State.FAILED, State.TERMINATED, State.TRANSFERRED, State.CLOSED)
CONTACTED = "contacted"
LONGEST_PROMISE = 30  # years; whatever is promised for longer is a slip of the keyboard


def _in_shanghai(value: Any) -> Any:
    """Return a typed moment without a zone as one of Shanghai; what is no moment is left to pydantic to refuse."""
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        return value
    naive = isinstance(moment, datetime) and moment.tzinfo is None
    return moment.replace(tzinfo=SHANGHAI) if naive else moment


Moment = Annotated[AwareDatetime, BeforeValidator(_in_shanghai)]


class MeetingIn(BaseModel):
    """The record of one session, as typed (调解记录; and the agreement's parts, art. 29, when there is one)."""

    model_config = ConfigDict(extra="forbid")
    held_at: Moment
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
    """The record of one revisit, as typed (回访记录). Before the day of performance it may be `pending`."""

    model_config = ConfigDict(extra="forbid")
    visited_at: Moment
    performed: Performed | Literal["pending"]
    relapsed: bool = False
    satisfied: Annotated[int | None, EmptyIsNone] = Field(default=None, ge=1, le=5)
    notes: Annotated[str, Cleaned, Field(max_length=2000)] = ""


def steps(state: State) -> frozenset[str]:
    """Return what may be done to a case in this state: names of the functions below, and `replace` of `assignments`."""
    allowed = {
        "record": state in MEDIATED,
        "replace": state in (State.SCHEDULED, State.MEDIATING),
        "extend": State.EXTENDED in MOVES[state],
        "record_performance": state in SETTLED,
        "record_follow_up": state in SETTLED,
        "close": State.CLOSED in MOVES[state],
        "transfer": State.TRANSFERRED in MOVES[state],
        "reopen": state in REOPENED,
    }
    return frozenset(name for name, yes in allowed.items() if yes)


# --- before it -------------------------------------------------------------------------------------------------------


def record_contact(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Record that the sides were spoken to for the first time; said twice it stays one."""
    lock(session, dispute)
    if dispute.state in ENDED:
        raise Conflict(N_("案件已经结束"))
    if not any(event.kind == CONTACTED for event in cases.since_triage(session, dispute)):
        note(session, dispute, CONTACTED, by, now)
        session.flush()


# --- in the room -----------------------------------------------------------------------------------------------------


def record(session: Session, dispute: Dispute, meeting: MeetingIn, *, by: str, now: datetime) -> Meeting:
    """Record a session and what came of it; the held slot is given back once mediation is over.

    Raises Conflict before a mediator has accepted, InvalidInput for impossible days and for an agreement without terms.
    """
    lock(session, dispute)
    _check(dispute, meeting, now)
    fields = meeting.model_dump(include={"held_at", "place", "present", "notes", "outcome"})
    row = Meeting(**dispute.owns(), **fields, recorded_by=by)
    session.add(row)
    session.flush()
    note(session, dispute, "session_recorded", by, now, outcome=meeting.outcome)
    if dispute.state is State.SCHEDULED:
        deadline = meeting.held_at + timedelta(days=policy_for(dispute.area).mediation_days)
        move(session, dispute, State.MEDIATING, by, now, due_at=deadline)
    _conclude(session, dispute, meeting, by, now)
    return row


def _check(dispute: Dispute, meeting: MeetingIn, now: datetime) -> None:
    if dispute.state not in MEDIATED:
        raise Conflict(N_("调解员接单以后才能记录调解"))
    problems: dict[str, str] = {}
    if meeting.held_at > now + timedelta(hours=1):
        problems["held_at"] = N_("时间在将来,请核对")
    elif meeting.held_at < dispute.opened_at - timedelta(days=1):
        problems["held_at"] = N_("时间在登记以前,请核对")
    if meeting.agreed():
        problems |= _check_agreement(meeting)
    if problems:
        raise InvalidInput(problems)


def _check_agreement(meeting: MeetingIn) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not meeting.terms:
        problems["terms"] = N_("请写协议内容")
    held = meeting.held_at.astimezone(SHANGHAI).date()
    if meeting.perform_by and meeting.perform_by < held:
        problems["perform_by"] = N_("履行期限在调解以前,请核对")
    elif meeting.perform_by and meeting.perform_by.year > held.year + LONGEST_PROMISE:
        problems["perform_by"] = N_("履行期限太远,请核对")
    return problems


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
        case "agreed_written" | "agreed_oral":
            _agree(session, dispute, meeting, by, now)
    # The assignment stays accepted (it is this mediator's case); only the slot is free again.
    for assignment in cases.living_assignments(session, dispute):
        cases.give_slot_back(session, assignment)


def _agree(session: Session, dispute: Dispute, meeting: MeetingIn, by: str, now: datetime) -> None:
    agreement = agreement_of(session, dispute)
    if agreement is None:
        agreement = Agreement(**dispute.owns(), terms=meeting.terms, agreed_at=meeting.held_at)
    agreement.oral = meeting.outcome == "agreed_oral"
    agreement.facts, agreement.terms = meeting.facts or dispute.narrative[:4000], meeting.terms
    agreement.performance_way, agreement.perform_by = meeting.performance_way, meeting.perform_by
    # After a relapse the same row is agreed anew: nothing of it has been performed yet.
    agreement.agreed_at, agreement.performed, agreement.performed_at = meeting.held_at, "pending", None
    session.add(agreement)
    move(session, dispute, State.AGREED_ORAL if agreement.oral else State.AGREED_WRITTEN, by, now)
    move(session, dispute, State.PERFORMING, by, now, due_at=_promised(dispute, agreement, now))


def extend(session: Session, dispute: Dispute, *, agreed: str, by: str, now: datetime) -> None:
    """Extend the month of mediation once, with both sides' recorded consent (若干规定 art. 33)."""
    lock(session, dispute)
    agreed = _written(agreed, "agreed", N_("请写明各方怎样同意的"))
    due = (dispute.due_at or now) + timedelta(days=policy_for(dispute.area).extension_days)
    move(session, dispute, State.EXTENDED, by, now, due_at=due, agreed=agreed[:200])


# --- after it --------------------------------------------------------------------------------------------------------


def record_performance(session: Session, dispute: Dispute, performed: str, *, by: str, now: datetime) -> Agreement:
    """Record whether what was agreed has been done (a value of `Performed`)."""
    lock(session, dispute)
    if performed not in Performed.__args__:  # type: ignore[attr-defined]
        raise InvalidInput({"performed": N_("请选一项")})
    agreement = _settled(session, dispute, N_("还没有协议可以记录履行"))
    note(session, dispute, "performance", by, now, performed=performed)
    _perform(agreement, performed, now)
    _follow_performance(session, dispute, agreement, by, now)
    return agreement


def record_follow_up(session: Session, dispute: Dispute, visit: FollowUpIn, *, by: str, now: datetime) -> FollowUp:
    """Record a revisit; a quarrel that is back goes to 复发 and onto the list again."""
    lock(session, dispute)
    agreement = _settled(session, dispute, N_("达成协议以后才有回访"))
    if visit.visited_at > now + timedelta(hours=1):
        raise InvalidInput({"visited_at": N_("时间在将来,请核对")})
    if visit.visited_at < agreement.agreed_at - timedelta(days=1):
        raise InvalidInput({"visited_at": N_("时间在协议以前,请核对")})
    row = FollowUp(**dispute.owns(), **visit.model_dump(), recorded_by=by)
    session.add(row)
    session.flush()
    note(session, dispute, "follow_up", by, now, performed=visit.performed, relapsed=visit.relapsed)
    _perform(agreement, visit.performed, visit.visited_at)
    if visit.relapsed:
        _relapse(session, dispute, by, now)
    else:
        _follow_performance(session, dispute, agreement, by, now, visited=True)
    return row


def _settled(session: Session, dispute: Dispute, otherwise: str) -> Agreement:
    agreement = agreement_of(session, dispute)
    if agreement is None or dispute.state not in SETTLED:
        raise Conflict(otherwise)
    return agreement


def _perform(agreement: Agreement, performed: str, when: datetime) -> None:
    agreement.performed = performed
    agreement.performed_at = (agreement.performed_at or when) if performed == "performed" else None


def _follow_performance(
    session: Session, dispute: Dispute, agreement: Agreement, by: str, now: datetime, *, visited: bool = False
) -> None:
    """Move the case to where its performance stands, with the clock that follows from it."""
    if agreement.performed != "performed":
        dispute.due_at = _promised(dispute, agreement, now)
    else:
        if State.PERFORMED in MOVES[dispute.state] and dispute.state is not State.FOLLOWING_UP:
            move(session, dispute, State.PERFORMED, by, now)
        if visited and dispute.state is State.PERFORMED:
            move(session, dispute, State.FOLLOWING_UP, by, now)
        dispute.due_at = _next_revisit(session, dispute, agreement, now)
    session.flush()


def _relapse(session: Session, dispute: Dispute, by: str, now: datetime) -> None:
    if State.RELAPSED not in MOVES[dispute.state]:  # agreed a moment ago, or before the court
        move(session, dispute, State.PERFORMING, by, now)
    due = now + timedelta(hours=policy_for(dispute.area).first_contact_hours)
    move(session, dispute, State.RELAPSED, by, now, due_at=due)


def _promised(dispute: Dispute, agreement: Agreement, now: datetime) -> datetime:
    """Return when to ask about performance: on the promised day; without one, or after it, a few days from now."""
    again = now + timedelta(days=policy_for(dispute.area).revisit_days[0])
    promised = end_of_day(agreement.perform_by) if agreement.perform_by else None
    return promised if promised and promised > now else again


def _next_revisit(session: Session, dispute: Dispute, agreement: Agreement, now: datetime) -> datetime | None:
    """Return when to go again, counted from the performance; None after the last visit: the case may be closed."""
    since = agreement.performed_at or now
    done = sum(visit.visited_at > since for visit in follow_ups_of(session, dispute))
    days: Sequence[int] = policy_for(dispute.area).revisit_days[done:]
    return max(since + timedelta(days=days[0]), now + timedelta(days=1)) if days else None


# --- the end, and beginning again ------------------------------------------------------------------------------------


def close(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Close a case that is performed, revisited, failed, ended, barred or handed over."""
    lock(session, dispute)
    move(session, dispute, State.CLOSED, by, now)
    dispute.closed_at = now
    session.flush()


def transfer(session: Session, dispute: Dispute, *, to: str, reason: str, by: str, now: datetime) -> None:
    """Hand the case to the organ that must have it; the links end and a held slot is given back."""
    lock(session, dispute)
    to = _written(to, "to", N_("请写明移送到哪里"))
    move(session, dispute, State.TRANSFERRED, by, now, to=to[:100], reason=clean(reason)[:300])
    dispute.closed_at = now
    cases.withdraw(session, dispute, now)


def reopen(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Take a relapsed, ended or closed case up again, from the triage on; a gate that stands bars it at once."""
    lock(session, dispute)
    if dispute.state not in REOPENED:
        raise Conflict(N_("这个案件不用重新受理"))
    # Whoever had the case before has it no longer: the sides choose anew, by new links.
    cases.withdraw(session, dispute, now)
    relations.part(session, dispute, by=by, now=now)
    dispute.ended, dispute.closed_at = "", None
    if dispute.state is State.CLOSED:
        move(session, dispute, State.RELAPSED, by, now)
    due = now + timedelta(hours=policy_for(dispute.area).first_contact_hours)
    move(session, dispute, State.TRIAGED, by, now, due_at=due)
    if gates.standing(gates.of(session, dispute)):
        move(session, dispute, State.BARRED, by, now, due_at=due)


def _written(text: str, field: str, otherwise: str) -> str:
    text = clean(text)
    if not text:
        raise InvalidInput({field: otherwise})
    return text


# --- looking ---------------------------------------------------------------------------------------------------------


def agreement_of(session: Session, dispute: Dispute) -> Agreement | None:
    """Return the case's agreement."""
    return session.execute(select(Agreement).where(col(Agreement.dispute_id) == dispute.id)).scalar_one_or_none()


def meetings_of(session: Session, dispute: Dispute) -> list[Meeting]:
    """Return the sessions, oldest first."""
    query = select(Meeting).where(col(Meeting.dispute_id) == dispute.id).order_by(col(Meeting.held_at), col(Meeting.id))
    return list(session.execute(query).scalars())


def follow_ups_of(session: Session, dispute: Dispute) -> list[FollowUp]:
    """Return the revisits, oldest first."""
    query = select(FollowUp).where(col(FollowUp.dispute_id) == dispute.id)
    return list(session.execute(query.order_by(col(FollowUp.visited_at), col(FollowUp.id))).scalars())


def end_of_day(day: date) -> datetime:
    """Return the last second of a Shanghai day."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)
