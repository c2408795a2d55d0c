"""Letters for sides without a phone: the station's list, the page that is printed, and that it was handed over."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app import letters
from app.errors import NotFound
from app.web import guards, sessions

blueprint = Blueprint("letters", __name__)


@blueprint.get("/letters")
@guards.roles(*guards.STATION)
def listing() -> ResponseReturnValue:
    """Show what is to be printed and taken there."""
    return render_template("letters/listing.html", waiting=letters.waiting(sessions.db()))


@blueprint.get("/letters/<letter_id>")
@guards.roles(*guards.STATION)
def page(letter_id: str) -> ResponseReturnValue:
    """Show one letter as it is printed, on A4."""
    return render_template("letters/page.html", found=letters.get(sessions.db(), _number(letter_id)))


@blueprint.post("/letters/<letter_id>/delivered")
@guards.roles(*guards.STATION)
def delivered(letter_id: str) -> ResponseReturnValue:
    """Write down that it was handed over."""
    viewer = sessions.viewer()
    assert viewer is not None
    letters.hand_over(sessions.db(), _number(letter_id), by=viewer.actor, now=sessions.now())
    return redirect(url_for("letters.listing"), 303)


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise NotFound
    return int(given)
