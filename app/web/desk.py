"""The work list, the inbox, and whether the clock runs."""

from datetime import datetime, timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, update
from sqlmodel import col

from app import disputes, mailroom
from app.jobs import HEARTBEAT
from app.lifecycle import OPEN, State
from app.models import Dispute, Heartbeat, InboxMessage, Outbox
from app.scope import Role
from app.web import guards, sessions
from app.workdays import age_days

blueprint = Blueprint("desk", __name__)
PAGE = 50
STOPPED_AFTER = timedelta(minutes=10)  # a clock that ticks each minute and was silent for so long does not run


@blueprint.get("/")
@guards.roles(*guards.ACCOUNTS)
def home() -> ResponseReturnValue:
    """Show the open cases, own ones first, then by deadline; a search finds the others too."""
    viewer = sessions.viewer()
    assert viewer is not None
    if viewer.role is Role.ADMIN:
        return redirect(url_for("accounts.listing"))
    state = request.args.get("state", "")
    words, page = request.args.get("q", "")[:40], _page_number()
    chosen = State(state) if state in set(State) else None
    rows = disputes.work_list(
        sessions.db(),
        mine=viewer.account_id,
        state=chosen,
        words=words,
        limit=PAGE + 1,
        offset=page * PAGE,
    )
    counts, now = _counts(), sessions.now()
    return render_template(
        "desk/home.html",
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        page=page,
        words=words,
        state_filter=chosen,
        counts=counts,
        now=now,
        age_days=age_days,
        last_ran=_last_ran(),
        stopped=now - STOPPED_AFTER,
        troubled=mailroom.count_troubled(sessions.db(), now),
    )


def _last_ran() -> datetime | None:
    return sessions.db().execute(select(col(Heartbeat.at)).where(col(Heartbeat.name) == HEARTBEAT)).scalar_one_or_none()


def _page_number() -> int:
    given = request.args.get("page", "")
    return min(int(given), 10_000) if given.isascii() and given.isdigit() and len(given) < 6 else 0


def _counts() -> dict[State, int]:
    rows = sessions.db().execute(
        select(col(Dispute.state), func.count(col(Dispute.id)))
        .where(col(Dispute.state).in_(OPEN))
        .group_by(col(Dispute.state))
    )
    found: dict[State, int] = {row[0]: row[1] for row in rows}
    return {state: found[state] for state in State if state in found}


@blueprint.get("/inbox")
@guards.roles(*guards.ACCOUNTS)
def inbox() -> ResponseReturnValue:
    """Show the viewer's own messages, newest first."""
    messages = (
        sessions.db()
        .execute(
            select(InboxMessage)
            .where(col(InboxMessage.account_id) == _me())
            .order_by(col(InboxMessage.at).desc())
            .limit(100)
        )
        .scalars()
    )
    return render_template("desk/inbox.html", messages=list(messages))


@blueprint.post("/inbox/read")
@guards.roles(*guards.ACCOUNTS)
def mark_read() -> ResponseReturnValue:
    """Mark the viewer's messages as read."""
    unread = update(InboxMessage).where(col(InboxMessage.account_id) == _me(), col(InboxMessage.read_at).is_(None))
    sessions.db().execute(unread.values(read_at=sessions.now()))
    return redirect(url_for("desk.inbox"), 303)


def _me() -> int:
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer.account_id


@blueprint.get("/clock")
@guards.roles(Role.COORDINATOR, Role.ADMIN)
def clock() -> ResponseReturnValue:
    """Show when the reminders last ran and what waits in the outbox."""
    beats = list(sessions.db().execute(select(Heartbeat).order_by(col(Heartbeat.name))).scalars())
    waiting = list(
        sessions.db().execute(
            select(col(Outbox.channel), col(Outbox.state), func.count(), func.min(col(Outbox.created_at))).group_by(
                col(Outbox.channel), col(Outbox.state)
            )
        )
    )
    return render_template("desk/clock.html", beats=beats, waiting=waiting)
