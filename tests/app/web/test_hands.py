"""At the station: helped ballots, the desk's digits, reminders, the board, the log; a mediator's tie, days and load."""

import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from app import orders
from app.db import Database
from app.models import Assignment, Ballot, BallotChannel, DeskPin, Event, HelpedBallot, Outbox, Station
from app.scope import Role
from app.web import create_app, order_board
from matching import choice
from talent_pool.models import Absence, Mediator
from tests.app.order_story import Story, an_order, count
from tests.app.web.order_pages import enter, mark, mediator, officer, path, signed_in
from tests.builders import LUOCHUAN, an_account
from tests.clock import NOW, Clock
from tests.page import Page, Visitor


def coordinator(app: Flask, story: Story) -> Visitor:
    with story.db.write() as session:
        an_account(session, Role.COORDINATOR, station=None, area=LUOCHUAN, login="su", with_password=True)
    return signed_in(app, "su")


def helped(page: Page, witness: str = "网格员老郭", wish: str = "用手指的") -> Page:
    return page.fill({"witness": witness, "wish": wish})


# --- helped ----------------------------------------------------------------------------------------------------------


def test_a_helped_ballot_keeps_who_helped_who_watched_and_how(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    page = visitor.open(f"/disputes/{story.no}").follow("帮A方选")
    page = mark(page, "想请", "不要").press("下一步")
    assert page.heading.startswith("选择确认单") and "指印" in page.text
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 0, "the paper comes before the seal"
    page = helped(page).press("封好")
    with sqlite_db.read() as session:
        ballot, kept = session.execute(select(Ballot)).scalar_one(), session.execute(select(HelpedBallot)).scalar_one()
        assert ballot.channel is BallotChannel.HELPED and ballot.by_account == kept.helper_id
        assert (kept.witness, kept.wish) == ("网格员老郭", "pointed")
    lines = coordinator(quick_app, story).open("/helped").text
    assert story.no in lines and "网格员老郭" in lines and "用手指的" in lines
    assert "帮A方选" not in visitor.open(f"/disputes/{story.no}").links, "sealed: the marks are seen no more"
    visitor.open(f"/disputes/{story.no}/helped/A", status=409)


def test_nobody_helps_or_watches_in_his_own_cause(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    with sqlite_db.read() as session:
        listed = session.get_one(Mediator, story.listed()[0]).name
    page = visitor.open(f"/disputes/{story.no}/helped/A").press("下一步")
    for witness, words in (("", "请写见证人"), (listed, "不能做见证人")):
        page = helped(page, witness).press("封好", status=422)
        assert words in page.text
    page = helped(page, "网格员老郭", "").press("封好", status=422)
    assert "怎样表示的" in page.text
    with sqlite_db.read() as session:
        assert count(session, Ballot) == count(session, HelpedBallot) == 0


def test_an_officer_who_stands_on_the_list_cannot_help(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.write() as session:
        station = session.get_one(Station, story.dispute(session).station_id)
        name = session.get_one(Mediator, story.listed()[0]).name
        an_account(session, Role.OFFICER, station=station, area=station.area, login="wu", name=name, with_password=True)
    page = signed_in(quick_app, "wu").open(f"/disputes/{story.no}/helped/A", status=409)
    assert "请同事来帮" in page.text


# --- the desk's digits -----------------------------------------------------------------------------------------------


class Later(Clock):
    """A clock that can be put on."""

    passed = timedelta()

    def __call__(self):  # type: ignore[no-untyped-def]
        return NOW + self.passed


def test_after_somebody_walked_away_the_desk_asks_for_the_first_sides_digits(sqlite_db: Database) -> None:
    story, clock = an_order(sqlite_db), Later()
    visitor = officer(create_app(sqlite_db.settings, sqlite_db, clock), story)
    page = visitor.open(f"/disputes/{story.no}/desk").follow("我来选").press("下一步")
    page = page.fill({"pin": "12a4"}).press("封好", status=422)
    page = page.fill({"pin": "1234"}).press("封好")
    assert page.heading == "请交给对方"
    with sqlite_db.read() as session:
        assert "1234" not in session.execute(select(DeskPin)).scalar_one().pin_hash
    assert path(page.follow("我来选")).startswith(f"/disputes/{story.no}/desk/"), "nobody has walked away"
    clock.passed = timedelta(minutes=16)
    page = visitor.open(f"/disputes/{story.no}/desk")
    assert page.heading == "接着选"
    assert "数字不对" in page.fill({"pin": "4321"}).press("接着选", status=422).text
    page = visitor.open(f"/disputes/{story.no}/desk").fill({"pin": "1234"}).press("接着选")
    assert page.heading == "请交给对方"
    assert page.follow("我来选").press("下一步").press("封好").heading == "选出来了"


def test_five_wrong_digits_shut_the_desk_and_leave_the_links(sqlite_db: Database) -> None:
    story, clock = an_order(sqlite_db), Later()
    visitor = officer(create_app(sqlite_db.settings, sqlite_db, clock), story)
    visitor.open(f"/disputes/{story.no}/desk").follow("我来选").press("下一步").fill({"pin": "1234"}).press("封好")
    clock.passed = timedelta(minutes=16)
    page = visitor.open(f"/disputes/{story.no}/desk")
    for _ in range(5):
        page = page.fill({"pin": "0000"}).press("接着选", status=422)
    assert "不能再选" in page.fill({"pin": "1234"}).press("接着选", status=422).text
    with sqlite_db.read() as session:
        (waiting,) = orders.unsealed(session, story.dispute(session))
    assert story.seal(waiting.letter), "by its link the other side goes on"


# --- the board -------------------------------------------------------------------------------------------------------


def test_one_tap_reminds_a_silent_side_once_a_day(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    page = visitor.open(f"/disputes/{story.no}").press("提醒A方")
    assert "今天提醒过了" in page.text
    with sqlite_db.read() as session:
        row = session.execute(select(Outbox).where(col(Outbox.dedupe).startswith("nudge:"))).scalar_one()
        assert row.channel == "sms" and story.no in row.body
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.html)[0]
    for letter, status in (("A", 409), ("B", 200)):
        data = {"csrf_token": token}
        visitor.send("POST", f"/disputes/{story.no}/remind/{letter}", data=data, status=status)
    story.seal("B")
    assert "提醒B方" not in visitor.open(f"/disputes/{story.no}").buttons
    with sqlite_db.read() as session:
        for days, expected in ((0, [True, True]), (1, [False, False])):
            lines = order_board.sides_of_order(session, story.dispute(session), NOW + timedelta(days=days))
            assert [line.reminded for line in lines] == expected


def test_the_board_tells_who_has_opened_and_sealed_and_no_mark(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    assert "没打开过" in visitor.open("/orders").text
    enter(quick_app, story, "A")
    before = shape(visitor.open("/orders"))
    story.seal("B", want=story.listed())
    one = shape(visitor.open("/orders"))
    story.seal("B", strike=story.listed())
    assert shape(visitor.open("/orders")) == one != before
    assert "封好" in one and "打开" in one
    story.seal("A")
    assert story.no not in visitor.open("/orders").text, "it is no longer being chosen"


def shape(page: Page) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page.html)


def test_a_side_that_says_it_was_not_it_is_recorded_by_the_officer(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    story.seal("A")
    visitor = officer(quick_app, story)
    page = visitor.open(f"/disputes/{story.no}").press("A方说不是他选的")
    assert "当面重选" in page.text
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 0


# --- the log ---------------------------------------------------------------------------------------------------------


def test_the_coordinator_opens_the_log_on_a_reason_and_it_runs_again(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    ids = story.listed()
    story.seal("A", want=ids[:2])
    visitor = coordinator(quick_app, story)
    assert "还没有揭晓过" in visitor.open(f"/disputes/{story.no}/log").text
    story.seal("B", strike=ids[:1])
    page = visitor.open(f"/disputes/{story.no}").follow("选择的记录")
    assert "请写明打开的理由" in page.press("记下理由,打开", status=422).text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.html)[0]
    data = {"csrf_token": token, "round": "1", "reason": "信访2026-7"}
    answer = visitor.client.post(f"/disputes/{story.no}/log", data=data, base_url=visitor.base)
    present = story.present()
    assert present is not None
    assert choice.resolve_log(json.loads(answer.data)).chosen == str(present.mediator_id)
    with sqlite_db.read() as session:
        opened = session.execute(select(Event).where(col(Event.kind) == "log_opened")).scalar_one()
        assert opened.data["reason"] == "信访2026-7" and opened.actor.startswith("account:")


# --- the mediator ----------------------------------------------------------------------------------------------------


def in_question(quick_app: Flask, sqlite_db: Database) -> tuple[Story, Page]:
    story = an_order(sqlite_db)
    story.seal("A", want=story.listed())
    story.seal("B", want=story.listed())
    return story, mediator(quick_app, story)


def test_a_tie_that_is_told_of_is_put_to_the_sides(quick_app: Flask, sqlite_db: Database) -> None:
    story, page = in_question(quick_app, sqlite_db)
    page = page.fill({"disclosed": "我和甲方是同学"}).press("接单")
    assert page.heading == "正在问各方" and story.state() == "awaiting_mediator"
    for letter in "AB":
        side = enter(quick_app, story, letter)
        assert side.heading == "请您说一声"
        side.press("同意")
    assert story.state() == "scheduled"
    assert page.visitor.open("/assignment").heading == "您已接单"


def test_a_mediator_notes_busy_days_and_the_load(quick_app: Flask, sqlite_db: Database) -> None:
    story, page = in_question(quick_app, sqlite_db)
    page = page.fill({"first": "2026-12-01", "last": "2026-12-05"}).press("记下")
    page = page.fill({"load_cap": "1"}).press("改好")
    assert page.value("load_cap") == "1" and "12月1日" in page.text
    for wrong in ("99", "-1", "x", ""):
        page.fill({"load_cap": wrong}).press("改好", status=422)
    page.fill({"first": "2026-12-05", "last": "2026-12-01"}).press("记下", status=422)
    present = story.present()
    with sqlite_db.read() as session:
        away = session.execute(select(Absence)).scalar_one()
        assert present is not None and away.mediator_id == present.mediator_id
        assert session.get_one(Mediator, present.mediator_id).load_cap == 1


def test_a_suspended_mediator_sees_that_it_stands_still(quick_app: Flask, sqlite_db: Database) -> None:
    story, page = in_question(quick_app, sqlite_db)
    officer(quick_app, story).open(f"/disputes/{story.no}").press("A方说不是他选的")
    assert page.visitor.open("/assignment").heading == "这个案子先停一停"
    with sqlite_db.read() as session:
        assert session.execute(select(Assignment)).scalar_one().slot_held


@pytest.mark.parametrize("letter", ["A", "B"])
def test_links_codes_and_forms_of_others_are_refused(quick_app: Flask, sqlite_db: Database, letter: str) -> None:
    """Another side's, another case's and another round's ballots; guessed links; the same form sent again."""
    story, other = an_order(sqlite_db), an_order(sqlite_db, pool=0)
    page = enter(quick_app, story, letter)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.html)[0]
    foreign = {"csrf_token": token, "round": "1", **{f"mark-{each}": "want" for each in (999001, 999002)}}
    page.visitor.send("POST", "/order/seal", data=foreign, status=409)
    mine = {"csrf_token": token, "round": "1", **{f"mark-{each}": "want" for each in story.listed()}}
    page.visitor.send("POST", "/order/seal", data=mine | {"round": "2"}, status=409)
    # Naming another side or case in the form changes nothing: the visit alone says whose ballot it is.
    page.visitor.send("POST", "/order/seal", data=mine | {"side": str(other.sides["A"]), "no": other.no})
    with sqlite_db.read() as session:
        (ballot,) = session.execute(select(Ballot)).scalars()
        assert ballot.side_id == story.sides[letter]
    story.seal("B" if letter == "A" else "A")
    page.visitor.send("POST", "/order/seal", data=mine, status=409)
    for guess in ("A" * 32, story.token(letter)[:-1], story.token(letter) + "x", "../order"):
        Visitor(quick_app).open(f"/o/{guess}", status=404)
