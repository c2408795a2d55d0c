"""What every template may call: labels, dates, places, versioned assets, the navigation."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for

from app.errors import N_
from app.lifecycle import LABELS, NEXT_STEPS, State
from app.models import Purpose
from app.scope import Role
from app.web import sessions
from app.web.i18n import gettext, locale
from app.workdays import SHANGHAI, show_date
from talent_pool import regions, taxonomy

STATIC = Path(__file__).parent.parent / "static"
ROLES = {
    Role.OFFICER: N_("民警"),
    Role.STATION_HEAD: N_("所领导"),
    Role.COORDINATOR: N_("协调员"),
    Role.ADMIN: N_("管理员"),
    Role.PARTY: N_("当事人"),
    Role.MEDIATOR: N_("调解员"),
    Role.SYSTEM: N_("系统"),
}


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation."""

    endpoint: str
    label: str
    current: bool
    count: int = 0


NAVIGATION: tuple[tuple[str, str, frozenset[Role]], ...] = (
    ("desk.home", N_("工作单"), frozenset({Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR})),
    ("disputes.new", N_("登记纠纷"), frozenset({Role.OFFICER, Role.STATION_HEAD})),
    ("order_live.board", N_("点单看板"), frozenset({Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR})),
    ("helping.listing", N_("帮选"), frozenset({Role.COORDINATOR})),
    ("pool.roll", N_("人才库"), frozenset({Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR})),
    ("accounts.listing", N_("账号"), frozenset({Role.ADMIN})),
    ("desk.inbox", N_("提醒"), frozenset({Role.OFFICER, Role.STATION_HEAD, Role.COORDINATOR, Role.ADMIN})),
    ("reading.page", N_("识别"), frozenset({Role.COORDINATOR, Role.ADMIN})),
    ("desk.clock", N_("运行"), frozenset({Role.COORDINATOR, Role.ADMIN})),
)


def init_app(app: Flask) -> None:
    """Register filters and globals; keep them few and pure."""
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        place=place,
        full_place=full_place,
        state=state,
        next_step=next_step,
        type_label=type_label,
        role=lambda code: gettext(ROLES[Role(code)]),
    )
    app.jinja_env.globals["url_for"] = address
    app.jinja_env.globals.update(asset=asset, navigation=navigation, translate=gettext, label=label)
    app.jinja_env.globals.update(list_codes=lambda group: list(taxonomy.groups()[group]), list_zh=taxonomy.label)
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    return {
        "demo": sessions.house().settings.demo,
        "viewer": sessions.viewer(),
        "help_topic": _help_topic(),
        "home": _home(),
        "csrf_token": sessions.form_token,
        "reading_trouble": _reading_trouble(),
    }


def _reading_trouble() -> str:
    """Return whether the model that should read cannot: 'none' is everybody's business, 'damaged' of who can help."""
    viewer = sessions.viewer()
    if viewer is None:
        return ""
    trouble = sessions.house().database.shelf.speaking().trouble
    helps = viewer.role in (Role.COORDINATOR, Role.ADMIN)
    return trouble if trouble == "none" or (trouble == "damaged" and helps) else ""


def _home() -> str:
    """Return where a refusal leads back to: the work list, or the page of whoever came by a link."""
    visit = sessions.visit()
    if visit is None:
        return address("desk.home")
    return address("ballots.page" if visit.purpose is Purpose.ORDER else "assignments.page")


def _help_topic() -> str:
    viewer = sessions.viewer()
    if viewer is not None:
        return "coordinator" if viewer.role in (Role.COORDINATOR, Role.ADMIN) else "officer"
    return "mediator" if request.blueprint == "assignments" else "party"


def navigation() -> list[NavItem]:
    """Return the entries that the viewer may open."""
    viewer = sessions.viewer()
    return [
        NavItem(endpoint, gettext(words), request.endpoint == endpoint)
        for endpoint, words, roles in NAVIGATION
        if viewer is not None and viewer.role in roles
    ]


_ADDRESSES: dict[tuple[Any, ...], str] = {}
_MOST_ADDRESSES = 2048  # then they are built anew: nothing is forgotten, so that nobody need wait for a lock


def address(endpoint: str, **values: Any) -> str:
    """Build a page's address; one that was built before comes from memory, since a page names a dozen of the same."""
    key = (request.environ.get("SCRIPT_NAME"), endpoint, *values.items())
    known = _ADDRESSES.get(key)
    if known is None:
        known = url_for(endpoint, **values)
        if len(_ADDRESSES) < _MOST_ADDRESSES:
            _ADDRESSES[key] = known
    return known


@lru_cache(maxsize=64)
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Return a static file's address with its content's hash, so that browsers may keep it."""
    return address("static", filename=name, v=_digest(name))


def day(value: datetime | None) -> str:
    """Return a date as people say it: 11月27日(周五)."""
    return show_date(value, locale()) if value is not None else ""


def moment(value: datetime | None) -> str:
    """Return date and time of the day in Shanghai."""
    return f"{show_date(value, locale())} {value.astimezone(SHANGHAI):%H:%M}" if value is not None else ""


def place(code: int | None) -> str:
    """Return a region's short name."""
    return regions.short_name(code) if code else ""


def full_place(code: int | None) -> str:
    """Return a region's name from the city down."""
    return regions.full_name(code) if code else ""


def state(value: State) -> str:
    """Return a state's name."""
    return gettext(LABELS[State(value)])


def next_step(value: State) -> str:
    """Return what an officer should do next, '' when nothing is left to do."""
    words = NEXT_STEPS.get(State(value))
    return gettext(words) if words else ""


def type_label(code: str, subtype: str = "") -> str:
    """Return a dispute type with its sub-type."""
    words = label("types", code)
    return f"{words} · {label('subtypes', subtype)}" if subtype else words


def label(group: str, code: str) -> str:
    """Return the word of a closed list (types, kinds, gates, signs, …) in the request's language."""
    return taxonomy.label(group, code, locale())
