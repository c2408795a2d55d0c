"""The only room with Flask: one module a topic, each a blueprint, all guarded by `app.web.guards`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app.db import Database
from app.settings import Settings
from app.web import errors, filters, guards, headers, i18n, sessions, uploads

csrf = CSRFProtect()


class Diandan(Flask):
    """Flask with one rule more: a view's transaction is committed once, before its answer leaves, unless it failed."""

    jinja_environment = i18n.Templates

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; commit for answers below 400, roll back for all others."""
        try:
            response: Response = self.make_response(super().dispatch_request())
        except Exception:
            sessions.rollback()
            raise
        if response.status_code < 400:
            sessions.commit()
        else:
            sessions.rollback()
        return response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: no view of this house is a coroutine, and Flask asks a dozen times a request."""
        return func


def create_app(
    settings: Settings, database: Database | None = None, clock: Callable[[], datetime] | None = None
) -> Flask:
    """Build the web application. `clock` gives the present moment; tests freeze it."""
    app = Diandan("app", template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=settings.key(),
        MAX_CONTENT_LENGTH=1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=1_000,
        SESSION_COOKIE_NAME="__Host-diandan" if settings.secure else "diandan",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.secure,
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions["diandan"] = sessions.House(settings, database or Database(settings), clock or _now)
    # A name that a template misspells must fail in a test, not print nothing.
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    uploads.init_app(app)  # before the check of forms, which reads them
    csrf.init_app(app)
    for part in (i18n, filters, sessions, guards, headers, errors):
        part.init_app(app)
    _register(app)
    return app


def _register(app: Flask) -> None:
    from app.web.rooms import ROOMS  # here, since the rooms import this package

    for room in ROOMS:
        app.register_blueprint(room.blueprint)


def _now() -> datetime:
    return datetime.now(UTC)
