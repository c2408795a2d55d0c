"""Linking a case to another one, and undoing it: a button or a key each, on the page of either case."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app import disputes, relations
from app.accounts import Viewer
from app.models import Dispute
from app.web import guards, sessions

blueprint = Blueprint("relations", __name__)
_ABSORB = "absorb"  # the other case is merged into this one


@blueprint.post("/disputes/<no>/links")
@guards.roles(*guards.STATION)
def add(no: str) -> ResponseReturnValue:
    """Link the case to the one whose number was posted; both must be the viewer's."""
    session, kind = sessions.db(), request.form.get("kind", "")
    dispute, other = disputes.get(session, no), disputes.get(session, request.form.get("other", ""))
    first, second = (other, dispute) if kind == _ABSORB else (dispute, other)
    wanted = "same" if kind == _ABSORB else kind
    made = relations.link(session, first, second, wanted, by=_me(), now=sessions.now())
    return redirect(url_for("disputes.page", no=no, linked=made.id, _anchor="linked"), 303)


@blueprint.post("/disputes/<no>/links/<int(max=999999999):link_id>/undo")
@guards.roles(*guards.STATION)
def undo(no: str, link_id: int) -> ResponseReturnValue:
    """Take a link back."""
    session = sessions.db()
    relations.undo(session, disputes.get(session, no), link_id, by=_me(), now=sessions.now())
    return redirect(url_for("disputes.page", no=no), 303)


def _me() -> Viewer:
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


def on_case_page(session: Session, dispute: Dispute) -> dict[str, Any]:
    """Return the case's links, and the one that was made a moment ago, which can be undone from the bar."""
    found = relations.of(session, dispute)
    linked = request.args.get("linked", "")
    return {
        "links": found,
        "new": next((each for each in found if str(each.id) == linked), None),
        "linked_numbers": {each.no for each in found},
        "may_merge": relations.may_merge,
    }
