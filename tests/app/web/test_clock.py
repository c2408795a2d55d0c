"""The clock's pages: what stands on a case, what did not get out, who would get what, rules, holidays, Monday's sheet."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlmodel import col

from app import cases, notices
from app.db import Database
from app.lifecycle import State
from app.models import Account, CalendarYear, Event, Heartbeat, Outbox, SendState
from app.workdays import known_until, replace_years
from tests.app.clockwork import LONG_AGO
from tests.app.test_holidays import OF_2027
from tests.app.web.people import signed_in
from tests.builders import LUOCHUAN, Case, a_case, a_coordinator, a_head, a_station, an_admin, an_officer
from tests.clock import NOW
from tests.page import BASE, Page, Visitor

NOT_READ = {"type": None, "probabilities": {}}
HOUR = timedelta(hours=1)
GOOD = OF_2027.replace("2月4日(星期四)", "2月13日(星期六)")


@pytest.fixture(autouse=True)
def _the_tables_own_calendar() -> Iterator[None]:
    yield
    replace_years({})


class House:
    """A station with an officer, a head and a case of today; a county with a coordinator and an administrator."""

    def __init__(self, app: Flask, db: Database) -> None:
        self.app, self.db = app, db
        with db.write() as session:
            station = a_station(session, name="交口河派出所")
            officer = an_officer(session, station, enabled_at=LONG_AGO, email="lu@station.example")
            self.case: Case = a_case(session, officer=officer, opened_at=NOW - HOUR, reading=NOT_READ)
            cases.wake(session, self.case.dispute, NOW - HOUR)
            people = {
                "officer": officer,
                "head": a_head(session, station, enabled_at=LONG_AGO),
                "coordinator": a_coordinator(session, enabled_at=LONG_AGO),
                "admin": an_admin(session),
                "stranger": an_officer(session, name="外所民警"),
                "elsewhere": a_coordinator(session, 610628000000),
            }
        self.no, self.people = self.case.dispute.no, people

    def browser(self, who: str, locale: str = "zh") -> Visitor:
        return signed_in(self.app, self.db, self.people[who], locale)

    def message(self, **given: object) -> int:
        """Write a message of the case; return its number."""
        fields = {"state": SendState.WAITING, "error": "", "created_at": NOW, "channel": "sms", "attempts": 0} | given
        with self.db.write() as session:
            key = f"k{len(session.execute(select(Outbox)).all())}"
            notices.enqueue(
                session, dedupe=key, channel="sms", recipient="13811112222", subject="【点单】请选人", body="请选人", now=NOW,
                dispute_id=self.case.dispute.id,
            )  # fmt: skip
            number = session.execute(select(col(Outbox.id)).where(col(Outbox.dedupe) == key)).scalar_one()
            session.execute(update(Outbox).where(col(Outbox.id) == number).values(**fields))
        return int(number or 0)


@pytest.fixture
def house(quick_app: Flask, sqlite_db: Database) -> House:
    return House(quick_app, sqlite_db)


def on_case(house: House, who: str = "officer") -> Page:
    return house.browser(who).open(f"/disputes/{house.no}")


# --- on the case ------------------------------------------------------------------------------------------------------


def test_a_case_shows_its_deadline_and_one_tap_stops_it(house: House) -> None:
    page = on_case(house)
    assert "首次联系双方" in page.text and "最迟11月24日(周二) 08:00" in page.text
    page = page.press("已联系双方")
    assert "首次联系双方" not in page.text and "已联系双方" in page.text
    with house.db.read() as session:
        assert [event.kind for event in session.execute(select(Event)).scalars()] == ["contacted"]
    assert "已联系双方" not in house.browser("coordinator").open(f"/disputes/{house.no}").html.partition("经过")[0]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "等待发送"),
        ({"state": SendState.SENT}, "已发出"),
        ({"error": "没有这种发送方式"}, "这种发送方式还没有开通"),
        ({"created_at": NOW - 2 * HOUR, "error": "邮件服务器没有回应"}, "等了一个多小时"),
        (
            {"state": SendState.FAILED, "error": "邮件服务器拒收 (550)"},
            "邮件服务器拒收 (550) 没有发出去:请打电话告诉对方",
        ),
        ({"state": SendState.FAILED, "error": notices.NEEDLESS}, "已收回"),
    ],
)
def test_each_message_of_a_case_says_how_far_it_has_come_and_what_to_do(
    house: House, given: dict[str, object], shown: str
) -> None:
    house.message(**given)
    assert shown in on_case(house).text


# --- on somebody's list -----------------------------------------------------------------------------------------------


def test_what_did_not_get_out_is_on_the_list_of_those_who_answer_for_it_and_of_no_one_else(house: House) -> None:
    house.message(state=SendState.FAILED, error="邮件服务器拒收 (550)")
    house.message(created_at=NOW - 2 * HOUR)
    house.message(state=SendState.FAILED, error=notices.SUPERSEDED)
    house.message(created_at=NOW - timedelta(minutes=50))
    for who in ("officer", "head", "coordinator"):
        assert house.browser(who).open("/messages").text.count("13811112222") == 2, who
    for who in ("stranger", "elsewhere", "admin"):
        assert "13811112222" not in house.browser(who).open("/messages").text, who
    assert "2条消息没有发出去" in house.browser("officer").open("/").text
    assert "条消息没有发出去" not in house.browser("stranger").open("/").text


def test_the_lists_own_messages_are_on_the_administrators_list(house: House) -> None:
    with house.db.write() as session:
        notices.enqueue(
            session, dedupe="weekly", channel="smtp", recipient="lu@station.example", subject="周清单", body="x",
            now=NOW - 2 * HOUR,
        )  # fmt: skip
    assert "周清单" in house.browser("admin").open("/messages").text
    assert "周清单" not in house.browser("elsewhere").open("/messages").text
    assert "周清单" not in house.browser("officer").open("/messages").text


def test_a_message_is_sent_again_by_hand(house: House) -> None:
    number = house.message(state=SendState.FAILED, error="邮件服务器拒收 (550)", attempts=12)
    page = house.browser("officer").open("/messages").press("重发")
    assert "消息都发出去了" in page.text
    with house.db.read() as session:
        row = session.get_one(Outbox, number)
        assert (row.state, row.attempts, row.error) == (SendState.WAITING, 0, "")


def test_a_message_of_another_station_or_one_that_is_out_is_not_sent_again(house: House) -> None:
    number = house.message(state=SendState.FAILED, error="邮件服务器拒收 (550)")
    page = house.browser("officer").open("/messages")
    for who in ("stranger", "elsewhere", "admin"):
        browser = house.browser(who)
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.open("/messages").html)
        assert token is not None
        browser.send("POST", f"/messages/{number}/replay", data={"csrf_token": token[1]}, status=404)
        browser.send("POST", f"/messages/{'9' * 20}/replay", data={"csrf_token": token[1]}, status=404)
    with house.db.write() as session:
        session.execute(update(Outbox).values(state=SendState.SENT))
    page.press("重发", status=404)


# --- the heartbeat ----------------------------------------------------------------------------------------------------


def test_the_work_list_says_when_the_reminders_last_ran(house: House) -> None:
    assert "提醒还没有运行过" in house.browser("officer").open("/").text
    with house.db.write() as session:
        session.add(Heartbeat(name="clock", at=NOW - timedelta(minutes=1)))
    page = house.browser("officer").open("/")
    assert "提醒上次运行 11月23日(周一) 08:59" in page.text and "没有在运行" not in page.text
    with house.db.write() as session:
        session.execute(update(Heartbeat).values(at=NOW - timedelta(minutes=11)))
    assert "提醒没有在运行" in house.browser("officer").open("/").text


# --- trial, rules, sheet ----------------------------------------------------------------------------------------------


def test_a_trial_shows_who_would_get_what_and_writes_nothing(house: House) -> None:
    page = house.browser("head").open("/clock/trial?at=2026-11-30T08:30")
    assert "站内提醒 → 陆民警:交口河派出所:未结案件1件" in page.text
    assert "首次联系双方已超期" in page.text
    assert "洛川县" not in page.text
    page = house.browser("coordinator").open("/clock/trial?at=2026-12-01T08:30")
    assert "苏协调:陕西省延安市洛川县" in page.text or "洛川县" in page.text
    assert house.no not in house.browser("elsewhere").open("/clock/trial?at=2026-11-30T08:30").text
    with house.db.read() as session:
        assert session.execute(select(Outbox)).first() is None


@pytest.mark.parametrize("at", ["", "rubbish", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_moment_that_is_none_is_now(house: House, at: str) -> None:
    assert "11月23日(周一) 09:00" in house.browser("head").open(f"/clock/trial?at={at}").text


def test_the_rules_are_shown_with_their_origin_in_both_languages(house: House) -> None:
    text = house.browser("officer").open("/clock/rules").text
    assert "首次联系双方 24小时 默认" in " ".join(text.split())
    assert "20、27天" in text and "每月1日、16日" in text
    assert "first contact with both sides" in house.browser("officer", "en").open("/clock/rules").text


def test_the_sheet_lists_a_stations_cases_by_officer_overdue_first(house: House) -> None:
    with house.db.write() as session:
        officer = session.get_one(Account, house.people["officer"].id)
        late = a_case(session, officer=officer, state=State.MEDIATING, opened_at=NOW - timedelta(days=40))
        late.dispute.due_at = NOW - timedelta(days=2)
    text = house.browser("head").open("/clock/monday").text
    assert text.index(late.dispute.no) < text.index(house.no)
    assert "2件,超期1件" in text and "谁去办、哪天办" in text
    assert house.no not in house.browser("stranger").open("/clock/monday").text


# --- holidays ---------------------------------------------------------------------------------------------------------


def test_a_notice_is_looked_at_before_it_is_used(house: House) -> None:
    page = house.browser("coordinator").open("/clock/holidays")
    page = page.fill({"粘贴国务院办公厅的放假通知": OF_2027}).press("先看看读得对不对")
    assert "春节:2027-02-04本来就上班" in page.text
    page = page.fill({"粘贴国务院办公厅的放假通知": GOOD}).press("先看看读得对不对")
    assert "2/13 上班" in page.text and known_until() < 2027
    page = page.press("2027年就按这个")
    assert "2027 · 国办发明电〔2026〕9号" in page.text and known_until() == 2027
    with house.db.read() as session:
        assert session.get_one(CalendarYear, 2027).set_by == f"account:{house.people['coordinator'].id}"


def test_what_is_no_notice_is_refused_at_the_field(house: House) -> None:
    page = house.browser("admin").open("/clock/holidays").fill({"粘贴国务院办公厅的放假通知": "放假"})
    assert "没有找到年份" in page.press("先看看读得对不对", status=422).text


def test_another_process_counts_by_a_new_calendar_a_minute_later(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = house.browser("officer")
    visitor.open("/")
    with house.db.write() as session:
        days = [{"day": "2027-02-08", "works": False, "name": "春节"}]
        session.add(CalendarYear(year=2027, notice="国办发明电〔2026〕9号", days=days, set_by="account:1", set_at=NOW))
    visitor.open("/")
    assert known_until() < 2027
    house.app.extensions["diandan.calendar"]["next"] = 0.0
    visitor.open("/")
    assert known_until() == 2027
    assert house.people["coordinator"].area == LUOCHUAN


def test_a_probe_is_answered_while_the_calendar_cannot_be_read(house: House, tmp_path: Path) -> None:
    house.db.close()
    house.db.settings.sqlite_path.rename(tmp_path / "aside")
    client = house.app.test_client()
    for path in ("/healthz", "/static/site.css"):
        house.app.extensions["diandan.calendar"] = {"next": 0.0}
        with client.get(path, base_url=BASE) as answer:
            assert answer.status_code == 200
