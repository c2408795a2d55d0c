"""The way in for people without an account: a link from a slip, or its short code typed by hand."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import visits
from app.accounts import TooManyTries
from app.errors import NotFound
from app.models import Purpose
from app.web import guards, sessions

blueprint = Blueprint("invitations", __name__)
HOMES = {Purpose.ORDER: "ballots.page", Purpose.ASSIGNMENT: "assignments.page"}


@blueprint.get("/o")
@guards.public
def code_form() -> ResponseReturnValue:
    """Ask for the short code."""
    return render_template("orders/code.html", code="", problems={})


@blueprint.post("/o")
@guards.public
def submit_code() -> ResponseReturnValue:
    """Open the visit that a short code stands for."""
    code = request.form.get("code", "")[:40]
    try:
        address = request.remote_addr or ""
        entry = visits.enter_by_code(sessions.house().database, code, address, sessions.now())
    except (NotFound, TooManyTries) as problem:
        page = render_template("orders/code.html", code=code, problems={"code": problem.message})
        return make_response(page, 422 if isinstance(problem, NotFound) else problem.status)
    return _go_in(entry)


@blueprint.get("/o/<path:token>")
@guards.public
def look(token: str) -> ResponseReturnValue:
    """Show one button. Nothing is changed: message apps open links by themselves to show a preview."""
    try:
        purpose = visits.look(sessions.house().database, token, sessions.now())
    except NotFound:
        return _no_such_link()
    return render_template("orders/invitation.html", mediator=purpose is Purpose.ASSIGNMENT)


@blueprint.post("/o/<path:token>")
@guards.public
def enter(token: str) -> ResponseReturnValue:
    """Swap the link for a visit on an address without a token."""
    try:
        entry = visits.enter(sessions.house().database, token, sessions.now())
    except NotFound:
        return _no_such_link()
    return _go_in(entry)


def _go_in(entry: visits.Entry) -> Response:
    sessions.sign_in(entry.secret, "visit")
    return make_response(redirect(url_for(HOMES[entry.purpose]), 303))


def _no_such_link() -> Response:
    # Unknown, wrong, revoked, expired: the same bytes, so that nobody learns which links there have been.
    return make_response(render_template("orders/no_such_link.html"), 404)
