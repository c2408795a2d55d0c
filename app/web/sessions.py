"""Who is at the browser, and the one database session of the request. The cookie holds a random id, a row the rest."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any

from flask import Flask, Request, Response, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf
from itsdangerous import Serializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from jinja2.utils import LRUCache
from sqlmodel import Session

from app import accounts, visits
from app.accounts import Viewer
from app.db import Database
from app.reader import Reader
from app.scope import NOBODY, Scope
from app.settings import Settings
from talent_pool.index import RosterIndex

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCH_EVERY = timedelta(minutes=1)


class FormSigner(URLSafeTimedSerializer):
    """Signs the tokens of forms as Flask-WTF does, but does not try to compress forty random digits first."""

    def dump_payload(self, obj: Any) -> bytes:
        """Return what is signed."""
        return base64_encode(Serializer.dump_payload(self, obj))


@dataclass
class House:
    """What lives as long as the process: settings, database, clock, reader, and the index of the pool."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    cards: LRUCache = field(default_factory=lambda: LRUCache(256))  # drawn cards of frozen lists
    _index: RosterIndex | None = None
    _lock: Lock = field(default_factory=Lock)

    @cached_property
    def reader(self) -> Reader:
        """Return what reads texts."""
        return Reader(self.settings, self.database.shelf)

    @cached_property
    def forms(self) -> FormSigner:
        """Return what signs the tokens of forms."""
        return FormSigner(self.settings.key(), salt="wtf-csrf-token")

    def index(self, db: Session) -> RosterIndex:
        """Return the pool's index, brought up to the newest change that is visible to this session."""
        with self._lock:
            if self._index is None:
                self._index = RosterIndex.load(db)
            else:
                self._index.refresh(db)
            return self._index

    def index_at(self, version: int) -> RosterIndex:
        """Return the same as `index`, without a session when nothing has changed since the pool's change `version`."""
        known = self._index
        if known is not None and version <= known.version:
            return known
        with self.database.read(NOBODY) as reading:
            return self.index(reading)


def house() -> House:
    """Return the process's house."""
    found = current_app.extensions["diandan"]
    assert isinstance(found, House)
    return found


def now() -> datetime:
    """Return the moment of this request: taken once, the same for everything in it."""
    moment: datetime | None = g.get("now")
    if moment is None:
        moment = g.now = house().clock()
    return moment


def viewer() -> Viewer | None:
    """Return the signed-in account."""
    found: Viewer | None = g.get("viewer")
    return found


def visit() -> "visits.Visit | None":
    """Return the side or mediator whose link was opened in this browser."""
    found: visits.Visit | None = g.get("visit")
    return found


def db() -> Session:
    """Return the request's database session, in the viewer's scope. Safe methods get one that is never committed."""
    if "db" not in g:
        g.db = house().database.session(_scope(), read_only=looking())
    opened: Session = g.db
    return opened


def looking() -> bool:
    """Tell whether the request only looks. HEAD does too: a view that asks for GET alone would take it for a form."""
    return request.method in SAFE


def _scope() -> Scope:
    if (account := viewer()) is not None:
        return account.scope
    guest = visit()
    return guest.scope if guest is not None else NOBODY


def commit() -> None:
    """Keep what the view did."""
    if "db" in g and not looking():
        g.db.commit()


def rollback() -> None:
    """Forget what the view did."""
    if "db" in g:
        g.db.rollback()


def sign_in(secret: str, kind: str) -> None:
    """Bind the browser to a new server-side session; the old cookie's contents (and CSRF secret) go."""
    sign_out()
    session[kind] = secret
    # The new secret is made here and not by the first form, so that one cookie serves the whole session.
    g.pop("csrf_token", None)
    generate_csrf()


def form_token() -> str:
    """Return the token against forged requests that every form carries; Flask-WTF checks it."""
    if "csrf_token" not in session:
        return str(generate_csrf())
    if "csrf_token" not in g:
        g.csrf_token = house().forms.dumps(session["csrf_token"])
    token: str = g.csrf_token
    return token


def sign_out() -> None:
    """Let the browser forget all but how it shows pages; the row must be ended by the caller."""
    kept = {name: session[name] for name in ("locale", "large") if name in session}
    session.clear()
    session.update(kept)


class Cookies(SecureCookieSessionInterface):
    """Flask's signed cookies; what signs them is made once, not twice in every request."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs and checks the cookies of this application."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the browser's cookie holds; a request without any cookie has none to be looked for."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Keep the session in its cookie; one that is empty and was not touched leaves no trace."""
        if session or session.accessed or session.modified:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Find the viewer before each request, close the database session after it."""
    app.session_interface = Cookies()
    app.before_request(_find)
    app.teardown_request(_close)


def _find() -> None:
    if request.endpoint is None or request.endpoint == "static" or request.blueprint in ("health", "api"):
        return
    if secret := session.get("account"):
        _find_account(secret)
    elif secret := session.get("visit"):
        g.visit = visits.find(house().database.engine, secret, now())


def _find_account(secret: str) -> None:
    with house().database.read(NOBODY) as reading:
        found = accounts.find_viewer(reading, house().settings, secret, now())
    if found is None:
        return
    g.viewer, seen_at = found
    if now() - seen_at > TOUCH_EVERY:
        with house().database.write(NOBODY) as writing:
            accounts.touch(writing, secret, now())


def _close(_problem: BaseException | None) -> None:
    opened = g.pop("db", None)
    if opened is not None:
        opened.close()
