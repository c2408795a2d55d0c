"""这不是我选的: until the first session a side's phone can undo what was sealed in its name."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app import assignments, invitations, objections, order_clock, orders
from app.db import Database
from app.errors import Conflict, NotFound
from app.lifecycle import State
from app.models import Assignment, AssignmentState, BallotChannel, Choice, Outbox, SealNotice, VoidChoice
from talent_pool.models import Mediator
from tests.app.order_steps import OVER, asked, do, due_at, let_the_clock_tick, no_common_name, told
from tests.app.order_story import Story, an_order, count, held
from tests.clock import NOW


def links(story: Story) -> list[str]:
    """The tokens that phones were sent, oldest first."""
    with story.db.read() as session:
        query = select(col(Outbox.body)).where(col(Outbox.dedupe).startswith("sealed:")).order_by(col(Outbox.id))
        return [re.findall(r"/not-mine/([\w-]+)", body)[0] for body in session.execute(query).scalars()]


def object_(story: Story, letter: str = "A", round_no: int = 1) -> None:
    do(story, objections.take_back, letter, round_no=round_no, by=f"side:{letter}")


def test_every_sealed_ballot_is_told_to_the_phone(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    story.seal("A", strike=story.listed()[:1])
    assert len(set(links(story))) == 2
    with db.read() as session:
        notices = session.execute(select(SealNotice)).scalars().all()
        assert len(notices) == 2 and not [each for each in notices if each.token_hash in links(story)]
    objections.look(db, links(story)[0])
    with pytest.raises(NotFound):
        objections.look(db, "A" * 32)


def test_an_objection_before_the_choice_takes_the_ballot_out(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    token = story.token("A")
    objections.object_by_link(db, links(story)[0], NOW)
    objections.object_by_link(db, links(story)[0], NOW)  # twice is once
    assert told(story, "objected") == 1
    with db.read() as session:
        assert invitations.find_by_token(session, token, NOW) is None, "whoever used the link is shut out"
        assert [side.letter for side in orders.unsealed(session, story.dispute(session))].count("A") == 1
    with pytest.raises(Conflict, match="和民警一起选"):
        story.seal("A")
    story.seal("A", channel=BallotChannel.HELPED)
    assert story.seal("B"), "B's is the last one now"


def test_the_choice_is_undone_and_made_anew(db: Database) -> None:
    story, ids, present = asked(db)
    slots = held_by(story, present.mediator_id)
    object_(story)
    assert story.state() == "choosing" and story.present() is None
    assert held_by(story, present.mediator_id) == slots, "whoever was asked keeps the slot and waits"
    with pytest.raises(Conflict, match="等对方重新选"):
        story.seal("B", strike=ids[:1])
    assert story.seal("A", want=ids[1:], strike=ids[:1], channel=BallotChannel.DESK)
    again = story.present()
    assert again is not None and again.mediator_id == ids[1] and story.state() == "awaiting_mediator"
    assert held_by(story, present.mediator_id) == slots - 1
    with db.read() as session:
        assert (count(session, Choice), count(session, VoidChoice)) == (1, 1)


def held_by(story: Story, mediator_id: int) -> int:
    with story.db.read() as session:
        assert held(session, mediator_id) == session.get_one(Mediator, mediator_id).open_cases
        return held(session, mediator_id)


def test_the_same_mediator_is_asked_again_on_the_same_row(db: Database) -> None:
    story, ids, present = asked(db)
    do(story, assignments.accept, present.id, disclosed="none", by="m")
    object_(story)
    story.seal("A", want=ids, channel=BallotChannel.HELPED)
    again = story.present()
    assert again is not None and (again.id, again.state) == (present.id, AssignmentState.ASKED)
    assert held_by(story, present.mediator_id) == 1
    do(story, assignments.accept, present.id, disclosed="none", by="m")
    assert story.state() == "scheduled"


def test_what_happens_anew_is_told_anew(sqlite_db: Database) -> None:
    story, ids, present = asked(sqlite_db)
    for time in (1, 2):
        do(story, assignments.accept, present.id, disclosed="none", by="m")
        assert [told(story, news) for news in ("chosen", "asked", "accepted")] == [time] * 3
        object_(story)
        assert told(story, "objected") == time
        story.seal("A", want=ids, channel=BallotChannel.HELPED)


def test_a_side_is_reminded_of_the_new_deadline_of_a_list_that_was_opened_again(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)

    def reminded(at: datetime) -> int:
        with sqlite_db.write() as session:
            return order_clock.remind(session, at)

    first = due_at(story)
    calls = [first - timedelta(hours=15), first - timedelta(hours=14)]
    assert [reminded(at) for at in calls] == [2, 0]
    for letter in ("A", "B"):
        story.seal(letter, now=calls[1])
    do(story, objections.take_back, "A", round_no=1, by="side:A", now=first - timedelta(hours=2))
    again = due_at(story)
    assert again > first
    calls = [again - timedelta(hours=each) for each in (39, 38, 15, 14)]
    assert [reminded(at) for at in calls] == [1, 0, 1, 0]
    assert told(story, "silent") == 3, "both sides' before, one side's now"


def test_ending_the_case_meanwhile_gives_the_slot_back(sqlite_db: Database) -> None:
    story, _ids, present = asked(sqlite_db)
    object_(story)
    do(story, orders.end, "withdrawn", by="account:1")
    assert held_by(story, present.mediator_id) == 0
    with sqlite_db.read() as session:
        assert session.get_one(Assignment, present.id).state is AssignmentState.RELEASED


def test_an_objecting_side_that_stays_away_is_silent_and_asked_for_its_yes(sqlite_db: Database) -> None:
    story, _ids, _present = asked(sqlite_db)
    object_(story)
    let_the_clock_tick(story, due_at(story) + OVER)
    assert story.state() == "provisional"


def test_an_objection_after_a_list_without_a_common_name_costs_no_list(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    no_common_name(story)
    object_(story)
    assert story.state() == "choosing"
    story.seal("A", strike=story.listed(), channel=BallotChannel.DESK)
    with sqlite_db.read() as session:
        assert orders.may_open_again(session, story.dispute(session))


def test_after_the_first_session_it_is_too_late(sqlite_db: Database) -> None:
    story, _ids, present = asked(sqlite_db)
    do(story, assignments.accept, present.id, disclosed="none", by="m")
    with sqlite_db.write() as session:
        story.dispute(session).state = State.MEDIATING
    with pytest.raises(Conflict, match="改不了"):
        objections.object_by_link(sqlite_db, links(story)[0], NOW)


def test_other_cases_lists_and_sides_are_refused(sqlite_db: Database) -> None:
    story, other = an_order(sqlite_db), an_order(sqlite_db, pool=0)
    story.seal("A")
    with sqlite_db.write() as session, pytest.raises(NotFound):
        foreign = other.side(session, "A")
        objections.take_back(session, story.dispute(session), foreign, round_no=1, by="side:A", now=NOW)
    for letter, round_no in (("B", 1), ("A", 2)):
        with pytest.raises(Conflict):
            object_(story, letter, round_no)
