"""How the order's tests walk through its pages: a side by its link, a mediator by his or hers, an officer by password."""

import re
from urllib.parse import urlsplit

from flask import Flask

from app.models import Station
from app.scope import Role
from tests.app.order_story import Story
from tests.builders import PASSWORD, an_account
from tests.page import Page, Visitor

CODES = {"想请": "want", "可以": "accept", "不要": "strike"}


def enter(app: Flask, story: Story, letter: str = "A") -> Page:
    """A side opens its link and presses the one button."""
    return Visitor(app).open(f"/o/{story.token(letter)}").press("开始选")


def mediator(app: Flask, story: Story) -> Page:
    """The mediator who is asked opens the link."""
    return Visitor(app).open(f"/o/{story.mediator_token()}").press("打开看看")


def listed(page: Page) -> list[int]:
    """The ids of the cards, in the page's order."""
    return [int(each) for each in re.findall(r'name="mark-(\d+)" value="want"', page.html)]


def mark(page: Page, *marks: str) -> Page:
    """Mark the cards from the top: 想请, 可以 or 不要."""
    for mediator_id, word in zip(listed(page), marks, strict=False):
        page.fill({f"mark-{mediator_id}": CODES[word]})
    return page


def seal(page: Page, *marks: str) -> Page:
    """Mark, check, seal; return the page that says so."""
    return mark(page, *marks).press("下一步").press("封好")


def officer(app: Flask, story: Story, login: str = "zhao") -> Visitor:
    """An officer of the case's station, signed in."""
    with story.db.write() as session:
        station = session.get_one(Station, story.dispute(session).station_id)
        an_account(session, Role.OFFICER, station=station, area=station.area, login=login, with_password=True)
    return signed_in(app, login)


def signed_in(app: Flask, login: str) -> Visitor:
    """Whoever signs in with the tests' password."""
    visitor = Visitor(app)
    visitor.open("/sign-in").fill({"账号": login, "密码": PASSWORD}).press("登录")
    return visitor


def path(page: Page) -> str:
    """Where the visitor is, without the query."""
    return urlsplit(page.path).path
