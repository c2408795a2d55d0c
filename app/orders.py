"""Order on demand: a frozen list, one secret ballot per side, a choice that can be re-run, and a mediator who is asked.

Every function that changes a case takes its lock first (`app.cases.lock`): two sides may seal, and a mediator may decline, at the same instant.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

import matching
from app import cases, invitations, suggesting
from app.cases import lock, move, note
from app.errors import Conflict, InvalidInput, N_, NotFound
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.models import (
    Assignment, AssignmentState, Ballot, BallotChannel, Choice, Dispute, Listing, Mark, Shortlist, Side,
)
from app.policies import policy_for
from app.workdays import calendar
from matching import choice
from talent_pool import roster
from talent_pool.index import RosterIndex
from talent_pool.models import Mediator


@dataclass(frozen=True)
class Marks:
    """One side's marks: ids of mediators, `want` in tap order."""

    want: tuple[int, ...] = ()
    accept: tuple[int, ...] = ()
    strike: tuple[int, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        """Return the form in which `matching.choice` and the log hold it: ids as strings."""
        return {mark: [str(each) for each in getattr(self, mark)] for mark in ("want", "accept", "strike")}


# --- opening ---------------------------------------------------------------------------------------------------------------------------


def open_order(session: Session, dispute: Dispute, *, index: RosterIndex, by: str, now: datetime) -> Shortlist:
    """Freeze a list of names for the case and invite every side. A second call after a round without a common name makes round 2, with fresh names."""
    lock(session, dispute)
    number = _round_to_open(session, dispute)
    seen = _already_listed(session, dispute)
    suggestion = suggesting.for_dispute(session, dispute, index, now, exclude=seen)
    if suggestion.barred:
        raise Conflict(N_("有不宜调解的情形,不能点单"))
    if not suggestion.shortlist:
        raise Conflict(N_("没有合适的调解员:请扩大范围或请协调员指定"))
    shortlist = _freeze(session, dispute, number, suggestion, now)
    policy = policy_for(dispute.area)
    due = calendar().add_workdays(now, policy.ballot_workdays)
    move(session, dispute, State.CHOOSING if number == 1 else State.CHOOSING_ROUND2, by, now, due_at=due, round=number, listed=[item.id for item in suggestion.shortlist])
    for side in cases.sides_of(session, dispute):
        invitations.invite_side(session, dispute, side, now)
    return shortlist


def _round_to_open(session: Session, dispute: Dispute) -> int:
    if dispute.state in (State.TRIAGED, State.SEEKING_CONSENT):
        return 1
    if dispute.state is State.DESIGNATING and len(_rounds(session, dispute)) == 1:
        return 2
    raise Conflict(N_("这个案件现在不能发起点单"))


def _rounds(session: Session, dispute: Dispute) -> list[Shortlist]:
    return list(session.execute(select(Shortlist).where(col(Shortlist.dispute_id) == dispute.id).order_by(col(Shortlist.round))).scalars())


def _already_listed(session: Session, dispute: Dispute) -> set[int]:
    return set(session.execute(select(Listing.mediator_id).where(col(Listing.dispute_id) == dispute.id)).scalars())


def _freeze(session: Session, dispute: Dispute, number: int, suggestion: matching.Suggestion, now: datetime) -> Shortlist:
    shortlist = Shortlist(**dispute.owns(), round=number, made_at=now, widened_to=suggestion.widened_to, excluded=dict(suggestion.excluded))
    session.add(shortlist)
    session.flush()
    session.add_all(
        Listing(
            **dispute.owns(), shortlist_id=shortlist.id, position=position, mediator_id=person.id, fit=person.fit, open_cases=person.open_cases,
            name=person.name, kind=person.kind, card=person.card(), reasons=[reason.as_json() for reason in person.reasons],
        )
        for position, person in enumerate(suggestion.shortlist, start=1)
    )
    session.flush()
    return shortlist


# --- ballots ---------------------------------------------------------------------------------------------------------------------------


def current_round(session: Session, dispute: Dispute) -> Shortlist | None:
    """Return the newest list, None before the first."""
    return session.execute(select(Shortlist).where(col(Shortlist.dispute_id) == dispute.id).order_by(col(Shortlist.round).desc()).limit(1)).scalar_one_or_none()


def listings_of(session: Session, shortlist: Shortlist) -> list[Listing]:
    """Return the names of a list in their frozen order."""
    return list(session.execute(select(Listing).where(col(Listing.shortlist_id) == shortlist.id).order_by(col(Listing.position))).scalars())


def ballots_of(session: Session, shortlist: Shortlist) -> list[Ballot]:
    """Return the sealed ballots of a round."""
    query = select(Ballot).where(col(Ballot.dispute_id) == shortlist.dispute_id, col(Ballot.round) == shortlist.round)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def read_marks(listed: Collection[int], marks: dict[int, Mark], order: list[int]) -> Marks:
    """Turn marks per name and the tap order into a ballot; a name without a mark counts as 可以, one that is not on the list is refused."""
    if set(marks) - set(listed):
        raise InvalidInput({"marks": N_("名单已经换了,请重新打开链接")})
    wanted = [each for each in listed if marks.get(each) is Mark.WANT]
    tapped = [each for each in dict.fromkeys(order) if each in wanted]
    rest = [each for each in wanted if each not in tapped]
    return Marks(
        want=(*tapped, *rest),
        accept=tuple(each for each in listed if marks.get(each, Mark.ACCEPT) is Mark.ACCEPT),
        strike=tuple(each for each in listed if marks.get(each) is Mark.STRIKE),
    )


def seal(session: Session, dispute: Dispute, side: Side, marks: Marks, *, channel: BallotChannel, now: datetime, by_account: int | None = None) -> bool:
    """Seal a side's ballot; a second one replaces the first until all sides have sealed. Tell whether this made the choice.

    Sealing is also the side's recorded consent to mediation (人民调解法 art. 17 and 19).
    """
    lock(session, dispute)
    shortlist = current_round(session, dispute)
    if dispute.state not in CHOOSING_STATES or shortlist is None:
        raise Conflict(N_("点单已经结束,不能再改"))
    listed = {item.mediator_id for item in listings_of(session, shortlist)}
    if {*marks.want, *marks.accept, *marks.strike} != listed:
        raise InvalidInput({"marks": N_("名单已经换了,请重新打开链接")})
    _keep_ballot(session, dispute, shortlist, side, marks, channel, now, by_account)
    _consent(session, side, channel, now)
    sides = cases.sides_of(session, dispute)
    if len(ballots_of(session, shortlist)) < len(sides):
        return False
    _resolve(session, dispute, shortlist, sides, now)
    return True


def _keep_ballot(session: Session, dispute: Dispute, shortlist: Shortlist, side: Side, marks: Marks, channel: BallotChannel, now: datetime, by_account: int | None) -> None:
    ballot = next((each for each in ballots_of(session, shortlist) if each.side_id == side.id), None)
    if ballot is None:
        ballot = Ballot(**dispute.owns(), round=shortlist.round, side_id=side.id, channel=channel, sealed_at=now)
        session.add(ballot)
    ballot.marks, ballot.channel, ballot.by_account, ballot.sealed_at = marks.as_json(), channel, by_account, now
    session.flush()
    note(session, dispute, "sealed", f"side:{side.letter}", now, round=shortlist.round, channel=channel.value)


def _consent(session: Session, side: Side, channel: BallotChannel, now: datetime) -> None:
    if side.consented_at is None:
        side.consented_at, side.consent_how = now, channel.value
        session.flush()


def refuse(session: Session, dispute: Dispute, side: Side, *, by: str, now: datetime) -> None:
    """End the case because a side does not want mediation (art. 17): nobody may press it. The other routes are shown and printed."""
    lock(session, dispute)
    if dispute.state not in (*CHOOSING_STATES, State.TRIAGED, State.SEEKING_CONSENT, State.DESIGNATING, *HOLDS_SLOT):
        raise Conflict(N_("这个案件现在不能结束"))
    note(session, dispute, "refused", by, now, side=side.letter)
    end(session, dispute, "refused", by=by, now=now)


def end(session: Session, dispute: Dispute, why: str, *, by: str, now: datetime) -> None:
    """End the case without an agreement: refused, unreachable, no_choice, withdrawn or self_settled."""
    lock(session, dispute)
    cases.release(session, dispute, now)
    dispute.ended, dispute.closed_at = why, now
    move(session, dispute, State.TERMINATED, by, now, why=why)


# --- the choice ------------------------------------------------------------------------------------------------------------------------


def _resolve(session: Session, dispute: Dispute, shortlist: Shortlist, sides: list[Side], now: datetime) -> None:
    letters = {side.id: side.letter for side in sides}
    log = {
        "case": dispute.no,
        "shortlist": [{"id": str(item.mediator_id), "fit": item.fit, "open_cases": item.open_cases} for item in listings_of(session, shortlist)],
        "ballots": {letters[ballot.side_id]: ballot.marks for ballot in sorted(ballots_of(session, shortlist), key=lambda each: letters[each.side_id])},
    }
    outcome = choice.resolve_log(log)
    session.add(Choice(**dispute.owns(), round=shortlist.round, log=log, result=outcome.as_json(), at=now))
    session.flush()
    if outcome.chosen is None:
        move(session, dispute, State.DESIGNATING, "clock", now, due_at=calendar().add_workdays(now, policy_for(dispute.area).designate_workdays), why="no_common_name")
        return
    note(session, dispute, "chosen", "rule", now, mediator=int(outcome.chosen), round=shortlist.round)
    ask_next(session, dispute, now)


def ask_next(session: Session, dispute: Dispute, now: datetime) -> Assignment | None:
    """Ask the next acceptable name who can take the case; nobody is asked twice. Without one the case goes to the coordinator."""
    for mediator_id in _still_to_ask(session, dispute):
        assignment = _try(session, dispute, mediator_id, now)
        if assignment.state is AssignmentState.ASKED:
            if dispute.state is not State.AWAITING_MEDIATOR:
                move(session, dispute, State.AWAITING_MEDIATOR, "rule", now, due_at=assignment.due_at, mediator=mediator_id)
            else:
                dispute.due_at = assignment.due_at
                note(session, dispute, "asked", "rule", now, mediator=mediator_id)
            session.flush()
            return assignment
    move(session, dispute, State.DESIGNATING, "rule", now, due_at=calendar().add_workdays(now, policy_for(dispute.area).designate_workdays), why="nobody_left")
    return None


def _still_to_ask(session: Session, dispute: Dispute) -> list[int]:
    newest = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id).order_by(col(Choice.round).desc()).limit(1)).scalar_one_or_none()
    if newest is None or newest.result["chosen"] is None:
        return []
    asked = {row.mediator_id for row in assignments_of(session, dispute)}
    return [int(each) for each in (newest.result["chosen"], *newest.result["reserves"]) if int(each) not in asked]


def assignments_of(session: Session, dispute: Dispute) -> list[Assignment]:
    """Return everybody who was asked, in the order of asking."""
    query = select(Assignment).where(col(Assignment.dispute_id) == dispute.id).order_by(col(Assignment.position))
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def _try(session: Session, dispute: Dispute, mediator_id: int, now: datetime) -> Assignment:
    """Take a slot of the mediator's cap if there is one and nothing forbids it: decided here, in the assigning transaction, whatever the index said."""
    recused = mediator_id in suggesting.recused(session, dispute)
    free = not recused and roster.reserve(session, mediator_id, calendar().day(now))
    assignment = Assignment(
        **dispute.owns(), mediator_id=mediator_id, position=len(assignments_of(session, dispute)) + 1,
        state=AssignmentState.ASKED if free else AssignmentState.UNAVAILABLE, slot_held=free, asked_at=now,
        due_at=calendar().add_workdays(now, policy_for(dispute.area).accept_workdays), reason="" if free else ("recused" if recused else "full_or_absent"),
    )
    session.add(assignment)
    session.flush()
    if free:
        invitations.invite_mediator(session, dispute, assignment, now)
    return assignment


def accept(session: Session, dispute: Dispute, assignment_id: int, *, disclosed: str, by: str, now: datetime) -> Assignment:
    """Let the mediator take the case; the same answer twice is the same answer."""
    lock(session, dispute)
    assignment = _assignment(session, dispute, assignment_id)
    if assignment.state is AssignmentState.ACCEPTED:
        return assignment
    if assignment.state is not AssignmentState.ASKED or dispute.state is not State.AWAITING_MEDIATOR:
        raise Conflict(N_("这个案件已经不用您答复了"))
    if assignment.mediator_id in suggesting.recused(session, dispute):
        raise Conflict(N_("您与当事人有需要回避的关系,不能接这个案件"))
    assignment.state, assignment.answered_at, assignment.disclosed = AssignmentState.ACCEPTED, now, disclosed[:200]
    move(session, dispute, State.SCHEDULED, by, now, due_at=calendar().add_workdays(now, policy_for(dispute.area).first_session_workdays), mediator=assignment.mediator_id)
    return assignment


def decline(session: Session, dispute: Dispute, assignment_id: int, *, reason: str, by: str, now: datetime) -> None:
    """Let the mediator say no (or the officer pass over one who does not answer): the slot is given back and the next one is asked."""
    lock(session, dispute)
    assignment = _assignment(session, dispute, assignment_id)
    if assignment.state is AssignmentState.DECLINED:
        return
    if assignment.state is not AssignmentState.ASKED or dispute.state is not State.AWAITING_MEDIATOR:
        raise Conflict(N_("这个案件已经不用您答复了"))
    assignment.state, assignment.answered_at, assignment.reason = AssignmentState.DECLINED, now, reason[:200]
    cases.give_slot_back(session, assignment)
    note(session, dispute, "declined", by, now, mediator=assignment.mediator_id, reason=reason[:200])
    ask_next(session, dispute, now)


def replace(session: Session, dispute: Dispute, *, reason: str, by: str, now: datetime) -> None:
    """Change the mediator who has accepted: the next acceptable name is asked (在线调解规则 art. 14: once)."""
    lock(session, dispute)
    living = cases.living_assignments(session, dispute)
    if not living or dispute.state not in (State.SCHEDULED, State.MEDIATING):
        raise Conflict(N_("现在没有可更换的调解员"))
    if any(row.state is AssignmentState.RELEASED for row in assignments_of(session, dispute)):
        raise Conflict(N_("已经换过一次调解员,不能再换"))
    cases.release(session, dispute, now)
    note(session, dispute, "replaced", by, now, mediator=living[0].mediator_id, reason=reason[:200])
    ask_next(session, dispute, now)


def designate(session: Session, dispute: Dispute, mediator_id: int, *, agreed: str, by: str, now: datetime) -> Assignment:
    """Ask a mediator whom the coordinator names, once every side has said yes to him or her (`agreed`: how they said it). A struck name is refused."""
    lock(session, dispute)
    if dispute.state is not State.DESIGNATING:
        raise Conflict(N_("这个案件现在不需要指定"))
    if not agreed.strip():
        raise InvalidInput({"agreed": N_("请写明各方怎样同意的")})
    if mediator_id in struck(session, dispute) or mediator_id in {row.mediator_id for row in assignments_of(session, dispute)}:
        raise Conflict(N_("这位有一方不要,或已经问过,请另选一位"))
    if session.get(Mediator, mediator_id) is None:
        raise NotFound()
    assignment = _try(session, dispute, mediator_id, now)
    if assignment.state is not AssignmentState.ASKED:
        session.delete(assignment)  # nobody was asked: he or she may be named again when free
        session.flush()
        raise Conflict(N_("这位要回避、请假或案件已满,请另选一位"))
    move(session, dispute, State.AWAITING_MEDIATOR, by, now, due_at=assignment.due_at, mediator=mediator_id, designated=True, agreed=agreed[:200])
    return assignment


def struck(session: Session, dispute: Dispute) -> set[int]:
    """Return everybody whom a side struck in a finished round. Never shown: it only refuses a designation."""
    logs = session.execute(select(Choice.log).where(col(Choice.dispute_id) == dispute.id)).scalars()
    return {int(each) for log in logs for ballot in log["ballots"].values() if ballot for each in ballot["strike"]}


def own_rank(session: Session, dispute: Dispute, side: Side) -> int | None:
    """Return the place that the chosen name had in this side's own marks (1 = first), for the sentence 为什么是他; the other side's stay hidden."""
    newest = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id).order_by(col(Choice.round).desc()).limit(1)).scalar_one_or_none()
    living = cases.living_assignments(session, dispute)
    if newest is None or not living:
        return None
    ranks: dict[str, Any] = newest.result["ranks"].get(str(living[0].mediator_id), {})
    return ranks.get(side.letter)


def _assignment(session: Session, dispute: Dispute, assignment_id: int) -> Assignment:
    found = next((row for row in assignments_of(session, dispute) if row.id == assignment_id), None)
    if found is None:
        raise NotFound()
    return found

