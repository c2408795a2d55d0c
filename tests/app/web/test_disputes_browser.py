"""Logging in a real browser: what typing shows, how few keys it takes, what survives a crash, and that everybody can use it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.db import Database
from app.settings import Settings
from tests.app.web.at_the_desk import Desk
from tests.browser import OpenTab, Site, check_axe, enlarge_text, no_horizontal_scroll, targets
from tests.builders import PASSWORD
from tests.clock import Clock

pytestmark = pytest.mark.browser

# Sixty characters, as an officer would type them.
NARRATIVE = "交口河村童大山家房檐水流到邻居邱有田院里,墙根泡湿了,要他改排水沟的走向,双方为此吵过三回,村干部上门劝过,至今也没用。"
VAGUE = "有点事情。"
STABBED = "拿刀捅伤了邻居,人送医院了。"
CASE = "**/disputes/610629102-2026-*"


class Keys:
    """An officer's hands: types words, presses keys, and counts the keys that are not words."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, list[str]()

    def words(self, text: str) -> None:
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed.extend(key.split("+"))


@pytest.fixture
def desk(sqlite_settings: Settings, live: Callable[..., Site], clock: Clock) -> Iterator[Desk]:
    desks: list[Desk] = []

    def build(url: str) -> Any:
        database = Database(sqlite_settings.model_copy(update={"base_url": url}))
        desks.append(Desk(database, clock))
        return desks[0].app

    desks_site = live(build)
    yield desks[0]
    desks_site.stop()
    desks[0].db.close()


@pytest.fixture
def sign_in(desk: Desk, open_tab: OpenTab) -> Callable[..., Page]:
    def at(path: str = "/disputes/new", *, login: str = "lu", **screen: Any) -> Page:
        page = open_tab(f"{desk.url}/sign-in?back={path}", **screen)
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{desk.url}{path}")
        if path == "/disputes/new":  # the cursor comes into the first field when the page is drawn
            expect(page.locator("#narrative")).to_be_focused()
        return page

    return at


def test_a_case_of_sixty_characters_takes_at_most_fifteen_other_keys(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    hands = Keys(page)
    hands.words(NARRATIVE)
    expect(page.locator("#reading")).to_contain_text("邻里 · 排水通风采光")
    hands.press("Tab", "j", "k", "h")
    expect(page.locator("[data-code]")).to_have_count(2)
    hands.press("ArrowDown", "ArrowDown", "Enter")
    hands.words("童大山")
    hands.press("Enter")
    hands.words("13800001234")
    hands.press("Enter")
    hands.words("邱有田")
    hands.press("Enter")
    hands.words("13900005678")
    hands.press("Control+Enter")
    page.wait_for_url(CASE)
    assert len(NARRATIVE) == 60
    assert len(hands.pressed) <= 15, f"{len(hands.pressed)} other keys: {' '.join(hands.pressed)}"
    for words in ("13800001234", "邱有田", "交口河镇交口河村"):
        expect(page.locator("main")).to_contain_text(words)
    assert desk.count() == 1


def test_typing_shows_the_reading_and_the_newest_wins(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(STABBED)
    expect(page.locator("#reading .box.red")).to_contain_text("疑似刑事案件")
    expect(page.locator("#reading")).not_to_contain_text("韩守信")
    page.fill("#narrative", NARRATIVE)
    expect(page.locator("#reading")).to_contain_text("韩守信")
    expect(page.locator("#reading .box.red")).to_have_count(0)
    assert page.locator("#reading mark").count() >= 2
    expect(page.locator("#said")).to_contain_text("邻里")


def test_marked_words_stay_in_their_line(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.fill("#narrative", "两家为院墙吵了三回,童大山(电话19900001234)说要拿刀,欠三千五不还。")
    expect(page.locator("#reading mark.sign")).to_have_text("拿刀")
    shown = page.locator("#reading mark").evaluate_all("all => all.map(one => getComputedStyle(one).display)")
    assert len(shown) >= 4
    assert set(shown) == {"inline"}


def test_a_slow_answer_never_overwrites_a_newer_one(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    page.route("**/disputes/reading", hold)
    page.keyboard.type(STABBED)
    page.wait_for_timeout(700)
    page.fill("#narrative", NARRATIVE)
    expect(page.locator("#reading")).to_contain_text("邻里 · 排水通风采光")
    page.unroute("**/disputes/reading")
    page.wait_for_timeout(300)
    expect(page.locator("#reading .box.red")).to_have_count(0)


def test_words_typed_before_a_slow_script_comes_are_read_and_beat_the_draft(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.insert_text("旧草稿:两家为鸡叫吵了几句。")
    expect(page.locator("#draft-note")).to_contain_text("草稿已存")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.reload()
    expect(page.locator("#reading")).to_contain_text("鸡叫")
    page.route("**/desk.js*", hold)
    page.reload(wait_until="commit")
    page.locator("#narrative").fill(NARRATIVE)
    assert held, "the script was not held back"
    held[0].continue_()
    expect(page.locator("#reading")).to_contain_text("邻里 · 排水通风采光")
    expect(page.locator("#narrative")).to_have_value(NARRATIVE)


def test_an_unsure_reading_is_settled_by_one_key(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(VAGUE)
    expect(page.locator("#reading")).to_contain_text("拿不准,请选")
    second = page.locator("#reading [data-type]").nth(1).get_attribute("data-type")
    page.keyboard.press("Alt+2")
    expect(page.locator("#type")).to_have_value(second or "")
    expect(page.locator("#reading")).to_contain_text("您选的")
    expect(page.locator("#narrative")).to_be_focused()


def test_rows_are_added_in_place(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.fill("#sides-0-parties-0-name", "童大山")
    page.get_by_role("button", name="加一人 A方").press("Enter")
    expect(page.locator("#sides-0-parties-1-name")).to_be_focused()
    page.keyboard.type("童小山")
    page.get_by_role("button", name="加一方").click()
    expect(page.locator("#sides-2-parties-0-name")).to_be_focused()
    expect(page.locator("#sides-0-parties-1-name")).to_have_value("童小山")


def test_a_draft_survives_a_crash_and_goes_after_logging(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(NARRATIVE)
    page.fill("#sides-0-parties-0-name", "童大山")
    page.get_by_role("button", name="加一人 A方").click()
    page.fill("#sides-0-parties-1-name", "童小山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    page.check("[name=sides-0-parties-1-spokesperson]")
    expect(page.locator("#draft-note")).to_contain_text("草稿已存")
    page.wait_for_timeout(700)
    page.goto("about:blank")
    page.goto(f"{desk.url}/disputes/new")
    expect(page.locator("#draft-note")).to_contain_text("已恢复没交的草稿")
    expect(page.locator("#narrative")).to_have_value(NARRATIVE)
    expect(page.locator("#sides-0-parties-1-name")).to_have_value("童小山")
    expect(page.locator("[name=sides-0-parties-1-spokesperson]")).to_be_checked()
    expect(page.locator("#reading")).to_contain_text("邻里 · 排水通风采光")
    page.keyboard.press("Control+s")
    page.wait_for_url(CASE)
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(f"{desk.url}/disputes/new")
    expect(page.locator("#narrative")).to_have_value("")


def test_a_draft_is_gone_after_signing_out_and_never_anothers(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(NARRATIVE)
    expect(page.locator("#draft-note")).to_contain_text("草稿已存")
    page.evaluate("sessionStorage.setItem('draft:999', '{}')")
    page.goto(f"{desk.url}/disputes/new")
    assert page.evaluate("sessionStorage.getItem('draft:999')") is None
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_draft_can_be_dropped(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(NARRATIVE)
    page.get_by_role("button", name="清空重填").click()
    expect(page.locator("#narrative")).to_have_value("")
    page.wait_for_timeout(700)
    assert page.evaluate("sessionStorage.length") == 0


def test_a_double_click_makes_one_case(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.keyboard.type(NARRATIVE)
    page.fill("#sides-0-parties-0-name", "童大山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    page.get_by_role("button", name="登记案件").dblclick()
    page.wait_for_url(CASE)
    assert desk.count() == 1


def test_single_keys_open_form_search_and_sheet_and_can_be_switched_off(
    desk: Desk, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("/")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check_axe(page)
    page.uncheck("#single-keys")
    page.get_by_role("button", name="关上").click()
    page.keyboard.press("n")
    assert page.url == f"{desk.url}/"
    page.get_by_role("button", name="按键").click()
    page.check("#single-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_url("**/disputes/new")


def test_without_javascript_the_whole_way_is_open(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in(javascript=False)
    page.fill("#narrative", NARRATIVE)
    page.fill("#place", "交口河")
    page.fill("#sides-0-parties-0-name", "童大山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    page.get_by_role("button", name="看研判").click()
    expect(page.locator("#reading")).to_contain_text("邻里 · 排水通风采光")
    page.get_by_role("button", name="登记案件").click()
    expect(page.locator("#problems")).to_contain_text("有几个地方都像,请选一个")
    page.select_option("[name=place_code]", label="交口河镇交口河村")
    page.get_by_role("button", name="登记案件").click()
    page.wait_for_url(CASE)
    assert desk.count() == 1


def test_errors_take_the_focus_and_lead_to_their_fields(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.get_by_role("button", name="登记案件").click()
    expect(page.locator("#problems")).to_be_focused()
    page.locator("#problems a").first.click()
    expect(page.locator("#narrative")).to_be_focused()


SCREENS = [(360, 780), (1280, 900)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_form_and_case(desk: Desk, sign_in: Callable[..., Page], language: str) -> None:
    page = sign_in()
    if language == "en":
        page.get_by_role("button", name="English").click()
    page.fill("#narrative", STABBED + VAGUE)
    page.fill("#place", "jkh")
    expect(page.locator("[data-code]")).to_have_count(2)
    expect(page.locator("#reading .box.red")).to_be_visible()
    look_at(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#problems")).to_be_visible()
    look_at(page)
    page.fill("#place", "")
    page.fill("#sides-0-parties-0-name", "童大山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    page.select_option("#type", "neighbor")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(CASE)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    look_at(page)


def look_at(page: Page) -> None:
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        check_axe(page)
        targets(page)
        no_horizontal_scroll(page)


def test_narrow_windows_and_large_text_need_no_sideways_scrolling(sign_in: Callable[..., Page]) -> None:
    page = sign_in(width=320, height=700)
    page.fill("#narrative", NARRATIVE)
    page.fill("#sides-0-parties-0-name", "童大山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    expect(page.locator("#reading")).to_contain_text("韩守信")
    no_horizontal_scroll(page)
    enlarge_text(page, 1.5)
    no_horizontal_scroll(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(CASE)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    no_horizontal_scroll(page)
    enlarge_text(page, 1.5)
    no_horizontal_scroll(page)


# --- what is read goes into the form ---

STORY = "报警人童大山(电话19900001234)称,邻居邱有田在交口河村占了他三分地,欠三千五不还。"


def test_typing_fills_empty_fields_and_never_those_of_the_officer(desk: Desk, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.fill("#sides-1-parties-0-name", "邱老大")
    page.fill("#narrative", STORY)
    expect(page.locator("#sides-0-parties-0-name")).to_have_value("童大山")
    expect(page.locator("#place")).to_have_value("交口河镇交口河村")
    expect(page.locator("#amounts")).to_have_value("3500")
    expect(page.locator("#sides-1-parties-0-name")).to_have_value("邱老大")
    # An emptied field stays empty, a corrected one stays corrected, whatever is typed on.
    page.fill("#areas", "")
    page.fill("#amounts", "3600")
    page.fill("#narrative", STORY + "另欠工钱八百。")
    expect(page.locator("#reading")).to_contain_text("八百 = 800")
    expect(page.locator("#amounts")).to_have_value("3600")
    expect(page.locator("#areas")).to_have_value("")
    page.select_option("#type", "neighbor")
    page.click("button.main")
    page.wait_for_url(CASE)
    expect(page.locator("main")).to_contain_text("民警填 3600")


def test_a_value_that_was_read_is_replaced_by_typing_over_it(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.fill("#narrative", STORY)
    expect(page.locator("#amounts")).to_have_value("3500")
    page.focus("#amounts")
    page.keyboard.type("99")
    expect(page.locator("#amounts")).to_have_value("99")


def test_the_filled_form_fits_a_phone_and_everybody(sign_in: Callable[..., Page]) -> None:
    page = sign_in(width=360)
    page.fill("#narrative", STORY)
    expect(page.locator("#amounts")).to_have_value("3500")
    no_horizontal_scroll(page)
    check_axe(page)
    enlarge_text(page, 1.5)
    no_horizontal_scroll(page)
