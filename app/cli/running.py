"""A site in one process: database, web server, and the clock beside it when it is wanted."""

import logging
import socket
from dataclasses import dataclass
from threading import Thread

import structlog

import matching
from app import holidays
from app.db import Database
from app.jobs import Clock
from app.reader import WARM, Reader
from app.scope import NOBODY
from app.server import PATIENCE, Server
from app.settings import Settings
from app.web import create_app


@dataclass(frozen=True)
class Site:
    """What is running."""

    database: Database
    server: Server
    reader: Reader
    clock: Clock | None


def start(settings: Settings, found: socket.socket, *, clock: bool, patience: float = PATIENCE) -> Site:
    """Make a site ready; requests are answered once `run` is called."""
    # The terminal belongs to addresses and refusals; what runs well stays silent.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    database = Database(settings)
    with database.read(NOBODY) as session:
        holidays.refresh(session)
    app = create_app(settings, database)
    server = Server(app, found, threads=settings.threads, patience=patience)
    return Site(database, server, app.extensions["diandan"].reader, Clock(database, settings) if clock else None)


def run(site: Site) -> None:
    """Serve until SIGTERM or Ctrl-C, answer what is under way, stop the clock and close the database."""
    site.server.heed_signals()
    Thread(target=_warm, name="warm", daemon=True).start()
    try:
        site.reader.start()
        if site.clock:
            site.clock.start()
        site.server.run()
    finally:
        if site.clock:
            site.clock.stop()
        site.reader.close()
        site.database.close()


def _warm() -> None:
    # The first reading loads model and dictionary; the first officer of the day should not be the one who waits for it.
    matching.read(WARM)
