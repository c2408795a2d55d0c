"""A villager's phone, measured in a real Chromium: slow nets, a voice or none, the digits, bytes."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select
from sqlmodel import col

from app.db import Database
from app.models import Outbox
from app.settings import load
from app.web import create_app
from tests.app.order_story import Story, an_order
from tests.browser import OpenTab, Site, bytes_over_the_wire
from tests.clock import Clock

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 780}
FAST = {"latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOW = {"latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
WIRE = 30_000


@pytest.fixture
def story(sqlite_db: Database) -> Story:
    """An order whose list is out."""
    return an_order(sqlite_db)


@pytest.fixture
def site(live: Callable[[Callable[[str], Any]], Site], sqlite_db: Database, clock: Clock) -> Site:
    """A site on which sealing takes the digits of an SMS."""

    def build(base_url: str) -> Flask:
        had = sqlite_db.settings
        settings = load(data_dir=had.data_dir, secret_key=had.key(), base_url=base_url, sms_codes=True)
        return create_app(settings, sqlite_db, clock)

    return live(build)


def the_code(story: Story) -> str:
    with story.db.read() as session:
        query = select(col(Outbox.body)).where(col(Outbox.dedupe).startswith("code:")).order_by(col(Outbox.id).desc())
        return re.findall(r"封存码(\d{6})", session.execute(query).scalars().first() or "")[0]


def on_a_net(page: Page, net: dict[str, float]) -> None:
    """Let the tab's net be as slow as this, with an empty cache."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {"offline": False, **net})


def timed(step: Callable[[], object]) -> float:
    begun = time.monotonic()
    step()
    return time.monotonic() - begun


@pytest.mark.parametrize("javascript", [True, False])
def test_from_the_link_to_the_seal_on_slow_nets(site: Site, story: Story, open_tab: OpenTab, javascript: bool) -> None:
    page = open_tab(**PHONE, javascript=javascript)
    pages: list[str] = []
    page.on("load", lambda loaded: pages.append(loaded.url))
    on_a_net(page, SLOW)
    took, taps = [timed(lambda: page.goto(f"{site.url}/o/{story.token('A')}"))], 0

    def follow(selector: str) -> None:
        nonlocal taps
        taps += 1
        with page.expect_navigation():
            page.click(selector)

    took.append(timed(lambda: follow("main button.main")))
    page.locator(".marks label.want").first.click()
    taps += 1
    took.append(timed(lambda: follow("main form button.main")))
    page.fill("#code", the_code(story))
    took.append(timed(lambda: follow("main form button.main")))
    assert page.locator("h1").inner_text() == "您的选择已封好"
    assert (taps, len(pages)) == (4, 4), pages
    assert max(took) <= 6, took


def entry(page: Page, address: str) -> float:
    """Seconds from the link to the cards, on a fast net with an empty cache."""
    on_a_net(page, FAST)
    whole = timed(lambda: page.goto(address))

    def enter() -> None:
        with page.expect_navigation():
            page.click("main button.main")

    whole += timed(enter)
    assert page.locator("fieldset.card").count() == 6
    return whole


def test_the_whole_entry_takes_three_seconds_at_most_on_a_fast_net(site: Site, story: Story, open_tab: OpenTab) -> None:
    """What a villager waits for before the first choice; the best of three, since this machine has other work too."""
    took: list[float] = []
    while len(took) < 3 and min(took, default=9.0) > 3:
        took.append(entry(open_tab(**PHONE), f"{site.url}/o/{story.token('A')}"))
    assert min(took) <= 3, took


def test_every_page_up_to_the_seal_is_small(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(**PHONE)
    assert bytes_over_the_wire(page, f"{site.url}/o/{story.token('A')}") < WIRE
    page.click("main button.main")
    assert bytes_over_the_wire(page, f"{site.url}/order") < WIRE


VOICES = """window.said = [];
class Told extends EventTarget { constructor(words) { super(); this.words = words; } }
window.SpeechSynthesisUtterance = Told;
const voices = %s;
Object.defineProperty(window, 'speechSynthesis', {value: {
    getVoices: () => voices, cancel() {}, addEventListener() {},
    speak(told) { window.said.push(told.words); setTimeout(() => told.onend && told.onend(), 0); },
}});"""


def test_cards_are_read_aloud_by_a_chinese_voice_only(site: Site, story: Story, open_tab: OpenTab) -> None:
    names = open_tab(**PHONE)
    names.add_init_script(VOICES % "[{lang: 'en-US', name: 'Sam'}]")
    names.goto(f"{site.url}/o/{story.token('A')}")
    names.click("main button.main")
    assert not names.locator("#say").is_visible(), "an English voice cannot read them"
    page = open_tab(**PHONE)
    page.add_init_script(VOICES % "[{lang: 'en-US', name: 'Sam'}, {lang: 'zh-CN', name: 'Ting'}]")
    page.goto(f"{site.url}/o/{story.token('B')}")
    page.click("main button.main")
    shown = [each.inner_text() for each in page.locator("fieldset.card h2").all()]
    page.click("#say")
    page.wait_for_function("window.said.length >= 6")
    said = page.evaluate("window.said")
    assert [words.split(",")[0] for words in said[:6]] == shown
    page.locator(".marks label.strike").first.click()
    page.wait_for_function("window.said.length >= 7")
    assert page.evaluate("window.said.at(-1)") == f"{shown[0]},不要"
