"""这不是我选的: the page behind the link that a side's phone was sent, and the same word said to an officer."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app import disputes, objections, shortlists
from app.errors import Conflict, NotFound
from app.web import guards, sessions
from app.web.orders import side_of

blueprint = Blueprint("objections", __name__)


@blueprint.get("/not-mine/<path:token>")
@guards.public
def look(token: str) -> ResponseReturnValue:
    """Show one button. Nothing is changed by looking."""
    try:
        objections.look(sessions.house().database, token)
    except NotFound:
        return _no_such_link()
    return render_template("orders/not_mine.html", done=False)


@blueprint.post("/not-mine/<path:token>")
@guards.public
def object_(token: str) -> ResponseReturnValue:
    """Open the side's ballot anew: it says that it did not mark it."""
    try:
        objections.object_by_link(sessions.house().database, token, sessions.now())
    except NotFound:
        return _no_such_link()
    return render_template("orders/not_mine.html", done=True)


def _no_such_link() -> ResponseReturnValue:
    return make_response(render_template("orders/no_such_link.html"), 404)


@blueprint.post("/disputes/<no>/not-mine/<letter>")
@guards.roles(*guards.STATION)
def record(no: str, letter: str) -> ResponseReturnValue:
    """Record that a side told the station that it did not mark its ballot."""
    db, dispute, viewer = sessions.db(), disputes.get(sessions.db(), no), sessions.viewer()
    side, shortlist = side_of(dispute, letter), shortlists.current_round(db, dispute)
    assert viewer is not None, "the guard let nobody else in"
    if shortlist is None:
        raise Conflict(objections.TOO_LATE)
    objections.take_back(db, dispute, side, round_no=shortlist.round, by=viewer.actor, now=sessions.now())
    return redirect(url_for("disputes.page", no=no, _anchor="order"), 303)
