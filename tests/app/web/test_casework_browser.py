"""Casework, pool, accounts and manual in a real Chromium: axe in both languages, small screens, large text, taps."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from app import apikeys, invitations
from app.db import Database
from app.models import Assignment, AssignmentState, Dispute, Station
from app.scope import Role
from app.settings import load
from app.web import create_app
from app.web.help import TOPICS
from talent_pool import roster
from tests.app.web.test_casework import Story
from tests.browser import OpenTab, Site, check_axe, enlarge_text, no_horizontal_scroll, targets
from tests.builders import PASSWORD, an_account, an_admin
from tests.clock import NOW, Clock

pytestmark = pytest.mark.browser


@pytest.fixture
def site(live: Callable[[Callable[[str], Any]], Site], sqlite_db: Database, clock: Clock) -> Site:
    """The site on this test's database."""

    def build(base_url: str) -> Flask:
        settings = load(data_dir=sqlite_db.settings.data_dir, secret_key=sqlite_db.settings.key(), base_url=base_url)
        return create_app(settings, sqlite_db, clock)

    return live(build)


@pytest.fixture
def story(sqlite_db: Database) -> Story:
    """A settled case and a scheduled one of one station; its officer is `zhao`, the county's administrator `qi`."""
    made = Story(sqlite_db).settled()
    with sqlite_db.write() as session:
        station = session.get_one(Station, made.dispute.station_id)
        officer = an_account(
            session, Role.OFFICER, station=station, area=station.area, login="zhao", with_password=True
        )
        an_admin(session, login="qi", with_password=True)
        apikeys.create(session, officer, "12345热线", NOW)
        roster.take_leave(session, 1, NOW.date(), NOW.date())
    return made


def sign_in(page: Page, site: Site, login: str) -> None:
    """Sign in with the tests' password."""
    page.goto(f"{site.url}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button.main")


def check(page: Page) -> None:
    """Fail for anything that somebody would stumble over, at once and with larger text."""
    check_axe(page)
    no_horizontal_scroll(page)
    targets(page)
    enlarge_text(page, 1.5)
    no_horizontal_scroll(page)


def check_all(page: Page, addresses: list[str]) -> None:
    """Check pages in Chinese, then in English."""
    for language in ("zh", "en"):
        if page.locator("html").get_attribute("lang") != ("zh-CN" if language == "zh" else "en"):
            page.click('button[name="locale"]')
        for address in addresses:
            page.goto(address)
            assert page.locator("h1").count() == 1, address
            check(page)


@pytest.mark.parametrize("width", [320, 1280])
def test_an_officer_s_pages(site: Site, story: Story, open_tab: OpenTab, width: int) -> None:
    page = open_tab(width=width, height=780)
    sign_in(page, site, "zhao")
    at = f"{site.url}/disputes/{story.dispute.no}"
    check_all(page, [at, f"{at}/follow-up", f"{site.url}/pool", f"{site.url}/pool/1"])


def test_the_record_s_form(site: Site, sqlite_db: Database, open_tab: OpenTab) -> None:
    story = Story(sqlite_db)
    with sqlite_db.write() as session:
        station = session.get_one(Station, story.dispute.station_id)
        an_account(session, Role.OFFICER, station=station, area=station.area, login="zhao", with_password=True)
    page = open_tab(width=360, height=780)
    sign_in(page, site, "zhao")
    at = f"{site.url}/disputes/{story.dispute.no}"
    check_all(page, [f"{at}/session", f"{at}/transfer", f"{at}/replace"])
    page.goto(f"{at}/session")
    page.check('input[value="agreed_written"]')
    page.click("main button.main")
    check(page)  # the form with what is missing
    assert page.locator("#problems").is_visible()


def test_a_mediator_s_form_without_javascript(site: Site, sqlite_db: Database, open_tab: OpenTab) -> None:
    story = Story(sqlite_db)
    with sqlite_db.write() as session:
        dispute = session.get_one(Dispute, story.dispute.id)
        assignment = session.get_one(Assignment, story.assignment.id)
        assert assignment.state is AssignmentState.ACCEPTED
        invitation = invitations.invite_mediator(session, dispute, assignment, NOW)
        token = session.info["links"].token(invitation.nonce)
    page = open_tab(f"{site.url}/o/{token}", width=360, height=780, javascript=False)
    page.click("main button.main")
    page.goto(f"{site.url}/assignment/session")
    page.check('input[value="continued"]')
    page.click("main button.main")
    assert page.url == f"{site.url}/assignment"


def test_an_administrator_s_pages(site: Site, story: Story, open_tab: OpenTab) -> None:
    page = open_tab(width=360, height=780)
    sign_in(page, site, "qi")
    check_all(page, [f"{site.url}/accounts", f"{site.url}/accounts/new", f"{site.url}/accounts/{story.officer_row.id}"])
    page.goto(f"{site.url}/accounts/{story.officer_row.id}")
    page.fill("#name", "12345")
    page.click("form[action$='/keys'] button")
    check(page)


def test_the_manual(site: Site, open_tab: OpenTab) -> None:
    page = open_tab(f"{site.url}/help", width=320, height=780)
    check_all(page, [f"{site.url}/help", *(f"{site.url}/help/{topic}" for topic in TOPICS)])
