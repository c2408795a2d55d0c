"""Whether the service lives, whether it is ready, and its figures for a monitor. No names, no case texts."""

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app import __version__, migrate
from app.errors import NotFound
from app.lifecycle import OPEN
from app.models import Dispute, Heartbeat, Outbox
from app.scope import SYSTEM
from app.web import guards, sessions

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@guards.public
def healthz() -> ResponseReturnValue:
    """Answer without touching the database: the process lives."""
    return jsonify(status="ok", version=__version__)


@blueprint.get("/readyz")
@guards.public
def readyz() -> ResponseReturnValue:
    """Answer 200 when the database is reachable and at the head of the schema, else 503 with what is missing."""
    checks: dict[str, bool] = {}
    try:
        with sessions.house().database.engine.connect() as connection:
            checks["database"] = True
            checks["schema"] = migrate.current(connection) == migrate.heads()
    except SQLAlchemyError:
        checks["database"] = False
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@blueprint.get("/metrics")
@guards.public
def metrics() -> ResponseReturnValue:
    """Give counts in Prometheus' text format, to a monitor on this machine only: they are not for everybody."""
    if request.remote_addr not in ("127.0.0.1", "::1"):
        raise NotFound()
    with sessions.house().database.read(SYSTEM) as session:
        open_cases = session.execute(
            select(func.count(col(Dispute.id))).where(col(Dispute.state).in_(OPEN))
        ).scalar_one()
        outbox = list(
            session.execute(select(col(Outbox.state), func.count(col(Outbox.id))).group_by(col(Outbox.state)))
        )
        beats = list(session.execute(select(col(Heartbeat.name), col(Heartbeat.at))))
    now = sessions.now()
    lines = [f"diandan_open_cases {open_cases}"]
    lines += [f'diandan_outbox_messages{{state="{state}"}} {count}' for state, count in outbox]
    lines += [
        f'diandan_heartbeat_age_seconds{{name="{name}"}} {max(0, int((now - at).total_seconds()))}'
        for name, at in beats
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
