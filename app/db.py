"""The database: engines for SQLite and PostgreSQL, and sessions that cannot forget their scope."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from jinja2.utils import LRUCache
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlmodel import Session

from app.keyring import FILE, Keyring
from app.links import Links
from app.scope import SYSTEM, Scope, ScopedSession
from app.settings import Settings
from matching.shelf import Shelf

SAFE_SQLITE = (3, 51, 3)  # below it WAL can corrupt the file when two connections checkpoint at once


class Database:
    """One engine and its sessions. `read` runs beside writers; `write` holds SQLite's write lock from the start."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = make_engine(settings)
        self.looking = self.engine.execution_options(diandan_read_only=True)
        self.links = Links(settings.base_url, settings.key())
        self.keyring = Keyring(settings.data_dir / FILE)
        self.shelf = Shelf(settings.data_dir / "models")
        self.frozen = LRUCache(512)  # rows that never change once they are written, by their id

    def session(self, scope: Scope, *, read_only: bool = False) -> Session:
        """Open a session that sees only what `scope` allows; the caller commits and closes."""
        # pool_timeout and busy_timeout bound every wait: an overloaded database answers 503, it does not hang.
        session = ScopedSession(self.looking if read_only else self.engine, expire_on_commit=False)
        session.info["scope"] = scope
        session.info["links"] = self.links
        session.info["keyring"] = self.keyring
        session.info["shelf"] = self.shelf
        session.info["frozen"] = self.frozen
        return session

    @contextmanager
    def read(self, scope: Scope = SYSTEM) -> Iterator[Session]:
        """Yield a session for looking only; nothing that it changes is kept."""
        with self.session(scope, read_only=True) as session:
            yield session

    @contextmanager
    def write(self, scope: Scope = SYSTEM) -> Iterator[Session]:
        """Yield a session and commit once at the end, or roll everything back."""
        with self.session(scope) as session:
            yield session
            session.commit()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def make_engine(settings: Settings) -> Engine:
    """Return an engine that loses nothing: FULL + WAL + BEGIN IMMEDIATE on SQLite, bounded waits on PostgreSQL."""
    return _postgres(make_url(settings.database_url), settings) if settings.database_url else _sqlite(settings)


def sqlite_driver() -> ModuleType:
    """Return pysqlite3 (a current SQLite in its wheel) where there is one, else Python's own sqlite3."""
    try:
        import pysqlite3.dbapi2 as driver
    except ImportError:
        import sqlite3 as driver
    return driver  # type: ignore[no-any-return,unused-ignore]


def _sqlite(settings: Settings) -> Engine:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    driver = sqlite_driver()
    url = URL.create("sqlite", database=str(settings.sqlite_path))
    engine = create_engine(
        url,
        module=driver,
        pool_size=settings.threads + 2,
        max_overflow=4,
        pool_timeout=5,
        connect_args={"timeout": 5, "check_same_thread": False},
    )
    # A library with the WAL-reset bug gets the rollback journal: slower, readers wait for writers, but nothing is lost.
    seen: list[bool] = []
    journal = "WAL" if driver.sqlite_version_info >= SAFE_SQLITE else "DELETE"

    @event.listens_for(engine, "do_connect")
    def _never_in_place_of_a_lost_file(*_: object) -> None:
        # SQLite would make an empty file, in which every answer is that nothing exists: better none, until it is back.
        if seen and not settings.sqlite_path.exists():
            raise driver.OperationalError("the database's file is gone")

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        seen.append(True)
        # The driver must not begin transactions by itself: it begins them deferred, and DDL escapes them.
        connection.isolation_level = None
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "trusted_schema=OFF",
            "secure_delete=ON",
            "mmap_size=0",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # Deferred transactions that read first and write later fail at once under contention, whatever the timeout.
        reading = connection.get_execution_options().get("diandan_read_only", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgres(url: URL, settings: Settings) -> Engine:
    # Fewer connections than threads: a frozen database must leave a thread for /healthz.
    size = max(1, settings.threads - 3)
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=size,
        max_overflow=0,
        pool_timeout=2,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
            "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c timezone=UTC",
        },
    )
