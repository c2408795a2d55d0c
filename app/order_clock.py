"""What the clock does for orders: it reminds silent sides, counts lists whose time is up, turns to whoever is next.

The database says what is due; each case is taken on in a transaction of its own, under its lock, and looked at again
there. Doing it twice does nothing: the second time the case is no longer due.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app import assignments, cases, consents, message_texts, nominations, orders, shortlists
from app.clocks import awake
from app.errors import Conflict
from app.lifecycle import CHOOSING_STATES, State
from app.models import AssignmentState, Ballot, Dispute, Outbox, Shortlist, Side
from app.notices import enqueue
from app.order_news import News, tell_officer
from app.policies import policy_for
from app.side_phones import phone_of
from app.workdays import add_workdays, shanghai, show_date
from talent_pool.index import RosterIndex

CLOCK = "clock"
# 09:00 of the day before the deadline's day, and 09:00 of that day: a deadline is the last second of a day.
BEFORE = (timedelta(hours=39), timedelta(hours=15))
SETTLE = timedelta(hours=3)  # nobody is reminded of what he was told this morning, on the police's clock either
PUNCTUAL = timedelta(hours=1)
JUST_AFTER = timedelta(milliseconds=1)  # a day ends with its last second: this is still the same day
RUNNING = (State.PROVISIONAL, State.AWAITING_MEDIATOR, State.DESIGNATING, *CHOOSING_STATES)
REMINDER = "silent_side"


def due(session: Session, now: datetime) -> list[int]:
    """Return the cases whose order the clock must take on, the oldest deadline first."""
    over = and_(col(Dispute.state).in_(RUNNING), col(Dispute.due_at) < now)
    fresh = col(Dispute.state) == State.DESIGNATING
    query = select(Dispute).where(or_(over, fresh)).order_by(col(Dispute.due_at), col(Dispute.id))
    found = session.execute(query).scalars().all()
    return [each.id for each in found if each.id and (_is_over(each, now) or _may_list_at_once(session, each))]


def _is_over(dispute: Dispute, now: datetime) -> bool:
    return dispute.due_at is not None and dispute.due_at < now


def _may_list_at_once(session: Session, dispute: Dispute) -> bool:
    newest = shortlists.current_round(session, dispute)
    if newest is None or not orders.may_open_again(session, dispute):
        return False
    return nominations.all_have_wished(session, dispute, newest.round + 1)


def take_on(session: Session, dispute: Dispute, index: Callable[[], RosterIndex], now: datetime) -> None:
    """Do for one case what its deadline asks for; nothing when somebody else has done it meanwhile.

    What follows is counted from the deadline itself: from the tick behind midnight each step would lose a day. Only a
    clock that was down for longer counts from now, so that nobody is given a deadline that has passed.
    """
    cases.lock(session, dispute)
    if not _is_over(dispute, now):
        if dispute.state is State.DESIGNATING and _may_list_at_once(session, dispute):
            _list_again(session, dispute, index, now)
        return
    assert dispute.due_at is not None, "it is over"
    now = dispute.due_at + JUST_AFTER if now - dispute.due_at < PUNCTUAL else now
    match dispute.state:
        case State.CHOOSING | State.CHOOSING_ROUND2:
            orders.close_list(session, dispute, by=CLOCK, now=now)
        case State.PROVISIONAL:
            consents.close_provisional(session, dispute, by=CLOCK, now=now)
        case State.AWAITING_MEDIATOR:
            _pass_over(session, dispute, now)
        case State.DESIGNATING if orders.may_open_again(session, dispute):
            _list_again(session, dispute, index, now)
        case State.DESIGNATING:
            consents.close_designation(session, dispute, by=CLOCK, now=now)


def _pass_over(session: Session, dispute: Dispute, now: datetime) -> None:
    for row in cases.living_assignments(session, dispute):
        if row.state is AssignmentState.ASKED and row.id and row.due_at < now:
            assignments.pass_over(session, dispute, row.id, by=CLOCK, now=now)
            return


def _list_again(session: Session, dispute: Dispute, index: Callable[[], RosterIndex], now: datetime) -> None:
    try:
        orders.open_order(session, dispute, index=index(), by=CLOCK, now=now)
    except Conflict:
        # Nobody is left to be listed: the coordinator has the time that a name takes.
        over = dispute.due_at is not None and now > dispute.due_at
        if over and not _was_given_time(session, dispute):
            dispute.due_at = add_workdays(now, policy_for(dispute.area).naming_workdays)
            cases.note(session, dispute, "no_list", CLOCK, now)
            session.flush()
        elif over:
            consents.close_designation(session, dispute, by=CLOCK, now=now)


def _was_given_time(session: Session, dispute: Dispute) -> bool:
    return any(event.kind == "no_list" for event in cases.since_triage(session, dispute))


# --- silent sides ----------------------------------------------------------------------------------------------------


def remind(session: Session, now: datetime) -> int:
    """Queue the two reminders of every silent side that are due, with the second the officer's call; return how many.

    A side without a phone is the officer's from the start: both go to the officer's inbox, and into print.
    """
    rows = [row for row in session.execute(_silent(now)).all() if _is_heard(row[0], now)]
    wanted = [(_number(dispute, now), dispute, side, round_no) for dispute, side, round_no in rows]
    keys = {_dedupe(dispute, side, round_no, number) for number, dispute, side, round_no in wanted}
    known = set(session.execute(select(col(Outbox.dedupe)).where(col(Outbox.dedupe).in_(keys))).scalars())
    return sum(
        _remind(session, dispute, side, round_no, number, now)
        for number, dispute, side, round_no in wanted
        if _dedupe(dispute, side, round_no, number) not in known
    )


def somebody_is_silent(session: Session, now: datetime) -> bool:
    """Tell whether there is a side to be reminded, so that a minute with nothing to do takes no write lock."""
    return any(_is_heard(dispute, now) for (dispute, *_) in session.execute(_silent(now).limit(500)))


def _is_heard(dispute: Dispute, now: datetime) -> bool:
    """Tell whether sides may be reminded at this hour; a clock that was down catches up in the morning."""
    return awake(now, policy_for(dispute.area)) == now


def _silent(now: datetime) -> Select[*tuple[Any, ...]]:
    sealed = and_(
        col(Ballot.dispute_id) == col(Dispute.id),
        col(Ballot.round) == col(Shortlist.round),
        col(Ballot.side_id) == col(Side.id),
    )
    newer = aliased(Shortlist)
    later = and_(col(newer.dispute_id) == col(Dispute.id), col(newer.round) > col(Shortlist.round))
    return (
        select(Dispute, Side, col(Shortlist.round))
        .join(Side, col(Side.dispute_id) == col(Dispute.id))
        .join(Shortlist, col(Shortlist.dispute_id) == col(Dispute.id))
        .outerjoin(Ballot, sealed)
        .outerjoin(newer, later)
        .where(
            col(Dispute.state).in_(CHOOSING_STATES),
            col(Dispute.due_at) > now,
            col(Dispute.due_at) <= now + BEFORE[0],
            col(Ballot.id).is_(None),
            col(Shortlist.made_at) <= now - SETTLE,
            col(newer.id).is_(None),
        )
        .order_by(col(Dispute.id), col(Side.letter))
    )


def _number(dispute: Dispute, now: datetime) -> int:
    assert dispute.due_at is not None, "the query asks for it"
    return 2 if now >= dispute.due_at - BEFORE[1] else 1


def _dedupe(dispute: Dispute, side: Side, round_no: int, number: int) -> str:
    assert dispute.due_at is not None, "the query asks for it"
    # With its deadline: a list that is opened again, after an objection, has another one.
    return f"silent:{dispute.id}:{side.letter}:{round_no}:{shanghai(dispute.due_at):%Y%m%d}:{number}"


def _remind(session: Session, dispute: Dispute, side: Side, round_no: int, number: int, now: datetime) -> bool:
    phone = phone_of(session, side)
    fields = {"no": dispute.no, "day": show_date(dispute.due_at or now, "zh")}
    subject, body = message_texts.write(session, dispute.area, REMINDER, "zh", **fields)
    dedupe = _dedupe(dispute, side, round_no, number)
    way = ("sms", phone) if phone else ("inbox", str(dispute.officer_id))
    new = enqueue(
        session,
        dedupe=dedupe,
        channel=way[0],
        recipient=way[1],
        subject=subject,
        body=body.strip(),
        template=REMINDER,
        fields=fields,
        dispute_id=dispute.id,
        now=now,
    )
    if new and not phone:  # the officer is told, and has it in print to take there
        enqueue(
            session,
            dedupe=f"{dedupe}:letter",
            channel="letter",
            recipient=str(side.id),
            subject=subject,
            body=body.strip(),
            dispute_id=dispute.id,
            now=now,
        )
    if new and number == len(BEFORE):
        tell_officer(session, dispute, News.SILENT, f"{round_no}:{side.letter}", now)
    return new
