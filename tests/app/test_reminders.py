"""Who is owed the weekly list, when, how often, and what the database has afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlmodel import Session, col

from app.db import Database
from app.lifecycle import ENDED, OPEN
from app.models import Account, DueRun, Outbox, SendState, Station
from app.reminders import LATE_AFTER, Ran, due_stations, latest_monday, queue_due, withdraw_older
from app.scope import Role, Scope
from tests.app.clockwork import LONG_AGO, MONDAY, SHANGHAI, an_officer, count, its_id, outbox, shanghai
from tests.builders import a_case, a_coordinator, a_head, a_station, an_admin

SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)


def queue(database: Database, now: datetime) -> list[Ran]:
    with database.write() as session:
        return queue_due(session, now)


def periods(database: Database) -> list[tuple[str, str, bool]]:
    with database.read() as session:
        rows = session.execute(select(col(DueRun.period), col(DueRun.whom), col(DueRun.late)).order_by(col(DueRun.id)))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def one_officer(session: Session, **given: object) -> tuple[Station, Account]:
    station = a_station(session, name="交口河派出所")
    return station, an_officer(session, station, **given)


# --- which Monday


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        ("2026-11-30 08:29:59.999999", "2026-11-23"),
        ("2026-11-30 08:30:00", "2026-11-30"),
        ("2026-12-07 08:29:59", "2026-11-30"),
        ("2026-11-29 23:59:59", "2026-11-23"),
        ("2026-11-30 00:00:00", "2026-11-23"),
        ("2027-01-01 12:00:00", "2026-12-28"),
        ("1988-06-06 08:30:00", "1988-06-06"),  # China kept summer time then: 08:30 on the wall was 23:30 UTC
        ("1988-06-06 08:29:59", "1988-05-30"),
    ],
)
def test_the_latest_monday_is_read_off_a_wall_in_shanghai(now: str, monday: str) -> None:
    assert latest_monday(shanghai(now)).astimezone(UTC) == shanghai(f"{monday} 08:30:00")


@given(st.datetimes(datetime(1986, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
@bounded(derandomize=True, database=None, deadline=None, max_examples=500)
def test_the_latest_monday_is_a_monday_at_half_past_eight_within_the_last_week(now: datetime) -> None:
    monday = latest_monday(now).astimezone(SHANGHAI)
    assert (monday.weekday(), monday.hour, monday.minute, monday.second) == (0, 8, 30, 0)
    # An hour more: the week in which summer time ended had one.
    assert timedelta(0) <= now - monday <= WEEK + timedelta(hours=1)


# --- the hour


def test_nothing_happens_before_half_past_eight_and_everything_at_it(db: Database) -> None:
    with db.write() as session:
        one_officer(session, enabled_at=MONDAY - timedelta(days=5))
    assert queue(db, MONDAY - SECOND) == []
    assert count(db, DueRun) == count(db, Outbox) == 0
    (ran,) = queue(db, MONDAY)
    assert (ran.name, ran.period, ran.queued, ran.late) == ("weekly_digest", "2026-W49", 2, False)
    assert queue(db, MONDAY) == queue(db, MONDAY + SECOND) == queue(db, MONDAY + WEEK - SECOND) == []
    assert [each.period for each in queue(db, MONDAY + WEEK)] == ["2026-W50"]


@pytest.mark.parametrize(
    ("monday", "period"),
    [
        ("2026-10-05", "2026-W41"),  # National Day week
        ("2026-02-16", "2026-W08"),  # the eve of Spring Festival
        ("2026-12-28", "2026-W53"),  # a year of 53 weeks
        ("2027-01-04", "2027-W01"),
        ("2024-12-30", "2025-W01"),  # the week belongs to the year of its Thursday
    ],
)
def test_holidays_and_the_turn_of_the_year_change_nothing(db: Database, monday: str, period: str) -> None:
    with db.write() as session:
        one_officer(session)
    due = shanghai(f"{monday} 08:30:00")
    queue(db, due - SECOND)
    before = count(db, DueRun)
    assert [each.period for each in queue(db, due)] == [period]
    assert count(db, DueRun) == before + 1


# --- a Monday that was missed


def test_a_missed_monday_is_made_up_for_once_and_marked(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    (ran,) = queue(db, shanghai("2026-12-03 14:00:00"))
    assert (ran.period, ran.late, ran.queued) == ("2026-W49", True, 2)
    assert queue(db, shanghai("2026-12-06 23:00:00")) == []
    assert all("(补发)" in row.subject for row in outbox(db))
    assert "11月30日(周一)" in outbox(db)[0].body


def test_of_three_missed_mondays_only_the_latest_is_made_up_for(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    assert [each.period for each in queue(db, shanghai("2026-11-09 08:30:00"))] == ["2026-W46"]
    assert [each.period for each in queue(db, shanghai("2026-12-01 10:00:00"))] == ["2026-W49"]
    assert [period for period, _, _ in periods(db)] == ["2026-W46", "2026-W49"]


def test_a_clock_that_is_a_little_slow_is_not_called_late(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    (ran,) = queue(db, MONDAY + LATE_AFTER - SECOND)
    assert not ran.late
    with db.write() as session:
        one_officer(session)
    (ran,) = queue(db, MONDAY + LATE_AFTER)
    assert ran.late


def test_a_house_that_opens_on_wednesday_does_not_begin_with_mondays_list(db: Database) -> None:
    wednesday = MONDAY + timedelta(days=2)
    with db.write() as session:
        one_officer(session, enabled_at=wednesday)
    assert queue(db, wednesday) == queue(db, MONDAY + WEEK - SECOND) == []
    assert [each.period for each in queue(db, MONDAY + WEEK)] == ["2026-W50"]


def test_an_account_made_before_the_first_tick_ever_gets_the_monday_between(db: Database) -> None:
    with db.write() as session:
        one_officer(session, enabled_at=MONDAY - timedelta(days=5))
    assert [each.period for each in queue(db, MONDAY + timedelta(days=1))] == ["2026-W49"]


@pytest.mark.parametrize(("after", "owed"), [(timedelta(0), 1), (SECOND, 0)])
def test_a_new_colleague_begins_with_the_next_monday(db: Database, after: timedelta, owed: int) -> None:
    with db.write() as session:
        station, _ = one_officer(session)
        queue_due(session, MONDAY)
        an_officer(session, station, enabled_at=MONDAY + after)
    assert len(queue(db, MONDAY + timedelta(hours=3))) == owed
    (ran,) = queue(db, MONDAY + WEEK)
    assert ran.queued == 4


def test_an_account_made_while_the_clock_was_ahead_is_not_kept_waiting_for_it(db: Database) -> None:
    with db.write() as session:
        one_officer(session, enabled_at=MONDAY + timedelta(days=900))
    assert len(queue(db, MONDAY)) == 1


# --- for whom


def test_officers_and_heads_of_stations_get_one_each_and_nobody_else(db: Database) -> None:
    with db.write() as session:
        station, officer = one_officer(session)
        head = a_head(session, station, enabled_at=LONG_AGO)
        an_officer(session, station, disabled_at=MONDAY - timedelta(days=1))
        a_coordinator(session, enabled_at=MONDAY)  # hears each month, of the area
        an_admin(session, enabled_at=LONG_AGO)
    (ran,) = queue(db, MONDAY)
    assert ran.queued == 3
    assert [(row.channel, row.recipient) for row in outbox(db)] == [
        ("inbox", str(officer.id)),
        ("smtp", "lu@station.example"),
        ("inbox", str(head.id)),
    ]
    assert [whom for _, whom, _ in periods(db)] == [f"account:{officer.id}", f"account:{head.id}"]


def test_each_message_has_a_key_of_its_week_person_and_way(db: Database) -> None:
    with db.write() as session:
        _, officer = one_officer(session)
    queue(db, MONDAY)
    assert [row.dedupe for row in outbox(db)] == [
        f"weekly_digest:2026-W49:account:{officer.id}:{way}" for way in ("inbox", "smtp")
    ]


def test_every_officer_reads_the_own_station_in_the_own_language(db: Database) -> None:
    with db.write() as session:
        station, lu = one_officer(session)
        other, ma = a_station(session, name="旧县派出所"), None
        ma = an_officer(session, other, name="马民警", email="", locale="en")
        a_case(session, officer=lu, no="洛1", opened_at=MONDAY - timedelta(days=9))
        a_case(session, officer=ma, no="洛2", opened_at=MONDAY - timedelta(days=1))
    assert [each.whom for each in queue(db, MONDAY)] == [f"station:{station.id}", f"station:{other.id}"]
    mine, _, theirs = outbox(db)
    assert (mine.subject, theirs.subject) == ("交口河派出所:未结案件1件", "旧县派出所: 1 open case")
    assert "洛1" in mine.body
    assert "洛2" not in mine.body
    assert "洛2" in theirs.body
    assert "洛1" not in theirs.body


def test_open_cases_are_listed_and_ended_ones_are_not(db: Database) -> None:
    with db.write() as session:
        _, officer = one_officer(session)
        for state in (*OPEN, *ENDED):
            a_case(session, officer=officer, no=f"<{state}>", state=state, opened_at=MONDAY - timedelta(days=2))
    queue(db, MONDAY)
    body = outbox(db)[0].body
    assert {state for state in (*OPEN, *ENDED) if f"<{state}>" in body} == OPEN


def test_no_party_and_no_story_is_in_the_letter(db: Database) -> None:
    with db.write() as session:
        _, officer = one_officer(session)
        case = a_case(
            session, officer=officer, narrative="童大山家的水淹了邱有田家的窑", opened_at=MONDAY - timedelta(days=2)
        )
        private = [case.dispute.narrative, *[value for party in case.parties for value in (party.name, party.phone)]]
    queue(db, MONDAY)
    letters = "".join(row.subject + row.body for row in outbox(db))
    assert case.dispute.no in letters
    assert [word for word in private if word in letters] == []


def test_the_cases_clock_is_the_deadline_of_the_line(db: Database) -> None:
    with db.write() as session:
        _, officer = one_officer(session)
        a_case(session, officer=officer, opened_at=MONDAY - timedelta(days=9), due_at=MONDAY - timedelta(days=1))
        a_case(session, officer=officer, opened_at=MONDAY - timedelta(days=3), due_at=MONDAY + timedelta(days=2))
    queue(db, MONDAY)
    assert outbox(db)[0].subject == "交口河派出所:未结案件2件,超期1件"
    assert "应于11月29日(周日)前办完" in outbox(db)[0].body
    assert "最迟12月2日(周三)" in outbox(db)[0].body


# --- claim and messages are one


def test_claim_and_messages_come_and_go_together(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    with pytest.raises(RuntimeError, match="the light went out"), db.write() as session:
        assert len(queue_due(session, MONDAY)) == 1
        raise RuntimeError("the light went out")
    assert count(db, DueRun) == count(db, Outbox) == 0
    assert len(queue(db, MONDAY)) == 1


def test_the_claim_holds_when_the_messages_were_cleared_away(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    queue(db, MONDAY)
    with db.write() as session:
        session.execute(text("DELETE FROM outbox"))
    assert queue(db, MONDAY + timedelta(days=1)) == []
    assert count(db, Outbox) == 0


def test_stations_that_are_done_are_not_asked_for_again(db: Database) -> None:
    with db.write() as session:
        first, _ = one_officer(session)
        second, _ = one_officer(session)
    with db.read() as session:
        assert due_stations(session, MONDAY) == [its_id(first), its_id(second)]
    queue(db, MONDAY)
    with db.read() as session:
        assert due_stations(session, MONDAY) == []


def test_a_list_that_never_got_out_is_withdrawn_when_the_next_one_is_there(db: Database) -> None:
    with db.write() as session:
        one_officer(session)
    queue(db, MONDAY)
    with db.write() as session:
        assert withdraw_older(session, MONDAY + WEEK - SECOND) == 0
        queue_due(session, MONDAY + WEEK)
        assert withdraw_older(session, MONDAY + WEEK) == 2
    assert [row.state for row in outbox(db)] == [SendState.FAILED] * 2 + [SendState.WAITING] * 2


def test_an_areas_list_that_never_got_out_is_withdrawn_too(db: Database) -> None:
    with db.write() as session:
        a_coordinator(session, email="xian@example.org", enabled_at=MONDAY - 20 * WEEK)
    later = MONDAY + 6 * WEEK  # another month
    queue(db, MONDAY)
    with db.write() as session:
        assert withdraw_older(session, MONDAY) == 0
        queue_due(session, later)
        assert withdraw_older(session, later) == 2
    assert [row.state for row in outbox(db)] == [SendState.FAILED] * 2 + [SendState.WAITING] * 2


def test_cases_are_read_in_one_query_for_a_station_however_many_officers_it_has(sqlite_db: Database) -> None:
    from sqlalchemy import event

    with sqlite_db.write() as session:
        station, officer = one_officer(session)
        for _ in range(5):
            an_officer(session, station)
        for _ in range(30):
            a_case(session, officer=officer, opened_at=MONDAY - timedelta(days=9))
    asked: list[str] = []
    event.listen(sqlite_db.engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    queue(sqlite_db, MONDAY)
    about_cases = [sql for sql in asked if "FROM dispute" in sql]
    assert len(about_cases) == 1
    assert "narrative" not in about_cases[0]
    with sqlite_db.read() as session:
        assert session.execute(select(func.count()).select_from(Outbox)).scalar_one() == 12


def test_a_session_of_one_station_cannot_read_another_ones_cases_into_a_letter(db: Database) -> None:
    with db.write() as session:
        station, officer = one_officer(session)
        a_case(session, officer=officer, opened_at=MONDAY)
    with db.write(Scope(Role.OFFICER, station_id=its_id(station) + 1)) as session:
        queue_due(session, MONDAY)
    assert outbox(db)[0].subject == "交口河派出所:没有未结案件"
