"""Logging a quarrel, and the officer's decisions on its page: gates, type, who must stay away."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import disputes, gates, relations
from app.errors import N_, InvalidInput, NotFound
from app.models import Dispute
from app.web import case_page, guards, intake_form, places, prefill, reading_panel, sessions
from app.web.case_page import choices, me
from app.web.intake_form import IntakeForm
from app.web.reading_panel import Panel

blueprint = Blueprint("disputes", __name__)


# --- logging ---------------------------------------------------------------------------------------------------------


@blueprint.get("/disputes/new")
@guards.roles(*guards.STATION)
def new() -> ResponseReturnValue:
    """Show the empty form."""
    return _form(intake_form.fresh())


@blueprint.post("/disputes/new")
@guards.roles(*guards.STATION)
def submit() -> ResponseReturnValue:
    """Log the quarrel; or, without JavaScript, only read it or add a row, as the pressed button says."""
    form = intake_form.parse(request.form)
    what, _, which = request.form.get("do", "log").partition(":")
    if what == "log":
        return _log(form)
    if what == "person":
        intake_form.add_person(form, which)
    elif what == "side":
        intake_form.add_side(form)
    elif what == "type":
        intake_form.choose_type(form, which)
    if request.headers.get("HX-Request"):
        return render_template("disputes/_sides.html", form=form, problems={}, **_places())
    panel = reading_panel.look(form)
    if panel is not None:
        prefill.fill(form, panel.proposals)
    return _form(form, panel)


def _log(form: IntakeForm) -> ResponseReturnValue:
    viewer = me()
    try:
        intake = intake_form.check(form, viewer.area)
        dispute = disputes.log(sessions.db(), intake, by=viewer, key=form.key, now=sessions.now())
        _link(dispute, form.twin)
    except InvalidInput as problem:
        sessions.rollback()  # gives the connection back before the panel takes one of its own
        problems = intake_form.on_the_page(form, problem.problems)
        return _form(form, reading_panel.look(form), problems), problem.status
    return redirect(url_for("disputes.page", no=dispute.no), 303)


def _link(dispute: Dispute, twin: str) -> None:
    """Link the new case to the one that was chosen on the form."""
    kind, _, no = twin.partition(":")
    if no:
        other = disputes.get(sessions.db(), no)
        relations.link_new(sessions.db(), dispute, other, kind, by=me(), now=sessions.now())


@blueprint.post("/disputes/reading")
@guards.roles(*guards.STATION)
def reading() -> ResponseReturnValue:
    """Show what the service reads in the words typed so far: a piece of the page, swapped in while typing."""
    form = intake_form.parse(request.form)
    return render_template("disputes/_reading.html", panel=reading_panel.look(form), **_places())


def _form(form: IntakeForm, panel: Panel | None = None, problems: dict[str, str] | None = None) -> str:
    return render_template("disputes/new.html", form=form, panel=panel, problems=problems or {}, **_places())


def _places() -> dict[str, object]:
    return {"read_fields": prefill.FIELDS, "area": me().area, "show_place": places.show, "choices": choices}


# --- the case --------------------------------------------------------------------------------------------------------


@blueprint.get("/disputes/<no>")
@guards.roles(*guards.CASES)
def page(no: str) -> ResponseReturnValue:
    """Show a case."""
    return case_page.render(disputes.get(sessions.db(), no))


@blueprint.post("/disputes/<no>/gates")
@guards.roles(*guards.STATION)
def add_gate(no: str) -> ResponseReturnValue:
    """Set a gate that the machine did not see."""
    code, reason = request.form.get("code", ""), request.form.get("reason", "")
    return _change(
        no, "new-gate", lambda case: gates.add(sessions.db(), case, code, reason=reason, by=me(), now=sessions.now())
    )


@blueprint.post("/disputes/<no>/gates/<code>")
@guards.roles(*guards.STATION)
def decide_gate(no: str, code: str) -> ResponseReturnValue:
    """Confirm a gate, set it aside, answer what is asked about it, or second what a colleague wants to set aside."""
    what, reason = request.form.get("do", ""), request.form.get("reason", "")
    by, now = me(), sessions.now()
    if what in ("confirm", "override"):
        confirm = what == "confirm"
        return _change(
            no,
            f"gate-{code}",
            lambda case: gates.decide(sessions.db(), case, code, confirm=confirm, reason=reason, by=by, now=now),
        )
    if what in ("yes", "no"):
        return _change(
            no,
            f"gate-{code}",
            lambda case: gates.answer(sessions.db(), case, code, yes=what == "yes", by=by, now=now),
        )
    if what in ("agree", "refuse"):
        return _change(
            no,
            f"gate-{code}",
            lambda case: gates.second(sessions.db(), case, code, agree=what == "agree", by=by, now=now),
        )
    raise NotFound()


@blueprint.post("/disputes/<no>/type")
@guards.roles(*guards.STATION)
def correct_type(no: str) -> ResponseReturnValue:
    """Let the officer's word on the type win."""
    type_code, subtype = request.form.get("type", ""), request.form.get("subtype", "")
    return _change(
        no,
        "correct",
        lambda case: disputes.correct_type(
            sessions.db(), case, type_code=type_code, subtype=subtype, by=me(), now=sessions.now()
        ),
    )


@blueprint.post("/disputes/<no>/recusals")
@guards.roles(*guards.STATION)
def recuse(no: str) -> ResponseReturnValue:
    """Keep a mediator out of this case."""
    given, reason = request.form.get("mediator", ""), request.form.get("reason", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise NotFound(N_("没有这位调解员"))
    return _change(
        no,
        f"recuse-{given}",
        lambda case: disputes.recuse(sessions.db(), case, int(given), reason=reason, by=me(), now=sessions.now()),
    )


def _change(no: str, form: str, change: Callable[[Dispute], object]) -> ResponseReturnValue:
    """Do it and go back to the page; or show the page with the problems at the form that they belong to."""
    try:
        change(disputes.get(sessions.db(), no))
    except InvalidInput as problem:
        sessions.rollback()
        problems = {f"{form}-{name}": words for name, words in problem.problems.items()}
        return case_page.render(disputes.get(sessions.db(), no), problems, request.form), problem.status
    return redirect(url_for("disputes.page", no=no), 303)
