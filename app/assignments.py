"""A mediator is asked, accepts or declines; the next acceptable name follows, or the coordinator names one.

Every function that changes a case takes its lock first (`app.cases.lock`): a mediator may accept while an officer
passes over him or her. Slots are taken and given back through `talent_pool.roster`, within the same transaction.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import ballot_box, cases, invitations, objections, suggesting
from app.cases import lock, move, note
from app.claims import take
from app.errors import N_, Conflict, InvalidInput, NotFound
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.models import Assignment, AssignmentState, Choice, Dispute, Recusal
from app.order_deadlines import within
from app.order_news import News, tell_officer
from app.policies import policy_for
from app.workdays import add_workdays, shanghai
from talent_pool import roster
from talent_pool.models import Mediator

NOT_YOURS = N_("这个案件已经不用您答复了")
TIED = "tied"  # a tie was disclosed, and the sides are being asked
NAMED = "named"  # the role of a mediator whom the coordinator named
NOT_FREE = N_("这位要回避、请假或案件已满,请另选一位")


def ask_next(session: Session, dispute: Dispute, now: datetime) -> Assignment | None:
    """Ask the next acceptable name who can take the case; without one the case goes to the coordinator (None).

    Nobody is asked twice. The caller holds the case's lock.
    """
    waiting = still_to_ask(session, dispute)
    _lock_mediators(session, waiting)
    for mediator_id in waiting if may_ask_another(session, dispute) else ():
        assignment = _try(session, dispute, mediator_id, now)
        if assignment.state is AssignmentState.ASKED:
            _await(session, dispute, assignment, now)
            objections.let_others_go(session, dispute)
            return assignment
    objections.let_others_go(session, dispute)
    due = without_a_name_due(session, dispute, now)
    move(session, dispute, State.DESIGNATING, "rule", now, due_at=due, why="nobody_left")
    tell_officer(session, dispute, News.NOBODY_LEFT, len(assignments_of(session, dispute)), now)
    return None


def _await(session: Session, dispute: Dispute, assignment: Assignment, now: datetime) -> None:
    due, whom = assignment.due_at, assignment.mediator_id
    if dispute.state is State.AWAITING_MEDIATOR:
        dispute.due_at = due
        note(session, dispute, "asked", "rule", now, mediator=whom)
    else:
        move(session, dispute, State.AWAITING_MEDIATOR, "rule", now, due_at=due, mediator=whom)
    tell_officer(session, dispute, News.ASKED, whom, now)


def without_a_name_due(session: Session, dispute: Dispute, now: datetime) -> datetime:
    """Return until when a case without a name waits: today for a fresh list, else as long as the coordinator has."""
    days = 0 if may_list_again(session, dispute) else policy_for(dispute.area).naming_workdays
    return within(session, dispute, days, now)


def may_list_again(session: Session, dispute: Dispute) -> bool:
    """Tell whether another list may follow; a case that was taken up again counts its lists anew."""
    moves = (event.data for event in cases.since_triage(session, dispute) if event.kind == "moved")
    return (
        sum(each["after"] in CHOOSING_STATES and not each.get("reopened") for each in moves)
        < policy_for(dispute.area).rounds
    )


def may_ask_another(session: Session, dispute: Dispute) -> bool:
    """Tell whether fewer mediators of the newest list have declined than the policy allows."""
    newest = newest_choice(session, dispute)
    names = {newest.result["chosen"], *newest.result["reserves"]} if newest else set()
    rows = assignments_of(session, dispute)
    declined = sum(row.state is AssignmentState.DECLINED and str(row.mediator_id) in names for row in rows)
    return declined < policy_for(dispute.area).declines


def still_to_ask(session: Session, dispute: Dispute) -> list[int]:
    """Return who is left of the newest choice, in its order."""
    newest = newest_choice(session, dispute)
    if newest is None or newest.result["chosen"] is None:
        return []
    rows = assignments_of(session, dispute)
    asked = {row.mediator_id for row in rows if row.state is not AssignmentState.SUSPENDED}
    names = (newest.result["chosen"], *newest.result["reserves"])
    return [int(name) for name in names if int(name) not in asked]


def newest_choice(session: Session, dispute: Dispute) -> Choice | None:
    """Return the log of the last choice."""
    query = select(Choice).where(col(Choice.dispute_id) == dispute.id).order_by(col(Choice.round).desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def assignments_of(session: Session, dispute: Dispute) -> list[Assignment]:
    """Return everybody who was asked, in the order of asking."""
    query = select(Assignment).where(col(Assignment.dispute_id) == dispute.id).order_by(col(Assignment.position))
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def living(session: Session, dispute: Dispute) -> Assignment | None:
    """Return the assignment that counts: asked or accepted."""
    return next(iter(cases.living_assignments(session, dispute)), None)


def _lock_mediators(session: Session, ids: Collection[int]) -> None:
    # Two cases that pass two mediators to one another would wait in a circle; whoever locks in one order does not.
    # NO KEY: rows that only refer to a mediator are not kept waiting. SQLite has one writer and ignores it.
    query = select(col(Mediator.id)).where(col(Mediator.id).in_(ids)).order_by(col(Mediator.id))
    session.execute(query.with_for_update(key_share=True))


def _try(session: Session, dispute: Dispute, mediator_id: int, now: datetime, role: str = "lead") -> Assignment:
    """Take a slot of the mediator's cap, if there is one and nothing forbids it.

    Decided here, in the assigning transaction, whatever the list said when it was made.
    """
    recused = mediator_id in suggesting.recused(session, dispute)
    rows = assignments_of(session, dispute)
    before = next((row for row in rows if row.mediator_id == mediator_id), None)
    held = before is not None and before.slot_held
    free = not recused and (held or roster.reserve(session, mediator_id, shanghai(now).date()))
    if before is not None:
        return _ask_again(session, dispute, before, free, now, role)
    assignment = Assignment(
        **dispute.owns(),
        mediator_id=mediator_id,
        position=len(rows) + 1,
        state=AssignmentState.ASKED if free else AssignmentState.UNAVAILABLE,
        slot_held=free,
        asked_at=now,
        due_at=within(session, dispute, policy_for(dispute.area).accept_workdays, now),
        reason="" if free else ("recused" if recused else "full_or_absent"),
        role=role,
    )
    session.add(assignment)
    session.flush()
    if free:
        invitations.invite_mediator(session, dispute, assignment, now)
    return assignment


def _ask_again(session: Session, dispute: Dispute, row: Assignment, free: bool, now: datetime, role: str) -> Assignment:
    """Ask whoever was suspended: the sides have chosen the same one again."""
    if not free:
        cases.give_slot_back(session, row)
    row.state = AssignmentState.ASKED if free else AssignmentState.UNAVAILABLE
    row.slot_held, row.role, row.asked_at, row.answered_at = free, role, now, None
    row.due_at = within(session, dispute, policy_for(dispute.area).accept_workdays, now)
    row.reason, row.disclosed = "" if free else "full_or_absent", ""
    session.flush()
    return row


# --- the mediator's answer -------------------------------------------------------------------------------------------


def accept(
    session: Session,
    dispute: Dispute,
    assignment_id: int,
    *,
    disclosed: str,
    by: str,
    now: datetime,
    waived: bool = False,
) -> Assignment:
    """Let the mediator take the case; the same answer twice is the same answer. `disclosed` is his or her statement.

    After a tie was disclosed only the word of all sides (`waived`) lets him or her take it.
    """
    lock(session, dispute)
    assignment = _get(session, dispute, assignment_id)
    if assignment.state is AssignmentState.ACCEPTED:
        return assignment
    _check_asked(dispute, assignment)
    if assignment.reason == TIED and not waived:
        raise Conflict(N_("您说过有关系,要各方都同意才能接"))
    if not disclosed.strip():
        raise InvalidInput({"disclosed": N_("请先说明与双方有没有关系")})
    if assignment.mediator_id in suggesting.recused(session, dispute):
        raise Conflict(N_("您与当事人有需要回避的关系,不能接这个案件"))
    assignment.state, assignment.answered_at = AssignmentState.ACCEPTED, now
    assignment.disclosed, assignment.reason = disclosed.strip()[:200], "waived" if waived else ""
    if assignment.role == cases.CO:
        note(session, dispute, "joined", by, now, mediator=assignment.mediator_id)
        session.flush()
        return assignment
    due = add_workdays(now, policy_for(dispute.area).first_session_workdays)
    move(session, dispute, State.SCHEDULED, by, now, due_at=due, mediator=assignment.mediator_id)
    tell_officer(session, dispute, News.ACCEPTED, assignment.mediator_id, now)
    return assignment


def decline(session: Session, dispute: Dispute, assignment_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Let the mediator say no: the slot is given back and the next one is asked. Twice is once."""
    lock(session, dispute)
    assignment = _get(session, dispute, assignment_id)
    if assignment.state is AssignmentState.DECLINED:
        return
    _check_asked(dispute, assignment)
    _turn_to_next(session, dispute, assignment, "declined", reason[:200], by, now)


def pass_over(session: Session, dispute: Dispute, assignment_id: int, *, by: str, now: datetime) -> None:
    """Let the officer go on to the next name when the one who was asked has let the time pass. Twice is once."""
    lock(session, dispute)
    assignment = _get(session, dispute, assignment_id)
    if assignment.state is AssignmentState.DECLINED:
        return
    if assignment.state is not AssignmentState.ASKED or dispute.state is not State.AWAITING_MEDIATOR:
        raise Conflict(N_("调解员已经答复,请看最新的页面"))
    if now <= assignment.due_at:
        raise Conflict(N_("调解员答复的时间还没到"))
    if assignment.reason == TIED:  # the sides did not waive it
        step_aside(session, dispute, reason=assignment.disclosed, by=by, now=now)
        return
    _turn_to_next(session, dispute, assignment, "passed_over", "", by, now)


def _turn_to_next(
    session: Session, dispute: Dispute, assignment: Assignment, what: str, reason: str, by: str, now: datetime
) -> None:
    _lock_mediators(session, {assignment.mediator_id, *still_to_ask(session, dispute)})
    assignment.state, assignment.answered_at, assignment.reason = AssignmentState.DECLINED, now, reason
    cases.give_slot_back(session, assignment)
    note(session, dispute, what, by, now, mediator=assignment.mediator_id, reason=reason)
    if assignment.role == cases.CO:
        _ask_joining(session, dispute, now)
        return
    if assignment.role == NAMED:
        # Within the bound of an order there is no second naming: the other routes are told in writing (art. 26).
        cases.finish(session, dispute, "no_choice", "rule", now)
        tell_officer(session, dispute, News.NOBODY_LEFT, assignment.mediator_id, now)
        return
    tell_officer(session, dispute, News.DECLINED, assignment.mediator_id, now)
    ask_next(session, dispute, now)


def _check_asked(dispute: Dispute, assignment: Assignment) -> None:
    open_to = HOLDS_SLOT if assignment.role == cases.CO else (State.AWAITING_MEDIATOR,)
    if assignment.state is not AssignmentState.ASKED or dispute.state not in open_to:
        raise Conflict(NOT_YOURS)


def asked_now(session: Session, dispute: Dispute, assignment_id: int) -> Assignment:
    """Return the assignment that waits for an answer; raise Conflict when it does not any more."""
    assignment = _get(session, dispute, assignment_id)
    _check_asked(dispute, assignment)
    return assignment


def _get(session: Session, dispute: Dispute, assignment_id: int) -> Assignment:
    found = next((row for row in assignments_of(session, dispute) if row.id == assignment_id), None)
    if found is None:
        raise NotFound()
    return found


# --- another mediator ------------------------------------------------------------------------------------------------


def replace(session: Session, dispute: Dispute, *, reason: str, by: str, now: datetime) -> None:
    """Change the mediator who has accepted, as often as the policy allows: the next acceptable name is asked.

    Source: 在线调解规则 art. 14 (once).
    """
    lock(session, dispute)
    assignment = living(session, dispute)
    if assignment is None or dispute.state not in (State.SCHEDULED, State.MEDIATING):
        raise Conflict(N_("现在没有可更换的调解员"))
    if not reason.strip():
        raise InvalidInput({"reason": N_("请写明更换的理由")})
    if _replaced(session, dispute) >= policy_for(dispute.area).replacements:
        raise Conflict(N_("已经换过一次调解员,不能再换"))
    _lock_mediators(session, {assignment.mediator_id, *still_to_ask(session, dispute)})
    cases.release(session, dispute, now)
    note(session, dispute, "replaced", by, now, mediator=assignment.mediator_id, reason=reason.strip()[:200])
    ask_next(session, dispute, now)


def step_aside(session: Session, dispute: Dispute, *, reason: str, by: str, now: datetime) -> None:
    """Let a mediator go who must step aside for cause, at any time: no strike, no decline, no change of mediator."""
    lock(session, dispute)
    assignment = living(session, dispute)
    if assignment is None:
        raise Conflict(N_("现在没有可更换的调解员"))
    if not reason.strip():
        raise InvalidInput({"reason": N_("请写明回避的理由,最多200个字")})
    if dispute.state is State.EXTENDED:
        raise Conflict(N_("延期以后不能再换调解员"))
    _lock_mediators(session, {assignment.mediator_id, *still_to_ask(session, dispute)})
    why = reason.strip()[:200]
    if take(session, Recusal, **dispute.owns(), mediator_id=assignment.mediator_id, reason=why, declared_at=now):
        note(session, dispute, "recused", by, now, mediator=assignment.mediator_id, reason=why)
    cases.release(session, dispute, now)
    ask_next(session, dispute, now)


# --- two mediators ---------------------------------------------------------------------------------------------------


def ask_to_join(session: Session, dispute: Dispute, *, by: str, now: datetime) -> Assignment | None:
    """Ask the best name of another kind, whom nobody struck, to join the lead; None when there is none."""
    lead = living(session, dispute)
    if lead is None or lead.role != "lead" or dispute.state not in (State.AWAITING_MEDIATOR, State.SCHEDULED):
        raise Conflict(N_("现在还没有主持的调解员"))
    if any(row.role == cases.CO for row in cases.living_assignments(session, dispute)):
        raise Conflict(N_("已经请了一起调的调解员"))
    note(session, dispute, "joint", by, now)
    return _ask_joining(session, dispute, now)


def _ask_joining(session: Session, dispute: Dispute, now: datetime) -> Assignment | None:
    lead = living(session, dispute)
    waiting = still_to_ask(session, dispute)
    assert lead is not None, "nobody joins without a lead"
    query = select(col(Mediator.id), col(Mediator.kind)).where(col(Mediator.id).in_([lead.mediator_id, *waiting]))
    kinds = {row.id: row.kind for row in session.execute(query)}
    others = [each for each in waiting if kinds[each] != kinds[lead.mediator_id]]
    _lock_mediators(session, others)
    for mediator_id in others:
        assignment = _try(session, dispute, mediator_id, now, cases.CO)
        if assignment.state is AssignmentState.ASKED:
            note(session, dispute, "asked", "rule", now, mediator=mediator_id)
            tell_officer(session, dispute, News.ASKED, mediator_id, now)
            return assignment
    note(session, dispute, "nobody_joins", "rule", now)
    session.flush()
    return None


def _replaced(session: Session, dispute: Dispute) -> int:
    return sum(event.kind == "replaced" for event in cases.since_triage(session, dispute))


def designate(
    session: Session, dispute: Dispute, mediator_id: int, *, agreed: str, by: str, now: datetime
) -> Assignment:
    """Ask a mediator whom the coordinator names once every side has said yes to him or her (`agreed`: how they did).

    Whoever was struck, asked before, recused, absent or full is refused.
    """
    lock(session, dispute)
    if dispute.state is not State.DESIGNATING:
        raise Conflict(N_("这个案件现在不需要指定"))
    if not agreed.strip():
        raise InvalidInput({"agreed": N_("请写明各方怎样同意的")})
    if session.get(Mediator, mediator_id) is None:
        raise NotFound()
    if mediator_id in barred_from(session, dispute):
        raise Conflict(N_("这位有一方不要,或已经问过,请另选一位"))
    assignment = _try(session, dispute, mediator_id, now, NAMED)
    if assignment.state is not AssignmentState.ASKED:
        raise Conflict(NOT_FREE)
    what = {"mediator": mediator_id, "designated": True, "agreed": agreed.strip()[:200]}
    move(session, dispute, State.AWAITING_MEDIATOR, by, now, due_at=assignment.due_at, **what)
    tell_officer(session, dispute, News.ASKED, mediator_id, now)
    return assignment


def may_be_named(session: Session, dispute: Dispute, mediator_id: int, now: datetime) -> bool:
    """Tell whether the coordinator may name this one: not struck, not asked before, not recused, there, with a slot."""
    barred = {*barred_from(session, dispute), *suggesting.recused(session, dispute)}
    return mediator_id not in barred and roster.is_free(session, mediator_id, shanghai(now).date())


def barred_from(session: Session, dispute: Dispute) -> set[int]:
    """Return who cannot be designated: struck by a side in a finished round, or asked before.

    Never shown by name and reason: a designation is refused, or the name is left out, and that is all.
    """
    return ballot_box.struck(session, dispute) | {row.mediator_id for row in assignments_of(session, dispute)}
