"""One quarrel from the officer's form to the weekly reminder, as its people live it: in real browsers, and without any.

What a person would look at is looked at: the pages' own words, the Word file's text, the inbox.
"""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
import pytest
import segno
from click.testing import CliRunner
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect
from sqlalchemy import select
from sqlmodel import col

from app import assignments, ballot_box, cases, invitations
from app.cli import cli
from app.db import Database
from app.models import Assignment, Choice, Dispute, InboxMessage
from app.scope import Role
from talent_pool.models import Mediator
from tests.app.order_story import a_pool
from tests.app.web.at_the_desk import Desk
from tests.browser import OpenTab, Site
from tests.builders import PASSWORD, an_officer, viewer
from tests.clock import Clock
from tests.page import Page, Visitor
from tests.test_browser import Live

STORY = "童大山家盖房把滴水檐伸过了界墙,雨水冲垮邱有田家院墙,两家为这条水路吵了半个月,村干部劝了三回都没用,谁也不肯先让谁一步。"
VIOLENT = (
    "邱有田喝酒后又动手打了媳妇,媳妇跑回娘家不敢回来,婆家人上门吵着要领人,两边老人在院子里骂了一下午,村干部劝不住。"
)
TERMS = "童家十二月十日前把滴水檐收回界墙以内;邱家院墙由两家各出一半工修好"
MONDAY = "2026-11-30T08:30:00+08:00"  # the next one after the story's day


class Town(Desk):
    """The station with a colleague and a pool from which six can be listed."""

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__(db, clock)
        with db.write() as session:
            a_pool(session, 8)
            known = {"password_hash": self.officer.password_hash}
            self.colleague = an_officer(session, self.station, login="he", name="何民警", **known)

    # --- what the database knows and no page shows ---

    def token(self, no: str, letter: str = "") -> str:
        """The token in the QR code of a side's slip, or of the present mediator's."""
        with self.db.read() as session:
            dispute = self._dispute(session, no)
            whom: dict[str, Any] = {"assignment_id": self._present(session, dispute).id}
            if letter:
                sides = {side.letter: side.id for side in cases.sides_of(session, dispute)}
                whom = {"side_id": sides[letter]}
            found = invitations.living(session, dispute, self.app.extensions["diandan"].clock(), **whom)
            assert found is not None
            return self.db.links.token(found.nonce)

    def ranks(self, no: str) -> dict[str, int]:
        """The place of whoever was chosen in each side's own marks."""
        with self.db.read() as session:
            dispute = self._dispute(session, no)
            choice = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id)).scalar_one()
            ranks: dict[str, int] = ballot_box.answer_of(session, choice)["ranks"][
                str(self._present(session, dispute).mediator_id)
            ]
            return ranks

    @staticmethod
    def _dispute(session: Any, no: str) -> Dispute:
        found: Dispute = session.execute(select(Dispute).where(col(Dispute.no) == no)).scalar_one()
        return found

    @staticmethod
    def _present(session: Any, dispute: Dispute) -> Assignment:
        present = assignments.living(session, dispute)
        return present if present is not None else Assignment(mediator_id=0)  # type: ignore[call-arg]

    def reminders(self) -> list[InboxMessage]:
        """The officer's weekly lists."""
        mine = select(InboxMessage).where(col(InboxMessage.account_id) == self.officer.id)
        with self.db.read() as session:
            found = session.execute(mine.where(col(InboxMessage.dedupe).startswith("weekly_digest"))).scalars()
            return list(found)

    def tick(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """Run `diandan worker --once` at the next Monday, as another process would."""
        settings = self.db.settings
        monkeypatch.setenv("DIANDAN_DATABASE_URL", settings.database_url)
        call = ["worker", "--once", "--now", MONDAY, "--data-dir", str(settings.data_dir)]
        done = CliRunner().invoke(cli, call, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def monday_comes(self, no: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The officer gets one list that names the case; a second worker has nothing left to do."""
        assert self.reminders() == []
        first, second = self.tick(monkeypatch), self.tick(monkeypatch)
        assert {"weekly_digest"} <= set(first["ran"]) <= {"weekly_digest", "case_clocks"}
        assert (first["failed"], second) == (0, {"ran": [], "queued": 0, "sent": 0, "failed": 0})
        [only] = self.reminders()
        assert no in only.body
        assert "回访中" in only.body


@pytest.fixture
def town(db: Database, clock: Clock) -> Town:
    """The town on both databases."""
    return Town(db, clock)


@pytest.fixture
def quick_town(sqlite_db: Database, clock: Clock) -> Town:
    """The town on SQLite alone."""
    return Town(sqlite_db, clock)


def words_of(file: bytes) -> str:
    """Return every word of a Word file, tables included."""
    paper = docx.Document(BytesIO(file))
    cells = (cell.text for table in paper.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(each.text for each in paper.paragraphs), *cells])


def number_in(text: str) -> str:
    """Return the case number that a page tells."""
    found = re.search(r"\d{9}-2026-\d{4}", text)
    assert found is not None, text[:300]
    return found[0]


# --- without any browser ---------------------------------------------------------------------------------------------


def test_one_quarrel_to_its_end(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    officer = town.sign_in()
    page = officer.open("/disputes/new").fill(
        {"narrative": STORY, "place": "水渭村", "type": "邻里"}
        | {
            "sides-0-parties-0-name": "童大山",
            "sides-1-parties-0-name": "邱有田",
            "sides-1-parties-0-phone": "13800000002",
        }
    )
    page = page.press("看研判")
    assert "可请的调解员" in page.text
    page = page.press("登记案件")
    no = number_in(page.heading)
    page = page.press("发起点单")
    sides = {letter: _seals(town, page, letter, at) for at, letter in enumerate("AB")}
    _both_see_the_result_and_their_own_rank(town, no, sides)
    _the_first_declines_the_next_accepts(town, no)
    _the_officer_records_what_was_agreed(officer.open(f"/disputes/{no}"))
    _the_paper_says_it(officer.client.get(f"/disputes/{no}/agreement.docx", base_url=officer.base).data)
    page = officer.open(f"/disputes/{no}").press("履行完毕")
    page = page.follow("记录回访").fill({"当事人满意吗": "5 很满意", "备注": "滴水檐已收回"}).press("保存回访")
    assert "回访中" in page.text
    town.monday_comes(no, monkeypatch)
    assert no in officer.open("/inbox").text


def _seals(town: Town, case: Page, letter: str, at: int) -> Visitor:
    """A side types the short code of its slip, wants two names (not the same ones), seals."""
    slip = case.follow(f"{letter}方纸条")
    code = re.search(r"\d{3} \d{3} \d{4}", slip.text)
    assert code is not None
    side = Visitor(town.app)
    page = side.open("/o").fill({"code": code[0]}).press("打开")
    cards = re.findall(r'name="mark-(\d+)" value="want"', page.html)
    assert len(cards) == 6
    for card in cards[at : at + 2]:
        page.fill({f"mark-{card}": "want"})
    page = page.fill({f"mark-{cards[5]}": "strike"}).press("下一步").press("封好")
    assert page.heading == ("您的选择已封好" if at == 0 else "选出来了")
    return side


def _both_see_the_result_and_their_own_rank(town: Town, no: str, sides: dict[str, Visitor]) -> None:
    ranks = town.ranks(no)
    for letter, side in sides.items():
        page = side.open("/order")
        assert page.heading == "选出来了"
        assert re.findall(r"排第(\d+)", page.text) == [str(ranks[letter])]
        assert "13800000002" not in page.html
        assert "滴水檐" not in page.html
    assert set(ranks.values()) == {1, 2}, "the two sides' ranks should differ, or one could hide behind the other"


def _the_first_declines_the_next_accepts(town: Town, no: str) -> None:
    first = Visitor(town.app).open(f"/o/{town.token(no)}").press("打开看看")
    page = first.fill({"为什么不便": "手上事多"}).press("不便,请下一位")
    assert page.heading == "您没有接这个案子"
    second = Visitor(town.app).open(f"/o/{town.token(no)}").press("打开看看")
    page = second.press("接单", status=422)
    page = page.fill({"unrelated": True}).press("接单")
    assert page.heading == "您已接单"
    assert first.visitor.open("/assignment").heading == "您没有接这个案子"


def _the_officer_records_what_was_agreed(case: Page) -> None:
    page = case.follow("记录调解").press("保存记录", status=422)
    page.fill({"outcome": "agreed_written", "协议内容谁在什么时候做什么,一条一行": TERMS, "履行期限": "2026-12-10"})
    assert "履行中" in page.press("保存记录").text


def _the_paper_says_it(file: bytes) -> None:
    words = words_of(file)
    for wanted in ("童大山", "邱有田", TERMS, "2026年12月10日", "2026年11月23日", "人调字第1号"):
        assert wanted in words, f"{wanted} is not in the agreement"


# --- in real browsers ------------------------------------------------------------------------------------------------


@pytest.fixture
def site(quick_town: Town, live: Live) -> Iterator[Site]:
    """The town's site, served; links lead to it."""
    yield live(lambda base_url: quick_town.app)


def test_one_quarrel_in_real_browsers(
    quick_town: Town, site: Site, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, desk = quick_town, open_tab(f"{site.url}/")
    _signs_in_by_keyboard(desk)
    no = _logs_by_keyboard(desk)
    desk.get_by_role("button", name="发起点单").click()
    expect(desk.get_by_text("还没封").first).to_be_visible()
    phones = {
        "A": _opens_the_link(town, site, open_tab(width=360, height=780), desk, no, "A"),
        "B": _opens_the_link(town, site, open_tab(width=360, height=780, javascript=False), desk, no, "B"),
    }
    _marks_and_seals(phones["A"], wanted=(2, 0), sees="第1想请")
    expect(phones["A"].get_by_role("heading", level=1)).to_have_text("您的选择已封好")
    _marks_and_seals(phones["B"], wanted=(3, 0), sees="想请")
    for letter, phone in phones.items():
        phone.goto(f"{site.url}/order")
        expect(phone.get_by_role("heading", level=1)).to_have_text("选出来了")
        assert re.findall(r"排第(\d+)", phone.inner_text("main")) == [str(town.ranks(no)[letter])]
    _mediators_answer(town, site, open_tab, no)
    _records_and_prints(desk, site, no)
    _performs_and_revisits(desk)
    town.monday_comes(no, monkeypatch)
    desk.goto(f"{site.url}/inbox")
    assert desk.locator("article", has_text="未结案件").count() == 1


def _signs_in_by_keyboard(desk: Tab) -> None:
    desk.get_by_label("账号").focus()
    desk.keyboard.type("lu")
    desk.keyboard.press("Tab")
    desk.keyboard.type(PASSWORD)
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", level=1)).to_have_text("工作单")
    desk.wait_for_load_state()  # keys are the script's, and it comes after the words


def _logs_by_keyboard(desk: Tab) -> str:
    """Type the case and log it; not a single click, and at most 15 keys that are not its words."""
    keys = ["n", "Tab", "Enter", "Enter", "Enter", "Enter", "Control+Enter"]
    assert len(STORY) >= 60 > 15 >= len(keys)
    desk.keyboard.press(keys[0])
    expect(desk.get_by_label("是什么事")).to_be_focused()
    desk.wait_for_load_state()
    desk.keyboard.insert_text(STORY)
    expect(desk.locator("#reading [data-say]")).to_contain_text("%")
    expect(desk.locator("#reading .names li")).to_have_count(6)
    desk.keyboard.press(keys[1])
    desk.keyboard.type("sw")
    expect(desk.locator(".places button").first).to_contain_text("水渭村")
    for key, words in zip(keys[2:6], ("童大山", "13800000001", "邱有田", "13800000002"), strict=True):
        desk.keyboard.press(key)
        desk.keyboard.insert_text(words)
    desk.keyboard.press(keys[6])
    expect(desk.get_by_role("heading", level=1)).to_contain_text("-2026-")
    return number_in(desk.title())


def _opens_the_link(town: Town, site: Site, phone: Tab, desk: Tab, no: str, letter: str) -> Tab:
    """Scan the slip that lies on the officer's screen: the QR code there is this link's and no other's."""
    slip = desk.context.new_page()
    slip.goto(f"{site.url}/disputes/{no}/slip/{letter}")
    link = town.db.links.url(town.token(no, letter))
    code = segno.make(link, error="m", micro=False).svg_data_uri(scale=4, border=2)
    assert slip.locator("img.qr").get_attribute("src") == code
    slip.close()
    phone.goto(f"{site.url}/o/{town.token(no, letter)}")
    phone.get_by_role("button", name="开始选").click()
    assert phone.url == f"{site.url}/order"
    return phone


def _marks_and_seals(phone: Tab, wanted: tuple[int, ...], sees: str) -> None:
    cards = phone.locator("main fieldset")
    expect(cards).to_have_count(6)
    for at in wanted:
        cards.nth(at).locator("[value=want]").check()
    expect(cards.nth(wanted[0]).locator("label.want")).to_contain_text(sees)
    cards.nth(5).locator("[value=strike]").check()
    phone.get_by_role("button", name="下一步").click()
    phone.get_by_role("button", name="封好").click()


def _mediators_answer(town: Town, site: Site, open_tab: OpenTab, no: str) -> None:
    first = open_tab(f"{site.url}/o/{town.token(no)}", width=360, height=780, javascript=False)
    first.get_by_role("button", name="打开看看").click()
    first.get_by_label("为什么不便").select_option("away")
    first.get_by_role("button", name="不便,请下一位").click()
    expect(first.get_by_role("heading", level=1)).to_have_text("您没有接这个案子")
    second = open_tab(f"{site.url}/o/{town.token(no)}", width=360, height=780)
    second.get_by_role("button", name="打开看看").click()
    second.get_by_label("我与双方没有需要回避的关系").check()
    second.get_by_role("button", name="接单", exact=True).click()
    expect(second.get_by_role("heading", level=1)).to_have_text("您已接单")


def _records_and_prints(desk: Tab, site: Site, no: str) -> None:
    desk.goto(f"{site.url}/disputes/{no}")
    desk.get_by_role("link", name="记录调解").click()
    desk.get_by_label("达成书面协议").check()
    desk.get_by_label("协议内容").fill(TERMS)
    desk.get_by_label("履行期限").fill("2026-12-10")
    desk.get_by_role("button", name="保存记录").click()
    with desk.expect_download() as coming:
        desk.get_by_role("link", name="下载协议书(Word)").click()
    _the_paper_says_it(coming.value.path().read_bytes())


def _performs_and_revisits(desk: Tab) -> None:
    desk.get_by_role("button", name="履行完毕").click()
    desk.get_by_role("link", name="记录回访").click()
    desk.get_by_label("当事人满意吗").select_option("5")
    desk.get_by_role("button", name="保存回访").click()
    expect(desk.locator("#state").get_by_text("回访中").first).to_be_visible()


# --- a second story: violence ----------------------------------------------------------------------------------------


def test_violence_gives_no_list_until_the_head_agrees(town: Town) -> None:
    officer, colleague, head = (town.sign_in(each) for each in (town.officer, town.colleague, town.head))
    page = officer.open("/disputes/new").fill({"narrative": VIOLENT, "type": "婚姻家庭"})
    page = page.fill({"sides-0-parties-0-name": "屈小云", "sides-1-parties-0-name": "邱有田"}).press("登记案件")
    assert "不宜调解" in page.text
    assert "反家庭暴力法" in page.text
    assert _nobody_is_named(town, page)
    no, gate = number_in(page.heading), f"{page.path}/gates/domestic_violence"
    officer.send("POST", f"{page.path}/order", data=_token(page), status=409)
    page = page.fill({"理由排除要所领导同意": "查明是推搡,本人书面要求只谈领人的事"}).press("申请排除")
    assert "等所领导同意" in page.text
    for who in (officer, colleague):
        page = who.open(f"/disputes/{no}")
        assert "同意排除" not in page.buttons
        assert _nobody_is_named(town, page)
        who.send("POST", gate, data=_token(page) | {"do": "agree"}, status=403)
    page = head.open(f"/disputes/{no}").press("同意排除")
    assert "已排除" in page.text
    assert not _nobody_is_named(town, page)
    page = officer.open(f"/disputes/{no}").press("发起点单")
    assert "点单中" in page.text
    assert Visitor(town.app).open(f"/o/{town.token(no, 'A')}").press("开始选").heading == "选一位调解员"


def test_a_head_who_asked_cannot_agree_alone(town: Town) -> None:
    head = town.sign_in(town.head)
    page = head.open("/disputes/new").fill({"narrative": VIOLENT, "type": "婚姻家庭"})
    page = page.fill({"sides-0-parties-0-name": "屈小云", "sides-1-parties-0-name": "邱有田"}).press("登记案件")
    asked = page.fill({"理由排除要所领导同意": "双方已和好"}).press("申请排除")
    assert "同意排除" not in asked.buttons
    head.send("POST", f"{page.path}/gates/domestic_violence", data=_token(page) | {"do": "agree"}, status=403)
    assert viewer(town.head).role is Role.STATION_HEAD


def _nobody_is_named(town: Town, page: Page) -> bool:
    with town.db.read() as session:
        names = session.execute(select(col(Mediator.name))).scalars()
        return not any(name in page.text for name in names)


def _token(page: Page) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.html)
    assert found is not None
    return {"csrf_token": found[1]}
