"""A mediator by link: sees who asks and whom it is about, accepts with a disclosure or declines with a reason."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from app import assignments, cases
from app.db import Database
from app.lifecycle import State
from app.models import Assignment, AssignmentState, Party
from talent_pool import roster
from talent_pool.models import RelationKind
from tests.app.order_story import Story, an_order
from tests.app.web.order_pages import mediator, path
from tests.clock import NOW

TICK = "我与双方没有需要回避的关系"


@pytest.fixture
def story(sqlite_db: Database) -> Story:
    """A case whose mediator is asked."""
    return asked(sqlite_db)


def asked(db: Database) -> Story:
    made = an_order(db)
    made.seal("A")
    made.seal("B")
    return made


def test_the_mediator_sees_who_it_is_about_and_no_phone_nor_narrative(quick_app: Flask, story: Story) -> None:
    with story.db.read() as session:
        phones = list(session.execute(select(Party.phone)).scalars())
        narrative = story.dispute(session).narrative
    page = mediator(quick_app, story)
    assert (path(page), page.heading) == ("/assignment", "请您接一个案子")
    assert "童大山" in page.text and "邱有田" in page.text and story.no in page.text
    assert "11月24日(周二)" in page.text and "0911-0000110" in page.text
    assert not [word for word in (*phones, narrative) if word in page.html]


def test_accepting_needs_a_word_on_ties(app: Flask, db: Database) -> None:
    story = asked(db)
    page = mediator(app, story).press("接单", status=422)
    assert page.error(TICK) == "请先说明与双方有没有关系"
    page = page.fill({TICK: True}).press("接单")
    assert page.heading == "您已接单" and "11月26日(周四)" in page.text and "中心街1号" in page.text
    present = story.present()
    assert present is not None
    assert (present.state, present.disclosed) == (AssignmentState.ACCEPTED, "none")
    assert story.state() == "scheduled"
    assert page.links["记录调解"] == "/assignment/session"


def test_a_tie_may_be_disclosed_in_words(quick_app: Flask, story: Story) -> None:
    page = mediator(quick_app, story).fill({"disclosed": "与邱有田同村"}).press("接单")
    present = story.present()
    assert present is not None and present.disclosed == "与邱有田同村"
    assert present.state is AssignmentState.ASKED and page.heading == "正在问各方", "all sides have to agree first"


def test_declining_needs_a_reason_and_asks_the_next(app: Flask, db: Database) -> None:
    story = asked(db)
    first = story.present()
    page = mediator(app, story).press("不便,请下一位", status=422)
    assert page.error("为什么不便") == "请选一个原因"
    page = page.fill({"为什么不便": "身体不好", "words": "下月再说"}).press("不便,请下一位")
    assert page.heading == "您没有接这个案子"
    second = story.present()
    assert first is not None and second is not None and second.id != first.id
    with db.read() as session:
        assert session.get_one(Assignment, first.id).reason == "身体不好:下月再说"
        last = [event for event in cases.history(session, story.dispute(session)) if event.kind == "declined"]
        assert last[0].actor == f"mediator:{first.mediator_id}"


@pytest.mark.parametrize("button", ["接单", "不便,请下一位"])
def test_an_answer_that_comes_too_late_is_told_so(quick_app: Flask, story: Story, button: str) -> None:
    page = mediator(quick_app, story)
    present = story.present()
    assert present is not None
    with story.db.write() as session:
        late = present.due_at.replace(year=2027)
        assignments.pass_over(session, story.dispute(session), present.id or 0, by="account:1", now=late)
    page.fill({TICK: True, "为什么不便": "手上事多"})
    if button == "接单":
        answer = page.press(button, status=409)
        assert "已经不用您答复" in answer.heading
        assert answer.links["回到首页"] == "/assignment"
        assert answer.follow("回到首页").heading == "您没有接这个案子"
    else:
        assert page.press(button).heading == "您没有接这个案子"
    assert story.present().id != present.id  # type: ignore[union-attr]


def test_a_mediator_found_to_be_tied_is_stopped(quick_app: Flask, story: Story) -> None:
    page = mediator(quick_app, story)
    present = story.present()
    assert present is not None
    with story.db.write() as session:
        person = cases.parties_of(session, story.dispute(session))[0]
        roster.declare_relation(session, present.mediator_id, RelationKind.KIN, person)
    answer = page.fill({TICK: True}).press("接单", status=409)
    assert "需要回避" in answer.heading
    assert story.present().state is AssignmentState.ASKED  # type: ignore[union-attr]


def test_when_the_case_ends_the_mediator_reads_that(quick_app: Flask, story: Story) -> None:
    visitor = mediator(quick_app, story).visitor
    with story.db.write() as session:
        cases.release(session, story.dispute(session), NOW)
        cases.move(session, story.dispute(session), State.TERMINATED, "account:1", NOW)
    assert visitor.open("/assignment").heading == "这个案子不用您办了"


def test_a_mediator_reaches_no_other_page(quick_app: Flask, story: Story) -> None:
    visitor = mediator(quick_app, story).visitor
    visitor.open("/order", status=404)
    assert visitor.open(f"/disputes/{story.no}").heading == "登录"


def test_the_page_is_complete_in_english(quick_app: Flask, story: Story) -> None:
    page = mediator(quick_app, story).press("English")
    assert page.heading == "Will you take a case?"
    assert "Accept" in page.buttons


def test_an_answer_sent_twice_counts_once(quick_app: Flask, story: Story) -> None:
    page = mediator(quick_app, story).fill({TICK: True})
    assert page.press("接单").heading == page.press("接单").heading == "您已接单"
    with story.db.read() as session:
        kept = session.execute(select(Assignment).where(col(Assignment.slot_held))).scalars().all()
        assert len(kept) == 1
