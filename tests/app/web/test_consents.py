"""A side's yes or no on its own page, and recorded by an officer; the coordinator's name put before the sides."""

from flask import Flask

from app import consents
from app.db import Database
from tests.app.order_steps import OVER, asked, do, due_at, let_the_clock_tick, naming, no_common_name, the_case
from tests.app.order_story import Story, an_order
from tests.app.web.order_pages import enter, officer, seal, signed_in
from tests.builders import a_coordinator
from tests.clock import Clock


def test_a_silent_side_is_asked_on_its_page_and_its_yes_asks_the_mediator(
    quick_app: Flask, sqlite_db: Database, clock: Clock
) -> None:
    story = an_order(sqlite_db)
    seal(enter(quick_app, story), "想请")
    clock_over(story, clock)
    page = enter(quick_app, story, "B")
    assert page.heading == "请您说一声"
    assert "您还没有选" in page.text and "在您心里" not in page.text
    assert "正在问对方" in enter(quick_app, story, "A").text
    page = page.press("同意")
    assert page.heading == "选出来了"
    assert story.state() == "awaiting_mediator"


def clock_over(story: Story, clock: Clock) -> None:
    """Let the time pass, on the clock of the pages too."""
    clock.now = due_at(story) + OVER
    let_the_clock_tick(story, clock.now)


def test_a_no_on_the_page_ends_it_kindly(quick_app: Flask, sqlite_db: Database, clock: Clock) -> None:
    story = an_order(sqlite_db)
    story.seal("A")
    clock_over(story, clock)
    page = enter(quick_app, story, "B").press("不同意")
    assert page.heading == "这次调解结束了" and "别动气" in page.text
    assert the_case(story).ended == "refused"


def test_an_officer_records_what_a_side_said_on_the_phone(quick_app: Flask, sqlite_db: Database, clock: Clock) -> None:
    story = an_order(sqlite_db)
    story.seal("A")
    clock_over(story, clock)
    page = officer(quick_app, story).open(f"/disputes/{story.no}")
    assert "待对方同意" in page.text and "B方同不同意?" in page.text and "A方同不同意?" not in page.text
    page = page.press("他同意")
    assert story.state() == "awaiting_mediator"
    assert "B方答复了" in page.text and "同不同意?" not in page.text
    with sqlite_db.read() as session:
        assert story.side(session, "B").consent_how == "phone"


def test_whom_the_coordinator_names_is_put_before_both_sides(
    quick_app: Flask, sqlite_db: Database, clock: Clock
) -> None:
    story, who = naming(sqlite_db)
    clock.now = due_at(story)
    with sqlite_db.write() as session:
        a_coordinator(session, login="su", with_password=True)
    roll = signed_in(quick_app, "su").open(f"/disputes/{story.no}/designate")
    roll.fill({"mediator": str(who)}).press("还没问过,请各方答复")
    side = enter(quick_app, story, "A")
    assert side.heading == "请您说一声" and "安公道" in side.text
    assert side.press("同意").heading == "正在问对方"
    page = officer(quick_app, story).open(f"/disputes/{story.no}")
    assert "B方同不同意?" in page.text and "A方同不同意?" not in page.text
    page.press("他同意")
    assert story.state() == "awaiting_mediator"


def test_a_tie_is_put_before_the_sides(quick_app: Flask, sqlite_db: Database) -> None:
    story, ids, first = asked(sqlite_db)
    do(story, consents.disclose_tie, first.id, tie="跟童家是远亲", by="mediator:1")
    page = enter(quick_app, story, "B")
    assert page.heading == "请您说一声" and "有关系" in page.text
    page.press("不同意")
    present = story.present()
    assert present is not None and present.mediator_id == ids[1]


def test_a_second_list_is_told_of_on_the_sides_page(quick_app: Flask, sqlite_db: Database, clock: Clock) -> None:
    story = an_order(sqlite_db)
    no_common_name(story)
    clock_over(story, clock)
    assert enter(quick_app, story, "A").heading == "选一位调解员"
