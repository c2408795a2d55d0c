"""The station's pages of an order: slips, the board, both sides at one desk, whoever does not answer, the coordinator."""

import re
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from app import assignments, orders, shortlists
from app.db import Database
from app.lifecycle import State
from app.models import AssignmentState, Ballot, BallotChannel, Choice, Shortlist, Station
from talent_pool.models import Mediator
from tests.app.order_story import Story, a_pool, a_read_case, an_order, count, story_of
from tests.app.web.order_pages import CODES, enter, listed, mark, officer, path, seal, signed_in
from tests.builders import LUOCHUAN, YULIN, a_coordinator, an_officer
from tests.clock import Clock
from tests.page import Page, Visitor


def case_page(visitor: Visitor, story: Story) -> Page:
    """The case's page."""
    return visitor.open(f"/disputes/{story.no}")


# --- opening, slips --------------------------------------------------------------------------------------------------


def test_an_officer_opens_an_order_and_prints_a_slip_for_each_side(app: Flask, db: Database) -> None:
    with db.write() as session:
        a_pool(session)
        story = story_of(db, a_read_case(session))
    visitor = officer(app, story)
    page = case_page(visitor, story).press("发起点单")
    assert path(page) == f"/disputes/{story.no}" and "没打开过" in page.text
    slip = page.follow("A方纸条")
    code = story.code("A")
    assert f"{code[:3]} {code[3:6]} {code[6:]}" in slip.text
    assert "童大山" in slip.text and "邱有田" not in slip.text
    assert "11月25日(周三)" in slip.text and "0911-0000110" in slip.text
    assert 'src="data:image/svg+xml' in slip.html
    assert "邱有田" in page.follow("B方纸条").text


def test_a_slip_replaced_shuts_the_old_link(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    old, old_code = story.token("A"), story.code("A")
    page = officer(quick_app, story).open(f"/disputes/{story.no}/slip/A").press("换一张,旧的作废")
    assert story.code("A") != old_code and story.code("A")[6:] in page.text
    Visitor(quick_app).open(f"/o/{old}", status=404)


def test_slips_are_the_stations_own(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.write() as session:
        an_officer(session, login="qian", with_password=True)
        a_coordinator(session, login="su", with_password=True)
    outsider, coordinator = signed_in(quick_app, "qian"), signed_in(quick_app, "su")
    for address in (f"/disputes/{story.no}/slip/A", f"/disputes/{story.no}/desk", f"/disputes/{story.no}/desk/A"):
        outsider.open(address, status=404)
        coordinator.open(address, status=403)
    mine = officer(quick_app, story)
    mine.open(f"/disputes/{story.no}/slip/Z", status=404)
    mine.open(f"/disputes/{story.no}/mediator-slip", status=404)


def test_the_board_tells_who_opened_and_who_sealed_and_not_what(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    seal(enter(quick_app, story), "想请", "不要", "想请")
    page = case_page(visitor, story)
    board = page.html[page.html.index('id="order"') : page.html.index("</section>", page.html.index('id="order"'))]
    assert board.count("09:00") == 2 and "还没封" in board and "没打开过" in board
    assert not [word for word in CODES if word in board]
    with sqlite_db.read() as session:
        names = [item.name for item in shortlists.listings_of(session, session.execute(select(Shortlist)).scalar_one())]
    assert not [name for name in names if name in board]


# --- both at one desk ------------------------------------------------------------------------------------------------


def test_two_sides_choose_at_one_desk(app: Flask, db: Database) -> None:
    story = an_order(db)
    ids = story.listed()
    page = officer(app, story).open(f"/disputes/{story.no}/desk")
    assert page.heading == "两人都在,当面选"
    with db.read() as session:
        first, second = (side.letter for side in orders.unsealed(session, story.dispute(session)))
    page = mark(page.follow("我来选"), "想请", "不要").press("下一步")
    assert page.heading == "看一看对不对"
    page = page.press("封好")
    assert page.heading == "请交给对方" and path(page).endswith("/desk")
    page = page.follow("我来选")
    assert re.findall(r'value="(\w+)" checked', page.html) == ["accept"] * 6
    page = mark(page, "想请").press("下一步").press("封好")
    assert page.heading == "选出来了"
    assert "排第" not in page.text, "one screen for both: no side's rank"
    with db.read() as session:
        made = session.execute(select(Ballot)).scalars().all()
        assert {ballot.channel for ballot in made} == {BallotChannel.DESK}
        assert all(ballot.by_account for ballot in made)
        chosen = assignments.living(session, story.dispute(session))
        assert chosen is not None and chosen.mediator_id == ids[0]
    assert {first, second} == {"A", "B"}


def test_nobody_sees_the_first_sides_marks_again(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = officer(quick_app, story)
    start = visitor.open(f"/disputes/{story.no}/desk").follow("我来选")
    address = path(start)
    form = {"round": "1", **{f"mark-{each}": "strike" for each in listed(start)}}
    token = re.search(r'name="csrf_token" value="([^"]+)"', start.html)
    assert token is not None
    data = {"csrf_token": token[1], **form}
    visitor.send("POST", f"{address}/check", data=data)
    visitor.send("POST", f"{address}/seal", data=data)
    # Back, reload, and "send the form again": each leads to the hand-over page.
    for method, where in (("GET", ""), ("POST", ""), ("POST", "/check"), ("POST", "/seal"), ("GET", "/check")):
        page = visitor.send(method, f"{address}{where}", data=data if method == "POST" else None)
        assert page.heading == "请交给对方"
        assert "strike" not in page.html
    answer = visitor.client.get(address, base_url=visitor.base)
    assert answer.headers["Cache-Control"] == "no-store"
    with sqlite_db.read() as session:
        assert count(session, Ballot) == 1


def test_the_other_side_cannot_mark_out_of_turn(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.read() as session:
        first, second = (side.letter for side in orders.unsealed(session, story.dispute(session)))
    visitor = officer(quick_app, story)
    assert path(visitor.open(f"/disputes/{story.no}/desk/{second}")).endswith("/desk")
    assert path(visitor.open(f"/disputes/{story.no}/desk/{first}")).endswith(f"/desk/{first}")


def test_a_side_that_sealed_on_the_phone_is_not_asked_at_the_desk(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    seal(enter(quick_app, story, "A"))
    page = officer(quick_app, story).open(f"/disputes/{story.no}/desk")
    assert "邱有田" in page.text and page.links["我来选"].endswith("/desk/B")


# --- nobody answers, no name, an end ---------------------------------------------------------------------------------


def test_a_mediator_who_does_not_answer_is_passed_over(quick_app: Flask, sqlite_db: Database, clock: Clock) -> None:
    story = an_order(sqlite_db)
    story.seal("A")
    story.seal("B")
    first = story.present()
    visitor = officer(quick_app, story)
    page = case_page(visitor, story)
    assert "过期没答复,问下一位" not in page.buttons
    slip = page.follow("给调解员的纸条")
    assert "请您来调解" in slip.text and 'src="data:image/svg+xml' in slip.html
    assert first is not None
    clock.now = first.due_at + timedelta(minutes=1)
    case_page(signed_in(quick_app, "zhao"), story).press("过期没答复,问下一位")
    second = story.present()
    assert second is not None and second.id != first.id
    with sqlite_db.read() as session:
        passed = assignments.assignments_of(session, story.dispute(session))[0]
        assert (passed.state, passed.slot_held) == (AssignmentState.DECLINED, False)


def test_after_a_list_without_a_common_name_another_is_drawn(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    story.seal("A", strike=story.listed())
    story.seal("B")
    page = case_page(officer(quick_app, story), story).press("换一批人再选")
    assert "第2批" in page.text and story.state() == "choosing_round2"


def test_a_case_is_ended_with_its_reason(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = case_page(officer(quick_app, story), story)
    page.fill({"why": "联系不上一方"}).press("结束案件")
    with sqlite_db.read() as session:
        dispute = story.dispute(session)
        assert (dispute.state, dispute.ended) == (State.TERMINATED, "unreachable")
    side = Visitor(quick_app).open(f"/o/{story.token('A')}").press("开始选")
    assert side.heading == "这次调解结束了"


def test_a_coordinator_names_one_whom_nobody_struck(app: Flask, db: Database) -> None:
    story = an_order(db, pool=12)
    struck = story.listed()
    story.seal("A", strike=struck)
    story.seal("B")
    with db.write() as session:
        a_coordinator(session, area=LUOCHUAN, login="su", with_password=True)
        a_coordinator(session, area=YULIN, login="far", with_password=True)
    signed_in(app, "far").open(f"/disputes/{story.no}/designate", status=404)
    page = case_page(signed_in(app, "su"), story).follow("指定调解员")
    offered = [int(each) for each in re.findall(r'name="mediator" value="(\d+)"', page.html)]
    assert len(offered) == 6 and not set(offered) & set(struck)
    wrong = page.press("就请这一位", status=422)
    assert "请选一位" in wrong.text
    wrong = page.fill({"mediator": str(offered[0])}).press("就请这一位", status=422)
    assert wrong.error("agreed") == "请写明各方怎样同意的"
    wrong.fill({"agreed": "电话里双方都说行"}).press("就请这一位")
    present = story.present()
    assert present is not None and present.mediator_id == offered[0]
    with db.read() as session:
        assert session.execute(select(Choice.result)).scalar_one()["chosen"] is None
        assert story.dispute(session).state is State.AWAITING_MEDIATOR


def test_a_full_mediator_cannot_be_named(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db, pool=12)
    story.seal("A", strike=story.listed())
    story.seal("B")
    with sqlite_db.write() as session:
        a_coordinator(session, login="su", with_password=True)
    page = signed_in(quick_app, "su").open(f"/disputes/{story.no}/designate")
    chosen = re.findall(r'name="mediator" value="(\d+)"', page.html)[0]
    with sqlite_db.write() as session:
        session.get_one(Mediator, int(chosen)).load_cap = 0
    page.fill({"mediator": chosen, "agreed": "都行"}).press("就请这一位", status=409)
    assert story.state() == "designating"


def test_the_officer_is_led_by_words_in_both_languages(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = case_page(officer(quick_app, story), story).press("English")
    assert "not sealed yet" in page.text
    assert page.follow("Slip of side A").heading.startswith("Order slip")


def test_the_stations_name_and_phone_are_on_every_paper(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.read() as session:
        name = session.execute(
            select(Station.name).where(col(Station.id) == story.dispute(session).station_id)
        ).scalar_one()
    assert name in officer(quick_app, story).open(f"/disputes/{story.no}/slip/B").text
