"""Marking at the station's desk, 两人都在: one side marks, seals, hands over; then the other.

Nothing of the first side can be seen again: nothing is kept before sealing, no page may be cached, and once a side has
sealed every address of its marking leads back to the hand-over page (`orders.desk`).
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import cases, desk_pins, disputes, orders, shortlists
from app.errors import InvalidInput
from app.models import BallotChannel, Dispute, Side
from app.shortlists import OpenList
from app.web import guards, sessions
from app.web.marking import Form, read_form
from app.web.orders import side_of

blueprint = Blueprint("desk_mode", __name__)


def _turn(no: str, letter: str) -> tuple[Dispute, Side, OpenList] | None:
    """Return what a side needs to mark; None when it is not its turn, or it has sealed already."""
    db, dispute = sessions.db(), disputes.get(sessions.db(), no)
    side, waiting = side_of(dispute, letter), orders.unsealed(db, dispute)
    found = shortlists.open_list(db, side.dispute_id, side.id)
    if found is None or not waiting or waiting[0].id != side.id:
        return None
    if desk_pins.is_asked(db, dispute, found.round_no, sessions.now()):
        return None
    return dispute, side, found


def _to_desk(no: str) -> ResponseReturnValue:
    return redirect(url_for("orders.desk", no=no), 303)


@blueprint.route("/disputes/<no>/desk/<letter>", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def mark(no: str, letter: str) -> ResponseReturnValue:
    """Show the list to the side whose turn it is; a POST brings marks back from the check page."""
    turn = _turn(no, letter)
    if turn is None:
        return _to_desk(no)
    dispute, side, found = turn
    marks = read_form(request.form, found.ids())[1] if request.method == "POST" else None
    name = cases.speaker(sessions.db(), side)
    return render_template("orders/desk_mark.html", dispute=dispute, side=side, form=Form.of(found, marks), name=name)


@blueprint.post("/disputes/<no>/desk/<letter>/check")
@guards.roles(*guards.STATION)
def check(no: str, letter: str) -> ResponseReturnValue:
    """Show what would be sealed; nothing is kept."""
    turn = _turn(no, letter)
    if turn is None:
        return _to_desk(no)
    dispute, side, found = turn
    round_no, marks = read_form(request.form, found.ids())
    desk_pins.touch(sessions.db(), dispute, round_no, sessions.now())
    return _checking(dispute, side, Form.of(found, marks, round_no), {})


def _checking(dispute: Dispute, side: Side, form: Form, problems: dict[str, str]) -> str:
    db = sessions.db()
    first = len(orders.unsealed(db, dispute)) == len(cases.sides_of(db, dispute))
    return render_template(
        "orders/desk_check.html", dispute=dispute, side=side, form=form, first=first, problems=problems
    )


@blueprint.post("/disputes/<no>/desk/<letter>/seal")
@guards.roles(*guards.STATION)
def seal(no: str, letter: str) -> ResponseReturnValue:
    """Seal the side's ballot and hide everything."""
    turn, viewer = _turn(no, letter), sessions.viewer()
    if turn is None or viewer is None:
        return _to_desk(no)
    dispute, side, found = turn
    round_no, marks = read_form(request.form, found.ids())
    try:
        pin = desk_pins.read(request.form.get("pin", "")[:20])
    except InvalidInput as problem:
        return _checking(dispute, side, Form.of(found, marks, round_no), problem.problems), 422
    how, now, me = BallotChannel.DESK, sessions.now(), viewer.account_id
    orders.seal(sessions.db(), dispute, side, marks, round_no=round_no, channel=how, now=now, by_account=me)
    if pin:
        desk_pins.set_pin(sessions.db(), dispute, side, round_no, pin, now)
    return _to_desk(no)


@blueprint.route("/disputes/<no>/desk-pin", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def pin(no: str) -> ResponseReturnValue:
    """Ask for the digits that the side that sealed first has set; go on with the right ones."""
    dispute = disputes.get(sessions.db(), no)
    shortlist = shortlists.current_round(sessions.db(), dispute)
    round_no, now = shortlist.round if shortlist else 0, sessions.now()
    if not desk_pins.is_asked(sessions.db(), dispute, round_no, now):
        return _to_desk(no)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            key = dispute.id or 0
            sessions.rollback()  # the count is a transaction of its own, and SQLite has one writer
            desk_pins.count_try(sessions.house().database, key, round_no)
            desk_pins.open_(sessions.db(), dispute, round_no, request.form.get("pin", "")[:20], now)
            return _to_desk(no)
        except InvalidInput as problem:
            sessions.rollback()
            problems = problem.problems
    page = render_template("orders/desk_pin.html", dispute=disputes.get(sessions.db(), no), problems=problems)
    return page, 422 if problems else 200


@blueprint.get("/disputes/<no>/desk/<letter>/check")
@blueprint.get("/disputes/<no>/desk/<letter>/seal")
@guards.roles(*guards.STATION)
def back_to_desk(no: str, letter: str) -> ResponseReturnValue:  # noqa: ARG001 - the address has it
    """Lead whoever reloads the check page back."""
    return _to_desk(no)
