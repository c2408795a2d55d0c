"""Sessions, agreement, performance, revisits, and the end of a case: the officer's pages, and the mediator's record."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from app import assignments, cases, casework, disputes, documents, formkeys
from app.accounts import Viewer
from app.casework import FollowUpIn, MeetingIn
from app.documents import facts
from app.errors import N_, Conflict, InvalidInput
from app.lifecycle import State
from app.models import Agreement, Assignment, AssignmentState, Dispute, FollowUp, Meeting
from app.web import guards, sessions
from app.web.wrong_fields import in_order, problems_in
from app.workdays import shanghai

blueprint = Blueprint("casework", __name__)


def me() -> Viewer:
    """Return who is signed in; the guards have seen to it that somebody is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


# --- on the case's page ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What the page of a case shows of all this: so far, what may be done, and the one thing that is next."""

    dispute: Dispute
    agreement: Agreement | None
    meetings: list[Meeting]
    follow_ups: list[FollowUp]
    mediator: str
    steps: frozenset[str]
    next: str


def context(session: Session, dispute: Dispute) -> Work:
    """Read it for `disputes/_casework.html`."""
    follow_ups = casework.follow_ups_of(session, dispute)
    return Work(
        dispute=dispute,
        agreement=casework.agreement_of(session, dispute),
        meetings=casework.meetings_of(session, dispute),
        follow_ups=follow_ups,
        mediator=facts.mediator_of(session, dispute),
        steps=casework.steps(dispute.state),
        next=_next(dispute),
    )


def _next(dispute: Dispute) -> str:
    """Return the step that is due, '' when it is another room's turn."""
    if dispute.state in (State.PERFORMED, State.FOLLOWING_UP):
        return "record_follow_up" if dispute.due_at else "close"
    order = ("record", "record_performance", "reopen", "close")
    due = {State.BARRED: "transfer", State.FAILED: "close", State.TERMINATED: "close", State.TRANSFERRED: "close"}
    return due.get(dispute.state) or next((step for step in order if step in casework.steps(dispute.state)), "")


# --- a session -------------------------------------------------------------------------------------------------------


@blueprint.route("/disputes/<no>/session", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def record(no: str) -> ResponseReturnValue:
    """Record a session at the station."""
    dispute = disputes.get(sessions.db(), no)
    back = url_for("disputes.page", no=no)
    return _session(dispute, by=me().actor, back=back, layout="desk.html", story=dispute.narrative[:4000])


@blueprint.route("/assignment/session", methods=["GET", "POST"])
@guards.mediator
def mediator_record() -> ResponseReturnValue:
    """Let the mediator record a session of his or her own case."""
    visit = sessions.visit()
    assert visit is not None
    mine = sessions.db().get(Assignment, visit.assignment_id)
    if mine is None or mine.state is not AssignmentState.ACCEPTED:
        raise Conflict(N_("您接单以后才能记录调解"))
    dispute = sessions.db().get_one(Dispute, visit.dispute_id)
    return _session(dispute, by=f"mediator:{mine.mediator_id}", back=url_for("assignments.page"), layout="base.html")


def _session(dispute: Dispute, *, by: str, back: str, layout: str, story: str = "") -> ResponseReturnValue:
    # What was told at the station (phones may stand in it) is not for the mediator's link.
    if "record" not in casework.steps(dispute.state):
        raise Conflict(N_("现在不用记录调解,请看案件的最新情况"))
    db, now = sessions.db(), sessions.now()
    fresh = {"held_at": _local(now), "present": _people(db, dispute), "facts": story}
    page = _Page("casework/session.html", MeetingIn, dispute, {"back": back, "layout": layout}, fresh)
    return page.answer(by, lambda meeting: casework.record(db, dispute, meeting, by=by, now=now))


def _people(session: Session, dispute: Dispute) -> str:
    names = [party.name for party in cases.parties_of(session, dispute)]
    return "、".join([*names, facts.mediator_of(session, dispute)]).strip("、")[:300]


def _local(moment: datetime) -> str:
    return f"{shanghai(moment):%Y-%m-%dT%H:%M}"


# --- afterwards ------------------------------------------------------------------------------------------------------


@blueprint.route("/disputes/<no>/follow-up", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def follow_up(no: str) -> ResponseReturnValue:
    """Record a revisit."""
    db, by, now = sessions.db(), me().actor, sessions.now()
    dispute = disputes.get(db, no)
    agreement = casework.agreement_of(db, dispute)
    if agreement is None or "record_follow_up" not in casework.steps(dispute.state):
        raise Conflict(N_("达成协议以后才有回访"))
    fresh = {"visited_at": _local(now), "performed": agreement.performed, "relapsed": "no"}
    back = url_for("disputes.page", no=no)
    page = _Page("casework/follow_up.html", FollowUpIn, dispute, {"back": back, "agreement": agreement}, fresh)
    return page.answer(by, lambda visit: casework.record_follow_up(db, dispute, visit, by=by, now=now))


@blueprint.post("/disputes/<no>/performance")
@guards.roles(*guards.STATION)
def performance(no: str) -> ResponseReturnValue:
    """Record whether what was agreed has been done."""
    word = request.form.get("performed", "")
    return _do(
        no, lambda case: casework.record_performance(sessions.db(), case, word, by=me().actor, now=sessions.now())
    )


@blueprint.post("/disputes/<no>/close")
@guards.roles(*guards.STATION)
def close(no: str) -> ResponseReturnValue:
    """Close the case."""
    return _do(no, lambda case: casework.close(sessions.db(), case, by=me().actor, now=sessions.now()))


@blueprint.post("/disputes/<no>/reopen")
@guards.roles(*guards.STATION)
def reopen(no: str) -> ResponseReturnValue:
    """Take the case up again."""
    return _do(no, lambda case: casework.reopen(sessions.db(), case, by=me().actor, now=sessions.now()))


def _do(no: str, deed: Callable[[Dispute], object]) -> ResponseReturnValue:
    deed(disputes.get(sessions.db(), no))
    return redirect(url_for("disputes.page", no=no), 303)


# --- steps that need a word of why -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A small page of its own: what it does, what has to be written, and the button."""

    title: str
    explain: str
    fields: tuple[tuple[str, str], ...]
    button: str


EXTEND = Step(
    N_("延长调解期限"),
    N_("一般一个月内调完。各方都同意,才能延长一次。"),
    (("agreed", N_("各方怎样同意的")),),
    N_("延长期限"),
)
REPLACE = Step(
    N_("更换调解员"),
    N_("现在的调解员会退出,系统接着问名单上的下一位。只能换一次。"),
    (("reason", N_("更换的理由")),),
    N_("更换调解员"),
)
TRANSFER = Step(
    N_("移送案件"),
    N_("移送后,各方的链接失效,调解员的名额退回。"),
    (("to", N_("移送到哪里")), ("reason", N_("移送的理由"))),
    N_("移送案件"),
)


@blueprint.route("/disputes/<no>/extend", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def extend(no: str) -> ResponseReturnValue:
    """Extend the month of mediation."""
    return _step(no, "extend", EXTEND, casework.extend)


@blueprint.route("/disputes/<no>/replace", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def replace(no: str) -> ResponseReturnValue:
    """Change the mediator."""
    return _step(no, "replace", REPLACE, assignments.replace)


@blueprint.route("/disputes/<no>/transfer", methods=["GET", "POST"])
@guards.roles(*guards.STATION)
def transfer(no: str) -> ResponseReturnValue:
    """Hand the case to another organ."""
    return _step(no, "transfer", TRANSFER, casework.transfer)


def _step(no: str, name: str, step: Step, do: Callable[..., object]) -> ResponseReturnValue:
    db = sessions.db()
    dispute = disputes.get(db, no)
    if name not in casework.steps(dispute.state):
        raise Conflict(N_("案件的情况变了,这一步现在做不了"))
    typed = {field: request.form.get(field, "")[:1000] for field, _ in step.fields}
    context = {"dispute": dispute, "step": step, "typed": typed, "back": url_for("disputes.page", no=no)}
    if sessions.looking():
        return render_template("casework/step.html", problems={}, **context)
    try:
        do(db, dispute, **typed, by=me().actor, now=sessions.now())
    except InvalidInput as problem:
        return render_template("casework/step.html", problems=problem.problems, **context), problem.status
    return redirect(url_for("disputes.page", no=no), 303)


# --- papers ----------------------------------------------------------------------------------------------------------


@blueprint.get("/disputes/<no>/agreement.docx")
@guards.roles(*guards.CASES)
def agreement_docx(no: str) -> ResponseReturnValue:
    """Give the agreement as a Word file."""
    return paper(no, "agreement")


@blueprint.get("/disputes/<no>/papers/<name>.docx")
@guards.roles(*guards.CASES)
def paper(no: str, name: str) -> ResponseReturnValue:
    """Give a paper as a Word file."""
    dispute = disputes.get(sessions.db(), no)
    word = documents.render(sessions.db(), dispute, name, sessions.now())
    return send_file(BytesIO(word), documents.DOCX, as_attachment=True, download_name=f"{dispute.no}-{name}.docx")


# --- forms -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Page:
    """A form that becomes a model: shown empty or as typed, sent once."""

    template: str
    model: type[BaseModel]
    dispute: Dispute
    context: dict[str, Any]
    fresh: dict[str, str]

    def answer(self, by: str, do: Callable[[Any], object]) -> ResponseReturnValue:
        """Show the form, or take it; what is wrong is said at its field, and what was typed stays."""
        if sessions.looking():
            return self._show(dict.fromkeys(self.model.model_fields, "") | self.fresh, {})
        typed = {name: request.form.get(name, "") for name in self.model.model_fields}
        try:
            given = self.model.model_validate(typed)
            if self._first_time(by, typed):
                do(given)
        except ValidationError as found:
            return self._show(typed, problems_in(found)), 422
        except InvalidInput as problem:
            return self._show(typed, problem.problems), problem.status
        return redirect(self.context["back"], 303)

    def _first_time(self, by: str, typed: dict[str, str]) -> bool:
        key = request.form.get("key", "") or secrets.token_urlsafe(18)
        body = typed | {"case": self.dispute.no}
        try:
            return formkeys.claim(sessions.db(), actor=by, key=key, body=body, now=sessions.now()) is None
        except InvalidInput as problem:
            raise Conflict(problem.problems["key"]) from None

    def _show(self, typed: dict[str, str], problems: dict[str, str]) -> str:
        ordered = in_order(problems, self.model.model_fields)
        fields = {"typed": typed, "problems": ordered, "key": secrets.token_urlsafe(18), "dispute": self.dispute}
        return render_template(self.template, **fields, **self.context)
