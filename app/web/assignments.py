"""A mediator at his or her own page: who asks, take it or not, and what follows."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import assignments, cases, casework, consents, pool_entry
from app.errors import N_, InvalidInput
from app.lifecycle import HOLDS_SLOT, State
from app.models import Assignment, AssignmentState, Dispute, Station
from app.web import guards, sessions
from app.web.pool_entry import days_of_leave
from app.web.pool_import import today
from talent_pool import history, roster
from talent_pool.models import Mediator

blueprint = Blueprint("assignments", __name__)

CAP_MAX = 30
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
    open_to = HOLDS_SLOT if assignment.role == cases.CO else (State.AWAITING_MEDIATOR,)
    tied = assignment.reason == assignments.TIED
    asked = assignment.state is AssignmentState.ASKED and dispute.state in open_to and not tied
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
        tied=tied and assignment.state is AssignmentState.ASKED,
        mediator=db.get_one(Mediator, assignment.mediator_id),
        leave=pool_entry.leave_from(db, assignment.mediator_id, today()),
        problems=problems,
        typed=typed,
    )


@blueprint.post("/assignment/accept")
@guards.mediator
def accept() -> ResponseReturnValue:
    """Take the case, with a word on every relation to the sides."""
    dispute, assignment = _case()
    tie = "" if request.form.get("unrelated") else request.form.get("disclosed", "").strip()[:200]
    if assignment.state is AssignmentState.ASKED and not tie and not request.form.get("unrelated"):
        return _page({"unrelated": N_("请先说明与双方有没有关系")}, {}), 422
    actor, key, now = f"mediator:{assignment.mediator_id}", assignment.id or 0, sessions.now()
    if tie:
        # A tie that was told of goes to all sides: only with their yes does he or she go on.
        consents.disclose_tie(sessions.db(), dispute, key, tie=tie, by=actor, now=now)
    else:
        assignments.accept(sessions.db(), dispute, key, disclosed="none", by=actor, now=now)
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


# --- one's own days and load -----------------------------------------------------------------------------------------


@blueprint.post("/assignment/leave")
@guards.mediator
def leave() -> ResponseReturnValue:
    """Note busy days; they hold at once, for cases that are asked about from now on."""
    _, assignment = _case()
    try:
        first, last, reason = days_of_leave()
    except InvalidInput as problem:
        return _page(problem.problems, {}), 422
    history.sign(sessions.db(), f"mediator:{assignment.mediator_id}", sessions.now())
    roster.take_leave(sessions.db(), assignment.mediator_id, first, last, reason)
    return redirect(url_for("assignments.page"), 303)


@blueprint.post("/assignment/cap")
@guards.mediator
def cap() -> ResponseReturnValue:
    """Set how many cases one takes at the same time; those that one has stay."""
    _, assignment = _case()
    given = request.form.get("load_cap", "")
    if not (given.isascii() and given.isdigit() and 0 <= int(given[:3]) <= CAP_MAX and len(given) < 3):
        return _page({"load_cap": N_("请填0到30之间的数")}, {"load_cap": given[:5]}), 422
    history.sign(sessions.db(), f"mediator:{assignment.mediator_id}", sessions.now())
    roster.amend(sessions.db(), assignment.mediator_id, load_cap=int(given))
    return redirect(url_for("assignments.page"), 303)
