"""People at their browsers for web tests: the site on a test's database, accounts, mediators who came by link."""

from flask import Flask

from app import accounts, invitations, visits
from app.db import Database
from app.models import Account, Assignment, Dispute
from app.web import create_app
from tests.clock import NOW, Clock
from tests.page import BASE, Visitor


def a_site(db: Database, clock: Clock | None = None) -> Flask:
    """The web application on a test's database, with a clock that stands."""
    return create_app(db.settings, db, clock or Clock())


def signed_in(app: Flask, db: Database, account: Account, locale: str = "zh") -> Visitor:
    """Somebody with an account, at a browser of his or her own."""
    with db.write() as session:
        secret = accounts.open_session(session, now=NOW, hours=12, account_id=account.id)
    return _with_session(app, {"account": secret, "locale": locale})


def by_link(app: Flask, db: Database, dispute: Dispute, assignment: Assignment) -> Visitor:
    """A mediator who has opened his or her link."""
    with db.write() as session:
        secret = visits.begin(session, invitations.invite_mediator(session, dispute, assignment, NOW), NOW).secret
    return _with_session(app, {"visit": secret})


def _with_session(app: Flask, values: dict[str, str]) -> Visitor:
    visitor = Visitor(app)
    with visitor.client.session_transaction(base_url=BASE) as cookie:
        cookie.update(values)
    return visitor
