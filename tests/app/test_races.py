"""At the same instant: real threads, real transactions, both databases. What is counted are rows, not counters.

Each race has a negative control beside it that takes its protection away and shows that the harness can see the harm.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from app import assignments, cases, consents, order_clock, orders
from app.db import Database
from app.errors import Conflict, DiandanError
from app.lifecycle import State
from app.models import Assignment, AssignmentState, Choice
from talent_pool import roster
from talent_pool.index import RosterIndex
from talent_pool.models import Mediator
from tests.app.order_story import Story, a_pool, an_order, held, open_list, seal, story_of
from tests.builders import a_case, a_mediator, an_officer
from tests.clock import NOW
from tests.economy import rounds

pytestmark = pytest.mark.unmeasured
Work = Callable[[], object]


def at_once(*work: Work) -> list[object]:
    """Do all of it at the same instant, each in a thread; return what each gave back or raised, in order."""
    start, answers = Barrier(len(work)), [None] * len(work)

    def run(place: int, each: Work) -> None:
        start.wait()
        try:
            answers[place] = each()  # type: ignore[call-overload]
        except Exception as problem:
            answers[place] = problem  # type: ignore[call-overload]

    threads = [Thread(target=run, args=pair) for pair in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(answers)


def defects(answers: list[object]) -> list[object]:
    """What is neither an answer nor a refusal in words."""
    return [each for each in answers if isinstance(each, Exception) and not isinstance(each, DiandanError)]


# --- both sides seal -------------------------------------------------------------------------------------------------


def race_of_seals(db: Database, rounds: int) -> tuple[int, list[object]]:
    """Let both sides of so many cases seal at the same instant; return how many cases are stuck, and the defects."""
    with db.write() as session:
        a_pool(session, 6, load_cap=50)
        officer = an_officer(session)
    stuck, wrong = 0, []
    for _ in range(rounds):
        with db.write() as session:
            case = a_case(session, officer=officer)
            open_list(session, case.dispute)
            story = story_of(db, case)
        answers = at_once(lambda s=story: s.seal("A"), lambda s=story: s.seal("B"))  # type: ignore[misc]
        wrong += defects(answers)
        with db.read() as session:
            dispute = story.dispute(session)
            made = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id)).scalars().all()
            asked = assignments.assignments_of(session, dispute)
            stuck += not (len(made) == len(asked) == 1 and dispute.state is State.AWAITING_MEDIATOR)
            wrong += [] if sorted(map(str, answers)) == ["False", "True"] else [answers]
        with db.write() as session:
            orders.end(session, story.dispute(session), "withdrawn", by="account:1", now=NOW)
    return stuck, wrong


@rounds(by_day=30, at_night=1000)  # without the lock one round in eight is stuck
def test_two_sides_that_seal_at_once_make_one_choice(db: Database, rounds: int) -> None:
    assert race_of_seals(db, rounds) == (0, [])


def test_without_the_lock_a_case_can_be_stuck(postgres_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: each side misses the other's ballot, nobody is asked, and nothing tells."""
    monkeypatch.setattr(orders, "lock", lambda _session, dispute: dispute)
    monkeypatch.setattr(cases, "wake", lambda *_given: None)  # its row would keep the second waiting as well
    slow = orders.ballots_of

    def late(session: Session, shortlist: orders.Shortlist) -> list[orders.Ballot]:
        found = slow(session, shortlist)
        if found:
            session.connection().exec_driver_sql("SELECT pg_sleep(0.02)")
        return found

    monkeypatch.setattr(orders, "ballots_of", late)
    stuck, _ = race_of_seals(postgres_db, 10)
    assert stuck > 0


def test_the_same_side_twice_at_once_is_one_ballot(db: Database) -> None:
    story = an_order(db)
    answers = at_once(*[lambda: story.seal("A")] * 8)
    assert (defects(answers), answers) == ([], [False] * 8)
    story.seal("B")
    with db.read() as session:
        assert len(session.execute(select(orders.Ballot)).scalars().all()) == 2


# --- the last slot ---------------------------------------------------------------------------------------------------

RACERS = 8


def race_for_the_last_slot(db: Database, rounds: int) -> tuple[int, list[object]]:
    """Let eight cases want the one mediator who has one slot left; return how often it was given twice, and defects."""
    with db.write() as session:
        wanted = a_mediator(session, name="抢手人", phone="13911112222", load_cap=1).id or 0
        others = [each.id or 0 for each in a_pool(session, 5, load_cap=50)]
        officer = an_officer(session)
        stories = [a_story_of(db, session, officer) for _ in range(RACERS)]
    twice, wrong = 0, []
    for _ in range(rounds):
        reset(db, stories)
        answers = at_once(*[lambda s=story: s.seal("B", want=[wanted]) for story in stories])  # type: ignore[misc]
        wrong += defects(answers)
        with db.read() as session:
            given = held(session, wanted)
            twice += given > 1
            wrong += [] if given else ["nobody has the slot"]
            wrong += [
                state for story in stories if (state := story.dispute(session).state) is not State.AWAITING_MEDIATOR
            ]
            wrong += [each for each in others if session.get_one(Mediator, each).open_cases != held(session, each)]
    return twice, wrong


def a_story_of(db: Database, session: Session, officer: object) -> Story:
    case = a_case(session, officer=officer)  # type: ignore[arg-type]
    open_list(session, case.dispute)
    story = story_of(db, case)
    seal(session, case.dispute, case.sides[0])
    return story


def reset(db: Database, stories: list[Story]) -> None:
    """Back to the moment before side B seals."""
    with db.write() as session:
        for row in session.execute(select(Assignment)).scalars():
            cases.give_slot_back(session, row)
        for table in (orders.Ballot, Choice):
            for row in session.execute(select(table)).scalars():
                if not isinstance(row, orders.Ballot) or row.side_id in {story.sides["B"] for story in stories}:
                    session.delete(row)
        session.flush()
        session.execute(update(orders.Dispute).values(state=State.CHOOSING))
        session.connection().exec_driver_sql("DELETE FROM invitation WHERE assignment_id IS NOT NULL")
        session.connection().exec_driver_sql("DELETE FROM assignment")


@rounds(by_day=8, at_night=1000)  # looking before taking gives it twice in every round
def test_the_last_slot_is_given_once(db: Database, rounds: int) -> None:
    assert race_for_the_last_slot(db, rounds) == (0, [])


def test_looking_before_taking_gives_the_last_slot_twice(
    postgres_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: read the load, then add one. The counter still looks right; the assignments do not."""

    def naive(session: Session, mediator_id: int, _today: object) -> bool:
        row = session.get_one(Mediator, mediator_id, populate_existing=True)
        if row.open_cases >= row.load_cap:
            return False
        session.connection().exec_driver_sql("SELECT pg_sleep(0.01)")
        row.open_cases += 1
        session.flush()
        return True

    monkeypatch.setattr(roster, "reserve", naive)
    monkeypatch.setattr(assignments, "_lock_mediators", lambda _session, _ids: None)
    twice, _ = race_for_the_last_slot(postgres_db, 5)
    assert twice > 0


# --- the mediator answers while the officer passes over --------------------------------------------------------------


@contextmanager
def a_case_that_is_late(db: Database, session: Session, officer: object) -> Iterator[Story]:
    case = a_case(session, officer=officer)  # type: ignore[arg-type]
    open_list(session, case.dispute)
    for side in case.sides:
        seal(session, case.dispute, side)
    yield story_of(db, case)


@pytest.mark.parametrize("answer", ["decline", "accept"])
@rounds(by_day=10, at_night=60)
def test_an_answer_and_a_passing_over_at_once_are_one(db: Database, answer: str, rounds: int) -> None:
    with db.write() as session:
        a_pool(session, 6, load_cap=50)
        officer = an_officer(session)
    for _ in range(rounds):
        with db.write() as session, a_case_that_is_late(db, session, officer) as story:
            first = assignments.living(session, story.dispute(session))
        assert first is not None and first.id is not None
        late = first.due_at + timedelta(minutes=1)
        answers = at_once(
            lambda s=story, i=first.id: reply(s, i, answer),
            lambda s=story, i=first.id, t=late: pass_over(s, i, t),  # type: ignore[misc]
        )
        assert not defects(answers)
        with db.read() as session:
            rows = assignments.assignments_of(session, story.dispute(session))
            living = [row for row in rows if row.state in (AssignmentState.ASKED, AssignmentState.ACCEPTED)]
            assert len(living) == 1
            accepted = living[0].state is AssignmentState.ACCEPTED
            assert len(rows) == (1 if accepted else 2)
            refused = [each for each in answers if isinstance(each, Conflict)]
            assert len(refused) == (1 if answer == "accept" else 0)
            assert sum(row.slot_held for row in rows) == 1
        with db.write() as session:
            orders.end(session, story.dispute(session), "withdrawn", by="account:1", now=NOW)
    with db.read() as session:
        assert {row.open_cases for row in session.execute(select(Mediator)).scalars()} == {0}


def reply(story: Story, assignment_id: int, answer: str) -> None:
    with story.db.write() as session:
        dispute = story.dispute(session)
        if answer == "accept":
            assignments.accept(session, dispute, assignment_id, disclosed="none", by="mediator:1", now=NOW)
        else:
            assignments.decline(session, dispute, assignment_id, reason="busy", by="mediator:1", now=NOW)


def pass_over(story: Story, assignment_id: int, late: object) -> None:
    with story.db.write() as session:
        assignments.pass_over(session, story.dispute(session), assignment_id, by="account:1", now=late)  # type: ignore


# --- mediators handed round ------------------------------------------------------------------------------------------


def race_of_crossing_declines(db: Database, rounds: int) -> list[object]:
    """Two cases pass two mediators to one another at once; return the defects (a circle of waiting is one)."""
    with db.write() as session:
        a_pool(session, 2, load_cap=2)
        officer = an_officer(session)
    wrong: list[object] = []
    for _ in range(rounds):
        with db.write() as session:
            made = [a_case(session, officer=officer) for _ in range(2)]
            stories = [story_of(db, case) for case in made]
            for number, case in enumerate(made):
                open_list(session, case.dispute)
                ids = sorted(item.mediator_id for item in session.execute(select(orders.Listing).where(
                    col(orders.Listing.dispute_id) == case.dispute.id)).scalars())  # fmt: skip
                for side in case.sides:
                    seal(session, case.dispute, side, want=[ids[number]])
            firsts = [assignments.living(session, case.dispute) for case in made]
        work = [lambda s=s, i=f.id: reply(s, i, "decline") for s, f in zip(stories, firsts, strict=True) if f]  # type: ignore[misc]
        wrong += defects(at_once(*work))
        with db.write() as session:
            for story in stories:
                orders.end(session, story.dispute(session), "withdrawn", by="account:1", now=NOW)
    return wrong


@rounds(by_day=8, at_night=60)  # unordered locks close a circle in nine rounds of ten
def test_two_cases_that_swap_their_mediators_do_not_wait_for_one_another(db: Database, rounds: int) -> None:
    assert race_of_crossing_declines(db, rounds) == []


def test_unordered_locks_close_a_circle(postgres_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: without the common order PostgreSQL finds a deadlock and ends one of the two."""
    monkeypatch.setattr(assignments, "_lock_mediators", lambda _session, _ids: None)
    give_back = cases.give_slot_back

    def slowly(session: Session, assignment: Assignment) -> None:
        give_back(session, assignment)
        session.connection().exec_driver_sql("SELECT pg_sleep(0.02)")

    monkeypatch.setattr(cases, "give_slot_back", slowly)
    assert race_of_crossing_declines(postgres_db, 2) != []


# --- the clock, and a side at the last moment ------------------------------------------------------------------------


@rounds(by_day=10, at_night=200)
def test_a_side_that_seals_while_the_clock_counts_is_in_or_out_and_never_half(db: Database, rounds: int) -> None:
    with db.write() as session:
        a_pool(session, 6, load_cap=50)
        officer = an_officer(session)
    seen = set()
    for _ in range(rounds):
        with db.write() as session:
            story = a_story_of(db, session, officer)
            due = story.dispute(session).due_at
        assert due is not None
        late = due + timedelta(seconds=1)
        answers = at_once(
            lambda s=story, t=late: s.seal("B", now=t),
            lambda s=story, t=late: count_by_clock(s, t),
            lambda s=story, t=late: count_by_clock(s, t),  # type: ignore[misc]
        )
        assert not defects(answers)
        with db.read() as session:
            dispute = story.dispute(session)
            (made,) = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id)).scalars()
            asked = assignments.assignments_of(session, dispute)
            expected = State.PROVISIONAL if made.result["provisional"] else State.AWAITING_MEDIATOR
            assert (dispute.state, len(asked)) == (expected, not made.result["provisional"])
            seen.add(dispute.state)
        with db.write() as session:
            orders.end(session, story.dispute(session), "withdrawn", by="account:1", now=NOW)
    assert seen <= {State.PROVISIONAL, State.AWAITING_MEDIATOR}


def count_by_clock(story: Story, late: datetime) -> None:
    with story.db.write() as session:
        order_clock.take_on(session, story.dispute(session), lambda: RosterIndex.load(session), late)


@rounds(by_day=10, at_night=200)
def test_a_yes_and_the_clock_at_once_are_one_end(db: Database, rounds: int) -> None:
    with db.write() as session:
        a_pool(session, 6, load_cap=50)
        officer = an_officer(session)
    for _ in range(rounds):
        with db.write() as session:
            story = a_story_of(db, session, officer)
            due = story.dispute(session).due_at
        assert due is not None
        count_by_clock(story, due + timedelta(seconds=1))
        with db.read() as session:
            until = story.dispute(session).due_at
        assert until is not None
        answers = at_once(
            lambda s=story, t=until: say_yes(s, t),
            lambda s=story, t=until: count_by_clock(s, t + timedelta(seconds=1)),  # type: ignore[misc]
        )
        assert not defects(answers)
        with db.write() as session:
            dispute = story.dispute(session)
            held = [row for row in assignments.assignments_of(session, dispute) if row.slot_held]
            assert (dispute.state, len(held)) in ((State.AWAITING_MEDIATOR, 1), (State.TERMINATED, 0))
            if held:
                orders.end(session, dispute, "withdrawn", by="account:1", now=NOW)


def say_yes(story: Story, now: datetime) -> None:
    with story.db.write() as session:
        word = {"yes": True, "how": "phone", "by": "account:1", "now": now}
        consents.answer_result(session, story.dispute(session), story.side(session, "B"), **word)  # type: ignore[arg-type]
