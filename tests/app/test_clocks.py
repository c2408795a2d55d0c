"""The clocks of a case: from when to when each runs, what stops it, who is told when, and not at night."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.clocks import Facts, Running, Step, awake, latest, rules, running, steps
from app.lifecycle import ENDED, State
from app.policies import Policy, policy_for
from app.workdays import add_workdays, age_days, calendar, is_workday, shanghai, workdays_between
from tests.app.clockwork import shanghai as wall

AREA = 610629102000
POLICY = policy_for(AREA)
WEDNESDAY = wall("2026-11-25 10:00:00")
DAY = timedelta(days=1)


def facts(state: State = State.TRIAGED, *, due: str = "", **given: object) -> Facts:
    """A case with these moments; what is no field of Facts is a moment."""
    fields = {name: given.pop(name) for name in ("subtype", "red", "public_security") if name in given}
    base = Facts(state, "", red=False, public_security=False, due_at=wall(due) if due else None)
    moments = {"taken_up": WEDNESDAY} | {name: wall(each) for name, each in given.items() if isinstance(each, str)}
    return replace(base, moments=moments, **fields)  # type: ignore[arg-type]


def clock(code: str, case: Facts, policy: Policy = POLICY) -> Running | None:
    return next((each for each in running(case, policy) if each.code == code), None)


def ends(code: str, case: Facts) -> str:
    """When a clock ends, as a wall clock in Shanghai shows it."""
    found = clock(code, case)
    return f"{shanghai(found.due):%m-%d %H:%M:%S}" if found else ""


@pytest.mark.parametrize(
    ("code", "case", "end"),
    [
        ("first_contact", facts(), "11-26 10:00:00"),
        ("first_contact", facts(red=True), "11-25 11:00:00"),
        ("first_contact", facts(State.BARRED), "11-26 10:00:00"),
        ("first_contact", facts(contacted="2026-11-25 10:20:00"), ""),
        ("first_contact", facts(contacted="2026-11-01 10:20:00"), "11-26 10:00:00"),  # before it was taken up again
        ("first_contact", facts(State.CHOOSING), ""),
        ("consent", facts(State.SEEKING_CONSENT, asked_consent="2026-11-25 10:00:00"), "11-30 23:59:59"),
        ("ballots", facts(State.CHOOSING, listed="2026-11-25 10:00:00", due="2026-11-27 23:59:59"), "11-27 23:59:59"),
        ("yes", facts(State.PROVISIONAL, entered="2026-11-25 10:00:00", due="2026-11-30 23:59:59"), "11-30 23:59:59"),
        (
            "designation",
            facts(State.DESIGNATING, entered="2026-11-25 10:00:00", due="2026-11-26 23:59:59"),
            "11-26 23:59:59",
        ),
        (
            "acceptance",
            facts(State.AWAITING_MEDIATOR, asked="2026-11-25 10:00:00", due="2026-11-26 23:59:59"),
            "11-26 23:59:59",
        ),
        (
            "first_session",
            facts(State.SCHEDULED, accepted="2026-11-25 10:00:00", due="2026-11-30 23:59:59"),
            "11-30 23:59:59",
        ),
        (
            "mediation",
            facts(State.MEDIATING, first_session="2026-11-25 10:00:00", due="2026-12-25 10:00:00"),
            "12-25 10:00:00",
        ),
        ("public_security", facts(public_security=True), "11-30 23:59:59"),
        ("public_security", facts(), ""),
        (
            "public_security_second",
            facts(State.MEDIATING, public_security=True, first_session="2026-11-25 10:00:00"),
            "12-04 23:59:59",
        ),
        (
            "public_security_second",
            facts(
                State.MEDIATING,
                public_security=True,
                first_session="2026-11-25 10:00:00",
                second_session="2026-11-26 10:00:00",
            ),
            "",
        ),
        (
            "confirmation",
            facts(State.PERFORMING, agreed="2026-11-25 10:00:00", agreed_in_writing="2026-11-25 10:00:00"),
            "12-25 23:59:59",
        ),
        ("confirmation", facts(State.PERFORMING, agreed="2026-11-25 10:00:00"), ""),  # an oral one
        ("confirmation", facts(State.PERFORMING, agreed_in_writing="2026-11-25 10:00:00", subtype="divorce"), ""),
        ("confirmation", facts(State.CONFIRMING, agreed_in_writing="2026-11-25 10:00:00"), ""),
        (
            "performance",
            facts(State.PERFORMING, agreed="2026-11-25 10:00:00", due="2026-12-20 23:59:59"),
            "12-20 23:59:59",
        ),
        (
            "revisit",
            facts(State.PERFORMED, performed="2026-11-25 10:00:00", due="2026-12-02 10:00:00"),
            "12-02 10:00:00",
        ),
    ],
)
def test_each_clock_ends_when_the_rules_say_and_stops_when_its_event_comes(code: str, case: Facts, end: str) -> None:
    assert ends(code, case) == end


def test_holidays_make_a_clock_longer() -> None:
    case = facts(public_security=True)
    eve = replace(case, moments={"taken_up": wall("2026-09-30 10:00:00")})
    assert ends("public_security", eve) == "10-10 23:59:59"  # 8, 9 and the make-up Saturday


def test_nothing_runs_on_a_case_that_has_ended() -> None:
    moments = dict.fromkeys(["taken_up", "entered", "agreed", "performed", "first_session"], "2026-11-25 10:00:00")
    for state in ENDED:
        assert running(facts(state, due="2026-12-01 10:00:00", **moments), POLICY) == []


def test_each_clock_names_the_value_that_sets_it_and_where_it_was_set() -> None:
    policy = POLICY.model_copy()
    policy._origins = dict.fromkeys(Policy.model_fields, "default") | {"first_contact_red_hours": "610629102"}
    assert [(each.value, each.origin) for each in running(facts(red=True), policy)] == [
        ("first_contact_red_hours", "610629102")
    ]
    assert all(rule.zh and rule.en.isascii() for rule in rules().values())


# --- who is told when -------------------------------------------------------------------------------------------------


def told(case: Facts, policy: Policy = POLICY) -> list[tuple[str, str, str]]:
    return [
        (f"{shanghai(step.at):%m-%d %H:%M}", f"{step.code} {step.name}", step.to)
        for step in steps(running(case, policy), case, policy)
    ]


def test_the_officer_the_head_and_the_county_hear_in_turn() -> None:
    assert told(facts()) == [
        ("11-26 08:00", "first_contact ahead-2", "officer"),
        ("11-26 10:00", "first_contact late-officer", "officer"),
        ("11-27 09:00", "first_contact late-head", "head"),
        ("12-01 09:00", "first_contact late-coordinator", "coordinator"),
    ]


def test_a_red_case_wakes_those_who_answer_for_it_and_goes_up_by_the_hour() -> None:
    night = replace(facts(red=True), moments={"taken_up": wall("2026-11-25 22:30:00")})
    assert told(night) == [
        ("11-25 23:30", "first_contact late-officer", "officer"),
        ("11-26 00:30", "first_contact late-head", "head"),
        ("11-26 03:30", "first_contact late-coordinator", "coordinator"),
    ]
    assert told(replace(night, red=False))[:2] == [
        ("11-26 20:30", "first_contact ahead-2", "officer"),
        ("11-27 08:00", "first_contact late-officer", "officer"),
    ]


def test_the_sides_hear_of_confirmation_on_the_twentieth_and_the_twenty_seventh_day_in_the_morning() -> None:
    case = facts(State.PERFORMING, agreed_in_writing="2026-11-25 10:00:00")
    assert [line for line in told(case) if line[2] == "sides"] == [
        ("12-15 09:00", "confirmation after-20", "sides"),
        ("12-22 09:00", "confirmation after-27", "sides"),
    ]


def test_a_side_of_a_red_case_is_not_woken() -> None:
    case = facts(State.PERFORMING, red=True, agreed="2026-11-25 10:00:00", due="2026-11-28 04:00:00")
    assert ("11-27 13:00", "performance ahead-15", "sides") in told(case)
    early = replace(case, due_at=wall("2026-11-28 15:00:00"))
    assert ("11-28 08:00", "performance ahead-15", "sides") in told(early)
    assert ("11-28 00:00", "performance ahead-15", "officer") in told(early)


def test_of_steps_that_lie_behind_each_hears_the_last_one() -> None:
    case = facts()
    late = latest(steps(running(case, POLICY), case, POLICY))
    assert sorted((step.name, step.to) for step in late) == [
        ("late-coordinator", "coordinator"),
        ("late-head", "head"),
        ("late-officer", "officer"),
    ]


def test_a_clock_that_is_shorter_than_its_warning_does_not_warn() -> None:
    hour = POLICY.model_copy(update={"first_contact_hours": 1})
    assert next(name for _, name, _ in told(facts(), hour)) == "first_contact late-officer"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
@bounded(derandomize=True, database=None, deadline=None, max_examples=300)
def test_a_reminder_is_put_off_to_the_next_morning_and_never_brought_forward(moment: datetime) -> None:
    heard = awake(moment, POLICY)
    assert heard >= moment
    assert 8 <= shanghai(heard).hour < 21
    assert heard - moment <= timedelta(hours=11)
    assert awake(heard, POLICY) == heard


@given(st.sampled_from(State), st.booleans(), st.booleans(), st.integers(0, 60 * 24 * 400), st.integers(1, 90 * 24))
@bounded(derandomize=True, database=None, deadline=None, max_examples=300)
def test_whatever_the_case_is_its_clocks_end_after_they_begin(
    state: State, red: bool, police: bool, minutes: int, hours: int
) -> None:
    begun = WEDNESDAY + timedelta(minutes=minutes)
    moments = dict.fromkeys(("taken_up", "entered", "asked_consent", "listed", "asked", "accepted", "agreed"), begun)
    case = Facts(state, "", red, police, begun + timedelta(hours=hours), moments)  # type: ignore[arg-type]
    clocks = running(case, POLICY)
    assert all(each.due > each.begun for each in clocks)
    found = steps(clocks, case, POLICY)
    assert found == sorted(found, key=lambda step: step.at)
    keys = [(step.code, step.name, step.to) for step in found]
    assert len(keys) == len(set(keys))
    assert all(isinstance(step, Step) and step.at > begun for step in found)


# --- ten thousand days ------------------------------------------------------------------------------------------------


def test_ages_and_deadlines_of_ten_thousand_days() -> None:
    """Year ends, holidays, leap days, and the summer times that China kept from 1986 to 1991."""
    fate = Random(20261125)
    first, last = date(1985, 1, 1).toordinal(), date(2032, 12, 31).toordinal()
    days = [date.fromordinal(fate.randint(first, last)) for _ in range(10_000)]
    days[:6] = [
        date(1986, 5, 4),
        date(1991, 9, 15),
        date(2024, 2, 29),
        date(2025, 12, 31),
        date(2026, 2, 14),
        date(2028, 2, 29),
    ]
    for day in days:
        opened = wall(f"{day} {fate.randint(0, 23):02}:{fate.randint(0, 59):02}:00")
        later = opened + timedelta(seconds=fate.randint(0, 40 * 86_400))
        ages = [age_days(opened, opened + (later - opened) * part / 4) for part in range(5)]
        assert ages == sorted(ages) and ages[0] == 0
        assert age_days(later, opened) == 0, "a clock that was set back"
        assert age_days(opened, later) == (shanghai(later).date() - shanghai(opened).date()).days
        n = fate.randint(1, 10)
        due = add_workdays(opened, n)
        assert workdays_between(opened, due) == n
        assert is_workday(shanghai(due).date()) and f"{shanghai(due):%H:%M:%S}" == "23:59:59"
        assert workdays_between(opened, due - DAY) == n - 1
    assert calendar().known_until() >= 2026
