"""The log of a choice, opened by the coordinator on a reason that is kept: a complaint, or a court's request."""

import json

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlmodel import col

from app import ballot_box, disputes
from app.errors import InvalidInput
from app.models import Choice, Dispute
from app.scope import Role
from app.web import guards, sessions

blueprint = Blueprint("choice_logs", __name__)


@blueprint.get("/disputes/<no>/log")
@guards.roles(Role.COORDINATOR)
def form(no: str) -> ResponseReturnValue:
    """Ask for the reason. Nothing is opened by looking."""
    return _page(disputes.get(sessions.db(), no), {})


@blueprint.post("/disputes/<no>/log")
@guards.roles(Role.COORDINATOR)
def open_(no: str) -> ResponseReturnValue:
    """Open the log of one round as a file that `diandan choose` takes."""
    db, dispute, viewer = sessions.db(), disputes.get(sessions.db(), no), sessions.viewer()
    assert viewer is not None, "the guard let nobody else in"
    given, reason = request.form.get("round", ""), request.form.get("reason", "")
    round_no = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    try:
        log = ballot_box.open_log(db, dispute, round_no, viewer=viewer, reason=reason, now=sessions.now())
    except InvalidInput as problem:
        sessions.rollback()
        return _page(disputes.get(sessions.db(), no), problem.problems), 422
    return _file(log, f"choice-{no}-{round_no}.json")


def _file(log: dict[str, object], name: str) -> Response:
    answer = make_response(json.dumps(log, ensure_ascii=False, indent=1))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.mimetype = "application/json"
    return answer


def _page(dispute: Dispute, problems: dict[str, str]) -> str:
    query = select(col(Choice.round), col(Choice.at)).where(col(Choice.dispute_id) == dispute.id)
    made = sessions.db().execute(query.order_by(col(Choice.round))).all()
    return render_template("orders/log.html", dispute=dispute, made=made, problems=problems)
