"""A person's own entry of the pool, opened by a link: seen, corrected, agreed to or not, busy days noted."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from app import pool_entry
from app.errors import N_, InvalidInput, NotFound
from app.intake import clean
from app.scope import NOBODY
from app.web import guards, sessions
from app.web.pool_entry import days_of_leave
from app.web.pool_import import today
from app.web.wrong_fields import problems_in
from talent_pool import history, register, roster, taxonomy
from talent_pool.models import Mediator

blueprint = Blueprint("own_entry", __name__)
DEAD = N_("链接已经失效,请重新打开给您的链接")
LONGEST = {"phone": 20, "title": 40, "intro": 60}


def _whose(token: str) -> int:
    with sessions.house().database.read(NOBODY) as reading:
        found = pool_entry.find_link(reading, token, sessions.now())
    if found is None:
        raise NotFound(DEAD)
    return found


def _me() -> int:
    """Return whose link was opened in this browser, as long as the link lives."""
    token = session.get("own")
    if not isinstance(token, str):
        raise NotFound(DEAD)
    key = _whose(token)
    history.sign(sessions.db(), f"mediator:{key}", sessions.now())
    return key


@blueprint.get("/own/<token>")
@guards.public
def door(token: str) -> ResponseReturnValue:
    """Show one button: apps that look at links before people do see nothing."""
    _whose(token)
    return render_template("own_entry/door.html")


@blueprint.post("/own/<token>")
@guards.public
def enter(token: str) -> ResponseReturnValue:
    """Open the entry in this browser; the address shows no token from here on."""
    _whose(token)
    session["own"] = token
    return redirect(url_for("own_entry.page"), 303)


@blueprint.get("/own")
@guards.public
def page() -> ResponseReturnValue:
    """Show what is written down about the person."""
    return _page({}, None)


@blueprint.post("/own")
@guards.public
def correct() -> ResponseReturnValue:
    """Take a correction: what matters waits for the coordinator."""
    key = _me()
    given: dict[str, Any] = {name: clean(request.form.get(name, "")) for name in LONGEST}
    spoken = [code for code in request.form.getlist("dialects") if code in taxonomy.dialects()]
    problems = {name: N_("太长了,请缩短") for name, most in LONGEST.items() if len(given[name]) > most}
    if given["phone"] and not 7 <= len(roster.plain_phone(given["phone"])) <= 15:
        problems["phone"] = N_("电话号码不对,请核对")
    if problems:
        return _page(problems, given), 422
    given |= {"dialects": ",".join(spoken), "phone": roster.plain_phone(given["phone"])}
    try:
        register.propose(sessions.db(), key, given, sessions.now())
    except ValidationError as found:
        return _page(problems_in(found), given), 422
    return redirect(url_for("own_entry.page"), 303)


@blueprint.post("/own/consent")
@guards.public
def consent() -> ResponseReturnValue:
    """Agree to be listed, or take the agreement back; it holds at once."""
    key, agrees = _me(), request.form.get("agrees") == "yes"
    change = register.give_consent if agrees else register.withdraw_consent
    change(sessions.db(), key, sessions.now())
    return redirect(url_for("own_entry.page"), 303)


@blueprint.post("/own/leave")
@guards.public
def leave() -> ResponseReturnValue:
    """Note busy days; they hold at once."""
    key = _me()
    try:
        roster.take_leave(sessions.db(), key, *days_of_leave())
    except InvalidInput as problem:
        sessions.rollback()
        return _page(problem.problems, None), problem.status
    return redirect(url_for("own_entry.page"), 303)


def _page(problems: dict[str, str], typed: dict[str, Any] | None) -> str:
    key = _me()
    mediator = sessions.db().get_one(Mediator, key)
    paper = pool_entry.paper(sessions.db(), key, today())
    shown = typed or {name: getattr(mediator, name) for name in LONGEST}
    areas, skills = roster.areas_of(sessions.db(), key), roster.expertise_of(sessions.db(), key)
    said = {"mediator": mediator, "paper": paper, "areas": areas, "skills": skills}
    return render_template("own_entry/page.html", typed=shown, problems=problems, **said)
