"""Words of the clock's pages: ways, states, lengths of time, and why a message did not get out."""

from collections.abc import Sequence
from datetime import datetime

from flask.sansio.app import App

from app import mailroom, notices
from app.errors import N_
from app.web.i18n import gettext
from app.workdays import shanghai

RULES = {
    "quiet_from": N_("晚上从几点起不打扰"),
    "quiet_until": N_("早上到几点止不打扰"),
    "escalate_workdays": N_("超期几个工作日后报所领导、报县里"),
    "escalate_red_hours": N_("红色案件超期几小时后报所领导、报县里"),
    "station_digest": N_("给派出所的清单"),
    "justice_office_digest": N_("给司法所的清单"),
    "county_digest": N_("给县里的清单"),
}
RHYTHMS = {"weekly": N_("每周一"), "half_monthly": N_("每月1日、16日"), "monthly": N_("每月1日")}
UNITS = {
    "_workdays": N_("%(n)s个工作日"),
    "_hours": N_("%(n)s小时"),
    "_days": N_("%(n)s天"),
}


def init_app(app: App) -> None:
    """Give the templates these words."""
    words = {"way": way, "send_state": send_state, "why": why, "length": length, "rule_word": rule_word}
    app.jinja_env.globals.update(words)
    app.jinja_env.filters["clock_time"] = clock_time


def way(channel: str) -> str:
    """Return the name of a way out."""
    return gettext(mailroom.WAYS[channel]) if channel in mailroom.WAYS else channel


def send_state(state: str) -> str:
    """Return how far a message has come."""
    return gettext(mailroom.STATES[state])


def why(error: str) -> str:
    """Return why a message did not get out, in the request's language."""
    return notices.explain(error, gettext)


def rule_word(name: str) -> str:
    """Return what a value of the policy is called."""
    return gettext(RULES[name])


def length(name: str, value: int | str | Sequence[int]) -> str:
    """Return a value of the policy with its unit."""
    if isinstance(value, str):
        return gettext(RHYTHMS[value])
    if name.startswith("quiet_"):
        return f"{value}:00"
    unit = next((words for ending, words in UNITS.items() if name.removesuffix("_max").endswith(ending)), "%(n)s")
    n = str(value) if isinstance(value, int) else "、".join(map(str, value))
    return gettext(unit) % {"n": n}


def clock_time(moment: datetime) -> str:
    """Return the hour and minute in Shanghai."""
    return f"{shanghai(moment):%H:%M}"
