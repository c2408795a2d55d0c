"""The JSON API under /api/v1/: suggestions and disputes for other systems, by a key that sees what its owner sees."""

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Blueprint, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from sqlalchemy import select
from sqlmodel import Session, col

from app import apikeys, cases, disputes, gates, pool, relations, reports, suggesting
from app.accounts import Viewer
from app.documents import facts
from app.errors import N_, DiandanError, InvalidInput
from app.models import Account, Dispute
from app.reader import as_json
from app.scope import NOBODY
from app.web import api_schemas as shapes
from app.web import csrf, guards, openapi, sessions
from app.web.pool import filters, page_number
from app.web.wrong_fields import problems_in
from app.workdays import AGE_BANDS, shanghai
from talent_pool import regions
from talent_pool.roster import Person

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)  # no cookie opens this door, so no other site can knock with one
PAGE = 200
_PLAIN = ("no", "type", "subtype", "source", "state", "colour", "household", "parcel", "narrative")
_KEY = re.compile(r"[\x21-\x7e]{8,80}")
Body = TypeVar("Body", bound=BaseModel)


class KeyRefused(DiandanError):
    """No key, or one that does not work: one and the same answer for both."""

    status = 401


class NotUnderstood(DiandanError):
    """The body is no JSON."""

    status = 400


class WrongKind(DiandanError):
    """The body does not say that it is JSON."""

    status = 415


# --- the door --------------------------------------------------------------------------------------------------------


@blueprint.before_request
def _open() -> None:
    if request.endpoint == "api.document":
        return
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    database = sessions.house().database
    caller = apikeys.find_caller(database.engine, key.strip()) if kind.lower() == "bearer" else None
    if caller is None:
        raise KeyRefused(N_("没有有效的钥匙"))
    g.viewer, g.pool_version = caller.viewer, caller.pool_version


@blueprint.after_request
def _ask_for_a_key(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@blueprint.teardown_request
def _close(_problem: BaseException | None) -> None:
    opened = g.pop("api_session", None)
    if opened is not None:
        opened.close()


def _session() -> Session:
    """Return a session that looks at what belongs to no case: the pool."""
    if "api_session" not in g:
        g.api_session = sessions.house().database.session(NOBODY, read_only=True)
    opened: Session = g.api_session
    return opened


def owner() -> Viewer:
    """Return whose key it is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


# --- suggestions -----------------------------------------------------------------------------------------------------


@blueprint.post("/suggestions")
@guards.api
def suggestions() -> ResponseReturnValue:
    """Read a text and propose names, as `diandan suggest` does."""
    body = _body(shapes.SuggestionBody)
    region = body.region or owner().area
    people = [Person(each.name, each.phone, each.village) for each in body.parties]
    house, now = sessions.house(), sessions.now()
    if not people:
        said = house.reader.suggest(body.text, region=region, n=body.n, now=now, version=g.pool_version)
        if said is not None:
            return Response(said, mimetype="application/json")
    index, db = house.index_at(g.pool_version), _session() if people else None
    reading = house.reader.read(body.text, str(region), today=shanghai(now).date())
    found = suggesting.for_text(db, reading, index, now, region=region, people=people, n=body.n)
    return Response(as_json(reading, found), mimetype="application/json")


# --- disputes --------------------------------------------------------------------------------------------------------


@blueprint.post("/disputes")
@guards.api
def log_dispute() -> ResponseReturnValue:
    """Log a quarrel; the same Idempotency-Key again gives the same case."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise InvalidInput({"Idempotency-Key": N_("请带 8 到 80 个字符的 Idempotency-Key")})
    intake = _body(shapes.DisputeBody)
    made = disputes.log(sessions.db(), intake, by=owner(), key=f"api:{key}"[:80], now=sessions.now())
    return _json(_dispute(sessions.db(), made), 201, Location=url_for("api.dispute", no=made.no))


@blueprint.get("/disputes/<no>")
@guards.api
def dispute(no: str) -> ResponseReturnValue:
    """Give a case in the owner's scope."""
    return _json(_dispute(sessions.db(), disputes.get(sessions.db(), no)))


def _dispute(session: Session, row: Dispute) -> dict[str, Any]:
    moments = {name: getattr(row, name) for name in ("opened_at", "due_at", "closed_at")}
    officer = session.execute(select(col(Account.name)).where(col(Account.id) == row.officer_id)).scalar_one()
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        **{name: moment and _utc(moment) for name, moment in moments.items()},
        "place": str(row.place),
        "officer": officer,
        "mediator": facts.mediator_of(session, row) or None,
        "gates": [{"code": gate.code, "state": gate.state} for gate in gates.of(session, row)],
        "sides": _sides(session, row),
        "links": [
            {"no": each.no, "kind": f"{each.kind}_in" if each.incoming else each.kind}
            for each in relations.of(session, row)
        ],
    }


def _sides(session: Session, row: Dispute) -> list[dict[str, Any]]:
    people = cases.parties_of(session, row)
    return [
        {
            "letter": side.letter,
            "applicant": side.applicant,
            "parties": [
                {"name": each.name, "village": _code(each.village), "spokesperson": each.spokesperson}
                for each in people
                if each.side_id == side.id
            ],
        }
        for side in cases.sides_of(session, row)
    ]


def _code(region: int | None) -> str | None:
    return None if region is None else str(region)


# --- the pool, the report --------------------------------------------------------------------------------------------


@blueprint.get("/mediators")
@guards.api
def mediators() -> ResponseReturnValue:
    """Give the roll of the owner's area, in pages."""
    number, today = page_number(request.args.get("page", "")), shanghai(sessions.now()).date()
    wanted = filters(request.args.to_dict())
    found = pool.roll(_session(), _area(), wanted, today=today, limit=PAGE + 1, offset=number * PAGE)
    more = number + 1 if len(found) > PAGE else None
    return _json({"mediators": [_mediator(entry) for entry in found[:PAGE]], "next": more})


def _area() -> int:
    mine, given = pool.area_of(owner()), request.args.get("region", "")
    try:
        area = regions.parse(given) if given else mine
    except ValueError:
        raise InvalidInput({"region": N_("没有这个地方")}) from None
    if not regions.contains(mine, area):
        raise InvalidInput({"region": N_("这个地方不归这把钥匙看")})
    return area


def _mediator(entry: pool.Entry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "name": entry.name,
        "kind": entry.kind,
        "home": str(entry.home),
        "title": entry.title,
        "expertise": [{"type": each.type, "subtype": each.subtype, "years": each.years} for each in entry.skills],
        "open_cases": entry.open_cases,
        "load_cap": entry.load_cap,
        "away_until": entry.away_until and entry.away_until.isoformat(),
    }


@blueprint.get("/reports/ageing")
@guards.api
def ageing() -> ResponseReturnValue:
    """Give the open cases in the owner's scope by age and officer."""
    rows = reports.ageing(sessions.db(), sessions.now())
    return _json(
        {
            "at": _utc(sessions.now()),
            "bands": {band: sum(row.bands[band] for row in rows) for band in AGE_BANDS},
            "overdue": sum(row.overdue for row in rows),
            "total": sum(row.total for row in rows),
            "officers": [
                {"officer": row.officer, "bands": row.bands, "overdue": row.overdue, "total": row.total} for row in rows
            ],
        }
    )


@blueprint.get("/openapi.json")
@guards.public
def document() -> ResponseReturnValue:
    """Describe all this to machines."""
    return _json(openapi.document())


# --- JSON in and out -------------------------------------------------------------------------------------------------


def _body(model: type[Body]) -> Body:
    if request.mimetype != "application/json":
        raise WrongKind(N_("请用 application/json 发送"))
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as found:
        if found.errors()[0]["type"] == "json_invalid":
            raise NotUnderstood(N_("JSON 读不懂")) from None
        raise InvalidInput(problems_in(found, ".")) from None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _json(content: Any, status: int = 200, **headers: str) -> Response:
    return Response(to_json(content), status, headers, mimetype="application/json")
