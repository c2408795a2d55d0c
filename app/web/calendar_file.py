"""The calendar file of a case, for its station and for its mediator."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from app import disputes, invitations
from app.calendar_file import Entry, calendar
from app.errors import N_, Conflict
from app.lifecycle import NEXT_STEPS
from app.models import Dispute, Station
from app.web import guards, sessions
from app.web.i18n import gettext

blueprint = Blueprint("calendar_file", __name__)


@blueprint.get("/disputes/<no>/calendar.ics")
@guards.roles(*guards.CASES)
def case(no: str) -> ResponseReturnValue:
    """Give what is next in a case as an entry for a calendar."""
    return _file(disputes.get(sessions.db(), no), url_for("disputes.page", no=no))


@blueprint.get("/assignment/calendar.ics")
@guards.mediator
def mediator() -> ResponseReturnValue:
    """Give a mediator what is next in his or her case."""
    visit = sessions.visit()
    assert visit is not None
    return _file(sessions.db().get_one(Dispute, visit.dispute_id), "")


def _file(dispute: Dispute, path: str) -> Response:
    if dispute.due_at is None:
        raise Conflict(N_("这个案件现在没有期限"))
    base = invitations.links_of(sessions.db()).base_url
    entry = Entry(
        key=f"{dispute.no}-{dispute.state}",
        at=dispute.due_at,
        title=f"{gettext('点单')} {dispute.no} {gettext(NEXT_STEPS[dispute.state])}",
        place=sessions.db().get_one(Station, dispute.station_id).name,
        link=f"{base}{path}" if path else "",
    )
    words = calendar([entry], urlsplit(base).hostname or "diandan", sessions.now())
    name = f'attachment; filename="{dispute.no}.ics"'
    return Response(words, mimetype="text/calendar", headers={"Content-Disposition": name})
