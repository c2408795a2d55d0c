"""A station with its people and its pool, and a browser for each who signs in there."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.db import Database
from app.models import Account, Dispute
from app.web import create_app
from talent_pool.models import Kind
from tests.builders import (
    ALSO_THERE,
    JIAOKOUHE_VILLAGE,
    PASSWORD,
    a_coordinator,
    a_head,
    a_mediator,
    a_station,
    an_admin,
    an_officer,
)
from tests.page import Page, Visitor

ELDERS = ("韩守信", "屈秀兰", "米占山", "苟长明")


class Desk:
    """One station on one database; `officer`, `head` … are accounts that can sign in."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self.db = db
        self.app, self.url = create_app(db.settings, db, clock), db.settings.base_url
        with db.write() as session:
            self.station = a_station(session, name="交口河派出所")
            self.officer = an_officer(session, self.station, login="lu", with_password=True)
            self.head = a_head(session, self.station, login="gao")
            self.coordinator = a_coordinator(session, login="su")
            self.admin = an_admin(session, login="qi")
            for account in (self.head, self.coordinator, self.admin):
                account.password_hash = self.officer.password_hash  # made once: it takes its time on purpose
            kinds = list(Kind)
            for at, name in enumerate(ELDERS):
                home = (JIAOKOUHE_VILLAGE, ALSO_THERE)[at % 2]
                a_mediator(session, name=name, kind=kinds[at % 3], home=home, phone=f"1390000000{at}")

    def sign_in(self, account: Account | None = None) -> Visitor:
        """Return the browser of somebody who has signed in, the officer's by default."""
        visitor = Visitor(self.app)
        page = visitor.open("/sign-in").fill({"login": (account or self.officer).login, "password": PASSWORD})
        page.press("登录")
        return visitor

    def count(self) -> int:
        """Return how many cases there are."""
        with self.db.read() as session:
            return session.execute(select(func.count()).select_from(Dispute)).scalar_one()


def ask(visitor: Visitor, method: str, path: str, **given: Any) -> TestResponse:
    """Send a request with the visitor's cookies and return the bare answer: for pieces of pages, and for odd requests."""
    return visitor.client.open(path, method=method, base_url=visitor.base, **given)


def form_data(page: Page, **given: str) -> dict[str, Any]:
    """Return what the form on the page would send, with some fields set otherwise, as a program would that skips the page."""
    form = next(form for form in page.tree.iter("form") if form.get("id") == "intake")
    data = {
        each.get("name", ""): each.get("value", "") for each in form.iter("input") if each.get("type") != "checkbox"
    }
    return data | {name.replace("__", "-"): value for name, value in given.items()} | {"do": "log"}
