"""The roll of the talent pool: who serves the viewer's area, and one person's page."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app import pool
from app.accounts import Viewer
from app.errors import N_, NotFound
from app.intake import clean
from app.web import guards, sessions
from app.workdays import shanghai
from talent_pool import taxonomy
from talent_pool.models import Kind

blueprint = Blueprint("pool", __name__)
PAGE = 50
MOST_DIGITS = 9  # of an id; the databases' integers hold them


def me() -> Viewer:
    """Return who is signed in; the guards have seen to it that somebody is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


@blueprint.get("/pool")
@guards.roles(*guards.CASES)
def roll() -> ResponseReturnValue:
    """Show who serves the viewer's area, by name, in pages."""
    db, area, number = sessions.db(), pool.area_of(me()), page_number(request.args.get("page", ""))
    wanted = filters(request.args.to_dict())
    today = shanghai(sessions.now()).date()
    found = pool.roll(db, area, today=today, limit=PAGE + 1, offset=number * PAGE, **wanted)
    shown = {"rows": found[:PAGE], "more": len(found) > PAGE, "page": number, "area": area}
    return render_template("pool/roll.html", counts=pool.counts(db, area), wanted=wanted, types=_types(), **shown)


@blueprint.get("/pool/<mediator_id>")
@guards.roles(*guards.CASES)
def person(mediator_id: str) -> ResponseReturnValue:
    """Show one mediator."""
    known = mediator_id.isascii() and mediator_id.isdigit() and len(mediator_id) <= MOST_DIGITS
    today = shanghai(sessions.now()).date()
    found = pool.find(sessions.db(), int(mediator_id), pool.area_of(me()), today) if known else None
    if found is None:
        raise NotFound(N_("没有这位调解员"))
    return render_template("pool/person.html", person=found, entry=found.entry)


def filters(given: dict[str, str]) -> dict[str, Any]:
    """Return what `pool.roll` is asked for; words that name nothing ask for nothing."""
    kind, type_code = given.get("kind", ""), given.get("type", "")
    return {
        "kind": Kind(kind) if kind in set(Kind) else None,
        "type_code": type_code if type_code in taxonomy.types() else "",
        "words": clean(given.get("q", ""))[:40],
    }


def page_number(given: str) -> int:
    """Return the number of a page, 0 for anything that is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0


def _types() -> list[str]:
    return list(taxonomy.types())
