"""What a side says besides its ballot, each word recorded once: yes to a result, to a name, to a tie, to being helped.

A word comes from the side's own page (`how` = link) or is recorded by an officer who called or visited (phone, visit,
desk, helped). Silence has no row and is never a yes (人民调解法 art. 17).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import assignments, cases
from app.cases import lock, note
from app.claims import take
from app.errors import N_, Conflict, InvalidInput, NotFound
from app.lifecycle import CHOOSING_STATES, State
from app.models import Asked, AssignmentState, Designation, Dispute, Side, SideWord
from app.order_deadlines import within
from app.order_news import News, tell_officer
from app.policies import policy_for
from talent_pool.models import Mediator

HOWS = ("link", "phone", "visit", "desk", "helped")
SAID = N_("这一方已经答复过了")
NOT_ASKED = N_("现在没有要答复的事")


def words_of(session: Session, dispute: Dispute, asked: Asked, key: int) -> dict[int, bool]:
    """Return what the sides have answered, by the side's id."""
    query = select(col(SideWord.side_id), col(SideWord.yes)).where(
        col(SideWord.dispute_id) == dispute.id, col(SideWord.asked) == asked, col(SideWord.key) == key
    )
    return {row.side_id: row.yes for row in session.execute(query)}


def _record(
    session: Session, dispute: Dispute, side: Side, asked: Asked, key: int, yes: bool, how: str, by: str, now: datetime
) -> None:
    if side.dispute_id != dispute.id:
        raise NotFound()
    if how not in HOWS:
        raise InvalidInput({"how": N_("请选是怎样问的")})
    row = {"asked": asked, "key": key, "yes": yes, "how": how, "by": by, "at": now}
    if not take(session, SideWord, **dispute.owns(), side_id=side.id, **row):
        raise Conflict(SAID)
    if yes and side.consented_at is None:
        side.consented_at, side.consent_how = now, how
    note(session, dispute, "said", by, now, side=side.letter, asked=asked.value, yes=yes, how=how)
    session.flush()


def _all_said_yes(session: Session, dispute: Dispute, asked: Asked, key: int, sides: Iterable[Side]) -> bool:
    said = words_of(session, dispute, asked, key)
    return all(said.get(side.id or 0) for side in sides)


# --- a provisional result --------------------------------------------------------------------------------------------


def silent_sides(session: Session, dispute: Dispute) -> list[Side]:
    """Return the sides whose yes to the provisional result is still wanted."""
    newest = assignments.newest_choice(session, dispute)
    if dispute.state is not State.PROVISIONAL or newest is None:
        return []
    said = words_of(session, dispute, Asked.RESULT, newest.round)
    sides = cases.sides_of(session, dispute)
    return [side for side in sides if side.letter in newest.result["silent"] and side.id not in said]


def answer_result(
    session: Session, dispute: Dispute, side: Side, *, yes: bool, how: str, by: str, now: datetime
) -> None:
    """Record a silent side's word on the provisional result: with the last yes the mediator is asked; a no ends it."""
    lock(session, dispute)
    newest = assignments.newest_choice(session, dispute)
    if dispute.state is not State.PROVISIONAL or newest is None:
        raise Conflict(NOT_ASKED)
    if dispute.due_at is not None and now > dispute.due_at:
        raise Conflict(N_("答复的时间已过"))
    if side.dispute_id == dispute.id and side.letter not in newest.result["silent"]:
        raise Conflict(SAID)
    _record(session, dispute, side, Asked.RESULT, newest.round, yes, how, by, now)
    if not yes:
        cases.finish(session, dispute, "refused", by, now)
        tell_officer(session, dispute, News.REFUSED, side.letter, now)
    elif not silent_sides(session, dispute):
        tell_officer(session, dispute, News.CHOSEN, newest.round, now)
        assignments.ask_next(session, dispute, now)


# --- whom the coordinator names --------------------------------------------------------------------------------------


def name(session: Session, dispute: Dispute, mediator_id: int, *, by: str, now: datetime) -> Designation:
    """Put before the sides a mediator whom the coordinator names; each accepts or refuses.

    Raises Conflict for one who was struck, asked before, recused, absent or full, and while they answer on another.
    """
    lock(session, dispute)
    if dispute.state is not State.DESIGNATING or named(session, dispute) is not None:
        raise Conflict(N_("这个案件现在不需要指定"))
    if session.get(Mediator, mediator_id) is None:
        raise NotFound()
    if not assignments.may_be_named(session, dispute, mediator_id, now):
        raise Conflict(assignments.NOT_FREE)
    due = within(session, dispute, policy_for(dispute.area).answer_workdays, now)
    row = Designation(**dispute.owns(), mediator_id=mediator_id, by=by, at=now, due_at=due)
    session.add(row)
    dispute.due_at = due
    note(session, dispute, "named", by, now, mediator=mediator_id)
    tell_officer(session, dispute, News.NAMED, mediator_id, now)
    session.flush()
    return row


def named(session: Session, dispute: Dispute) -> Designation | None:
    """Return whom the coordinator has put before the sides, while they answer."""
    if dispute.state is not State.DESIGNATING:
        return None
    since = cases.since_triage(session, dispute)[0].at
    query = select(Designation).where(col(Designation.dispute_id) == dispute.id, col(Designation.at) >= since)
    row: Designation | None = session.execute(query.order_by(col(Designation.id).desc())).scalars().first()
    return row


def answer_name(session: Session, dispute: Dispute, side: Side, *, yes: bool, how: str, by: str, now: datetime) -> None:
    """Record a side's word on whom the coordinator named: with the last yes he or she is asked; a no ends the case."""
    lock(session, dispute)
    row = named(session, dispute)
    if row is None:
        raise Conflict(NOT_ASKED)
    if now > row.due_at:
        raise Conflict(N_("答复的时间已过"))
    _record(session, dispute, side, Asked.DESIGNATION, row.mediator_id, yes, how, by, now)
    if not yes:
        cases.finish(session, dispute, "no_choice", by, now)
        tell_officer(session, dispute, News.NO_CHOICE, "refused", now)
    elif _all_said_yes(session, dispute, Asked.DESIGNATION, row.mediator_id, cases.sides_of(session, dispute)):
        _ask_named(session, dispute, row, now)


def _ask_named(session: Session, dispute: Dispute, row: Designation, now: datetime) -> None:
    """Ask whom all sides have accepted; when the slot has gone meanwhile, the case ends with the other routes."""
    if not assignments.may_be_named(session, dispute, row.mediator_id, now):
        cases.finish(session, dispute, "no_choice", "rule", now)
        tell_officer(session, dispute, News.NO_CHOICE, "gone", now)
        return
    assignments.designate(session, dispute, row.mediator_id, agreed="side_word", by=row.by, now=now)


# --- a tie that was disclosed ----------------------------------------------------------------------------------------


def disclose_tie(session: Session, dispute: Dispute, assignment_id: int, *, tie: str, by: str, now: datetime) -> None:
    """Keep the mediator's word on a tie to a side: he or she may go on only when **all** sides agree (披露、豁免)."""
    lock(session, dispute)
    if not tie.strip():
        raise InvalidInput({"disclosed": N_("请写明是什么关系")})
    row = assignments.asked_now(session, dispute, assignment_id)
    row.disclosed = tie.strip()[:200]
    row.due_at = dispute.due_at = within(session, dispute, policy_for(dispute.area).answer_workdays, now)
    row.reason = assignments.TIED
    note(session, dispute, "tie_disclosed", by, now, mediator=row.mediator_id)
    tell_officer(session, dispute, News.TIE, assignment_id, now)
    session.flush()


def answer_tie(session: Session, dispute: Dispute, side: Side, *, yes: bool, how: str, by: str, now: datetime) -> None:
    """Record a side's word on a disclosed tie: with the last yes the mediator has the case; a no asks the next name."""
    lock(session, dispute)
    row = assignments.living(session, dispute)
    if row is None or row.id is None or row.state is not AssignmentState.ASKED or row.reason != assignments.TIED:
        raise Conflict(NOT_ASKED)
    _record(session, dispute, side, Asked.WAIVER, row.id, yes, how, by, now)
    if not yes:
        assignments.step_aside(session, dispute, reason=row.disclosed, by=by, now=now)
    elif _all_said_yes(session, dispute, Asked.WAIVER, row.id, cases.sides_of(session, dispute)):
        mediator = f"mediator:{row.mediator_id}"
        assignments.accept(session, dispute, row.id, disclosed=row.disclosed, by=mediator, now=now, waived=True)


# --- joint mediation, and help ---------------------------------------------------------------------------------------


def wish_joint(session: Session, dispute: Dispute, side: Side, *, how: str, by: str, now: datetime) -> bool:
    """Record that a side wants two mediators of different kinds; tell whether all sides want it now."""
    lock(session, dispute)
    if dispute.state not in (*CHOOSING_STATES, State.PROVISIONAL, State.AWAITING_MEDIATOR, State.SCHEDULED):
        raise Conflict(NOT_ASKED)
    _record(session, dispute, side, Asked.JOINT, 0, True, how, by, now)
    return all_want_joint(session, dispute)


def all_want_joint(session: Session, dispute: Dispute) -> bool:
    """Tell whether every side has asked for joint mediation."""
    return _all_said_yes(session, dispute, Asked.JOINT, 0, cases.sides_of(session, dispute))


def ask_help(session: Session, dispute: Dispute, side: Side, *, by: str, now: datetime) -> None:
    """Make the officer's task to call a side and mark *with* it, never for it; asking twice is once."""
    lock(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in CHOOSING_STATES:
        raise Conflict(N_("现在没有要选的名单"))
    if side.help_asked_at is None:
        side.help_asked_at = now
        note(session, dispute, "help_asked", by, now, side=side.letter)
        tell_officer(session, dispute, News.HELP, side.letter, now)
    session.flush()


def close_provisional(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """End an order whose silent side gave no yes in time; the officer's list has it."""
    lock(session, dispute)
    if dispute.state is not State.PROVISIONAL or dispute.due_at is None or now <= dispute.due_at:
        raise Conflict(N_("答复的时间还没到"))
    cases.finish(session, dispute, "unreachable", by, now)
    tell_officer(session, dispute, News.UNREACHABLE, "no_yes", now)


def close_designation(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """End an order for which nobody was named in time, or whose sides did not answer."""
    lock(session, dispute)
    if dispute.state is not State.DESIGNATING or dispute.due_at is None or now <= dispute.due_at:
        raise Conflict(N_("答复的时间还没到"))
    why, news = ("unreachable", News.UNREACHABLE) if named(session, dispute) else ("no_choice", News.NO_CHOICE)
    cases.finish(session, dispute, why, by, now)
    tell_officer(session, dispute, news, "designation", now)


def join(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Ask the one who joins the lead in a joint mediation: all sides want it, or the case is red."""
    lock(session, dispute)
    if not (all_want_joint(session, dispute) or dispute.colour == "red"):
        raise Conflict(N_("各方都要求,或案情重大,才由两位一起调"))
    assignments.ask_to_join(session, dispute, by=by, now=now)
