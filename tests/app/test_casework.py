"""What happens in the room and after it, on both databases."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from app import cases, casework
from app.casework import FollowUpIn, MeetingIn
from app.db import Database
from app.errors import Conflict, DiandanError, InvalidInput
from app.lifecycle import OPEN, State
from app.models import Assignment, AssignmentState, Dispute, Gate, GateState
from app.scope import SYSTEM, Role, Scope, ScopeMissing
from talent_pool import roster
from talent_pool.models import Mediator
from tests.builders import a_case, a_mediator
from tests.clock import NOW, SHANGHAI

BY = "account:1"
TERMS = "童大山在11月30日前疏通水路,邱有田不再阻拦。"


def meeting(outcome: str = "agreed_written", **given: Any) -> MeetingIn:
    row = {"held_at": NOW, "place": "交口村委会", "present": "双方", "outcome": outcome}
    agreed = {"terms": TERMS, "perform_by": date(2026, 11, 30)} if outcome.startswith("agreed") else {}
    return MeetingIn(**(row | agreed | given))


def visit(**given: Any) -> FollowUpIn:
    return FollowUpIn(**({"visited_at": NOW, "performed": "performed"} | given))


def accepted(session: Session, state: State = State.SCHEDULED) -> tuple[Dispute, Assignment, Mediator]:
    """A case whose mediator has accepted and holds a slot for it."""
    dispute = a_case(session, state=state, due_at=NOW + timedelta(days=3)).dispute
    mediator = a_mediator(session)
    assert mediator.id is not None
    assert roster.reserve(session, mediator.id, NOW.date())
    assignment = Assignment(
        **dispute.owns(), mediator_id=mediator.id, position=1, state=AssignmentState.ACCEPTED, slot_held=True,
        asked_at=NOW, due_at=NOW,
    )  # fmt: skip
    session.add(assignment)
    session.flush()
    return dispute, assignment, mediator


def performing(session: Session) -> Dispute:
    dispute, _, _ = accepted(session)
    casework.record(session, dispute, meeting(), by=BY, now=NOW)
    return dispute


def test_an_agreement_is_kept_and_waits_for_its_day(db: Database) -> None:
    with db.write() as session:
        dispute, assignment, mediator = accepted(session)
        casework.record(session, dispute, meeting(facts="水路之争", performance_way="自行疏通"), by=BY, now=NOW)
        assert dispute.state is State.PERFORMING
        assert dispute.due_at == datetime(2026, 11, 30, 23, 59, 59, tzinfo=SHANGHAI)
        agreement = casework.agreement_of(session, dispute)
        assert agreement is not None
        assert (agreement.facts, agreement.terms, agreement.oral) == ("水路之争", TERMS, False)
        assert agreement.performed == "pending"
        # It stays this mediator's case, but the slot is free again, exactly once.
        session.refresh(mediator)
        assert (assignment.state, assignment.slot_held, mediator.open_cases) == (AssignmentState.ACCEPTED, False, 0)
        moves = [event.data["after"] for event in cases.history(session, dispute) if event.kind == "moved"]
        assert moves == ["mediating", "agreed_written", "performing"]


def test_without_facts_the_narrative_stands_in_and_an_oral_agreement_is_marked(db: Database) -> None:
    with db.write() as session:
        dispute, _, _ = accepted(session)
        casework.record(session, dispute, meeting("agreed_oral", perform_by=None), by=BY, now=NOW)
        agreement = casework.agreement_of(session, dispute)
        assert agreement is not None
        assert agreement.oral
        assert agreement.facts == dispute.narrative
        assert dispute.due_at == NOW + timedelta(days=7)


def test_a_first_session_starts_the_month_and_a_second_does_not_start_it_again(db: Database) -> None:
    with db.write() as session:
        dispute, assignment, _ = accepted(session)
        casework.record(session, dispute, meeting("continued"), by=BY, now=NOW)
        assert (dispute.state, dispute.due_at) == (State.MEDIATING, NOW + timedelta(days=30))
        later = NOW + timedelta(days=5)
        casework.record(session, dispute, meeting("continued", held_at=later), by=BY, now=later)
        assert dispute.due_at == NOW + timedelta(days=30)
        assert assignment.slot_held
        assert [row.held_at for row in casework.meetings_of(session, dispute)] == [NOW, later]


@pytest.mark.parametrize(
    ("outcome", "state", "ended"), [("failed", State.FAILED, ""), ("withdrawn", State.TERMINATED, "withdrawn")]
)
def test_a_mediation_that_ends_gives_the_slot_back(db: Database, outcome: str, state: State, ended: str) -> None:
    with db.write() as session:
        dispute, assignment, mediator = accepted(session)
        casework.record(session, dispute, meeting(outcome), by=BY, now=NOW)
        session.refresh(mediator)
        assert (dispute.state, dispute.ended, dispute.closed_at) == (state, ended, NOW)
        assert (assignment.slot_held, mediator.open_cases) == (False, 0)
        assert casework.agreement_of(session, dispute) is None
        assert dispute.state not in OPEN


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"held_at": NOW + timedelta(hours=2)}, "held_at"),
        ({"held_at": NOW - timedelta(days=40)}, "held_at"),
        ({"held_at": "0001-01-01T00:00"}, "held_at"),
        ({"held_at": "9999-12-31T23:59"}, "held_at"),
        ({"terms": ""}, "terms"),
        ({"terms": " \x00 "}, "terms"),
        ({"perform_by": date(2026, 11, 22)}, "perform_by"),
        ({"perform_by": date(2057, 1, 1)}, "perform_by"),
    ],
)
def test_impossible_records_are_refused_at_their_field(db: Database, given: dict[str, Any], field: str) -> None:
    with db.write() as session:
        dispute, _, _ = accepted(session)
        with pytest.raises(InvalidInput) as problem:
            casework.record(session, dispute, meeting(**given), by=BY, now=NOW)
        assert next(iter(problem.value.problems)) == field
        assert casework.meetings_of(session, dispute) == []
        assert dispute.state is State.SCHEDULED


def test_terms_are_not_asked_for_when_there_is_no_agreement(db: Database) -> None:
    with db.write() as session:
        dispute, _, _ = accepted(session)
        casework.record(session, dispute, meeting("failed", perform_by=date(2020, 1, 1)), by=BY, now=NOW)
        assert dispute.state is State.FAILED


@pytest.mark.parametrize("state", [state for state in State if state not in casework.MEDIATED])
def test_only_a_case_with_a_mediator_has_sessions(sqlite_db: Database, state: State) -> None:
    with sqlite_db.write() as session:
        dispute = a_case(session, state=state).dispute
        with pytest.raises(Conflict):
            casework.record(session, dispute, meeting(), by=BY, now=NOW)


def test_typed_moments_are_shanghais() -> None:
    assert meeting(held_at="2026-11-23T08:30").held_at == datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI)
    assert meeting(held_at="2026-11-23T08:30+00:00").held_at.utcoffset() == timedelta(0)
    for wrong in ("", "yesterday", "2026-13-01T00:00", None, 10**30, "2026-11-23T08:30\ud800"):
        with pytest.raises(ValidationError):
            meeting(held_at=wrong)


def test_text_is_cleaned_of_what_cannot_be_stored() -> None:
    typed = meeting(terms="还\x00款\ud800\u202e 😀", notes="第一行\r\n第二行")
    assert (typed.terms, typed.notes) == ("还款 😀", "第一行\n第二行")


def test_an_extension_needs_the_word_of_the_sides_and_comes_once(db: Database) -> None:
    with db.write() as session:
        dispute, _, _ = accepted(session, State.MEDIATING)
        due = dispute.due_at
        assert due is not None
        with pytest.raises(InvalidInput):
            casework.extend(session, dispute, agreed=" \x00", by=BY, now=NOW)
        casework.extend(session, dispute, agreed="双方当面同意", by=BY, now=NOW)
        assert (dispute.state, dispute.due_at) == (State.EXTENDED, due + timedelta(days=30))
        with pytest.raises(Conflict):
            casework.extend(session, dispute, agreed="再延", by=BY, now=NOW)


def test_performance_moves_the_case_on_and_sets_the_first_revisit(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        later = NOW + timedelta(days=3)
        agreement = casework.record_performance(session, dispute, "performed", by=BY, now=later)
        assert (dispute.state, dispute.due_at) == (State.PERFORMED, later + timedelta(days=7))
        assert agreement.performed_at == later
        casework.record_performance(session, dispute, "performed", by=BY, now=later + timedelta(days=1))
        assert agreement.performed_at == later


def test_what_was_not_done_is_asked_again(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        early, late = NOW + timedelta(days=1), NOW + timedelta(days=20)
        casework.record_performance(session, dispute, "partly", by=BY, now=early)
        assert dispute.due_at == datetime(2026, 11, 30, 23, 59, 59, tzinfo=SHANGHAI)
        casework.record_performance(session, dispute, "not_performed", by=BY, now=late)
        assert (dispute.state, dispute.due_at) == (State.PERFORMING, late + timedelta(days=7))


@pytest.mark.parametrize("word", ["pending", "", "PERFORMED", "做了"])
def test_unknown_words_for_performance_are_refused(sqlite_db: Database, word: str) -> None:
    with sqlite_db.write() as session, pytest.raises(InvalidInput):
        casework.record_performance(session, performing(session), word, by=BY, now=NOW)


def test_without_an_agreement_there_is_nothing_to_perform_or_revisit(db: Database) -> None:
    with db.write() as session:
        dispute, _, _ = accepted(session)
        with pytest.raises(Conflict):
            casework.record_performance(session, dispute, "performed", by=BY, now=NOW)
        with pytest.raises(Conflict):
            casework.record_follow_up(session, dispute, visit(), by=BY, now=NOW)


def test_revisits_follow_the_policy_and_end(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        done = NOW + timedelta(days=2)
        casework.record_performance(session, dispute, "performed", by=BY, now=done)
        for days, following in ((7, 30), (30, 90), (90, 180), (180, None)):
            on = done + timedelta(days=days)
            casework.record_follow_up(session, dispute, visit(visited_at=on, satisfied=5), by=BY, now=on)
            assert dispute.state is State.FOLLOWING_UP
            assert dispute.due_at == (done + timedelta(days=following) if following else None)
        assert len(casework.follow_ups_of(session, dispute)) == 4
        casework.close(session, dispute, by=BY, now=on)
        assert (dispute.state, dispute.closed_at) == (State.CLOSED, on)


def test_a_visit_that_finds_it_performed_counts_from_there(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        on = NOW + timedelta(days=4)
        casework.record_follow_up(session, dispute, visit(visited_at=on), by=BY, now=on)
        assert (dispute.state, dispute.due_at) == (State.FOLLOWING_UP, on + timedelta(days=7))


def test_an_early_visit_leaves_the_promise_as_it_is(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        promised = dispute.due_at
        casework.record_follow_up(session, dispute, visit(performed="pending"), by=BY, now=NOW)
        assert (dispute.state, dispute.due_at) == (State.PERFORMING, promised)


def test_visits_lie_between_the_agreement_and_now(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        for wrong in (NOW + timedelta(hours=2), NOW - timedelta(days=2)):
            with pytest.raises(InvalidInput) as problem:
                casework.record_follow_up(session, dispute, visit(visited_at=wrong), by=BY, now=NOW)
            assert list(problem.value.problems) == ["visited_at"]
        assert casework.follow_ups_of(session, dispute) == []


@pytest.mark.parametrize("wrong", [{"satisfied": 0}, {"satisfied": 6}, {"performed": "x"}, {"notes": "长" * 2001}])
def test_impossible_visits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        visit(**wrong)


@pytest.mark.parametrize("state", [State.PERFORMING, State.CONFIRMING, State.PERFORMED, State.FOLLOWING_UP])
def test_a_quarrel_that_is_back_is_open_again(db: Database, state: State) -> None:
    with db.write() as session:
        dispute = performing(session)
        dispute.state = state
        casework.record_follow_up(session, dispute, visit(relapsed=True), by=BY, now=NOW)
        assert (dispute.state, dispute.due_at) == (State.RELAPSED, NOW + timedelta(hours=24))
        assert dispute.state in OPEN


def test_a_second_agreement_replaces_the_first_and_begins_unperformed(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        casework.record_performance(session, dispute, "performed", by=BY, now=NOW)
        on = NOW + timedelta(days=10)
        casework.record_follow_up(session, dispute, visit(visited_at=on, relapsed=True), by=BY, now=on)
        casework.reopen(session, dispute, by=BY, now=on)
        dispute.state = State.SCHEDULED
        again = on + timedelta(days=9)
        fresh = meeting(held_at=again, terms="改走新水路", perform_by=None)
        casework.record(session, dispute, fresh, by=BY, now=again)
        agreement = casework.agreement_of(session, dispute)
        assert agreement is not None
        assert (agreement.terms, agreement.performed, agreement.performed_at) == ("改走新水路", "pending", None)
        casework.record_performance(session, dispute, "performed", by=BY, now=again)
        # The visits of the first agreement do not count for the second.
        assert dispute.due_at == again + timedelta(days=7)


def test_a_case_is_handed_over_with_its_slot_given_back(db: Database) -> None:
    with db.write() as session:
        dispute, assignment, mediator = accepted(session)
        with pytest.raises(InvalidInput):
            casework.transfer(session, dispute, to="  ", reason="", by=BY, now=NOW)
        casework.transfer(session, dispute, to="县土地仲裁委", reason="属专门机关", by=BY, now=NOW)
        session.refresh(mediator)
        assert (dispute.state, dispute.closed_at) == (State.TRANSFERRED, NOW)
        assert (assignment.state, mediator.open_cases) == (AssignmentState.RELEASED, 0)
        assert cases.history(session, dispute)[-1].data["to"] == "县土地仲裁委"


@pytest.mark.parametrize("state", casework.REOPENED)
def test_ended_cases_are_taken_up_again_without_their_mediator(db: Database, state: State) -> None:
    with db.write() as session:
        dispute, assignment, _ = accepted(session, state)
        dispute.ended, dispute.closed_at = "withdrawn", NOW
        casework.reopen(session, dispute, by=BY, now=NOW)
        assert (dispute.state, dispute.ended, dispute.closed_at) == (State.TRIAGED, "", None)
        assert dispute.due_at == NOW + timedelta(hours=24)
        assert assignment.state is AssignmentState.RELEASED


def test_reopening_does_not_lift_a_gate(db: Database) -> None:
    with db.write() as session:
        dispute = a_case(session, state=State.TRANSFERRED).dispute
        session.add(Gate(**dispute.owns(), code="domestic_violence", state=GateState.CONFIRMED))
        session.flush()
        casework.reopen(session, dispute, by=BY, now=NOW)
        assert dispute.state is State.BARRED
        with pytest.raises(Conflict):
            casework.reopen(session, dispute, by=BY, now=NOW)


@pytest.mark.parametrize("state", list(State))
def test_the_steps_offered_are_the_steps_that_work(sqlite_db: Database, state: State) -> None:
    """Whatever the page offers can be done, and nothing else can."""
    with sqlite_db.session(SYSTEM) as session:
        dispute = performing(session)
        deeds = {
            "record": lambda: casework.record(session, dispute, meeting(), by=BY, now=NOW),
            "extend": lambda: casework.extend(session, dispute, agreed="都同意", by=BY, now=NOW),
            "record_performance": lambda: casework.record_performance(session, dispute, "partly", by=BY, now=NOW),
            "record_follow_up": lambda: casework.record_follow_up(session, dispute, visit(), by=BY, now=NOW),
            "close": lambda: casework.close(session, dispute, by=BY, now=NOW),
            "transfer": lambda: casework.transfer(session, dispute, to="法院", reason="", by=BY, now=NOW),
            "reopen": lambda: casework.reopen(session, dispute, by=BY, now=NOW),
        }
        done = set()
        for name, deed in deeds.items():
            with session.begin_nested() as attempt:
                dispute.state = state
                session.flush()
                try:
                    deed()
                    done.add(name)
                except DiandanError:
                    pass
                attempt.rollback()
            session.refresh(dispute)
        assert done == casework.steps(state) - {"replace"}


def test_a_colleague_of_another_station_reaches_nothing(db: Database) -> None:
    with db.write() as session:
        dispute = performing(session)
        session.commit()
    with db.session(Scope(Role.OFFICER, station_id=dispute.station_id + 1)) as session:
        for deed in (
            lambda: casework.close(session, dispute, by=BY, now=NOW),
            lambda: casework.record(session, dispute, meeting(), by=BY, now=NOW),
        ):
            with pytest.raises((DiandanError, ScopeMissing)):
                deed()
