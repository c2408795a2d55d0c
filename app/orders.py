"""Order on demand: a frozen list, one secret ballot per side, and a choice that anybody can re-run.

Every function that changes a case takes its lock first (`app.cases.lock`): two sides may seal at the same instant.
What follows the choice is in `app.assignments`.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import assignments, ballot_box, cases, invitations, nominations, objections, suggesting
from app.cases import lock, move, note
from app.errors import N_, Conflict, InvalidInput, NotFound
from app.intake import clean
from app.keyring import SealBroken
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.models import Ballot, BallotChannel, Choice, Dispute, Listing, Mark, Shortlist, Side
from app.order_deadlines import ballots_due, within
from app.order_news import News, tell_officer
from app.policies import policy_for
from app.shortlists import current_round, freeze, listings_of
from matching import choice
from talent_pool.index import RosterIndex

ENDINGS = ("refused", "unreachable", "no_choice", "withdrawn", "self_settled")
STALE = N_("名单已经换了,请看新的名单")
WAITING_STATES = (State.TRIAGED, State.SEEKING_CONSENT, State.PROVISIONAL, State.DESIGNATING)
SEALED = N_("这一方已经封好了")
OVER = N_("选择已经结束,不能再改")


@dataclass(frozen=True)
class Marks:
    """One side's marks: ids of mediators, `want` in tap order."""

    want: tuple[int, ...] = ()
    accept: tuple[int, ...] = ()
    strike: tuple[int, ...] = ()

    def of(self, mediator_id: int) -> Mark:
        """Return what is marked for one name."""
        return next(mark for mark in Mark if mediator_id in getattr(self, mark.value))

    def ids(self) -> list[int]:
        """Return every marked id, sorted; an id marked twice stands there twice."""
        return sorted((*self.want, *self.accept, *self.strike))

    def as_json(self) -> dict[str, list[str]]:
        """Return the form in which `matching.choice` and the log hold it: ids as strings."""
        return {mark.value: [str(each) for each in getattr(self, mark.value)] for mark in Mark}


# --- opening ---------------------------------------------------------------------------------------------------------


def open_order(session: Session, dispute: Dispute, *, index: RosterIndex, by: str, now: datetime) -> Shortlist:
    """Freeze a list of names for the case and give every side its link.

    Called again after a list without a common name it makes the second one, of fresh names. A link that still lives is
    kept: the slip in a villager's pocket opens the second list too.
    """
    lock(session, dispute)
    state = _state_to_open(session, dispute)
    put_before, number = _already_listed(session, dispute), _next_number(session, dispute)
    wishes = nominations.wished_for(session, dispute, number)
    suggestion = suggesting.for_dispute(
        session,
        dispute,
        index,
        now,
        exclude=put_before,
        wished=wishes - put_before,
        wider=state is State.CHOOSING_ROUND2,
    )
    if suggestion.barred:
        raise Conflict(N_("有不宜调解的情形,不能点单"))
    if not suggestion.shortlist:
        raise Conflict(N_("没有合适的调解员,请协调员指定"))
    shortlist = freeze(session, dispute, number, suggestion, now)
    due = ballots_due(session, dispute, now)
    listed = [item.id for item in suggestion.shortlist]
    move(session, dispute, state, by, now, due_at=due, round=shortlist.round, listed=listed)
    for side in cases.sides_of(session, dispute):
        invitations.keep_side_invited(session, dispute, side, now)
    return shortlist


def _next_number(session: Session, dispute: Dispute) -> int:
    newest = current_round(session, dispute)
    return newest.round + 1 if newest else 1


def _state_to_open(session: Session, dispute: Dispute) -> State:
    if dispute.state in (State.TRIAGED, State.SEEKING_CONSENT):
        return State.CHOOSING
    if may_open_again(session, dispute):
        return State.CHOOSING_ROUND2
    raise Conflict(N_("这个案件现在不能发起点单"))


def may_open_again(session: Session, dispute: Dispute) -> bool:
    """Tell whether another list may be drawn now; a case that was taken up again counts its lists anew."""
    if dispute.state is not State.DESIGNATING:
        return False
    return assignments.may_list_again(session, dispute)


def _already_listed(session: Session, dispute: Dispute) -> set[int]:
    query = select(col(Listing.mediator_id)).where(col(Listing.dispute_id) == dispute.id)
    return set(session.execute(query).scalars())


# --- ballots ---------------------------------------------------------------------------------------------------------


def ballots_of(session: Session, shortlist: Shortlist) -> list[Ballot]:
    """Return the sealed ballots of a list."""
    query = select(Ballot).where(col(Ballot.dispute_id) == shortlist.dispute_id, col(Ballot.round) == shortlist.round)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def find_ballot(session: Session, shortlist: Shortlist, side: Side) -> Ballot | None:
    """Return a side's own ballot on a list."""
    return next((each for each in ballots_of(session, shortlist) if each.side_id == side.id), None)


def unsealed(session: Session, dispute: Dispute) -> list[Side]:
    """Return the sides that have yet to seal, in the order in which they mark at one desk.

    A coin drawn from the case number says who begins: it is the same whoever asks, and cannot be tossed again.
    """
    shortlist = current_round(session, dispute)
    if shortlist is None or dispute.state not in CHOOSING_STATES:
        return []
    sealed = {ballot.side_id for ballot in ballots_of(session, shortlist)}
    waiting = [side for side in cases.sides_of(session, dispute) if side.id not in sealed]
    return sorted(waiting, key=lambda side: hashlib.sha256(f"{dispute.no}{side.letter}".encode()).hexdigest())


def sealed_marks(session: Session, dispute: Dispute, side: Side) -> Marks | None:
    """Return what a side has sealed on the present list. For that side's own page alone."""
    shortlist = current_round(session, dispute)
    ballot = find_ballot(session, shortlist, side) if shortlist else None
    return marks_of(session, ballot) if ballot is not None else None


def marks_of(session: Session, ballot: Ballot) -> Marks:
    """Return what a ballot holds. For its own side alone."""
    marks = ballot_box.marks_in(session, ballot)
    return Marks(**{mark.value: tuple(int(each) for each in marks[mark.value]) for mark in Mark})


def read_marks(listed: Collection[int], marks: Mapping[int, Mark], order: Collection[int]) -> Marks:
    """Turn marks per name and the tap order into a ballot.

    A name without a mark counts as 可以; one that is not on the list is refused (Conflict). Wanted names that were not
    tapped follow in the list's order.
    """
    if set(marks) - set(listed):
        raise Conflict(STALE)
    wanted = [each for each in listed if marks.get(each) is Mark.WANT]
    tapped = [each for each in dict.fromkeys(order) if each in wanted]
    return Marks(
        want=(*tapped, *(each for each in wanted if each not in tapped)),
        accept=tuple(each for each in listed if marks.get(each, Mark.ACCEPT) is Mark.ACCEPT),
        strike=tuple(each for each in listed if marks.get(each) is Mark.STRIKE),
    )


def seal(
    session: Session,
    dispute: Dispute,
    side: Side,
    marks: Marks,
    *,
    round_no: int,
    channel: BallotChannel,
    now: datetime,
    by_account: int | None = None,
    reason: str = "",
) -> bool:
    """Seal a side's ballot; another one replaces it until all sides have sealed. Tell whether this made the choice.

    Sealing is also the side's recorded consent to mediation (人民调解法 art. 17, 19). Raises Conflict once the
    choice is made or the list is another one, NotFound for a side of another case, InvalidInput for marks that are
    not a ballot.
    """
    lock(session, dispute)
    shortlist = _open_list(session, dispute, side, round_no)
    if by_account is not None and find_ballot(session, shortlist, side) is not None:
        raise Conflict(SEALED)  # a side changes its ballot itself; no hand at the desk does
    if marks.ids() != sorted(item.mediator_id for item in listings_of(session, shortlist)):
        raise InvalidInput({"marks": N_("每位都要有一个意思,请再看一遍")})
    objections.check_seal(session, dispute, side, shortlist.round, channel)
    _keep_ballot(session, dispute, shortlist, side, marks, channel, now, by_account, clean(reason)[:300])
    objections.settle(session, side, shortlist.round, now)
    objections.tell(session, dispute, side, shortlist.round, now)
    sides = cases.sides_of(session, dispute)
    if len(ballots_of(session, shortlist)) < len(sides):
        return False
    _resolve(session, dispute, shortlist, sides, now)
    return True


def _open_list(session: Session, dispute: Dispute, side: Side, round_no: int) -> Shortlist:
    shortlist = current_round(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in CHOOSING_STATES or shortlist is None:
        raise Conflict(OVER)
    if shortlist.round != round_no:
        raise Conflict(STALE)
    return shortlist


def _keep_ballot(
    session: Session,
    dispute: Dispute,
    shortlist: Shortlist,
    side: Side,
    marks: Marks,
    channel: BallotChannel,
    now: datetime,
    by_account: int | None,
    reason: str,
) -> None:
    ballot = find_ballot(session, shortlist, side)
    assert side.id is not None, "a side of a case is a row"
    if ballot is None:
        ballot = Ballot(**dispute.owns(), round=shortlist.round, side_id=side.id, channel=channel, sealed_at=now)
        session.add(ballot)
    keyring, whose = ballot_box.keyring_of(session), (side.id, side.letter)
    kept = ballot_box.sealed(keyring, dispute.no, dispute.owns(), shortlist.round, whose, marks.as_json(), reason)
    ballot.sealed, ballot.commitment = kept["sealed"], kept["commitment"]
    ballot.channel, ballot.by_account, ballot.sealed_at = channel, by_account, now
    if side.consented_at is None:
        side.consented_at, side.consent_how = now, channel.value
    session.flush()
    actor = f"account:{by_account}" if by_account else f"side:{side.letter}"
    note(session, dispute, "sealed", actor, now, side=side.letter, round=shortlist.round, channel=channel.value)


def _resolve(session: Session, dispute: Dispute, shortlist: Shortlist, sides: list[Side], now: datetime) -> None:
    log = choice_log(session, dispute, shortlist, sides)
    try:
        outcome = choice.resolve_log(log)
    except choice.ChoiceError:
        raise SealBroken(N_("封存的选择被改动过,不能使用")) from None
    kept = ballot_box.sealed_choice(ballot_box.keyring_of(session), dispute.owns(), shortlist.round, log, outcome)
    session.add(Choice(**dispute.owns(), round=shortlist.round, at=now, **kept))
    session.flush()
    if outcome.chosen is None:
        due = assignments.without_a_name_due(session, dispute, now)
        move(session, dispute, State.DESIGNATING, "rule", now, due_at=due, why="no_common_name")
        tell_officer(session, dispute, News.NO_COMMON_NAME, shortlist.round, now)
        return
    note(session, dispute, "chosen", "rule", now, mediator=int(outcome.chosen), round=shortlist.round)
    if outcome.provisional:
        due = within(session, dispute, policy_for(dispute.area).yes_workdays, now)
        move(session, dispute, State.PROVISIONAL, "rule", now, due_at=due)
        tell_officer(session, dispute, News.PROVISIONAL, shortlist.round, now)
        return
    tell_officer(session, dispute, News.CHOSEN, shortlist.round, now)
    assignments.ask_next(session, dispute, now)


def close_list(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Count the list when its time is up: a silent side held all names equal, and is asked for its yes.

    When all sides were silent the case goes back to the officer as unreachable: silence is never consent.
    """
    lock(session, dispute)
    shortlist = current_round(session, dispute)
    if dispute.state not in CHOOSING_STATES or shortlist is None:
        raise Conflict(OVER)
    if dispute.due_at is None or now <= dispute.due_at:
        raise Conflict(N_("选择的时间还没到"))
    if ballots_of(session, shortlist):
        _resolve(session, dispute, shortlist, cases.sides_of(session, dispute), now)
        return
    cases.finish(session, dispute, "unreachable", by, now)
    tell_officer(session, dispute, News.UNREACHABLE, shortlist.round, now)


def choice_log(session: Session, dispute: Dispute, shortlist: Shortlist, sides: list[Side]) -> dict[str, object]:
    """Return the whole input of the choice in the form of `diandan choose`; a side without a ballot is silent.

    Each ballot is held to its commitment when it is counted, here and on any other machine.
    """
    found = {ballot.side_id: ballot for ballot in ballots_of(session, shortlist)}
    spoken = {side.letter: found[side.id] for side in sides if side.id in found}
    marks = {letter: ballot_box.marks_in(session, ballot) for letter, ballot in spoken.items()}
    return {
        "case": dispute.no,
        "round": shortlist.round,
        "shortlist": [
            {"id": str(item.mediator_id), "fit": item.fit, "open_cases": item.open_cases}
            for item in listings_of(session, shortlist)
        ],
        "ballots": {side.letter: marks.get(side.letter) for side in sides},
        "commitments": {letter: ballot_box.receipt_of(session, ballot).as_json() for letter, ballot in spoken.items()},
    }


# --- ending ----------------------------------------------------------------------------------------------------------


def refuse(session: Session, dispute: Dispute, side: Side, *, by: str, now: datetime) -> None:
    """End the case because a side does not want mediation (人民调解法 art. 17, 23): nobody may press it."""
    lock(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    stoppable = (*CHOOSING_STATES, *HOLDS_SLOT, *WAITING_STATES)
    if dispute.state not in stoppable:
        raise Conflict(N_("这个案件现在不能结束"))
    note(session, dispute, "refused", by, now, side=side.letter)
    end(session, dispute, "refused", by=by, now=now)
    tell_officer(session, dispute, News.REFUSED, side.letter, now)


def end(session: Session, dispute: Dispute, why: str, *, by: str, now: datetime) -> None:
    """End the case without an agreement, for one of ENDINGS: whoever was asked is let go, the links stay readable."""
    lock(session, dispute)
    if why not in ENDINGS:
        raise InvalidInput({"why": N_("请选一个结束的原因")})
    cases.finish(session, dispute, why, by, now)


def own_rank(session: Session, dispute: Dispute, side: Side) -> int | None:
    """Return the place of the present mediator in this side's own marks (1 = first).

    None when there is no mediator, or the coordinator named him or her. The other sides' places never leave the log.
    """
    newest, present = assignments.newest_choice(session, dispute), assignments.living(session, dispute)
    if newest is None or present is None:
        return None
    rank = ballot_box.answer_of(session, newest)["ranks"].get(str(present.mediator_id), {}).get(side.letter)
    return int(rank) if rank else None
