"""The station's side of an order: the list is drawn, slips are printed, and whoever does not answer is passed over."""

from dataclasses import replace
from typing import Any

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import assignments, cases, consents, desk_pins, disputes, invitations, orders, shortlists
from app.errors import N_, InvalidInput, NotFound
from app.links import show_code
from app.models import Assignment, AssignmentState, Dispute, Invitation, Side, Station
from app.scope import Role
from app.web import guards, sessions
from app.web.ballots import answer_of, situation_of
from app.web.roll import serving_page
from talent_pool.models import Mediator

blueprint = Blueprint("orders", __name__)


def _back(no: str) -> ResponseReturnValue:
    return redirect(url_for("disputes.page", no=no, _anchor="order"), 303)


def _actor() -> str:
    viewer = sessions.viewer()
    assert viewer is not None, "the guard let nobody else in"
    return viewer.actor


def side_of(dispute: Dispute, letter: str) -> Side:
    """Return the side with this letter; NotFound when the case has none."""
    found = next((side for side in cases.sides_of(sessions.db(), dispute) if side.letter == letter), None)
    if found is None:
        raise NotFound()
    return found


@blueprint.post("/disputes/<no>/order")
@guards.roles(*guards.STATION)
def open(no: str) -> ResponseReturnValue:  # noqa: A001 - the endpoint's name is orders.open
    """Draw a list and invite the sides; a second one after a list without a common name."""
    db = sessions.db()
    orders.open_order(db, disputes.get(db, no), index=sessions.house().index(db), by=_actor(), now=sessions.now())
    return _back(no)


@blueprint.get("/disputes/<no>/desk")
@guards.roles(*guards.STATION)
def desk(no: str) -> ResponseReturnValue:
    """Say whose turn it is at the desk; after the last one show the result that both may see."""
    db, dispute = sessions.db(), disputes.get(sessions.db(), no)
    waiting, sides = orders.unsealed(db, dispute), cases.sides_of(db, dispute)
    shortlist = shortlists.current_round(db, dispute)
    if waiting and shortlist and desk_pins.is_asked(db, dispute, shortlist.round, sessions.now()):
        return redirect(url_for("desk_mode.pin", no=no), 303)
    if waiting:
        name, first = cases.speaker(db, waiting[0]), len(waiting) == len(sides)
        return render_template("orders/hand_over.html", dispute=dispute, side=waiting[0], name=name, first=first)
    # One screen for both: without the rank that is each side's own.
    shared = replace(situation_of(dispute, sides[0]), rank=None)
    return render_template("orders/desk_result.html", dispute=dispute, situation=shared)


# --- slips -----------------------------------------------------------------------------------------------------------


@blueprint.get("/disputes/<no>/slip/<letter>")
@guards.roles(*guards.STATION)
def slip(no: str, letter: str) -> ResponseReturnValue:
    """Show a side's slip for printing: QR, link, short code, deadline."""
    dispute = disputes.get(sessions.db(), no)
    side = side_of(dispute, letter)
    invitation = invitations.living(sessions.db(), dispute, sessions.now(), side_id=side.id)
    name = cases.speaker(sessions.db(), side)
    return render_template("orders/slip.html", side=side, name=name, **_slip(dispute, invitation))


@blueprint.get("/disputes/<no>/mediator-slip")
@guards.roles(*guards.STATION)
def mediator_slip(no: str) -> ResponseReturnValue:
    """Show the slip of the mediator who is asked or has accepted."""
    dispute = disputes.get(sessions.db(), no)
    assignment = _present(dispute)
    mediator = sessions.db().get_one(Mediator, assignment.mediator_id)
    invitation = invitations.living(sessions.db(), dispute, sessions.now(), assignment_id=assignment.id)
    asked = assignment.state is AssignmentState.ASKED
    return render_template("orders/mediator_slip.html", mediator=mediator, asked=asked, **_slip(dispute, invitation))


def _slip(dispute: Dispute, invitation: Invitation | None) -> dict[str, Any]:
    links = invitations.links_of(sessions.db())
    url = links.url(links.token(invitation.nonce)) if invitation else ""
    return {
        "dispute": dispute,
        "station": sessions.db().get_one(Station, dispute.station_id),
        "url": url,
        "code_url": f"{links.base_url}{url_for('invitations.code_form')}",
        "code": show_code(links.code(invitation.nonce)) if invitation else "",
        "qr": segno.make(url, error="m", micro=False).svg_data_uri(scale=4, border=2) if url else "",
    }


def _present(dispute: Dispute) -> Assignment:
    found = assignments.living(sessions.db(), dispute)
    if found is None:
        raise NotFound(N_("现在没有调解员要通知"))
    return found


@blueprint.post("/disputes/<no>/slip/<letter>")
@guards.roles(*guards.STATION)
def reissue(no: str, letter: str) -> ResponseReturnValue:
    """Give a side a new link; the old one is shut."""
    dispute = disputes.get(sessions.db(), no)
    invitations.reissue(sessions.db(), dispute, side_of(dispute, letter), by=_actor(), now=sessions.now())
    return redirect(url_for("orders.slip", no=no, letter=letter), 303)


# --- a side's word, recorded by an officer -------------------------------------------------------------------------


@blueprint.post("/disputes/<no>/said/<letter>")
@guards.roles(*guards.STATION)
def said(no: str, letter: str) -> ResponseReturnValue:
    """Record what a side answered by phone or on a visit: to a result, a name or a tie it is asked about."""
    dispute = disputes.get(sessions.db(), no)
    yes, how = request.form.get("yes") == "1", request.form.get("how", "")
    answer_of(dispute, side_of(dispute, letter), yes=yes, how=how, by=_actor())
    return _back(no)


# --- nobody answers, or it ends --------------------------------------------------------------------------------------


@blueprint.post("/disputes/<no>/pass-over")
@guards.roles(*guards.STATION)
def pass_over(no: str) -> ResponseReturnValue:
    """Go on to the next name when the mediator has let the time pass."""
    dispute = disputes.get(sessions.db(), no)
    given = request.form.get("assignment", "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else 0
    assignments.pass_over(sessions.db(), dispute, number, by=_actor(), now=sessions.now())
    return _back(no)


@blueprint.post("/disputes/<no>/end")
@guards.roles(*guards.STATION)
def end(no: str) -> ResponseReturnValue:
    """End the case: a side cannot be reached, no name was found, it was withdrawn or settled among themselves."""
    dispute = disputes.get(sessions.db(), no)
    orders.end(sessions.db(), dispute, request.form.get("why", ""), by=_actor(), now=sessions.now())
    return _back(no)


@blueprint.get("/disputes/<no>/designate")
@guards.roles(Role.COORDINATOR)
def designate_form(no: str) -> ResponseReturnValue:
    """Show the roll to name a mediator from, without those who cannot be named."""
    return _designating(disputes.get(sessions.db(), no), {}, "")


@blueprint.post("/disputes/<no>/designate")
@guards.roles(Role.COORDINATOR)
def designate(no: str) -> ResponseReturnValue:
    """Name a mediator to whom every side has said yes."""
    dispute = disputes.get(sessions.db(), no)
    given, agreed = request.form.get("mediator", ""), request.form.get("agreed", "")[:200]
    if not (given.isascii() and given.isdigit() and len(given) < 12):
        return _designating(dispute, {"mediator": N_("请选一位")}, agreed), 422
    try:
        if "ask" in request.form:
            consents.name(sessions.db(), dispute, int(given), by=_actor(), now=sessions.now())
            return _back(no)
        assignments.designate(sessions.db(), dispute, int(given), agreed=agreed, by=_actor(), now=sessions.now())
    except InvalidInput as problem:
        sessions.rollback()
        return _designating(disputes.get(sessions.db(), no), problem.problems, agreed, int(given)), 422
    return _back(no)


def _designating(dispute: Dispute, problems: dict[str, str], agreed: str, chosen: int = 0) -> str:
    barred = assignments.barred_from(sessions.db(), dispute)
    found = serving_page(sessions.db(), dispute.place, request.args, leave_out=barred)
    return render_template(
        "orders/designate.html", dispute=dispute, problems=problems, agreed=agreed, chosen=chosen, **found
    )
