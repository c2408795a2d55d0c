"""One side at its own page: it marks the names, seals, and sees what came of it. Never anything of another side."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app import assignments, ballot_box, consents, orders, seal_codes, shortlists
from app.errors import Conflict, InvalidInput
from app.lifecycle import CHOOSING_STATES, ENDED, HOLDS_SLOT, SETTLED, State
from app.models import Asked, Assignment, AssignmentState, BallotChannel, Dispute, Side, Station
from app.shortlists import OpenList
from app.web import guards, sessions
from app.web.i18n import locale
from app.web.marking import Form, read_form
from app.web.order_steps import steps_of
from app.web.roll import serving_page
from app.web.visiting import case, side, visit
from app.web.wishes import may_join, may_wish, wished
from talent_pool.models import Mediator

blueprint = Blueprint("ballots", __name__)


@dataclass(frozen=True)
class Situation:
    """What one side may know of its case: a word for the page, and the facts that belong to it."""

    word: str  # a key of the titles in orders/state.html, or mark
    due_at: datetime | None = None
    name: str = ""
    kind: str = ""
    home: int | None = None
    rank: int | None = None
    another_list: bool = False


def _open_list() -> OpenList | None:
    """Return the list that this side may mark. Whoever seals is checked again under the case's lock."""
    standing = visit().standing
    if standing.open_list is None or standing.round_no is None:
        return None
    known = sessions.house().database.frozen.get(standing.open_list)  # so that most looks open no session
    names = known or shortlists.frozen(sessions.db(), standing.open_list)
    return OpenList(standing.due_at, standing.round_no, standing.sealed, names)


@blueprint.get("/order")
@guards.party
def page() -> ResponseReturnValue:
    """Show the list to mark or, once sealed, how things stand."""
    found = _open_list()
    if found is not None and not found.sealed:
        return _marking(found)
    dispute = case()
    situation = situation_of(dispute, side())
    station = sessions.db().get_one(Station, dispute.station_id)
    return render_template(
        "orders/state.html",
        situation=situation,
        station=station,
        change=found is not None,
        steps=steps_of(dispute, side()),
        may_join=may_join(dispute),
    )


@blueprint.post("/order")
@guards.party
def mark_again() -> ResponseReturnValue:
    """Show the list again with the marks that the check page brought back, or those of the sealed ballot."""
    found = _open_list()
    if found is None:
        return redirect(url_for("ballots.page"), 303)
    if "round" in request.form:
        return _marking(found, read_form(request.form, found.ids())[1])
    return _marking(found, orders.sealed_marks(sessions.db(), case(), side()))


def _marking(found: OpenList, marks: orders.Marks | None = None) -> str:
    cards = _unmarked(found) if marks is None else _cards(found, marks)
    return render_template("orders/mark.html", cards=cards, due_at=found.due_at, again=found.round_no > 1)


def _cards(found: OpenList, marks: orders.Marks | None = None) -> Markup:
    return Markup(render_template("orders/cards.html", form=Form.of(found, marks)))  # noqa: S704 - escaped by the template


def _unmarked(found: OpenList) -> Markup:
    """Return the cards that nobody has marked yet: the same for every side and reload, so drawn once a language."""
    key = (visit().standing.open_list, locale())
    memory = sessions.house().cards
    drawn: Markup | None = memory.get(key)
    if drawn is None:
        drawn = memory[key] = _cards(found)
    return drawn


@blueprint.post("/order/check")
@guards.party
def check() -> ResponseReturnValue:
    """Show what would be sealed, and send the phone the digits that it takes. The marks travel in the form."""
    found = _open_list()
    if found is None:
        return redirect(url_for("ballots.page"), 303)
    round_no, marks = read_form(request.form, found.ids())
    problems: dict[str, str] = {}
    if _needs_code():
        try:
            seal_codes.send(sessions.db(), case(), side(), round_no, sessions.now(), again="again" in request.form)
        except Conflict as problem:
            sessions.rollback()
            problems = {"code": problem.message}
    return _checking(Form.of(found, marks, round_no), problems)


def _needs_code() -> bool:
    settings = sessions.house().settings
    return (settings.sms_codes or settings.demo) and bool(seal_codes.wanted(sessions.db(), side()))


def _checking(form: Form, problems: dict[str, str]) -> str:
    phone = seal_codes.wanted(sessions.db(), side()) if _needs_code() else ""
    many = len(form.marks.strike) >= ballot_box.REASON_FROM
    reason = request.form.get("reason", "")[:300]
    return render_template(
        "orders/check.html", form=form, problems=problems, phone=phone, ask_reason=many, reason=reason
    )


@blueprint.get("/order/check")
@blueprint.get("/order/seal")
@guards.party
def back_to_page() -> ResponseReturnValue:
    """Lead whoever reloads the check page back to the list."""
    return redirect(url_for("ballots.page"), 303)


@blueprint.post("/order/seal")
@guards.party
def seal() -> ResponseReturnValue:
    """Seal the ballot."""
    found = _open_list()
    if found is None:
        raise Conflict(orders.OVER)
    round_no, marks = read_form(request.form, found.ids())
    try:
        _seal(round_no, marks)
    except InvalidInput as problem:
        sessions.rollback()
        if "code" not in problem.problems:
            raise
        return _checking(Form.of(found, marks, round_no), problem.problems), 422
    return redirect(url_for("ballots.page"), 303)


def _seal(round_no: int, marks: orders.Marks) -> None:
    now, reason = sessions.now(), request.form.get("reason", "")
    needed = _needs_code()
    if needed:
        # Before this request's own transaction begins to write: SQLite has one writer.
        sessions.rollback()
        seal_codes.count_try(sessions.house().database, visit().side_id or 0, now)
    dispute, mine = case(), side()
    if needed:
        seal_codes.redeem(sessions.db(), mine, request.form.get("code", "")[:20], now)
    channel = BallotChannel.PHONE
    orders.seal(sessions.db(), dispute, mine, marks, round_no=round_no, channel=channel, now=now, reason=reason)


@blueprint.get("/order/refuse")
@guards.party
def refuse_form() -> ResponseReturnValue:
    """Ask once whether the side really does not want mediation, and tell the other routes."""
    station = sessions.db().get_one(Station, case().station_id)
    return render_template("orders/refuse.html", station=station)


@blueprint.post("/order/refuse")
@guards.party
def refuse() -> ResponseReturnValue:
    """End the mediation because this side does not want it."""
    mine = side()
    orders.refuse(sessions.db(), case(), mine, by=f"side:{mine.letter}", now=sessions.now())
    return redirect(url_for("ballots.page"), 303)


@blueprint.post("/order/answer")
@guards.party
def answer() -> ResponseReturnValue:
    """Take this side's yes or no to a result, a name or a tie that it is asked about."""
    mine = side()
    answer_of(case(), mine, yes=request.form.get("yes") == "1", how="link", by=f"side:{mine.letter}")
    return redirect(url_for("ballots.page"), 303)


def answer_of(dispute: Dispute, side: Side, *, yes: bool, how: str, by: str) -> None:
    """Record a side's word on whatever it is asked about now."""
    db, now = sessions.db(), sessions.now()
    if dispute.state is State.PROVISIONAL:
        consents.answer_result(db, dispute, side, yes=yes, how=how, by=by, now=now)
    elif dispute.state is State.DESIGNATING:
        consents.answer_name(db, dispute, side, yes=yes, how=how, by=by, now=now)
    else:
        consents.answer_tie(db, dispute, side, yes=yes, how=how, by=by, now=now)


@blueprint.get("/order/roll")
@guards.party
def roll() -> ResponseReturnValue:
    """Show everybody who serves the place: the list of six is a suggestion, not all there is."""
    dispute = case()
    may = may_wish(dispute)
    found = serving_page(sessions.db(), dispute.place, request.args)
    return render_template("orders/roll.html", may_wish=may, wished=wished(dispute) if may else "", **found)


# --- how things stand ------------------------------------------------------------------------------------------------


def situation_of(dispute: Dispute, side: Side) -> Situation:
    """Return how things stand, as far as this side may know."""
    db = sessions.db()
    if dispute.state in CHOOSING_STATES:
        shortlist = shortlists.current_round(db, dispute)
        sealed = shortlist is not None and orders.find_ballot(db, shortlist, side) is not None
        return Situation("sealed" if sealed else "mark", due_at=dispute.due_at)
    if dispute.state in HOLDS_SLOT or dispute.state in SETTLED:
        return _with_mediator(dispute, side)
    if dispute.state is State.PROVISIONAL:
        asked = side in consents.silent_sides(db, dispute)
        return Situation("asked_yes" if asked else "waiting_yes", due_at=dispute.due_at, **_first_of(dispute))
    if dispute.state is State.DESIGNATING and (row := consents.named(db, dispute)) is not None:
        answered = side.id in consents.words_of(db, dispute, Asked.DESIGNATION, row.mediator_id)
        return Situation("named_waiting" if answered else "named", due_at=row.due_at, **_who(row.mediator_id))
    if dispute.state is State.DESIGNATING:
        newest = assignments.newest_choice(db, dispute)
        nobody = newest is not None and newest.result["chosen"] is None
        return Situation("no_common" if nobody else "nobody_free", another_list=orders.may_open_again(db, dispute))
    return Situation("ended" if dispute.state in ENDED else "paused")


def _first_of(dispute: Dispute) -> dict[str, Any]:
    newest = assignments.newest_choice(sessions.db(), dispute)
    if newest is None or newest.result["chosen"] is None:
        return {}
    return _who(int(newest.result["chosen"]))


def _who(mediator_id: int) -> dict[str, Any]:
    mediator = sessions.db().get_one(Mediator, mediator_id)
    return {"name": mediator.name, "kind": mediator.kind.value, "home": mediator.home}


def _with_mediator(dispute: Dispute, side: Side) -> Situation:
    db = sessions.db()
    present = assignments.living(db, dispute)
    if present is None:
        return Situation("settled" if dispute.state in SETTLED else "paused")
    mediator = db.get_one(Mediator, present.mediator_id)
    asked = present.state is AssignmentState.ASKED
    word = _tie_word(dispute, side, present) if present.reason == assignments.TIED else "asking"
    return Situation(
        word if asked else ("settled" if dispute.state in SETTLED else "accepted"),
        due_at=dispute.due_at,
        name=mediator.name,
        kind=mediator.kind.value,
        home=mediator.home,
        rank=orders.own_rank(db, dispute, side),
    )


def _tie_word(dispute: Dispute, side: Side, present: Assignment) -> str:
    said = consents.words_of(sessions.db(), dispute, Asked.WAIVER, present.id or 0)
    return "tie_waiting" if side.id in said else "tie"
