"""Merging and linking by one key in a real browser, undone by one key, and the bar that goes by itself."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app import disputes
from app.db import Database
from app.lifecycle import State
from app.settings import Settings
from tests.app.web.at_the_desk import Desk
from tests.browser import OpenTab, Site, check_axe, enlarge_text, no_horizontal_scroll, targets
from tests.builders import PASSWORD, a_case
from tests.clock import NOW, Clock

pytestmark = pytest.mark.browser
DRAIN = "雨水从他家房檐流到我家院子,说了几次都不改。"


@pytest.fixture
def desk(sqlite_settings: Settings, live: Callable[..., Site], clock: Clock) -> Iterator[Desk]:
    desks: list[Desk] = []

    def build(url: str) -> Any:
        desks.append(Desk(Database(sqlite_settings.model_copy(update={"base_url": url})), clock))
        return desks[0].app

    site = live(build)
    yield desks[0]
    site.stop()
    desks[0].db.close()


@pytest.fixture
def pair(desk: Desk) -> tuple[str, str]:
    """The numbers of an older case and a newer one that tell the same quarrel."""
    with desk.db.write() as session:
        told = {"officer": desk.officer, "parcel": "东坡3号"}
        older = a_case(session, narrative=DRAIN, opened_at=NOW - timedelta(days=9), household="童家老院", **told)
        newer = a_case(session, narrative=DRAIN + "昨天又吵了。", sides=(("童达山",), ("邱有田",)), **told)
        return older.dispute.no, newer.dispute.no


def open_case(desk: Desk, open_tab: OpenTab, no: str, **screen: Any) -> Page:
    page = open_tab(f"{desk.url}/sign-in?back=/disputes/{no}", **screen)
    page.fill("#login", "lu")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"**/disputes/{no}")
    return page


def state(desk: Desk, no: str) -> State:
    with desk.db.read() as session:
        return disputes.get(session, no).state


def test_one_key_merges_and_one_undoes(desk: Desk, open_tab: OpenTab, pair: tuple[str, str]) -> None:
    older, newer = pair
    page = open_case(desk, open_tab, newer)
    expect(page.locator("[data-twin]")).to_contain_text("童家老院")
    page.keyboard.press("m")
    expect(page.locator("#linked")).to_contain_text(f"并入 {older}")
    assert state(desk, newer) is State.TERMINATED
    page.keyboard.press("u")
    expect(page.locator("[data-twin]")).to_have_count(1)
    assert state(desk, newer) is State.TRIAGED
    page.keyboard.press("r")
    expect(page.locator("#linked")).to_contain_text("复发")
    page.keyboard.press("u")
    expect(page.locator("[data-twin]")).to_have_count(1)
    page.keyboard.press("l")
    expect(page.locator("#linked")).to_contain_text("关联")


def test_keys_that_are_typed_into_a_field_or_switched_off_link_nothing(
    desk: Desk, open_tab: OpenTab, pair: tuple[str, str]
) -> None:
    page = open_case(desk, open_tab, pair[1])
    page.locator("summary", has_text="有不宜调解的情形").click()
    page.locator("#new-gate-reason").press("m")
    page.evaluate("localStorage.setItem('single-keys', 'off')")
    page.reload()
    page.keyboard.press("m")
    page.wait_for_timeout(200)
    expect(page.locator("[data-twin]")).to_have_count(1)
    assert state(desk, pair[1]) is State.TRIAGED


def test_the_bar_goes_after_ten_seconds_and_undoing_stays(desk: Desk, open_tab: OpenTab, pair: tuple[str, str]) -> None:
    page = open_case(desk, open_tab, pair[1])
    page.clock.install()
    page.keyboard.press("l")
    expect(page.locator("#linked")).to_be_visible()
    page.clock.fast_forward(9_000)
    expect(page.locator("#linked")).to_be_visible()
    page.clock.fast_forward(2_000)
    expect(page.locator("#linked")).to_be_hidden()
    page.get_by_role("button", name="撤销 关联").click()
    expect(page.locator("[data-twin]")).to_have_count(1)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pair_is_for_everybody(desk: Desk, open_tab: OpenTab, pair: tuple[str, str], width: int) -> None:
    page = open_case(desk, open_tab, pair[1], width=width, height=800)
    check_axe(page)
    targets(page)
    no_horizontal_scroll(page)
    boxes = [page.locator(".pair > div").nth(at).bounding_box() for at in (0, 1)]
    assert boxes[0] and boxes[1]
    assert (boxes[0]["y"] == boxes[1]["y"]) is (width > 1000)  # side by side where there is room
    page.get_by_role("button", name="只是有关联").click()
    check_axe(page)
    enlarge_text(page, 1.5)
    no_horizontal_scroll(page)


def test_the_form_links_what_was_chosen(desk: Desk, open_tab: OpenTab, pair: tuple[str, str]) -> None:
    page = open_case(desk, open_tab, pair[0])
    page.goto(f"{desk.url}/disputes/new")
    page.fill("#narrative", DRAIN + "今天又来。")
    page.fill("#sides-0-parties-0-name", "童大山")
    page.fill("#sides-1-parties-0-name", "邱有田")
    page.fill("#parcel", "东坡三号")
    page.select_option("#twin", f"same:{pair[0]}")
    page.locator("#narrative").press_sequentially("又吵")
    page.wait_for_timeout(900)
    expect(page.locator("#twin")).to_have_value(f"same:{pair[0]}")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/disputes/610629102-2026-*")
    expect(page.locator("main")).to_contain_text(f"并入 {pair[0]}")
