"""这不是我选的: each sealed ballot is told to the side's phone, which may object until the first session.

An objection opens that side's ballot anew, with an officer beside it: its links are shut, whoever was asked waits, and
the choice that was made no longer counts. The other sides' ballots stay sealed as they are.
"""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlmodel import Session, col

from app import cases, invitations, message_texts, shortlists
from app.cases import lock, move, note
from app.db import Database
from app.errors import N_, Conflict, NotFound
from app.lifecycle import CHOOSING_STATES, State
from app.links import fingerprint
from app.models import (
    Asked,
    Assignment,
    AssignmentState,
    Ballot,
    BallotChannel,
    Choice,
    Designation,
    Dispute,
    SealNotice,
    Shortlist,
    Side,
    SideWord,
    VoidChoice,
)
from app.notices import enqueue
from app.order_deadlines import ballots_due
from app.order_news import News, tell_officer
from app.side_phones import phone_of

OPEN_TO = (*CHOOSING_STATES, State.PROVISIONAL, State.AWAITING_MEDIATOR, State.SCHEDULED, State.DESIGNATING)
TOLD = "seal_told"  # the message
TOO_LATE = N_("现在改不了了,请直接告诉派出所")
WITH_OFFICER = N_("这一次要到派出所,和民警一起选")
WAITS = N_("您的选择已封好,正在等对方重新选")


def tell(session: Session, dispute: Dispute, side: Side, round_no: int, now: datetime) -> None:
    """Tell the side's phone that its ballot was sealed, with a link on which it can object. The link is only here."""
    phone = phone_of(session, side)
    if not phone:
        return
    token = _new_notice(session, dispute, side, round_no, now)
    fields = {"no": dispute.no, "link": f"{invitations.links_of(session).base_url}/not-mine/{token}"}
    subject, body = message_texts.write(session, dispute.area, TOLD, "zh", **fields)
    dedupe = f"sealed:{dispute.id}:{side.letter}:{fingerprint(token)[:16]}"
    enqueue(
        session,
        dedupe=dedupe,
        channel="sms",
        recipient=phone,
        subject=subject,
        body=body.strip(),
        template=TOLD,
        fields=fields,
        dispute_id=dispute.id,
        now=now,
    )


def _new_notice(session: Session, dispute: Dispute, side: Side, round_no: int, now: datetime) -> str:
    assert side.id is not None, "a side of a case is a row"
    token = secrets.token_urlsafe(24)
    session.add(SealNotice(**dispute.owns(), side_id=side.id, round=round_no, token_hash=fingerprint(token), at=now))
    session.flush()
    return token


# --- objecting -------------------------------------------------------------------------------------------------------


def look(database: Database, token: str) -> None:
    """Raise NotFound unless the link is one that a phone was sent. Changes nothing."""
    with database.read() as session:
        _notice(session, token)


def object_by_link(database: Database, token: str, now: datetime) -> None:
    """Take an objection from the side's phone; the same one twice is one."""
    with database.write() as session:
        notice = _notice(session, token)
        dispute, side = session.get_one(Dispute, notice.dispute_id), session.get_one(Side, notice.side_id)
        lock(session, dispute)
        if not is_open(session, side, notice.round):
            take_back(session, dispute, side, round_no=notice.round, by=f"side:{side.letter}", now=now)


def _notice(session: Session, token: str) -> SealNotice:
    found = session.execute(select(SealNotice).where(col(SealNotice.token_hash) == fingerprint(token)))
    notice: SealNotice | None = found.scalar_one_or_none()
    if notice is None:
        raise NotFound()
    return notice


def take_back(session: Session, dispute: Dispute, side: Side, *, round_no: int, by: str, now: datetime) -> None:
    """Open a side's sealed ballot anew because the side says that it did not mark it.

    Raises Conflict once the first session was held, another list is out or somebody was named, NotFound for a side of
    another case.
    """
    lock(session, dispute)
    shortlist = shortlists.current_round(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in OPEN_TO or shortlist is None or shortlist.round != round_no:
        raise Conflict(TOO_LATE)
    where = (col(Ballot.dispute_id) == dispute.id, col(Ballot.round) == round_no, col(Ballot.side_id) == side.id)
    ballot = session.execute(select(Ballot).where(*where)).scalar_one_or_none()
    if ballot is None or _is_about_a_name(session, dispute):
        raise Conflict(TOO_LATE)
    session.delete(ballot)
    cases.revoke_links(session, dispute, now, side_id=side.id)
    _keep_objection(session, dispute, side, round_no, now)
    note(session, dispute, "objected", by, now, side=side.letter, round=round_no)
    _undo_choice(session, dispute, shortlist, by, now)
    tell_officer(session, dispute, News.OBJECTED, f"{round_no}:{side.letter}", now)
    session.flush()


def _is_about_a_name(session: Session, dispute: Dispute) -> bool:
    """Tell whether the coordinator has named somebody since: the ballots no longer matter."""
    since = cases.since_triage(session, dispute)[0].at
    query = select(col(Designation.id)).where(col(Designation.dispute_id) == dispute.id, col(Designation.at) >= since)
    named = any(row.role == "named" for row in cases.living_assignments(session, dispute))
    return named or session.execute(query).first() is not None


def _keep_objection(session: Session, dispute: Dispute, side: Side, round_no: int, now: datetime) -> None:
    mine = (col(SealNotice.side_id) == side.id, col(SealNotice.round) == round_no)
    newest = session.execute(select(SealNotice).where(*mine).order_by(col(SealNotice.id).desc())).scalars().first()
    if newest is None or newest.objected_at is not None:
        # No phone was told, or this is the second time: the officer heard it from the side itself.
        _new_notice(session, dispute, side, round_no, now)
        newest = session.execute(select(SealNotice).where(*mine).order_by(col(SealNotice.id).desc())).scalars().first()
    assert newest is not None, "there is one now"
    newest.objected_at = now


def _undo_choice(session: Session, dispute: Dispute, shortlist: Shortlist, by: str, now: datetime) -> None:
    """Go back to the list: the choice is set aside under its seal, whoever was asked keeps the slot and waits."""
    query = select(Choice).where(col(Choice.dispute_id) == dispute.id, col(Choice.round) == shortlist.round)
    made = session.execute(query).scalar_one_or_none()
    if made is None:
        return
    kept = {"round": made.round, "sealed": made.sealed, "result": made.result, "at": made.at, "voided_at": now}
    session.add(VoidChoice(**dispute.owns(), **kept))
    session.delete(made)
    waiting = cases.living_assignments(session, dispute)
    for row in waiting:
        row.state = AssignmentState.SUSPENDED
    _forget_words(session, dispute, shortlist.round, [row.id for row in waiting if row.id])
    state = State.CHOOSING if shortlist.round == 1 else State.CHOOSING_ROUND2
    move(session, dispute, state, by, now, due_at=ballots_due(session, dispute, now), reopened=True)


def _forget_words(session: Session, dispute: Dispute, round_no: int, assignments: list[int]) -> None:
    """Forget what sides have said to a result and to ties that no longer stand: they are asked again."""
    word = delete(SideWord).where(col(SideWord.dispute_id) == dispute.id)
    session.execute(word.where(col(SideWord.asked) == Asked.RESULT, col(SideWord.key) == round_no))
    session.execute(word.where(col(SideWord.asked) == Asked.WAIVER, col(SideWord.key).in_(assignments)))


# --- until it is marked anew -----------------------------------------------------------------------------------------


def is_open(session: Session, side: Side, round_no: int) -> bool:
    """Tell whether a side has objected and has not marked anew yet."""
    query = select(col(SealNotice.id)).where(col(SealNotice.side_id) == side.id, *_open(round_no))
    return session.execute(query).first() is not None


def _open(round_no: int) -> tuple[ColumnElement[bool], ...]:
    return (
        col(SealNotice.round) == round_no,
        col(SealNotice.objected_at).is_not(None),
        col(SealNotice.settled_at).is_(None),
    )


def check_seal(session: Session, dispute: Dispute, side: Side, round_no: int, channel: BallotChannel) -> None:
    """Raise Conflict when this ballot must not be sealed now: after an objection it takes an officer.

    Who had sealed before the choice was undone knows its result by now, and may not answer it with another ballot.
    """
    if is_open(session, side, round_no):
        if channel is BallotChannel.PHONE:
            raise Conflict(WITH_OFFICER)
        return
    query = (
        select(col(VoidChoice.id))
        .join(Ballot, (col(Ballot.dispute_id) == dispute.id) & (col(Ballot.side_id) == side.id))
        .where(col(VoidChoice.dispute_id) == dispute.id, col(VoidChoice.round) == round_no)
        .where(col(Ballot.round) == round_no)
    )
    if session.execute(query).first() is not None:
        raise Conflict(WAITS)


def settle(session: Session, side: Side, round_no: int, now: datetime) -> None:
    """Note that the side has marked anew."""
    session.execute(
        update(SealNotice).where(col(SealNotice.side_id) == side.id, *_open(round_no)).values(settled_at=now)
    )


def let_others_go(session: Session, dispute: Dispute) -> None:
    """Give back the slots of those who waited while the sides chose another; they may still be asked as reserves."""
    query = select(Assignment).where(
        col(Assignment.dispute_id) == dispute.id, col(Assignment.state) == AssignmentState.SUSPENDED
    )
    for row in session.execute(query).scalars():
        cases.give_slot_back(session, row)
