"""The order's pages in a real Chromium: a villager's taps, without JavaScript, on small screens, in large text, for axe."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from app import orders
from app.db import Database
from app.models import Station
from app.scope import Role
from app.settings import load
from app.web import create_app
from tests.app.order_story import Story, an_order, the_marks
from tests.app.web.order_pages import CODES
from tests.browser import (
    OpenTab,
    Site,
    check_axe,
    enlarge_text,
    no_horizontal_scroll,
    targets,
)
from tests.builders import PASSWORD, an_account
from tests.clock import Clock

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 780}


@pytest.fixture
def site(live: Callable[[Callable[[str], Any]], Site], sqlite_db: Database, clock: Clock) -> Site:
    """The site on this test's database."""

    def build(base_url: str) -> Flask:
        settings = load(data_dir=sqlite_db.settings.data_dir, secret_key=sqlite_db.settings.key(), base_url=base_url)
        return create_app(settings, sqlite_db, clock)

    return live(build)


@pytest.fixture
def story(sqlite_db: Database) -> Story:
    """An order whose list is out, and an officer of its station."""
    made = an_order(sqlite_db)
    with sqlite_db.write() as session:
        station = session.get_one(Station, made.dispute(session).station_id)
        an_account(session, Role.OFFICER, station=station, area=station.area, login="zhao", with_password=True)
    return made


def press(page: Page, words: str) -> None:
    """Tap a button or link by its words."""
    page.locator(f'button:text-is("{words}"), a:text-is("{words}")').first.click()


def tap(page: Page, place: int, word: str) -> None:
    """Tap a mark on the card at this place, counted from 1."""
    page.locator(f".marks label.{CODES[word]}").nth(place - 1).click()


def sign_in(page: Page, site: Site, login: str) -> None:
    """Sign in with the tests' password."""
    page.goto(f"{site.url}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button.main")


# --- a villager's way ------------------------------------------------------------------------------------------------


def test_from_the_link_to_the_seal_in_four_taps_and_four_pages(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(**PHONE)
    pages: list[str] = []
    page.on("load", lambda loaded: pages.append(loaded.url))
    page.goto(f"{site.url}/o/{story.token('A')}")
    steps = [
        lambda: press(page, "开始选"),
        lambda: tap(page, 1, "想请"),
        lambda: press(page, "下一步"),
        lambda: press(page, "封好"),
    ]
    for step in steps:
        step()
    page.wait_for_selector('h1:text-is("您的选择已封好")')
    assert (len(steps), len(pages)) == (4, 4), pages
    assert "/o/" not in page.url


def test_by_code_it_takes_no_more(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(**PHONE)
    pages: list[str] = []
    page.on("load", lambda loaded: pages.append(loaded.url))
    page.goto(f"{site.url}/o")
    page.fill("#code", story.code("B"))
    steps = [
        lambda: press(page, "打开"),
        lambda: tap(page, 2, "想请"),
        lambda: press(page, "下一步"),
        lambda: press(page, "封好"),
    ]
    for step in steps:
        step()
    page.wait_for_selector('h1:text-is("您的选择已封好")')
    assert (len(steps), len(pages)) == (4, 4), pages


def test_the_order_of_taps_is_shown_and_kept(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(**PHONE)
    page.goto(f"{site.url}/o/{story.token('A')}")
    press(page, "开始选")
    for place in (3, 1, 2):
        tap(page, place, "想请")
    words = [page.locator(".marks label.want").nth(place).inner_text() for place in range(4)]
    assert words == ["第2想请", "第3想请", "第1想请", "想请"]
    tap(page, 1, "不要")
    words = [page.locator(".marks label.want").nth(place).inner_text() for place in range(3)]
    assert words == ["想请", "第2想请", "第1想请"]
    press(page, "下一步")
    press(page, "改一改")
    assert page.locator(".marks label.want").nth(2).inner_text() == "第1想请", "the order comes back with the marks"
    press(page, "下一步")
    press(page, "封好")
    page.wait_for_selector('h1:text-is("您的选择已封好")')
    ids = [str(each) for each in story.listed()]
    with story.db.read() as session:
        marks = the_marks(session)
    assert (marks["want"], marks["strike"]) == ([ids[2], ids[1]], [ids[0]])


def test_without_javascript_on_the_smallest_screen_in_large_text(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(width=320, height=640, javascript=False)
    page.goto(f"{site.url}/o/{story.token('A')}")
    press(page, "大字")
    press(page, "开始选")
    tap(page, 2, "想请")
    tap(page, 1, "不要")
    press(page, "下一步")
    press(page, "封好")
    page.wait_for_selector('h1:text-is("您的选择已封好")')
    ids = [str(each) for each in story.listed()]
    with story.db.read() as session:
        marks = the_marks(session)
    assert (marks["want"], marks["strike"]) == ([ids[1]], [ids[0]])


# --- at the desk -----------------------------------------------------------------------------------------------------


def test_the_back_button_does_not_bring_the_first_sides_marks_back(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab()
    sign_in(page, site, "zhao")
    page.goto(f"{site.url}/disputes/{story.no}/desk")
    press(page, "我来选")
    tap(page, 1, "想请")
    tap(page, 2, "不要")
    press(page, "下一步")
    press(page, "封好")
    page.wait_for_selector('h1:text-is("请交给对方")')
    for _ in range(3):
        with suppress(PlaywrightError):  # the page is gone before the script has answered
            page.evaluate("history.back()")
        page.wait_for_timeout(300)
        page.wait_for_load_state()
        seen = page.locator("main").inner_text() if page.locator("main").count() else ""
        assert "第1想请" not in seen and "看一看对不对" not in seen
        assert page.locator(".marks .strike :checked").count() == 0
    page.goto(f"{site.url}/disputes/{story.no}/desk")
    press(page, "我来选")
    press(page, "下一步")
    press(page, "封好")
    page.wait_for_selector('h1:text-is("选出来了")')


# --- for everybody ---------------------------------------------------------------------------------------------------


def pages_of_a_side(page: Page, site: Site, story: Story) -> Iterator[str]:
    """Walk through a side's pages, standing still on each."""
    for path in ("/o", "/o/unknown", f"/o/{story.token('A')}"):
        page.goto(site.url + path)
        yield path
    page.click("main button.main")
    for path in ("/order", "/order/roll", "/order/refuse"):
        page.goto(site.url + path)
        yield path
    page.goto(f"{site.url}/order")
    tap(page, 1, "想请")
    tap(page, 2, "想请")
    tap(page, 3, "不要")
    yield "marked"
    page.click("main form button.main")
    yield "check"
    page.click("main form button.main")
    yield "sealed"


def pages_behind_a_choice(page: Page, site: Site, story: Story) -> Iterator[str]:
    """The list with marks on it, and the words after the seal."""
    page.goto(f"{site.url}/o/{story.token('A')}")
    page.click("main button.main")
    tap(page, 1, "想请")
    tap(page, 2, "想请")
    tap(page, 3, "不要")
    yield "marked"
    page.click("main form button.main")
    page.click("main form button.main")
    yield "sealed"


def page_between_two_sides(page: Page, site: Site, story: Story) -> Iterator[str]:
    """The desk when the first side has sealed and the other is to come."""
    sign_in(page, site, "zhao")
    page.goto(f"{site.url}/disputes/{story.no}/desk/{next(side.letter for side in waiting(story))}")
    page.click("main form button.main")
    page.click("main form button.main")
    yield "hand over"


def waiting(story: Story) -> list[Any]:
    with story.db.read() as session:
        return orders.unsealed(session, story.dispute(session))


Walk = Callable[[Page, Site, Story], Iterator[str]]


def in_english(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/o")
    press(page, "English")


@pytest.mark.parametrize("english", [False, True], ids=["zh", "en"])
@pytest.mark.parametrize("walk", [pages_behind_a_choice, page_between_two_sides])
def test_pages_that_no_address_leads_to_are_for_everybody(
    site: Site, story: Story, open_tab: OpenTab, walk: Walk, english: bool
) -> None:
    """What `tests.test_pages` asks of every address, asked of pages that only a choice leads to."""
    page = open_tab(**PHONE)
    if english:
        in_english(page, site)
    for _name in walk(page, site, story):
        check_axe(page)
        targets(page)
        for width, factor in ((360, 1.0), (320, 1.0), (320, 1.5)):
            page.set_viewport_size({"width": width, "height": 780})
            enlarge_text(page, factor)
            no_horizontal_scroll(page)
            page.evaluate("document.documentElement.style.fontSize = ''")
        page.set_viewport_size({"width": 1280, "height": 900})
        check_axe(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def test_large_text_fits_the_smallest_screen(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(width=320, height=640)
    page.goto(f"{site.url}/o")
    press(page, "大字")
    for _name in pages_of_a_side(page, site, story):
        no_horizontal_scroll(page)
        targets(page, 64)
