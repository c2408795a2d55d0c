"""A mediator at his or her own page: who asks, take it or not, and what follows."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import assignments, cases, casework
from app.errors import N_
from app.lifecycle import State
from app.models import Assignment, AssignmentState, Dispute, Station
from app.web import guards, sessions

blueprint = Blueprint("assignments", __name__)

REASONS = {
    "busy": N_("手上事多"),
    "away": N_("人不在本地"),
    "ill": N_("身体不好"),
    "related": N_("与一方有关系,要回避"),
    "other": N_("别的原因"),
}


def _case() -> tuple[Dispute, Assignment]:
    visit = sessions.visit()
    assert visit is not None, "the guard let nobody else in"
    db = sessions.db()
    return db.get_one(Dispute, visit.dispute_id), db.get_one(Assignment, visit.assignment_id)


@blueprint.get("/assignment")
@guards.mediator
def page() -> ResponseReturnValue:
    """Ask for an answer or, once given, show how things stand."""
    return _page({}, {})


def _page(problems: dict[str, str], typed: dict[str, str]) -> str:
    db = sessions.db()
    dispute, assignment = _case()
    asked = assignment.state is AssignmentState.ASKED and dispute.state is State.AWAITING_MEDIATOR
    sides = [
        "、".join(party.name for party in cases.parties_of(db, dispute) if party.side_id == side.id)
        for side in cases.sides_of(db, dispute)
    ]
    return render_template(
        "assignments/ask.html" if asked else "assignments/state.html",
        dispute=dispute,
        assignment=assignment,
        sides=sides,
        may_record="record" in casework.steps(dispute.state),
        station=db.get_one(Station, dispute.station_id),
        reasons=REASONS,
        problems=problems,
        typed=typed,
    )


@blueprint.post("/assignment/accept")
@guards.mediator
def accept() -> ResponseReturnValue:
    """Take the case, with a word on every relation to the sides."""
    dispute, assignment = _case()
    disclosed = "none" if request.form.get("unrelated") else request.form.get("disclosed", "").strip()[:200]
    if assignment.state is AssignmentState.ASKED and not disclosed:
        return _page({"unrelated": N_("请先说明与双方有没有关系")}, {}), 422
    actor = f"mediator:{assignment.mediator_id}"
    assignments.accept(
        sessions.db(), dispute, assignment.id or 0, disclosed=disclosed or "none", by=actor, now=sessions.now()
    )
    return redirect(url_for("assignments.page"), 303)


@blueprint.post("/assignment/decline")
@guards.mediator
def decline() -> ResponseReturnValue:
    """Say no; the next one is asked."""
    dispute, assignment = _case()
    reason, words = request.form.get("reason", ""), request.form.get("words", "").strip()[:100]
    if reason not in REASONS:
        return _page({"reason": N_("请选一个原因")}, {"words": words}), 422
    actor = f"mediator:{assignment.mediator_id}"
    told = ":".join(filter(None, (REASONS[reason], words)))
    assignments.decline(sessions.db(), dispute, assignment.id or 0, reason=told, by=actor, now=sessions.now())
    return redirect(url_for("assignments.page"), 303)
