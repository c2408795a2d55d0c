"""Reminders of a case: written once, to whom they belong, taken back when the thing is done, anew when a date moves."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from app import case_clock, cases, casework
from app.case_clock import look, pending, waking
from app.case_facts import clocks_of
from app.db import Database
from app.errors import Conflict
from app.jobs import tick
from app.lifecycle import State
from app.models import Account, Agreement, CaseWatch, Dispute, Meeting, Outbox, Party, SendState, Station
from app.scope import Role, Scope
from app.workdays import add_workdays
from tests.app.clockwork import outbox, shanghai
from tests.app.order_steps import asked
from tests.app.order_story import an_order
from tests.builders import LUOCHUAN, Case, a_case, a_coordinator, a_head, a_station, an_officer
from tests.clock import NOW

WEDNESDAY = shanghai("2026-11-25 10:00:00")
HOUR = timedelta(hours=1)


def a_watched_case(session: Session, **given: object) -> Case:
    """A case of a station with a head and a county with a coordinator, logged on Wednesday at ten."""
    station = session.execute(select(Station)).scalars().first() or a_station(session)
    officer = an_officer(session, station, email="lu@station.example")
    a_head(session, station)
    a_coordinator(session)
    case = a_case(session, officer=officer, **({"opened_at": WEDNESDAY} | given))  # type: ignore[arg-type]
    cases.wake(session, case.dispute, WEDNESDAY)
    return case


def at(database: Database, text: str) -> list[tuple[str, str, str]]:
    """Let the clock look at every case that is due; return (channel, whom, subject) of what was written."""
    return looked(database, shanghai(f"2026-{text}:00"))


def looked(database: Database, now: datetime) -> list[tuple[str, str, str]]:
    before = {row.id for row in outbox(database)}
    with database.read() as session:
        due = waking(session, now, 100)
    for each in due:
        with database.write() as session:
            look(session, each, now, "https://diandan.example")
    with database.read() as session:
        names = {str(account.id): account.role.value for account in session.execute(select(Account)).scalars()}
    new = [row for row in outbox(database) if row.id not in before]
    return [(row.channel, names.get(row.recipient, row.recipient), row.subject) for row in new]


def test_a_case_nobody_calls_about_goes_from_the_officer_to_the_head_to_the_county(db: Database) -> None:
    with db.write() as session:
        no = a_watched_case(session).dispute.no
    assert at(db, "11-25 10:01") == at(db, "11-26 07:59") == []
    ahead = f"{no} 首次联系双方:最迟11月26日(周四) 10:00"
    late = f"{no} 首次联系双方已超期"
    higher = f"{no} 首次联系双方超期,请督办"
    assert at(db, "11-26 08:00") == [("inbox", "officer", ahead)]
    assert at(db, "11-26 10:01") == [("inbox", "officer", late), ("smtp", "lu@station.example", late)]
    assert at(db, "11-27 09:00") == [("inbox", "station_head", higher)]
    assert at(db, "12-01 09:00") == [("inbox", "coordinator", higher)]
    assert at(db, "12-20 09:00") == []
    assert f"https://diandan.example/disputes/{no}" in outbox(db)[0].body
    assert {row.dispute_id for row in outbox(db)} == {1}
    with db.read() as session:
        assert session.execute(select(col(CaseWatch.wake_at))).scalar_one() is None


def test_of_what_was_slept_over_each_hears_the_last_and_two_looks_write_it_once(db: Database) -> None:
    with db.write() as session:
        a_watched_case(session)
    late = shanghai("2026-12-02 11:00:00")
    assert [(way, whom) for way, whom, _ in looked(db, late)] == [
        ("inbox", "officer"),
        ("smtp", "lu@station.example"),
        ("inbox", "station_head"),
        ("inbox", "coordinator"),
    ]
    with db.write() as session:
        session.execute(update(CaseWatch).values(wake_at=late))
    assert looked(db, late) == []


def test_what_should_have_been_said_weeks_ago_is_left_to_mondays_list(db: Database) -> None:
    with db.write() as session:
        a_watched_case(session)
    assert at(db, "12-30 11:00") == []


def test_a_call_stops_the_clock_and_takes_back_what_waits(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session)
        number = case.dispute.id or 0
    assert len(at(db, "11-26 08:00")) == 1
    with db.write() as session:
        casework.record_contact(
            session, session.get_one(Dispute, number), by="account:1", now=shanghai("2026-11-26 09:00:00")
        )
        casework.record_contact(
            session, session.get_one(Dispute, number), by="account:1", now=shanghai("2026-11-26 09:01:00")
        )
    assert at(db, "11-26 10:05") == []
    assert [(row.state, row.error) for row in outbox(db)] == [(SendState.FAILED, "事情已经办了,不用再发")]
    with db.read() as session:
        dispute = session.get_one(Dispute, number)
        assert [event.kind for event in cases.history(session, dispute)] == ["contacted"]
        assert clocks_of(session, dispute, NOW) == []
    with db.write() as session, pytest.raises(Conflict):
        dispute = session.get_one(Dispute, number)
        dispute.state = State.CLOSED
        casework.record_contact(session, dispute, by="account:1", now=NOW)


def test_a_message_that_is_being_sent_is_not_taken_back(db: Database) -> None:
    with db.write() as session:
        number = a_watched_case(session).dispute.id or 0
    at(db, "11-26 08:00")
    with db.write() as session:
        session.execute(update(Outbox).values(lease_owner="w", lease_until=shanghai("2026-11-26 09:05:00")))
        casework.record_contact(
            session, session.get_one(Dispute, number), by="account:1", now=shanghai("2026-11-26 09:00:00")
        )
    at(db, "11-26 09:01")
    assert outbox(db)[0].state is SendState.WAITING


def test_a_deadline_that_moves_is_told_anew(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session, state=State.MEDIATING, due_at=shanghai("2026-12-10 10:00:00"))
        meeting(session, case)
    assert [subject[-12:] for *_, subject in at(db, "12-09 19:00")] == ["最迟12月10日(周四)"]
    with db.write() as session:
        dispute = session.execute(select(Dispute)).scalar_one()
        casework.extend(session, dispute, agreed="双方当面同意", by="account:1", now=shanghai("2026-12-09 20:00:00"))
    assert at(db, "12-10 11:00") == []
    assert "1月9日(周六)" in looked(db, shanghai("2027-01-08 19:00:00"))[0][2]


def meeting(session: Session, case: Case) -> None:
    fields = {"held_at": WEDNESDAY, "outcome": "continued", "recorded_by": "account:1"}
    session.add(Meeting(**case.dispute.owns(), **fields))
    session.flush()


def test_sides_hear_by_phone_and_the_officer_for_one_without(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session, state=State.PERFORMING, due_at=shanghai("2026-12-10 23:59:59"))
        case.parties[0].phone, case.parties[1].phone = "13811112222", ""
        session.add(Agreement(**case.dispute.owns(), terms="各退一步", agreed_at=WEDNESDAY))
        no = case.dispute.no
    first, second, third = at(db, "12-10 09:00")
    assert first == ("inbox", "officer", f"{no} 协议履行:最迟12月10日(周四)")
    assert second[:2] == ("sms", "13811112222")
    assert third == ("inbox", "officer", f"{no} 有人没有电话,请您告诉他")
    words = outbox(db)[1].body
    assert words == f"【点单】{no} 协议约定的事请在12月10日(周四)前办好,有难处请说。派出所 0911-0000110"
    assert len(words) <= 70
    with db.read() as session:
        names = [party.name for party in session.execute(select(Party)).scalars()]
    assert not any(name in row.body + row.subject for name in names for row in outbox(db))


def test_the_mediator_who_was_asked_is_reminded_by_phone(db: Database) -> None:
    story, _, present = asked(db)
    due = present.due_at
    sent = looked(db, due - timedelta(hours=15))
    assert [(way, subject.partition(" ")[2][:8]) for way, _, subject in sent if way == "sms"] != []
    assert story.no in sent[0][2]
    assert looked(db, due - timedelta(hours=14)) == []


def test_an_officer_who_is_away_is_replaced_by_the_head(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session)
        case.officer.disabled_at = WEDNESDAY
    assert [whom for _, whom, _ in at(db, "11-26 08:00")] == ["station_head"]


def test_the_nearest_coordinator_hears_and_no_other_county(db: Database) -> None:
    with db.write() as session:
        a_watched_case(session)
        for area in (610628000000, 610600000000, 610000000000):
            a_coordinator(session, area)
    at(db, "11-27 09:00")
    new = at(db, "12-01 09:00")
    assert [whom for _, whom, _ in new] == ["coordinator"]
    with db.read() as session:
        account = session.get_one(Account, int(outbox(db)[-1].recipient))
        assert account.area == LUOCHUAN


def test_an_english_reader_reads_english(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session)
        case.officer.locale = "en"
    ((_, _, subject),) = at(db, "11-26 08:00")
    assert subject == f"{case.dispute.no} first contact with both sides: due by Thu 26 Nov 10:00"
    assert all(ord(sign) < 128 for sign in outbox(db)[0].body)


def test_a_clock_that_was_ahead_does_not_swallow_what_lies_between(db: Database) -> None:
    with db.write() as session:
        a_watched_case(session)
    assert len(looked(db, shanghai("2026-12-02 11:00:00"))) == 4  # wrong by a week: told too early
    assert [whom for _, whom, _ in at(db, "11-26 08:00")] == ["officer"]


def test_every_change_of_a_case_wakes_its_clock(db: Database) -> None:
    story = an_order(db)
    with db.write() as session:
        session.execute(update(CaseWatch).values(wake_at=None))
    story.seal("A")
    with db.read() as session:
        assert session.execute(select(col(CaseWatch.wake_at))).scalar_one() == NOW


def test_only_the_looker_in_front_of_the_row_writes(db: Database) -> None:
    with db.write() as session:
        number = a_watched_case(session).dispute.id or 0
    late = shanghai("2026-11-26 10:05:00")
    with db.write() as session:
        assert look(session, number, late) == 2
        assert look(session, number, late) == 0


def test_what_would_be_sent_can_be_read_without_sending_and_only_of_ones_own(db: Database) -> None:
    with db.write() as session:
        case = a_watched_case(session)
        other = Scope(Role.OFFICER, station_id=(case.dispute.station_id or 0) + 1)
        own = Scope(Role.OFFICER, station_id=case.dispute.station_id)
    now = shanghai("2026-11-26 10:05:00")
    with db.read(own) as session:
        found = pending(session, now)
    assert [(each.no, each.step.name, each.told.channel) for each in found] == [
        (case.dispute.no, "late-officer", "inbox"),
        (case.dispute.no, "late-officer", "smtp"),
    ]
    with db.read(other) as session:
        assert pending(session, now) == []
    assert outbox(db) == []
    looked(db, now)
    with db.write() as session:
        session.execute(update(CaseWatch).values(wake_at=now))
    with db.read(own) as session:
        assert pending(session, now) == []


def test_a_tick_looks_at_cases_and_says_so(db: Database) -> None:
    with db.write() as session:
        a_watched_case(session)
    done = tick(db, db.settings, shanghai("2026-11-26 10:05:00"), channels={})
    assert "case_clocks" in done["ran"]
    assert case_clock.stamp(add_workdays(WEDNESDAY, 1)) == "2026-11-26T15:59:59Z"
