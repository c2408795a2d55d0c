"""The clock's pages: what has become of messages, who would get what, the rules, the holidays, the sheet for Monday."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app import case_facts, casework, clocks, disputes, holidays, mailroom, reminders, trial
from app.accounts import Viewer
from app.clocks import Running
from app.digest import OVERDUE, Reader, digest, shown_case
from app.errors import Conflict, InvalidInput
from app.models import Dispute
from app.policies import policy_for
from app.scope import NOBODY, Role
from app.web import clock_words, guards, sessions
from app.web.i18n import locale
from app.workdays import SHANGHAI, calendar, known_until, shanghai
from talent_pool import regions

blueprint = Blueprint("clock", __name__)
blueprint.record_once(lambda state: clock_words.init_app(state.app))
LOOK_AGAIN = 60.0  # seconds until another process's change of the calendar is seen here


def me() -> Viewer:
    """Return who is signed in; the guards have seen to it that somebody is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


@blueprint.before_app_request
def _follow_the_calendar() -> None:
    """Count by the holidays that another process was told of, a minute later at the latest."""
    if request.endpoint == "static" or request.blueprint == "health":
        return  # they count no days, and must answer while there is no database
    state = current_app.extensions.setdefault("diandan.calendar", {"next": time.monotonic() + LOOK_AGAIN})
    if time.monotonic() >= state["next"]:
        state["next"] = time.monotonic() + LOOK_AGAIN
        with sessions.house().database.read(NOBODY) as session:
            holidays.refresh(session)


# --- on the case's page ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseClock:
    """What the page of a case shows of its clocks and messages."""

    clocks: list[Running]
    messages: list[mailroom.Line]
    may_call: bool


def on_case_page(session: Session, dispute: Dispute) -> CaseClock:
    """Read it for `disputes/_clock.html`."""
    running = case_facts.clocks_of(session, dispute, sessions.now())
    waits = any(each.code == "first_contact" for each in running)
    return CaseClock(running, mailroom.of_case(session, dispute, sessions.now()), waits)


@blueprint.post("/disputes/<no>/contacted")
@guards.roles(*guards.STATION)
def contacted(no: str) -> ResponseReturnValue:
    """Record that both sides were spoken to."""
    casework.record_contact(sessions.db(), disputes.get(sessions.db(), no), by=me().actor, now=sessions.now())
    return redirect(url_for("disputes.page", no=no), 303)


# --- messages ---------------------------------------------------------------------------------------------------------


@blueprint.get("/messages")
@guards.roles(*guards.ACCOUNTS)
def messages() -> ResponseReturnValue:
    """List the messages that did not get out, or wait for over an hour, with what to do."""
    return _messages()


def _messages(problem: str = "") -> str:
    lines = mailroom.troubled(sessions.db(), me(), sessions.now())
    return render_template("clock/messages.html", lines=lines, problem=problem)


@blueprint.post("/messages/<int(max=999999999):message_id>/replay")
@guards.roles(*guards.ACCOUNTS)
def replay(message_id: int) -> ResponseReturnValue:
    """Send a message anew."""
    try:
        mailroom.replay(sessions.db(), me(), message_id, sessions.now())
    except Conflict as problem:
        sessions.rollback()
        return _messages(problem.message), problem.status
    return redirect(url_for("clock.messages"), 303)


# --- who would get what ----------------------------------------------------------------------------------------------


@blueprint.get("/clock/trial")
@guards.roles(Role.STATION_HEAD, Role.COORDINATOR)
def would() -> ResponseReturnValue:
    """Show who would get what now, or at a moment that is asked for; nothing is sent."""
    moment = _moment_asked()
    found = trial.messages(sessions.db(), moment, area=_own_area(), link=sessions.house().settings.base_url)
    shown = f"{shanghai(moment):%Y-%m-%dT%H:%M}"
    return render_template("clock/trial.html", found=found, moment=moment, shown=shown)


def _moment_asked() -> datetime:
    try:
        given = datetime.fromisoformat(request.args.get("at", ""))
        made = given if given.tzinfo else given.replace(tzinfo=SHANGHAI)
        # Where no year is near, a moment may lie outside of what a calendar can say.
        return made if abs((made - sessions.now()).days) < 400 else sessions.now()
    except (ValueError, OverflowError):
        return sessions.now()


def _own_area() -> int:
    viewer = me()
    return viewer.area if viewer.station_id is None else trial.station_of(sessions.db(), viewer.station_id)


# --- rules and holidays -----------------------------------------------------------------------------------------------


@blueprint.get("/clock/rules")
@guards.roles(*guards.ACCOUNTS)
def rules() -> ResponseReturnValue:
    """Show every clock with its length and who has set it, as it holds at the viewer's place."""
    area = _own_area()
    policy = policy_for(area)
    rows = [
        (rule, name, getattr(policy, name), _origin(policy.origin(name)))
        for rule in clocks.rules().values()
        for name in filter(None, (rule.value, rule.red, rule.after_days))
    ]
    names = ("quiet_from", "quiet_until", "escalate_workdays", "escalate_red_hours")
    rhythms = ("station_digest", "justice_office_digest", "county_digest")
    others = [(name, getattr(policy, name), _origin(policy.origin(name))) for name in (*names, *rhythms)]
    return render_template("clock/rules.html", rows=rows, others=others, area=area, english=locale() == "en")


def _origin(code: str) -> str:
    """Return the place that has set a value; empty for the default."""
    return regions.full_name(int(code.ljust(12, "0"))) if code.isdigit() else ""


@blueprint.get("/clock/holidays")
@guards.roles(Role.COORDINATOR, Role.ADMIN)
def holiday_page() -> ResponseReturnValue:
    """Show the calendar's years and the field for a notice."""
    return _holidays()


@blueprint.post("/clock/holidays")
@guards.roles(Role.COORDINATOR, Role.ADMIN)
def set_holidays() -> ResponseReturnValue:
    """Read a pasted notice: first to look at it, then, said again, to use it."""
    text, year = request.form.get("text", ""), request.form.get("year", "")
    try:
        notice = holidays.read_notice(text, int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None)
        if request.form.get("do") != "use":
            return _holidays(notice, text=text, year=year)
        holidays.set_year(sessions.db(), notice, by=me().actor, now=sessions.now())
        holidays.refresh(sessions.db())
    except InvalidInput as problem:
        sessions.rollback()
        return _holidays(problems=problem.problems, text=text, year=year), problem.status
    return redirect(url_for("clock.holiday_page"), 303)


def _holidays(notice: holidays.Notice | None = None, **given: Any) -> str:
    shown = {"problems": {}, "text": "", "year": ""} | given
    this_year = shanghai(sessions.now()).year
    return render_template(
        "clock/holidays.html",
        notice=notice,
        months=_months(notice) if notice else [],
        years=holidays.years(sessions.db()),
        known=known_until(),
        lacking=known_until() < this_year,
        **shown,
    )


def _months(notice: holidays.Notice) -> list[tuple[str, list[tuple[str, bool, bool]]]]:
    """Return the days of a notice by holiday: (day, worked, already so in the calendar that is used now)."""
    found: dict[str, list[tuple[str, bool, bool]]] = {}
    for each in notice.days:
        words = f"{each.day.month}/{each.day.day}"
        same = calendar().is_workday(each.day) == each.works
        found.setdefault(each.name, []).append((words, each.works, same))
    return list(found.items())


# --- the sheet for Monday's meeting ----------------------------------------------------------------------------------


@blueprint.get("/clock/monday")
@guards.roles(*guards.STATION)
def monday() -> ResponseReturnValue:
    """Show the station's open cases on paper: by officer, overdue first, with room to write who does what."""
    viewer = me()
    assert viewer.station_id is not None
    area = _own_area()
    cases = reminders.open_cases(sessions.db(), viewer.station_id)
    made = digest(cases, Reader(0, "", viewer.station, area, locale()), sessions.now())
    rows = [
        (group.code == OVERDUE, line.case.officer, shown_case(line.case, area, sessions.now(), locale()))
        for group in made.others
        for line in group.lines
    ]
    by_officer = [(each, [row for row in rows if row[1] == each.name]) for each in made.officers]
    return render_template(
        "clock/monday.html", made=made, officers=by_officer, station=viewer.station, now=sessions.now()
    )
