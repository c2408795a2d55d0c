"""Casework in a real Chromium without JavaScript. How its pages look to everybody is measured in tests/test_pages.py."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import invitations
from app.db import Database
from app.models import Assignment, AssignmentState, Dispute
from app.settings import load
from app.web import create_app
from tests.app.web.test_casework import Story
from tests.browser import OpenTab, Site
from tests.clock import NOW, Clock

pytestmark = pytest.mark.browser


@pytest.fixture
def site(live: Callable[[Callable[[str], Any]], Site], sqlite_db: Database, clock: Clock) -> Site:
    """The site on this test's database."""

    def build(base_url: str) -> Flask:
        settings = load(data_dir=sqlite_db.settings.data_dir, secret_key=sqlite_db.settings.key(), base_url=base_url)
        return create_app(settings, sqlite_db, clock)

    return live(build)


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
