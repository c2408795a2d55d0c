"""The live board: who has opened, who has sealed, who is silent, in every order that runs. Never what was marked."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import consents, disputes, nudges
from app.errors import N_, Conflict
from app.models import Dispute
from app.scope import Role
from app.web import guards, order_board, sessions
from app.web.orders import side_of

blueprint = Blueprint("order_live", __name__)


def _actor() -> str:
    viewer = sessions.viewer()
    assert viewer is not None, "the guard let nobody else in"
    return viewer.actor


@blueprint.get("/orders")
@guards.roles(*guards.CASES)
def board() -> ResponseReturnValue:
    """Show every order that runs; the page asks for itself again every quarter of a minute."""
    db, now = sessions.db(), sessions.now()
    rows = [(each, order_board.sides_of_order(db, each, now)) for each in nudges.running(db)]
    return render_template("orders/board.html", rows=rows)


@blueprint.post("/disputes/<no>/remind/<letter>")
@guards.roles(*guards.STATION)
def remind(no: str, letter: str) -> ResponseReturnValue:
    """Remind a silent side with one tap."""
    dispute = disputes.get(sessions.db(), no)
    nudges.remind(sessions.db(), dispute, side_of(dispute, letter), by=_actor(), now=sessions.now())
    back = url_for("order_live.board") if request.form.get("back") == "board" else _case(dispute)
    return redirect(back, 303)


@blueprint.post("/disputes/<no>/join")
@guards.roles(*guards.STATION, Role.COORDINATOR)
def join(no: str) -> ResponseReturnValue:
    """Ask a second mediator of another kind to join: all sides want it, or the case is red."""
    dispute = disputes.get(sessions.db(), no)
    consents.join(sessions.db(), dispute, by=_actor(), now=sessions.now())
    return redirect(_case(dispute), 303)


@blueprint.post("/disputes/<no>/joint/<letter>")
@guards.roles(*guards.STATION)
def wish_joint(no: str, letter: str) -> ResponseReturnValue:
    """Record that a side told the station that it wants two mediators."""
    dispute, how = disputes.get(sessions.db(), no), request.form.get("how", "")
    if how not in ("phone", "visit", "desk"):
        raise Conflict(N_("请选是怎样问的"))
    consents.wish_joint(sessions.db(), dispute, side_of(dispute, letter), how=how, by=_actor(), now=sessions.now())
    return redirect(_case(dispute), 303)


def _case(dispute: Dispute) -> str:
    return url_for("disputes.page", no=dispute.no, _anchor="order")
