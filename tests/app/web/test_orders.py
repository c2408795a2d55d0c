"""A side's way through its pages: what it sees, what it may change, and what it never learns."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlmodel import col

from app import assignments, cases, invitations, orders
from app.db import Database
from app.lifecycle import State
from app.models import Agreement, Ballot, Dispute, Listing, Meeting, Party
from talent_pool.models import Mediator
from tests.app.order_story import Story, an_order, count, open_list, the_marks
from tests.app.web.order_pages import enter, listed, mark, path, seal
from tests.clock import NOW
from tests.page import Visitor

SENTENCE = re.compile(r"[^。?!:\s]+[。?!:]")


def case_of(story: Story) -> Dispute:
    with story.db.read() as session:
        return story.dispute(session)


# --- from the link to the seal ---------------------------------------------------------------------------------------


def test_a_side_marks_checks_and_seals(app: Flask, db: Database) -> None:
    story = an_order(db)
    page = enter(app, story)
    assert (path(page), page.heading) == ("/order", "选一位调解员")
    assert listed(page) == story.listed()
    assert "11月25日(周三)" in page.text
    page = mark(page, "想请", "不要", "想请").press("下一步")
    assert page.heading == "看一看对不对"
    with db.read() as session:
        assert count(session, Ballot) == 0, "nothing is kept before sealing"
    page = page.press("封好")
    assert (path(page), page.heading) == ("/order", "您的选择已封好")
    with db.read() as session:
        marks = the_marks(session)
    first, second, third, *_ = map(str, story.listed())
    assert (marks["want"], marks["strike"]) == ([first, third], [second])


def test_without_javascript_the_check_page_asks_for_the_order(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    ids = story.listed()
    page = mark(enter(quick_app, story), "想请", "想请", "想请").press("下一步")
    places = [page.value(f"place-{each}") for each in ids[:3]]
    assert places == ["第1想请", "第2想请", "第3想请"]
    page.fill({f"place-{ids[0]}": "第3想请", f"place-{ids[2]}": "第1想请"}).press("封好")
    with sqlite_db.read() as session:
        kept = the_marks(session)
    assert kept["want"] == [str(ids[2]), str(ids[1]), str(ids[0])]


def test_the_taps_give_the_order_of_the_check_page(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    ids = story.listed()
    page = enter(quick_app, story)
    # What the page's script keeps in a hidden field.
    form = {"round": "1", "order": f"{ids[1]},{ids[0]}", **{f"mark-{each}": "want" for each in ids[:2]}}
    page = page.visitor.send("POST", "/order/check", data={"csrf_token": token_of(page.html), **form})
    assert page.html.index(f'id="place-{ids[1]}"') < page.html.index(f'id="place-{ids[0]}"')
    page.press("封好")
    with sqlite_db.read() as session:
        assert the_marks(session)["want"] == [str(ids[1]), str(ids[0])]


def test_going_back_from_the_check_page_keeps_the_marks(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = mark(enter(quick_app, story), "想请", "不要").press("下一步").press("改一改")
    first, second, third, *_ = story.listed()
    checked = re.findall(r'name="mark-(\d+)" value="(\w+)" checked', page.html)
    assert dict(checked) | {str(first): "want", str(second): "strike"} == dict(checked)
    assert dict(checked)[str(third)] == "accept"


def test_all_are_struck_with_one_button(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story).press("都不合适,换一批")
    assert "这几位您都不要" in page.text
    page.press("封好")
    with sqlite_db.read() as session:
        assert len(the_marks(session)["strike"]) == 6


def test_a_sealed_ballot_may_be_changed_until_the_other_side_has_sealed(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = seal(enter(quick_app, story), "不要").press("改一改我的选择")
    ids = story.listed()
    assert (str(ids[0]), "strike") in re.findall(r'name="mark-(\d+)" value="(\w+)" checked', page.html)
    page = seal(page, "想请")
    assert page.heading == "您的选择已封好"
    story.seal("B")
    page = page.visitor.open("/order")
    assert page.heading == "选出来了" and "改一改我的选择" not in page.buttons
    form = {"round": "1", **{f"mark-{each}": "accept" for each in ids}}
    assert "选择已经结束" in send(page.visitor, "/order/seal", form, status=409)


def send(visitor: Visitor, address: str, form: dict[str, str], status: int) -> str:
    """Post a form made by hand, with the page's CSRF token; return the words of the answer."""
    data = {"csrf_token": token_of(visitor.open("/order").html), **form}
    return visitor.send("POST", address, data=data, status=status).text


def token_of(html: str) -> str:
    """The page's CSRF token."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_each_side_is_told_who_and_its_own_rank_only(app: Flask, db: Database) -> None:
    story = an_order(db)
    ids = story.listed()
    a, b = enter(app, story, "A"), enter(app, story, "B")
    seal(a, "可以", "想请")
    page = seal(b, "不要", "想请", "想请")
    with db.read() as session:
        name = session.get_one(Mediator, ids[1]).name
    for visitor in (a.visitor, b.visitor):
        page = visitor.open("/order")
        assert page.heading == "选出来了" and name in page.text
        assert "没有一方不要,在您心里排第1。" in page.text
    present = story.present()
    assert present is not None
    with db.write() as session:
        assignments.accept(session, story.dispute(session), present.id or 0, disclosed="none", by="m", now=NOW)
    assert a.visitor.open("/order").heading == "调解员已经接了"


def test_without_a_common_name_the_side_hears_that_and_then_sees_the_new_list(
    quick_app: Flask, sqlite_db: Database
) -> None:
    story = an_order(sqlite_db)
    old = story.listed()
    page = enter(quick_app, story)
    story.seal("B", strike=old)
    page = seal(page)
    assert page.heading == "还没有选出来" and "再给您一批人选" in page.text
    with sqlite_db.write() as session:
        open_list(session, story.dispute(session))
    page = page.visitor.open("/order")
    assert "这是新的一批人" in page.text and not set(listed(page)) & set(old)


def test_a_stale_page_of_the_first_list_is_refused(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story)
    stale = {"round": "1", **{f"mark-{each}": "accept" for each in story.listed()}}
    story.seal("A", strike=story.listed())
    story.seal("B")
    with sqlite_db.write() as session:
        open_list(session, story.dispute(session))
    assert "名单已经换了" in send(page.visitor, "/order/seal", stale, status=409)
    assert "名单已经换了" in send(page.visitor, "/order/check", stale, status=409)


def test_refusing_asks_once_and_tells_the_other_ways(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story).follow("我不愿调解")
    assert "谁也不能勉强" in page.text and "到法院起诉" in page.text
    assert case_of(story).state is State.CHOOSING, "looking is not refusing"
    page = page.press("不调解,到此结束")
    assert page.heading == "这次调解结束了" and "到法院起诉" in page.text
    assert (case_of(story).state, case_of(story).ended) == (State.TERMINATED, "refused")


def test_the_roll_shows_everybody_who_serves_the_place(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story).follow("看全部名册")
    with sqlite_db.read() as session:
        names = list(session.execute(select(Mediator.name)).scalars())
    assert len(names) == 12 and all(name in page.text for name in names)
    assert "乡贤" in page.follow("乡贤").text
    assert page.follow("回去选").heading == "选一位调解员"


STATES = ("mark", "sealed", "asking", "accepted", "no_common", "nobody_free", "settled", "ended", "paused")


@pytest.mark.parametrize("word", STATES)
def test_every_state_has_a_page(quick_app: Flask, sqlite_db: Database, word: str) -> None:
    story = an_order(sqlite_db)
    visitor = enter(quick_app, story).visitor
    with sqlite_db.write() as session:
        bring_to(session, story, word)
    page = visitor.open("/order")
    assert page.heading
    for locale in ("English", "中文"):
        page = page.press(locale)
        assert page.heading and path(page) == "/order"
    long = [each for each in SENTENCE.findall(page.text) if len(each) > 25]
    assert not long, "a sentence for the public has 25 characters at most"


def bring_to(session, story: Story, word: str) -> None:  # type: ignore[no-untyped-def]
    """Bring a case to the situation of this word."""
    dispute = story.dispute(session)
    a, b = (story.side(session, letter) for letter in "AB")
    names = [item.mediator_id for item in session.execute(select(Listing)).scalars()]
    strikes = {"no_common": names}.get(word, [])
    if word not in ("mark", "ended", "paused"):
        ballot = orders.read_marks(names, dict.fromkeys(strikes, orders.Mark.STRIKE), [])
        for side in (a, *([] if word == "sealed" else [b])):
            orders.seal(session, dispute, side, ballot, round_no=1, channel=orders.BallotChannel.PHONE, now=NOW)
    match word:
        case "accepted" | "settled":
            accept(session, dispute)
            if word == "settled":
                cases.move(session, dispute, State.AGREED_ORAL, "account:1", NOW)
        case "nobody_free":
            while present := assignments.living(session, dispute):
                assignments.decline(session, dispute, present.id or 0, reason="", by="m", now=NOW)
        case "ended":
            orders.end(session, dispute, "unreachable", by="account:1", now=NOW)
        case "paused":
            dispute.state = State.TRIAGED


def accept(session, dispute: Dispute) -> None:  # type: ignore[no-untyped-def]
    present = assignments.living(session, dispute)
    assert present is not None
    assignments.accept(session, dispute, present.id or 0, disclosed="none", by="m", now=NOW)


# --- what is never shown ---------------------------------------------------------------------------------------------

CANARIES = {"A": ("金丝雀甲", "13811110001"), "B": ("金丝雀乙", "13822220002")}


def test_no_page_of_a_side_holds_anything_of_the_other(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    with sqlite_db.write() as session:
        for letter, (name, phone) in CANARIES.items():
            party = session.execute(select(Party).where(col(Party.side_id) == story.sides[letter])).scalar_one()
            party.name, party.phone = name, phone
        story.dispute(session).narrative = "金丝雀的话"
    a, b = enter(quick_app, story, "A"), enter(quick_app, story, "B")
    ids = story.listed()
    seen = {"A": everything(a.visitor), "B": everything(b.visitor)}
    seal(a, "想请", "不要", "想请")
    seen["B"] += everything(b.visitor)
    unsealed = b.visitor.open("/order").html
    assert re.findall(r'value="(\w+)" checked', unsealed) == ["accept"] * 6, "as if nobody had marked anything"
    seal(b, "不要", "想请", "可以", "可以", "不要")
    for letter, visitor in (("A", a.visitor), ("B", b.visitor)):
        seen[letter] += everything(visitor)
    for letter, other in (("A", "B"), ("B", "A")):
        assert not [word for word in (*CANARIES[other], "金丝雀的话") if word in seen[letter]]
    final = a.visitor.open("/order").html
    assert not re.findall(r"strike|不要的|1票|2票", final)
    assert ids


def everything(visitor: Visitor) -> str:
    """All that a side can open."""
    return "".join(visitor.open(address).html for address in ("/order", "/order/refuse", "/order/roll"))


def test_whether_the_other_side_has_opened_or_sealed_is_not_to_be_seen(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    b = enter(quick_app, story, "B").visitor
    before = without_tokens(b.open("/order").html)
    seal(enter(quick_app, story, "A"), "不要")
    assert without_tokens(b.open("/order").html) == before


def without_tokens(html: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", html)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"mark-1": "love"}, 422),
        ({"mark-x": "want"}, 422),
        ({"mark-\x00": "want"}, 422),
        ({"round": "\x00"}, 422),
        ({"round": ""}, 422),
        ({"round": "99999999999999999999"}, 422),
        ({"mark-999999": "want"}, 409),
        ({"round": "7"}, 409),
        ({"order": "a,b,\x00,9" * 99}, 200),
    ],
)
def test_a_form_made_by_hand_is_answered_in_words(
    quick_app: Flask, sqlite_db: Database, form: dict[str, str], status: int
) -> None:
    story = an_order(sqlite_db)
    page = enter(quick_app, story)
    whole = {"round": "1", **{f"mark-{each}": "accept" for each in listed(page)}} | form
    answer = page.visitor.send("POST", "/order/seal", data={"csrf_token": token_of(page.html), **whole}, status=status)
    assert answer.heading
    with sqlite_db.read() as session:
        assert count(session, Ballot) == (1 if status == 200 else 0)


def test_no_page_opens_without_a_link(quick_app: Flask, sqlite_db: Database) -> None:
    an_order(sqlite_db)
    for address in ("/order", "/order/roll", "/order/refuse", "/order/check", "/assignment"):
        page = Visitor(quick_app).open(address, status=404)
        assert "重新打开" in page.heading


def test_a_link_that_was_replaced_ends_its_browsers(quick_app: Flask, sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    visitor = enter(quick_app, story).visitor
    with sqlite_db.write() as session:
        invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    visitor.open("/order", status=404)


def test_a_side_cannot_act_as_a_mediator_nor_in_another_case(quick_app: Flask, sqlite_db: Database) -> None:
    story, other = an_order(sqlite_db), an_order(sqlite_db, pool=0)
    page = enter(quick_app, story)
    page.visitor.open("/assignment", status=404)
    page.visitor.open(f"/disputes/{other.no}/slip/A", status=200)  # leads to the sign-in
    assert "登录" in page.visitor.open(f"/disputes/{other.no}/slip/A").heading
    # Two links opened in one browser: the last one counts, the first case is out of reach.
    second = page.visitor.open(f"/o/{other.token('B')}").press("开始选")
    seal(second, "想请")
    with sqlite_db.read() as session:
        kept = session.execute(select(Ballot)).scalar_one()
        assert (kept.side_id, kept.dispute_id) == (other.sides["B"], other.dispute(session).id)


def test_the_steps_behind_a_sealed_ballot_are_those_of_this_list(quick_app: Flask, sqlite_db: Database) -> None:
    """A case that was taken up again has had its session and agreement: they are no steps of the new order."""
    story = an_order(sqlite_db)

    def held(days: int) -> None:
        at = NOW + timedelta(days=days)
        with story.db.write() as session:
            owner = story.dispute(session).owns()
            session.execute(delete(Agreement))
            session.add(Meeting(**owner, held_at=at, outcome="agreed_oral", recorded_by="account:1"))
            session.add(Agreement(**owner, terms="清沟", agreed_at=at))

    held(-40)
    page = seal(enter(quick_app, story))
    assert re.findall(r"([✓○]) ([^\s✓○]+)", page.text)[:5] == [
        ("✓", "您封好了"), ("○", "选出来了"), ("○", "调解员接了"), ("○", "开调了"), ("○", "谈成了"),
    ]  # fmt: skip
    held(0)
    story.seal("B")
    marks = re.findall(r"([✓○]) ([^\s✓○]+)", page.visitor.open("/order").text)[:5]
    assert [mark for mark, _ in marks] == ["✓", "✓", "○", "✓", "✓"]
