"""What follows the ballots: silence and its clocks, a side's recorded word, names and ties, two mediators together.

At the end the model: random answers and silences, with the clock ticking, walked beside `matching.course`.
"""

from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from app import assignments, case_clock, cases, consents, nominations, order_clock, orders, shortlists
from app.db import Database
from app.errors import Conflict, DiandanError, InvalidInput, NotFound
from app.jobs import tick
from app.lifecycle import CHOOSING_STATES, ENDED, State
from app.models import (
    AssignmentState,
    Choice,
    Dispute,
    Gate,
    GateState,
    InboxMessage,
    Mark,
    Outbox,
    Recusal,
    SendState,
    Side,
)
from app.models import BallotChannel as Channel
from app.policies import policy_for
from app.settings import Settings
from app.workdays import add_workdays, workdays_between
from matching.course import Clocks, longest_after_consent
from talent_pool.models import Mediator, RelationKind
from talent_pool.roster import declare_relation
from tests.app.order_steps import (
    OVER,
    asked,
    do,
    due_at,
    let_the_clock_tick,
    naming,
    no,
    no_common_name,
    the_case,
    told,
    yes,
)
from tests.app.order_story import Story, a_pool, an_order, held, open_list, seal, story_of
from tests.builders import JIAOKOUHE_VILLAGE, a_case, a_mediator, an_officer
from tests.clock import NOW
from tests.economy import rounds

# --- silence ---------------------------------------------------------------------------------------------------------


def one_silent(db: Database) -> tuple[Story, list[int], datetime]:
    """Side A has sealed, side B has not, the time is up."""
    story = an_order(db)
    ids = story.listed()
    story.seal("A", want=[ids[3], ids[1]], strike=[ids[0]])
    late = due_at(story) + OVER
    assert let_the_clock_tick(story, due_at(story)) == []
    assert let_the_clock_tick(story, late) == [the_case(story).id]
    return story, ids, late


def test_a_silent_side_counts_as_all_acceptable_and_nobody_is_asked_before_its_yes(db: Database) -> None:
    story, ids, late = one_silent(db)
    assert story.state() == "provisional" and story.present() is None
    with db.read() as session:
        made = session.execute(select(Choice)).scalar_one()
        assert (made.result["chosen"], made.result["silent"]) == (str(ids[3]), ["B"])
        assert session.execute(select(Side.consented_at).where(col(Side.letter) == "B")).scalar_one() is None
    assert told(story, "provisional") == 1
    with pytest.raises(Conflict):
        do(story, consents.answer_result, "A", now=late, **yes())
    with pytest.raises(Conflict):
        story.seal("B")
    do(story, consents.answer_result, "B", now=late, **yes(how="visit"))
    present = story.present()
    assert present is not None and present.mediator_id == ids[3]
    with db.read() as session:
        assert story.side(session, "B").consent_how == "visit"
    with pytest.raises(Conflict):
        do(story, consents.answer_result, "B", now=late, **yes())


def test_without_a_yes_the_order_ends_as_unreachable(db: Database) -> None:
    story, _, late = one_silent(db)
    until = due_at(story)
    assert until == add_workdays(late - OVER, 3), "counted from the deadline, not from the tick behind midnight"
    assert let_the_clock_tick(story, until) == []
    with pytest.raises(Conflict, match="已过"):
        do(story, consents.answer_result, "B", now=until + OVER, **yes())
    let_the_clock_tick(story, until + OVER)
    assert (story.state(), the_case(story).ended, story.present()) == ("terminated", "unreachable", None)
    assert told(story, "unreachable") == 1


def test_after_a_clock_that_slept_nobody_is_given_a_deadline_that_has_passed(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    woke = due_at(story) + timedelta(days=9)
    let_the_clock_tick(story, woke)
    assert story.state() == "provisional" and due_at(story) == add_workdays(woke, 3)


def test_a_no_to_the_provisional_result_ends_it_kindly(db: Database) -> None:
    story, _, late = one_silent(db)
    do(story, consents.answer_result, "B", now=late, **no())
    assert the_case(story).ended == "refused"


def test_when_all_are_silent_it_goes_back_as_unreachable_and_no_choice_is_made(db: Database) -> None:
    story = an_order(db)
    late = due_at(story) + OVER
    let_the_clock_tick(story, late)
    assert (story.state(), the_case(story).ended) == ("terminated", "unreachable")
    with db.read() as session:
        assert session.execute(select(Choice)).first() is None


def test_two_silent_sides_of_three_are_both_asked(db: Database) -> None:
    story = three_sides(db)
    assert len(story.listed()) == 8
    story.seal("A")
    late = due_at(story) + OVER
    let_the_clock_tick(story, late)
    do(story, consents.answer_result, "B", now=late, **yes())
    assert story.state() == "provisional"
    do(story, consents.answer_result, "C", now=late, **yes())
    assert story.state() == "awaiting_mediator"


def three_sides(db: Database) -> Story:
    with db.write() as session:
        a_pool(session, 12)
        case = a_case(session, sides=(("童大山",), ("邱有田",), ("卢小满",)))
        open_list(session, case.dispute)
        return story_of(db, case)


def test_a_word_is_refused_for_another_case_by_no_way_and_when_nothing_is_asked(db: Database) -> None:
    story, _, late = one_silent(db)
    other = an_order(db, pool=0)
    with db.write() as session, pytest.raises(NotFound):
        consents.answer_result(session, story.dispute(session), other.side(session, "B"), now=late, **yes())
    with pytest.raises(InvalidInput):
        do(story, consents.answer_result, "B", now=late, **yes(how="hearsay"))
    for ask in (consents.answer_result, consents.answer_name, consents.answer_tie):
        with pytest.raises(Conflict):
            do(other, ask, "B", **yes())


def test_a_silent_side_is_reminded_twice_then_the_officer_calls(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    end = due_at(story)

    def reminded(at: datetime) -> int:
        with db.write() as session:
            return order_clock.remind(session, at)

    assert reminded(end - timedelta(hours=40)) == 0
    first, second = end - timedelta(hours=39), end - timedelta(hours=15)
    assert [reminded(first), reminded(first + timedelta(hours=1)), told(story, "silent")] == [1, 0, 0]
    assert [reminded(second), reminded(second + timedelta(minutes=1)), told(story, "silent")] == [1, 0, 1]
    with db.read() as session:
        sent = session.execute(select(Outbox).where(col(Outbox.dedupe).like("silent:%"))).scalars().all()
    assert {each.channel for each in sent} == {"sms"} and len({each.recipient for each in sent}) == 1
    assert all(story.no in each.body for each in sent)
    story.seal("B")
    assert reminded(end - timedelta(hours=1)) == 0


def test_a_reminder_that_still_waits_is_taken_back_once_the_side_has_sealed(db: Database) -> None:
    story = an_order(db)
    reminded = due_at(story) - timedelta(hours=39)
    with db.write() as session:
        assert order_clock.remind(session, reminded) == 2

    def waiting() -> set[str]:
        with db.read() as session:
            keys = select(Outbox.dedupe).where(col(Outbox.state) == SendState.WAITING, col(Outbox.channel) == "sms")
            return {key.split(":")[2] for key in session.execute(keys).scalars() if key.startswith("silent:")}

    for letters, sealing in (({"A", "B"}, ""), ({"B"}, "A"), (set[str](), "B")):
        if sealing:
            story.seal(sealing)
        with db.write() as session:
            case_clock.look(session, the_case(story).id or 0, reminded)
        assert waiting() == letters


def test_who_asks_for_help_is_the_officers_task_once(db: Database) -> None:
    story = an_order(db)
    for _ in range(2):
        do(story, consents.ask_help, "B", by="side:B")
    assert told(story, "help") == 1
    with db.read() as session:
        assert story.side(session, "B").help_asked_at == NOW
    story.seal("A")
    story.seal("B", channel=Channel.HELPED)
    with pytest.raises(Conflict):
        do(story, consents.ask_help, "A", by="side:A")


# --- a second list, and the sides' own wishes ------------------------------------------------------------------------


def test_a_fresh_list_is_drawn_by_the_clock_on_the_same_day(db: Database) -> None:
    story = an_order(db)
    before = set(story.listed())
    no_common_name(story)
    assert due_at(story) == add_workdays(NOW, 0)
    assert let_the_clock_tick(story, NOW) == []
    let_the_clock_tick(story, due_at(story) + OVER)
    assert story.state() == "choosing_round2" and not before & set(story.listed())


def test_what_the_sides_wish_for_stands_on_the_second_list(db: Database) -> None:
    story = an_order(db, pool=24)
    with db.write() as session:
        far = a_mediator(session, name="穆远山", phone="13911110000", types=("medical",)).id or 0
        busy = a_mediator(session, name="满忙人", phone="13911110001", load_cap=0).id or 0
    first = story.listed()
    with pytest.raises(Conflict):
        do(story, nominations.nominate, "A", first[0], by="side:A")
    with pytest.raises(NotFound):
        do(story, nominations.nominate, "A", 999_999, by="side:A")
    do(story, nominations.nominate, "A", busy, by="side:A")
    do(story, nominations.nominate, "A", far, by="side:A")  # the second wish takes the place of the first
    no_common_name(story)
    do(story, nominations.nominate, "B", busy, by="side:B")
    assert let_the_clock_tick(story, NOW), "nobody has to be waited for"
    second = story.listed()
    assert far in second and busy not in second, "through the same filters"
    assert len(second) == 6 and not set(first) & set(second)


def test_a_tied_wish_is_never_listed_even_when_the_tie_is_told_later(db: Database) -> None:
    story = an_order(db, pool=24)
    with db.write() as session:
        kin = a_mediator(session, name="童守义", phone="13911110000").id or 0
    do(story, nominations.nominate, "A", kin, by="side:A")
    no_common_name(story)
    with db.write() as session:
        person = cases.parties_of(session, story.dispute(session))[0]
        declare_relation(session, kin, RelationKind.KIN, person)
    with pytest.raises(Conflict):
        do(story, nominations.nominate, "B", kin, by="side:B")
    let_the_clock_tick(story, due_at(story) + OVER)
    assert kin not in story.listed()


# --- whom the coordinator names --------------------------------------------------------------------------------------


def test_each_side_accepts_whom_the_coordinator_names(db: Database) -> None:
    story, who = naming(db)
    at = add_workdays(NOW, 1)
    assert due_at(story) == add_workdays(at, 1)
    with db.read() as session:
        struck = shortlists.listings_of(session, shortlists.current_round(session, story.dispute(session)))[0]  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        do(story, consents.name, struck.mediator_id, by="account:9", now=at)
    do(story, consents.name, who, by="account:9", now=at)
    with pytest.raises(Conflict):
        do(story, consents.name, who, by="account:9", now=at)
    assert due_at(story) == add_workdays(at, 2) and told(story, "named") == 1
    do(story, consents.answer_name, "A", now=at, **yes(how="link", by="side:A"))
    assert story.present() is None
    do(story, consents.answer_name, "B", now=at, **yes())
    present = story.present()
    assert present is not None and (present.mediator_id, present.role) == (who, "named")


@pytest.mark.parametrize(("what", "ended"), [("no", "no_choice"), ("silence", "unreachable"), ("nobody", "no_choice")])
def test_a_no_or_silence_to_a_name_ends_the_case(db: Database, what: str, ended: str) -> None:
    story, who = naming(db)
    at = add_workdays(NOW, 1)
    if what != "nobody":
        do(story, consents.name, who, by="account:9", now=at)
        do(story, consents.answer_name, "A", now=at, **(no() if what == "no" else yes()))
    if what != "no":
        assert let_the_clock_tick(story, due_at(story)) == []
        let_the_clock_tick(story, due_at(story) + OVER)
    assert (story.state(), the_case(story).ended) == ("terminated", ended)


@pytest.mark.parametrize("how", ["declined", "full"])
def test_when_the_named_one_cannot_the_case_ends_with_the_other_routes(db: Database, how: str) -> None:
    story, who = naming(db)
    at = add_workdays(NOW, 1)
    do(story, consents.name, who, by="account:9", now=at)
    do(story, consents.answer_name, "A", now=at, **yes())
    if how == "full":
        with db.write() as session:
            session.get_one(Mediator, who).load_cap = 0
    do(story, consents.answer_name, "B", now=at, **yes())
    if how == "declined":
        present = story.present()
        assert present is not None
        do(story, assignments.decline, present.id, reason="外出", by=f"mediator:{who}", now=at)
    assert the_case(story).ended == "no_choice"
    with db.read() as session:
        assert held(session, who) == 0


# --- ties, waivers, stepping aside -----------------------------------------------------------------------------------


def test_after_a_disclosed_tie_all_sides_must_agree(db: Database) -> None:
    story, ids, first = asked(db)
    with pytest.raises(InvalidInput):
        do(story, consents.disclose_tie, first.id, tie=" ", by="mediator:1")
    do(story, consents.disclose_tie, first.id, tie="跟童家是远房亲戚", by="mediator:1")
    with pytest.raises(Conflict, match="各方都同意"):
        do(story, assignments.accept, first.id, disclosed="none", by="mediator:1")
    do(story, consents.answer_tie, "A", **yes())
    assert story.state() == "awaiting_mediator"
    do(story, consents.answer_tie, "B", **yes())
    present = story.present()
    assert story.state() == "scheduled" and present is not None
    assert (present.mediator_id, present.disclosed, present.reason) == (ids[0], "跟童家是远房亲戚", "waived")


@pytest.mark.parametrize("what", ["no", "silence"])
def test_without_every_sides_waiver_the_next_is_asked_and_it_is_no_decline(db: Database, what: str) -> None:
    story, ids, first = asked(db)
    do(story, consents.disclose_tie, first.id, tie="欠过他家的钱", by="mediator:1")
    do(story, consents.answer_tie, "A", **yes())
    if what == "no":
        do(story, consents.answer_tie, "B", **no())
    else:
        let_the_clock_tick(story, due_at(story) + OVER)
    present = story.present()
    assert present is not None and present.mediator_id == ids[1]
    with db.read() as session:
        rows = assignments.assignments_of(session, story.dispute(session))
        assert [row.state for row in rows] == [AssignmentState.RELEASED, AssignmentState.ASKED]
        assert session.execute(select(Recusal.mediator_id)).scalars().all() == [ids[0]]
        assert held(session, ids[0]) == 0


def test_who_steps_aside_for_cause_costs_no_change_of_mediator(db: Database) -> None:
    story, ids, first = asked(db)
    do(story, assignments.accept, first.id, disclosed="none", by="mediator:1")
    do(story, assignments.step_aside, reason="查出来是债主", by="account:1")
    present = story.present()
    assert present is not None and present.mediator_id == ids[1]
    do(story, assignments.accept, present.id, disclosed="none", by="mediator:2")
    do(story, assignments.replace, reason="一方不满", by="account:1")
    present = story.present()
    assert present is not None and present.mediator_id == ids[2]
    with pytest.raises(InvalidInput):
        do(story, assignments.step_aside, reason=" ", by="account:1")


def test_a_mediator_who_lets_the_time_pass_is_passed_over_by_the_clock(db: Database) -> None:
    story, ids, _ = asked(db)
    let_the_clock_tick(story, due_at(story) + OVER)
    present = story.present()
    assert present is not None and present.mediator_id == ids[1]


# --- two mediators together ------------------------------------------------------------------------------------------


def test_when_all_sides_ask_the_best_of_another_kind_joins(db: Database) -> None:
    story, ids, first = asked(db)
    with pytest.raises(Conflict):
        do(story, consents.join, by="account:9")
    assert do(story, consents.wish_joint, "A", how="link", by="side:A") is False
    assert do(story, consents.wish_joint, "B", how="link", by="side:B") is True
    do(story, consents.join, by="account:9")
    with db.read() as session:
        kinds = {each: session.get_one(Mediator, each).kind for each in ids}
        rows = cases.living_assignments(session, story.dispute(session))
    expected = next(each for each in ids if kinds[each] != kinds[ids[0]])
    assert [(row.mediator_id, row.role) for row in rows] == [(ids[0], "lead"), (expected, "co")]
    with pytest.raises(Conflict):
        do(story, consents.join, by="account:9")
    do(story, assignments.accept, rows[1].id, disclosed="none", by="mediator:2")
    assert story.state() == "awaiting_mediator", "the lead has not answered yet"
    do(story, assignments.accept, first.id, disclosed="none", by="mediator:1")
    assert story.state() == "scheduled"
    with db.read() as session:
        assert [held(session, row.mediator_id) for row in rows] == [1, 1]
    do(story, orders.end, "withdrawn", by="account:1")
    with db.read() as session:
        assert [held(session, row.mediator_id) for row in rows] == [0, 0]


def test_in_a_red_case_two_may_be_asked_and_a_co_mediators_no_asks_the_next_of_another_kind(db: Database) -> None:
    story, ids, _ = asked(db)
    with db.write() as session:
        story.dispute(session).colour = "red"
    do(story, consents.join, by="account:9")
    with db.read() as session:
        _, co = cases.living_assignments(session, story.dispute(session))
        kinds = {each: session.get_one(Mediator, each).kind for each in ids}
    do(story, assignments.decline, co.id, reason="没空", by="mediator:2")
    with db.read() as session:
        lead, other = cases.living_assignments(session, story.dispute(session))
    assert lead.mediator_id == ids[0] and other.mediator_id != co.mediator_id
    assert kinds[other.mediator_id] != kinds[ids[0]]
    assert story.state() == "awaiting_mediator"


def test_nobody_joins_when_there_is_no_other_kind(db: Database) -> None:
    with db.write() as session:
        for number in range(6):
            a_mediator(session, name=f"乡贤{number}", phone=f"1390000{number:04d}", home=JIAOKOUHE_VILLAGE)
        case = a_case(session)
        open_list(session, case.dispute)
        story = story_of(db, case)
        for side in case.sides:
            seal(session, case.dispute, side)
        case.dispute.colour = "red"
    do(story, consents.join, by="account:9")
    with db.read() as session:
        assert len(cases.living_assignments(session, story.dispute(session))) == 1


# --- the police's own clock ---------------------------------------------------------------------------------------


def test_a_public_security_case_chooses_within_hours_and_everything_else_on_the_same_day(db: Database) -> None:
    with db.write() as session:
        a_pool(session, 12)
        case = a_case(session)
        session.add(Gate(**case.dispute.owns(), code="public_security_mediable", state=GateState.CONFIRMED))
        session.flush()
        open_list(session, case.dispute)
        story = story_of(db, case)
    assert due_at(story) == NOW + timedelta(hours=4)
    story.seal("A")
    with db.write() as session:
        assert order_clock.remind(session, NOW + timedelta(hours=1)) == 0
        assert order_clock.remind(session, NOW + timedelta(hours=3)) == 1
    late = NOW + timedelta(hours=4) + OVER
    let_the_clock_tick(story, late)
    assert due_at(story) == add_workdays(late, 0)
    do(story, consents.answer_result, "B", now=late, **yes())
    present = story.present()
    assert present is not None and present.due_at == add_workdays(late, 0)


# --- the clock as a whole --------------------------------------------------------------------------------------------


def test_the_running_clock_takes_orders_on_and_reminds(db: Database, settings: Settings) -> None:
    story = an_order(db)
    story.seal("A")
    end = due_at(story)
    assert "silent_sides" in tick(db, settings, end - timedelta(hours=14))["ran"]
    assert "orders" not in tick(db, settings, end)["ran"]
    assert "orders" in tick(db, settings, end + OVER)["ran"]
    assert story.state() == "provisional"
    assert "orders" not in tick(db, settings, end + 2 * OVER)["ran"]
    with db.read() as session:
        assert session.execute(select(InboxMessage)).first() is not None


# --- the model -------------------------------------------------------------------------------------------------------


def bound() -> int:
    """Working days after consent within which every order has ended, from the policy of the case's place."""
    at = policy_for(610629102000)
    clocks = Clocks(
        ballots=at.ballot_workdays, yes=at.yes_workdays, accept=at.accept_workdays, naming=at.naming_workdays,
        answers=at.answer_workdays, rounds=at.rounds, declines=at.declines,
    )  # fmt: skip
    return longest_after_consent(clocks)


def act(session: Session, dispute: Dispute, story: Story, dice: Random, now: datetime, lazy: float) -> None:
    """Somebody whose turn it is does something, or is silent."""
    if dice.random() < lazy:
        return
    side = story.side(session, dice.choice("AB"))
    said = {"yes": dice.random() < 0.85, "how": "phone", "by": "account:1", "now": now}
    if dispute.state in CHOOSING_STATES:
        shortlist = shortlists.current_round(session, dispute)
        assert shortlist is not None
        ids = [item.mediator_id for item in shortlists.listings_of(session, shortlist)]
        strict = dice.random() < 0.4
        marks = {each: Mark.STRIKE if strict or dice.random() < 0.4 else Mark.WANT for each in ids}
        ballot = orders.read_marks(ids, marks, ids)
        orders.seal(session, dispute, side, ballot, round_no=shortlist.round, channel=Channel.PHONE, now=now)
    elif dispute.state is State.PROVISIONAL:
        consents.answer_result(session, dispute, side, **said)  # type: ignore[arg-type]
    elif dispute.state is State.DESIGNATING and consents.named(session, dispute):
        consents.answer_name(session, dispute, side, **said)  # type: ignore[arg-type]
    elif dispute.state is State.DESIGNATING and not orders.may_open_again(session, dispute):
        free = list(session.execute(select(Mediator.id)).scalars())
        consents.name(session, dispute, dice.choice(free) or 0, by="account:9", now=now)
    elif dispute.state is State.AWAITING_MEDIATOR:
        present = assignments.living(session, dispute)
        assert present is not None and present.id is not None
        if present.reason == assignments.TIED:
            consents.answer_tie(session, dispute, side, **said)  # type: ignore[arg-type]
        elif dice.random() < 0.25:
            consents.disclose_tie(session, dispute, present.id, tie="远亲", by="mediator:1", now=now)
        elif dice.random() < 0.8:
            assignments.decline(session, dispute, present.id, reason="忙", by="mediator:1", now=now)
        else:
            assignments.accept(session, dispute, present.id, disclosed="none", by="mediator:1", now=now)


@rounds(by_day=20, at_night=1000)
def test_every_pattern_of_answers_reaches_an_end_within_the_bound(sqlite_db: Database, rounds: int) -> None:
    """A disclosed tie adds its own clock to that of the answer; without one the bound is the course's."""
    db, dice, seen = sqlite_db, Random(rounds), set[str]()
    with db.write() as session:
        a_pool(session, 30, load_cap=50)
        officer = an_officer(session)
    for _ in range(rounds):
        with db.write() as session:
            case = a_case(session, officer=officer)
            open_list(session, case.dispute)
            story = story_of(db, case)
        lazy, now = dice.choice([0.2, 0.6, 0.9]), NOW
        for _ in range(400):
            if the_case(story).state in (*ENDED, State.SCHEDULED):
                break
            try:
                with db.write() as session:
                    act(session, story.dispute(session), story, dice, now, lazy)
            except DiandanError:
                pass
            for _ in range(dice.choice([1, 9, 20])):
                now += timedelta(hours=1)
                let_the_clock_tick(story, now)
        dispute = the_case(story)
        assert dispute.state in (*ENDED, State.SCHEDULED), "it is stuck"
        with db.read() as session:
            events = cases.history(session, dispute)
            sides = cases.sides_of(session, dispute)
        ties = sum(event.kind == "tie_disclosed" for event in events)
        end = next(event.at for event in events if event.data.get("after") in ("terminated", "scheduled"))
        if all(side.consented_at for side in sides):
            consented = max(side.consented_at for side in sides if side.consented_at)
            assert workdays_between(consented, end) <= bound() + ties * policy_for(dispute.area).answer_workdays
        seen.add(dispute.ended or "accepted")
        with db.write() as session:
            cases.release(session, story.dispute(session), now)
    assert seen >= {"accepted", "unreachable"}


# --- nobody who is tied ----------------------------------------------------------------------------------------------


@rounds(by_day=60, at_night=10_000)
def test_over_random_relation_graphs_nobody_tied_is_listed_or_assigned(sqlite_db: Database, rounds: int) -> None:
    """Ties are declared before the list, and between listing and sealing; a mutual one is left for somebody each time."""
    dice = Random(11)
    with sqlite_db.write() as session:
        ids = [each.id or 0 for each in a_pool(session, 12, load_cap=50)]
        officer = an_officer(session)
    for _ in range(rounds):
        with sqlite_db.write() as session:
            case = a_case(session, officer=officer, sides=(("童大山", "童小山"), ("邱有田", "邱小田")))
            tied = tie(session, case.dispute, dice, ids, dice.randint(0, 6))
            open_list(session, case.dispute)
            shortlist = shortlists.current_round(session, case.dispute)
            assert shortlist is not None
            names = [item.mediator_id for item in shortlists.listings_of(session, shortlist)]
            assert not tied & set(names)
            seal(session, case.dispute, case.sides[0], want=names[:2])
            tied |= tie(session, case.dispute, dice, names, dice.randint(0, len(names)))
            seal(session, case.dispute, case.sides[1])
            rows = cases.living_assignments(session, case.dispute)
            assert not tied & {row.mediator_id for row in rows}
            assert bool(rows) == bool(set(names) - tied)
            session.rollback()


def tie(session: Session, dispute: Dispute, dice: Random, ids: list[int], count: int) -> set[int]:
    """Declare so many ties of any kind to people of the case; return who is tied."""
    chosen = set(dice.sample(ids, min(count, len(ids))))
    for each in chosen:
        person = dice.choice(cases.parties_of(session, dispute))
        declare_relation(session, each, dice.choice(list(RelationKind)), person)
    return chosen
