"""What a side may ask for beside its marks: help, a name for the next list, two mediators, a look at its own seal."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import assignments, ballot_box, consents, nominations, orders, shortlists
from app.ballot_box import Receipt
from app.errors import N_, Conflict
from app.lifecycle import CHOOSING_STATES, State
from app.models import Asked, Ballot, Dispute
from app.web import guards, sessions, visiting
from app.web.marking import Form
from talent_pool.models import Mediator

blueprint = Blueprint("wishes", __name__)
WISHING = (*CHOOSING_STATES, State.PROVISIONAL, State.AWAITING_MEDIATOR, State.DESIGNATING)


def _actor() -> str:
    return f"side:{visiting.side().letter}"


# --- help ------------------------------------------------------------------------------------------------------------


@blueprint.get("/order/help")
@guards.party
def help_form() -> ResponseReturnValue:
    """Say what helping means, and offer it."""
    return render_template("orders/help.html", asked=visiting.side().help_asked_at is not None)


@blueprint.post("/order/help")
@guards.party
def ask_help() -> ResponseReturnValue:
    """Ask the station to call and to mark with this side."""
    consents.ask_help(sessions.db(), visiting.case(), visiting.side(), by=_actor(), now=sessions.now())
    return redirect(url_for("wishes.help_form"), 303)


# --- a name for the next list ----------------------------------------------------------------------------------------


def may_wish(dispute: Dispute) -> bool:
    """Tell whether there may still be another list."""
    return dispute.state in WISHING and assignments.may_list_again(sessions.db(), dispute)


def wished(dispute: Dispute) -> str:
    """Return the name that this side has wished for the next list; ''."""
    db, newest = sessions.db(), shortlists.current_round(sessions.db(), dispute)
    found = nominations.wish_of(db, visiting.side(), newest.round + 1 if newest else 1)
    return str(db.get_one(Mediator, found).name) if found else ""


@blueprint.post("/order/wish")
@guards.party
def wish() -> ResponseReturnValue:
    """Put one name from the full roll on the next list, should there be one."""
    given = request.form.get("mediator", "")
    if not (given.isascii() and given.isdigit() and len(given) < 12):
        raise Conflict(nominations.NOT_THIS_ONE)
    db, dispute, now = sessions.db(), visiting.case(), sessions.now()
    nominations.nominate(db, dispute, visiting.side(), int(given), by=_actor(), now=now)
    return redirect(url_for("ballots.roll"), 303)


# --- two mediators ---------------------------------------------------------------------------------------------------


def may_join(dispute: Dispute) -> bool:
    """Tell whether this side may still ask for two."""
    if dispute.state not in (*CHOOSING_STATES, State.PROVISIONAL, State.AWAITING_MEDIATOR, State.SCHEDULED):
        return False
    return visiting.side().id not in consents.words_of(sessions.db(), dispute, Asked.JOINT, 0)


@blueprint.post("/order/joint")
@guards.party
def joint() -> ResponseReturnValue:
    """Ask for two mediators of different kinds; when all sides have asked, the second one is asked to join."""
    db, dispute, now = sessions.db(), visiting.case(), sessions.now()
    all_want = consents.wish_joint(db, dispute, visiting.side(), how="link", by=_actor(), now=now)
    if all_want and dispute.state in (State.AWAITING_MEDIATOR, State.SCHEDULED):
        consents.join(db, dispute, by=_actor(), now=now)
    return redirect(url_for("ballots.page"), 303)


# --- one's own seal --------------------------------------------------------------------------------------------------


@blueprint.route("/order/receipt", methods=["GET", "POST"])
@guards.party
def receipt() -> ResponseReturnValue:
    """Show a side what it sealed and what it may keep of it; a POST checks what it has kept against the box."""
    db, dispute, side = sessions.db(), visiting.case(), visiting.side()
    ballot = _own_ballot(dispute)
    shortlist = shortlists.current_round(db, dispute)
    assert shortlist is not None, "a ballot has a list"
    kept = Receipt(*("".join(request.form.get(name, "")[:200].lower().split()) for name in ("hash", "salt")))
    checked = ballot_box.is_as_marked(db, ballot, dispute, side, kept) if request.method == "POST" else None
    items = shortlists.OpenList(None, ballot.round, True, shortlists.frozen(db, shortlist.id or 0))
    marks = orders.marks_of(db, ballot)
    return render_template(
        "orders/receipt.html", form=Form.of(items, marks), receipt=ballot_box.receipt_of(db, ballot), checked=checked
    )


def _own_ballot(dispute: Dispute) -> Ballot:
    shortlist = shortlists.current_round(sessions.db(), dispute)
    ballot = orders.find_ballot(sessions.db(), shortlist, visiting.side()) if shortlist else None
    if ballot is None:
        raise Conflict(N_("您还没有封好的选择"))
    return ballot
