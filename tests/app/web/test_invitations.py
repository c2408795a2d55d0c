"""The way in: looking changes nothing, whatever opens nothing answers alike, codes are tried a few times only."""

from datetime import timedelta

import pytest
from flask import Flask

from app import accounts, invitations
from app.db import Database
from app.models import Side
from tests.app.order_story import an_order
from tests.app.test_visits import rows
from tests.app.web.order_pages import enter, officer, path
from tests.clock import NOW, Clock
from tests.page import BASE, Visitor

PREVIEWS = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) MicroMessenger/8.0.50 WeChat/arm64",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
)


def test_a_links_page_has_one_button_and_leads_to_an_address_without_the_token(app: Flask, db: Database) -> None:
    story = an_order(db)
    page = Visitor(app).open(f"/o/{story.token('A')}")
    assert page.heading == "选一位调解员"
    assert [button for button in page.buttons if button not in ("English", "大字")] == ["开始选"]
    page = page.press("开始选")
    assert path(page) == "/order" and story.token("A") not in page.html


def test_looking_at_any_page_changes_nothing(app: Flask, db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    story.seal("B")
    paths = [f"/o/{story.token('A')}", f"/o/{story.mediator_token()}", "/o/unknown", "/o", "/order", "/assignment"]
    before = rows(db)
    for agent in PREVIEWS:
        client = Visitor(app, **{"User-Agent": agent}).client
        for method in ("GET", "HEAD", "OPTIONS"):
            for address in paths * 3:
                assert client.open(address, method=method).status_code < 500
    assert rows(db) == before


def test_a_visitor_and_an_officer_who_only_look_change_nothing(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    station, side = officer(quick_app, story), enter(quick_app, story).visitor
    side.open("/order")
    before = rows(sqlite_db)
    mine = ("", "/slip/A", "/slip/B", "/desk", "/desk/A", "/desk/B", "/desk/A/check", "/desk/A/seal")
    for method in ("GET", "HEAD"):
        for address in ("/order", "/order/roll", "/order/refuse", "/order/check", "/order/seal"):
            assert side.client.open(address, method=method, base_url=BASE).status_code < 400
        for address in mine:
            assert station.client.open(f"/disputes/{story.no}{address}", method=method, base_url=BASE).status_code < 400
    assert rows(sqlite_db) == before


def test_whatever_opens_nothing_answers_with_the_same_bytes(app: Flask, db: Database, clock: Clock) -> None:
    story = an_order(db)
    revoked, living = story.token("A"), story.token("B")
    with db.write() as session:
        invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    dead = [revoked, "x" * 32, "短", "a" * 5000, "%00", "..%2f..", "a/b/c", story.code("B"), living[:-1], living + "A"]
    answers = {address: Visitor(app).client.get(f"/o/{address}") for address in dead}
    clock.forward(days=400)
    answers["expired"] = Visitor(app).client.get(f"/o/{living}")
    bodies = {answer.data for answer in answers.values()}
    assert {answer.status_code for answer in answers.values()} == {404}
    assert len(bodies) == 1
    assert Visitor(app).open("/o/x", status=404).heading == "这个链接打不开"


def test_pressing_the_button_of_a_dead_link_gives_the_same_page(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = Visitor(quick_app).open(f"/o/{story.token('A')}")
    with sqlite_db.write() as session:
        invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    assert page.press("开始选", status=404).heading == "这个链接打不开"
    with sqlite_db.read() as session:
        assert session.get_one(Side, story.sides["A"]).opened_at is None


def test_a_used_link_opens_again_and_shows_its_own_sides_result(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    token = story.token("A")
    story.seal("A")
    story.seal("B")
    assert Visitor(quick_app).open(f"/o/{token}").press("开始选").heading == "选出来了"


@pytest.mark.parametrize("show", ["{0}{1}{2}", "{0} {1} {2}", " {0}  {1}　{2} "])
def test_a_code_opens_with_or_without_spaces(quick_app: Flask, sqlite_db: Database, show: str) -> None:
    story = an_order(sqlite_db)
    code = story.code("B")
    page = Visitor(quick_app).open("/o").fill({"code": show.format(code[:3], code[3:6], code[6:])}).press("打开")
    assert path(page) == "/order"
    with sqlite_db.read() as session:
        assert session.get_one(Side, story.sides["B"]).opened_at == NOW


def test_a_wrong_code_is_told_at_the_field_and_counted(app: Flask, db: Database, clock: Clock) -> None:
    story = an_order(db)
    visitor = Visitor(app)
    for typed in ["", "abc", "😀", "1" * 20] + ["0000000000"] * (accounts.TRIES - 4):
        page = visitor.open("/o").fill({"code": typed}).press("打开", status=422)
        assert page.error("code") == "没有这个短码,请看清再输一次"
        assert page.value("code") == typed
    page = visitor.open("/o").fill({"code": story.code("A")}).press("打开", status=429)
    assert "15分钟" in page.error("code")
    clock.forward(minutes=16)
    assert path(visitor.open("/o").fill({"code": story.code("A")}).press("打开")) == "/order"


def test_a_code_does_not_open_through_the_links_address(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    Visitor(quick_app).open(f"/o/{story.code('A')}", status=404)


def test_a_visit_lasts_the_day(quick_app: Flask, sqlite_db: Database, clock: Clock) -> None:
    story = an_order(sqlite_db)
    visitor = enter(quick_app, story).visitor
    clock.now = NOW + timedelta(hours=11, minutes=59)
    visitor.open("/order")
    clock.now = NOW + timedelta(hours=12)
    assert "重新打开" in visitor.open("/order", status=404).heading
