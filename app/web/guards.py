"""Who may call which page. Nothing is open by default: a view without a guard does not start."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import N_, Forbidden, NotFound
from app.models import Purpose
from app.scope import Role
from app.web import sessions

View = TypeVar("View", bound=Callable[..., Any])

STATION = (Role.OFFICER, Role.STATION_HEAD)
CASES = (*STATION, Role.COORDINATOR)
ACCOUNTS = (*CASES, Role.ADMIN)
_RULES: dict[Callable[..., Any], tuple[str, ...]] = {}


def public(view: View) -> View:
    """Open a page to anybody: sign-in, help, health, the link's first page."""
    return _mark(view, ("public",))


def roles(*allowed: Role) -> Callable[[View], View]:
    """Open a page to signed-in accounts of these roles."""
    return lambda view: _mark(view, allowed)


def party(view: View) -> View:
    """Open a page to one side that came by its link."""
    return _mark(view, ("party",))


def mediator(view: View) -> View:
    """Open a page to one mediator who came by his or her link."""
    return _mark(view, ("mediator",))


def api(view: View) -> View:
    """Open a page to holders of an API key; `app.web.api` checks it."""
    return _mark(view, ("api",))


def rule_of(view: Callable[..., Any]) -> tuple[str, ...]:
    """Return who may call a view; empty when it was forgotten."""
    return _RULES.get(view, ())


def _mark(view: View, allowed: tuple[str, ...]) -> View:
    _RULES[view] = allowed
    return view


def init_app(app: Flask) -> None:
    """Check each request against its view's guard."""
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None or request.endpoint == "static":
        return None
    allowed = rule_of(current_app.view_functions[request.endpoint])
    if "public" in allowed or "api" in allowed:
        return None
    if "party" in allowed or "mediator" in allowed:
        _check_visit(allowed)
        return None
    return _check_account(allowed)


def _check_visit(allowed: tuple[str, ...]) -> None:
    found = sessions.visit()
    wanted = Purpose.ORDER if "party" in allowed else Purpose.ASSIGNMENT
    if found is None or found.purpose is not wanted:
        raise NotFound(N_("链接已经失效,请重新打开派出所给您的链接"))


def _check_account(allowed: tuple[str, ...]) -> ResponseReturnValue | None:
    account = sessions.viewer()
    if account is None:
        # Only pages are returned to after signing in: what was posted without a session is not repeated by itself.
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("signin.form", back=back))
    if account.role not in allowed:
        raise Forbidden(N_("这一页您没有权限看"))
    return None
