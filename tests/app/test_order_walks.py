"""Any order of events: whatever two sides, mediators, an officer and a coordinator do, the promises of an order hold.

Random walks over the use cases, seeded. A step may be refused in words; it may not break, and after each one no slot is
lost or given twice, at most one mediator counts, nobody is asked twice, nobody who was struck is asked.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from app import assignments, ballot_box, cases, invitations, orders, shortlists
from app.db import Database
from app.errors import DiandanError
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.models import Assignment, AssignmentState, BallotChannel, Choice, Dispute, Invitation, Mark
from matching import choice
from talent_pool import roster
from talent_pool.models import Mediator, RelationKind
from tests.app.order_story import Story, a_pool, open_list, story_of
from tests.builders import a_case, an_officer
from tests.clock import NOW
from tests.economy import seeds

WALKS, MOST_WALKS, STEPS = 20, 80, 22
Step = Callable[[Session, Dispute, Story, Random], object]


def seal(session: Session, dispute: Dispute, story: Story, dice: Random) -> object:
    shortlist = shortlists.current_round(session, dispute)
    listed = [item.mediator_id for item in shortlists.listings_of(session, shortlist)] if shortlist else []
    strict = dice.random() < 0.3
    words = [Mark.STRIKE] if strict else [Mark.WANT, Mark.ACCEPT, Mark.ACCEPT, Mark.STRIKE]
    marks = {each: dice.choice(words) for each in listed}
    ballot = orders.read_marks(listed, marks, dice.sample(listed, len(listed)))
    number = dice.choice([1, shortlist.round]) if shortlist else 1
    side = story.side(session, dice.choice("AB"))
    return orders.seal(session, dispute, side, ballot, round_no=number, channel=BallotChannel.PHONE, now=NOW)


def an_assignment(session: Session, dispute: Dispute, dice: Random) -> int:
    rows = assignments.assignments_of(session, dispute)
    return dice.choice(rows[-2:]).id or 0 if rows else 0


def accept(session: Session, dispute: Dispute, _story: Story, dice: Random) -> object:
    number = an_assignment(session, dispute, dice)
    return assignments.accept(session, dispute, number, disclosed="none", by="mediator:1", now=NOW)


def decline(session: Session, dispute: Dispute, _story: Story, dice: Random) -> object:
    number = an_assignment(session, dispute, dice)
    return assignments.decline(session, dispute, number, reason="busy", by="mediator:1", now=NOW)


def pass_over(session: Session, dispute: Dispute, _story: Story, dice: Random) -> object:
    late = NOW + timedelta(days=dice.choice([0, 9]))
    return assignments.pass_over(session, dispute, an_assignment(session, dispute, dice), by="account:1", now=late)


def replace(session: Session, dispute: Dispute, _story: Story, _dice: Random) -> object:
    return assignments.replace(session, dispute, reason="一方不满", by="account:1", now=NOW)


def designate(session: Session, dispute: Dispute, _story: Story, dice: Random) -> object:
    everybody = list(session.execute(select(Mediator.id)).scalars())
    return assignments.designate(session, dispute, dice.choice(everybody) or 0, agreed="都行", by="account:9", now=NOW)


def open_again(session: Session, dispute: Dispute, _story: Story, _dice: Random) -> object:
    return open_list(session, dispute)


def reissue(session: Session, dispute: Dispute, story: Story, dice: Random) -> object:
    side = story.side(session, dice.choice("AB"))
    return invitations.reissue(session, dispute, side, by="account:1", now=NOW)


def refuse(session: Session, dispute: Dispute, story: Story, dice: Random) -> object:
    return orders.refuse(session, dispute, story.side(session, dice.choice("AB")), by="side:A", now=NOW)


def take_up_again(session: Session, dispute: Dispute, _story: Story, _dice: Random) -> object:
    return cases.move(session, dispute, State.TRIAGED, "account:1", NOW)


def declare_a_tie(session: Session, dispute: Dispute, _story: Story, dice: Random) -> object:
    listed = session.execute(select(Mediator.id)).scalars().all()
    person = dice.choice(cases.parties_of(session, dispute))
    return roster.declare_relation(session, dice.choice(listed) or 0, RelationKind.KIN, person)


LIKELY: tuple[Step, ...] = (seal, seal, seal, seal, accept, decline, decline, replace, open_again)
RARE: tuple[Step, ...] = (pass_over, designate, reissue, refuse, take_up_again, declare_a_tie)


def holds(session: Session, dispute: Dispute) -> None:
    """Everything that must be true after every step."""
    rows = assignments.assignments_of(session, dispute)
    living = [row for row in rows if row.state in (AssignmentState.ASKED, AssignmentState.ACCEPTED)]
    assert len(living) == (1 if dispute.state in HOLDS_SLOT else 0)
    assert all(row.slot_held == (row in living) for row in rows)
    assert len({row.mediator_id for row in rows}) == len(rows)
    held = func.count(col(Assignment.id)).filter(col(Assignment.slot_held))
    slots = select(col(Mediator.id), held).outerjoin(Assignment).group_by(col(Mediator.id))
    counted = dict(session.execute(slots).all())
    for mediator in session.execute(select(Mediator).execution_options(populate_existing=True)).scalars():
        assert mediator.open_cases == counted[mediator.id] <= mediator.load_cap
    for made in session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id)).scalars():
        assert choice.resolve_log(ballot_box.log_of(session, made)).as_json() == ballot_box.answer_of(session, made)
    asked = {row.mediator_id for row in rows if row.state is not AssignmentState.UNAVAILABLE}
    assert not asked & ballot_box.struck(session, dispute)
    links = select(Invitation).where(col(Invitation.dispute_id) == dispute.id, col(Invitation.revoked_at).is_(None))
    sides = [row.side_id for row in session.execute(links).scalars() if row.side_id]
    assert len(sides) == len(set(sides)), "one living link a side"
    if dispute.state in CHOOSING_STATES:
        assert len(orders.unsealed(session, dispute)) > 0


def walk(db: Database, story: Story, dice: Random) -> list[str]:
    """Take so many steps, each in a transaction; return the ones that were not refused."""
    done = []
    for _ in range(STEPS):
        step = dice.choice(LIKELY if dice.random() < 0.75 else RARE)
        try:
            with db.write() as session:
                step(session, story.dispute(session), story, dice)
                done.append(step.__name__)
        except DiandanError:
            pass
        with db.read() as session:
            holds(session, story.dispute(session))
    return done


@pytest.mark.unmeasured
@seeds(by_day=1, at_night=8)
def test_whatever_happens_the_promises_hold(db: Database, seed: int) -> None:
    dice = Random(seed)
    with db.write() as session:
        a_pool(session, 16, load_cap=2)
        officer = an_officer(session)
    kinds, seen = (
        {"seal", "accept", "decline", "open_again", "designate", "replace", "take_up_again", "refuse"},
        set[str](),
    )
    for number in range(MOST_WALKS):
        if number >= WALKS and kinds <= seen:  # what is rare may need more walks than usual
            break
        with db.write() as session:
            case = a_case(session, officer=officer)
            open_list(session, case.dispute)
            story = story_of(db, case)
        seen.update(walk(db, story, dice))
        with db.write() as session:
            cases.release(session, story.dispute(session), NOW)
            story.dispute(session).state = State.TERMINATED
            for relation in session.execute(select(roster.Relation)).scalars():
                session.delete(relation)
    assert kinds <= seen
