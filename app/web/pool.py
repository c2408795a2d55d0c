"""The roll of the talent pool: who serves the viewer's area, and one person's page."""

from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import invitations, pool, pool_entry, pool_export
from app.accounts import Viewer
from app.errors import N_, NotFound
from app.intake import clean
from app.models import Photo
from app.pool import Wanted
from app.pool_care import ACTIONS
from app.scope import Role
from app.web import guards, sessions
from app.web.pool_import import excel, today
from app.web.pool_words import EVENT_WORDS, FIELD_WORDS
from talent_pool import regions, taxonomy
from talent_pool.models import Kind, Status

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
    return roll_page({})


def roll_page(problems: dict[str, str]) -> str:
    """Draw the roll, with what was wrong with a change of many."""
    db, area, number = sessions.db(), pool.area_of(me()), page_number(request.args.get("page", ""))
    wanted = filters(request.args.to_dict())
    found = pool.roll(db, area, wanted, today=today(), limit=PAGE + 1, offset=number * PAGE)
    shown = {"rows": found[:PAGE], "more": len(found) > PAGE, "page": number, "area": area}
    lists = {"types": list(taxonomy.types()), "towns": _towns(area), "statuses": list(Status), "actions": ACTIONS}
    keeps = me().role is Role.COORDINATOR
    asks = {"wanted": wanted, "asked": asked_of(wanted), "keeps": keeps, "problems": problems}
    return render_template("pool/roll.html", counts=pool.counts(db, area), **asks, **lists, **shown)


@blueprint.get("/pool/roll.xlsx")
@guards.roles(Role.COORDINATOR)
def export() -> ResponseReturnValue:
    """Return the roll as it is filtered, in the columns that import reads."""
    db, area = sessions.db(), pool.area_of(me())
    ids = pool.found_ids(db, area, filters(request.args.to_dict()), today())
    return excel(pool_export.of_people(db, ids, area), "pool")


@blueprint.get("/pool/<mediator_id>")
@guards.roles(*guards.CASES)
def person(mediator_id: str) -> ResponseReturnValue:
    """Show one mediator."""
    return person_page(number_of(mediator_id), {})


def person_page(key: int, problems: dict[str, str], token: str = "") -> str:
    """Draw one mediator's page: with what was wrong with a form on it, or the link that was just made."""
    found = pool.find(sessions.db(), key, pool.area_of(me()), today())
    if found is None:
        raise NotFound(N_("没有这位调解员"))
    paper = pool_entry.paper(sessions.db(), key, today())
    keeps = me().role is Role.COORDINATOR and pool_entry.keeps(sessions.db(), key, me().area)
    shown = {"person": found, "entry": found.entry, "paper": paper, "keeps": keeps, "link": _own_link(token)}
    words = {"field_words": FIELD_WORDS, "event_words": EVENT_WORDS}
    return render_template("pool/person.html", problems=problems, **shown, **words)


def _own_link(token: str) -> str:
    # At the address that is set, as every link: the request's host is the browser's word, or that of a proxy.
    return f"{invitations.links_of(sessions.db()).base_url}{url_for('own_entry.door', token=token)}" if token else ""


@blueprint.get("/pool/<mediator_id>/photo")
@guards.roles(*guards.CASES)
def photo(mediator_id: str) -> ResponseReturnValue:
    """Return the photo of a mediator."""
    found = sessions.db().get(Photo, number_of(mediator_id))
    if found is None:
        raise NotFound(N_("没有这位调解员"))
    return Response(found.image, mimetype="image/jpeg")


def number_of(given: str) -> int:
    """Return an id; NotFound for anything that is none."""
    if given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS:
        return int(given)
    raise NotFound(N_("没有这位调解员"))


def filters(given: dict[str, str]) -> Wanted:
    """Return what `pool.roll` is asked for; words that name nothing ask for nothing."""
    kind, type_code, status = given.get("kind", ""), given.get("type", ""), given.get("status", "")
    town, grade = given.get("town", ""), given.get("grade", "")
    return Wanted(
        words=clean(given.get("q", ""))[:40],
        kind=Kind(kind) if kind in set(Kind) else None,
        type_code=type_code if type_code in taxonomy.types() else "",
        town=int(town) if len(town) == 12 and town.isascii() and town.isdigit() and regions.known(int(town)) else None,
        status=Status(status) if status in set(Status) else None,
        grade=grade if grade in taxonomy.groups()["grades"] else "",
        free=given.get("free") == "1",
    )


def asked_of(wanted: Wanted) -> dict[str, str]:
    """Return the same as it stands in an address."""
    given: dict[str, Any] = {
        "q": wanted.words, "kind": wanted.kind, "type": wanted.type_code, "town": wanted.town, "status": wanted.status,
        "grade": wanted.grade, "free": "1" if wanted.free else "",
    }  # fmt: skip
    return {name: str(value) for name, value in given.items() if value}


def page_number(given: str) -> int:
    """Return the number of a page, 0 for anything that is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0


def _towns(area: int) -> list[int]:
    return regions.inside(area, 9) if regions.level(area) == 6 else []
