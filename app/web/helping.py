"""An officer marks with a person who cannot read or see: cards, the paper to sign, seal; the coordinator's list.

The paper is the check page itself, printed before the ballot is sealed: afterwards no page shows the marks again.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import cases, disputes, helping, orders, shortlists
from app.errors import Conflict, InvalidInput
from app.helping import Help
from app.models import Dispute, Side, Station
from app.scope import Role
from app.shortlists import OpenList
from app.web import guards, sessions
from app.web.marking import Form, read_form
from app.web.orders import side_of

blueprint = Blueprint("helping", __name__)


def _me() -> int:
    viewer = sessions.viewer()
    assert viewer is not None, "the guard let nobody else in"
    return viewer.account_id


def _open(no: str, letter: str) -> tuple[Dispute, Side, OpenList]:
    """Return what is to be marked; raise Conflict when the side has sealed, or the helper stands on the list."""
    db, dispute = sessions.db(), disputes.get(sessions.db(), no)
    side = side_of(dispute, letter)
    found = shortlists.open_list(db, side.dispute_id, side.id)
    if found is None or found.sealed:
        raise Conflict(orders.OVER)
    helping.check_helper(db, dispute, _me())
    return dispute, side, found


@blueprint.route("/disputes/<no>/helped/<letter>", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def mark(no: str, letter: str) -> ResponseReturnValue:
    """Show the cards to read aloud; a POST brings marks back from the check page."""
    dispute, side, found = _open(no, letter)
    marks = read_form(request.form, found.ids())[1] if request.method == "POST" else None
    name = cases.speaker(sessions.db(), side)
    return render_template("orders/helped_mark.html", dispute=dispute, side=side, name=name, form=Form.of(found, marks))


@blueprint.post("/disputes/<no>/helped/<letter>/check")
@guards.roles(*guards.STATION)
def check(no: str, letter: str) -> ResponseReturnValue:
    """Show the paper that the person signs; nothing is kept."""
    return _checking(*_open(no, letter), {})


def _checking(dispute: Dispute, side: Side, found: OpenList, problems: dict[str, str]) -> str:
    db, viewer = sessions.db(), sessions.viewer()
    round_no, marks = read_form(request.form, found.ids())
    return render_template(
        "orders/helped_check.html",
        dispute=dispute,
        side=side,
        name=cases.speaker(db, side),
        form=Form.of(found, marks, round_no),
        station=db.get_one(Station, dispute.station_id),
        helper=viewer.name if viewer else "",
        wishes=helping.WISHES,
        typed={name: request.form.get(name, "")[:40] for name in ("witness", "wish")},
        today=sessions.now(),
        problems=problems,
    )


@blueprint.post("/disputes/<no>/helped/<letter>/seal")
@guards.roles(*guards.STATION)
def seal(no: str, letter: str) -> ResponseReturnValue:
    """Seal the helped ballot with who helped, who watched, and how the wish was given."""
    dispute, side, found = _open(no, letter)
    round_no, marks = read_form(request.form, found.ids())
    help_ = Help(_me(), request.form.get("witness", ""), request.form.get("wish", ""))
    try:
        helping.seal(sessions.db(), dispute, side, marks, round_no=round_no, help_=help_, now=sessions.now())
    except InvalidInput as problem:
        sessions.rollback()
        return _checking(*_open(no, letter), problem.problems), 422
    return redirect(url_for("disputes.page", no=no, _anchor="order"), 303)


@blueprint.get("/helped")
@guards.roles(Role.COORDINATOR)
def listing() -> ResponseReturnValue:
    """Show every helped ballot of the county."""
    return render_template("orders/helped.html", lines=helping.listed(sessions.db()))
