"""The digits on the check page, the link that objects, help, a wish, the receipt: a side's pages beside the cards."""

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from app import assignments, orders
from app.db import Database
from app.models import Ballot, Nomination, Outbox, Party, SealCode
from app.settings import load
from app.web import create_app
from tests.app.order_story import Story, an_order, count
from tests.app.web.order_pages import enter, mark, path, seal
from tests.clock import NOW, Clock
from tests.page import Visitor


@pytest.fixture
def strict_app(sqlite_db: Database, clock: Clock) -> Flask:
    """A site on which sealing takes the digits."""
    had = sqlite_db.settings
    settings = load(data_dir=had.data_dir, secret_key=had.key(), base_url=had.base_url, sms_codes=True)
    return create_app(settings, sqlite_db, clock)


def texts(story: Story, kind: str) -> list[str]:
    """What phones were sent, oldest first: code or sealed."""
    with story.db.read() as session:
        query = select(col(Outbox.body)).where(col(Outbox.dedupe).startswith(f"{kind}:")).order_by(col(Outbox.id))
        return list(session.execute(query).scalars())


def the_code(story: Story) -> str:
    return re.findall(r"封存码(\d{6})", texts(story, "code")[-1])[0]


def test_sealing_takes_the_digits_that_the_phone_was_sent(strict_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = mark(enter(strict_app, story), "想请", "不要").press("下一步")
    assert "尾号" in page.text and len(texts(story, "code")) == 1
    wrong = "111111" if the_code(story) != "111111" else "222222"
    page = page.fill({"code": wrong}).press("封好", status=422)
    assert "封存码不对" in page.text
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 0
        assert session.execute(select(col(SealCode.tries))).scalar_one() == 1, "a refused try stays counted"
    page = page.fill({"code": the_code(story)}).press("封好")
    assert page.heading == "您的选择已封好"
    # Changing the ballot takes another code: the first one is used up.
    page = page.press("改一改我的选择").press("下一步")
    assert len(texts(story, "code")) == 2
    page.fill({"code": the_code(story)}).press("封好")


def test_after_five_wrong_ones_not_even_the_right_one_seals(strict_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(strict_app, story).press("下一步")
    wrong = "111111" if the_code(story) != "111111" else "222222"
    for _ in range(5):
        page = page.fill({"code": wrong}).press("封好", status=422)
    page = page.fill({"code": the_code(story)}).press("封好", status=422)
    assert "试的次数太多了" in page.text
    page = page.press("没收到,再发一次")
    assert page.heading == "看一看对不对" and len(texts(story, "code")) == 1, "not within a minute"


def test_a_form_without_the_digits_is_refused(strict_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(strict_app, story)
    page.press("下一步")
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.html)[0]
    form = {"csrf_token": token, "round": "1", **{f"mark-{each}": "accept" for each in story.listed()}}
    page.visitor.send("POST", "/order/seal", data=form, status=422)
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 0


def test_a_side_without_a_phone_is_not_asked_for_digits(strict_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.write() as session:
        for party in session.execute(select(Party)).scalars():
            party.phone = ""
    assert seal(enter(strict_app, story), "想请").heading == "您的选择已封好"
    assert texts(story, "code") == texts(story, "sealed") == []


def test_without_the_setting_a_side_seals_without_digits(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    assert seal(enter(quick_app, story)).heading == "您的选择已封好"
    assert texts(story, "code") == [] and len(texts(story, "sealed")) == 1


# --- objecting -------------------------------------------------------------------------------------------------------


def test_the_phone_objects_by_its_link(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    thief = seal(enter(quick_app, story), "不要").visitor
    address = re.findall(r"/not-mine/\S+", texts(story, "sealed")[0])[0]
    page = Visitor(quick_app).open(address)
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 1, "looking changes nothing"
    assert page.press("这不是我选的").heading == "记下了,选择先停下"
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 0
    thief.open("/order", status=404)
    assert Visitor(quick_app).open(address).press("这不是我选的").heading == "记下了,选择先停下", "twice is once"
    Visitor(quick_app).open("/not-mine/" + "A" * 32, status=404)


def test_an_objection_is_too_late_once_another_list_is_out(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    seal(enter(quick_app, story))
    with sqlite_db.write() as session:
        orders.end(session, story.dispute(session), "withdrawn", by="account:1", now=NOW)
    address = re.findall(r"/not-mine/\S+", texts(story, "sealed")[0])[0]
    assert "改不了" in Visitor(quick_app).open(address).press("这不是我选的", status=409).text


# --- help, a wish, two mediators, the receipt ------------------------------------------------------------------------


def test_a_side_asks_for_help_once(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story).follow("请所里帮我选")
    assert "民警不替您选" in page.text
    page = page.press("请打电话给我")
    assert "已经告诉派出所了" in page.text
    with sqlite_db.read() as session:
        help_asked = select(Outbox).where(col(Outbox.dedupe).contains(":help:"))
        assert len(session.execute(help_asked).scalars().all()) == 1
    assert page.follow("我自己选也行").heading == "选一位调解员"


def test_a_side_wishes_one_name_for_the_next_list(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story).follow("看全部名册")
    buttons = re.findall(r'name="mediator" value="(\d+)">(下一批提[^<]+)<', page.html)
    free = [(int(key), label) for key, label in buttons if int(key) not in story.listed()]
    for _key, label in free[:2]:
        page = page.press(label)
        assert label.removeprefix("下一批提") in page.text and "下一批您提了" in page.text
    with sqlite_db.read() as session:
        kept = session.execute(select(Nomination)).scalar_one()
        assert (kept.mediator_id, kept.side_id, kept.round) == (free[1][0], story.sides["A"], 2)
    listed = next(label for key, label in buttons if int(key) in story.listed())
    assert "不能放到名单上" in page.press(listed, status=409).text


def test_both_sides_ask_for_two_mediators(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    ids = story.listed()
    a, b = enter(quick_app, story, "A"), enter(quick_app, story, "B")
    story.seal("A", want=ids)
    story.seal("B", want=ids)
    a = a.visitor.open("/order").press("想请两位一起调")
    assert "想请两位一起调" not in a.buttons
    assert count_co(story) == 0
    b.visitor.open("/order").press("想请两位一起调")
    assert count_co(story) == 1


def count_co(story: Story) -> int:
    with story.db.read() as session:
        rows = assignments.assignments_of(session, story.dispute(session))
        return sum(row.role == "co" for row in rows)


def test_the_receipt_shows_ones_own_marks_and_checks_what_was_kept(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = seal(enter(quick_app, story), "想请", "不要").follow("看我的封条")
    kept = page.value("hash"), page.value("salt")
    assert len(kept[0]) == 64 and "想请" in page.text and "不要" in page.text
    assert "对得上" in page.press("核对").text
    story.seal("A")  # somebody changes it
    page = page.visitor.open("/order/receipt").fill({"hash": kept[0], "salt": kept[1]}).press("核对")
    assert "对不上" in page.text
    assert path(page) == "/order/receipt"


def test_no_receipt_without_a_ballot(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    enter(quick_app, story).visitor.open("/order/receipt", status=409)
