"""Cookies and the tokens of forms: one cookie a session, a new secret for each, and tokens that Flask-WTF knows."""

import pytest
from flask import Flask, g, session
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms.validators import ValidationError

from app.db import Database
from app.web import sessions
from tests.app.order_story import an_order
from tests.app.web.order_pages import enter
from tests.page import Visitor


def test_the_token_of_a_form_is_the_one_that_flask_wtf_checks(quick_app: Flask) -> None:
    with quick_app.test_request_context():
        first = sessions.form_token()
        secret = session["csrf_token"]
    with quick_app.test_request_context():
        session["csrf_token"] = secret
        again = sessions.form_token()
        assert again == sessions.form_token() == generate_csrf()
        for token in (first, again):
            validate_csrf(token)
        for wrong in (again[:-1], "x" + again, secret, again.replace(".", "")):
            with pytest.raises(ValidationError):
                validate_csrf(wrong)
        session["csrf_token"] = secret[::-1]
        g.pop("csrf_token")
        with pytest.raises(ValidationError):
            validate_csrf(again)


def test_signing_in_makes_a_new_secret_at_once(quick_app: Flask) -> None:
    with quick_app.test_request_context():
        before = sessions.form_token()
        sessions.sign_in("s", "visit")
        validate_csrf(sessions.form_token())
        with pytest.raises(ValidationError):
            validate_csrf(before)


def test_one_cookie_serves_the_whole_visit(app: Flask, db: Database) -> None:
    page = enter(app, an_order(db))
    assert page.response.headers.getlist("Set-Cookie") == [], "the redirect before it has brought all"
    for path in ("/order", "/order/roll", "/order", "/help"):
        assert page.visitor.client.get(path, base_url=page.visitor.base).headers.getlist("Set-Cookie") == []
    assert page.press("下一步").heading == "看一看对不对"


def test_a_cookie_signed_elsewhere_is_none(quick_app: Flask, sqlite_db: Database) -> None:
    visitor = enter(quick_app, an_order(sqlite_db)).visitor
    cookie = visitor.client.get_cookie("diandan", domain="127.0.0.1")
    assert cookie is not None
    value = cookie.value
    for wrong in (value[:-2] + "xx", "x" + value[1:], value.rpartition(".")[0], ""):
        stranger = Visitor(quick_app)
        stranger.client.set_cookie("diandan", wrong, domain="127.0.0.1")
        stranger.open("/order", status=404)
