"""Texts are read, and names for them found, in a process of its own, so that reading keeps no page waiting.

Python runs one thread of a process at a time. A text takes a thousandth of a second or two, in hundreds of small
steps between which the threads of a web server wake each other; beside it every page waits. The reader has a core to
itself. It knows no case and writes nothing: it gets words, and gives back what is in them and who of the pool fits.
Whoever finds it missing, starting, busy for too long or silent does the same here, so that no answer depends on it.
"""

import signal
import time
from contextlib import suppress
from datetime import date, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

import structlog
from pydantic_core import to_json

import matching
from app import suggesting
from app.db import Database
from app.scope import NOBODY
from app.settings import Settings
from app.workdays import shanghai
from matching.shelf import Shelf
from matching.weights import Weights, shipped
from talent_pool.index import RosterIndex

BUSY = 0.2  # seconds for which a text waits for a place in the queue; then it is read here
SILENT = 5.0  # seconds without an answer; the longest text takes a tenth of one
AGAIN = 30.0  # seconds until another reader is tried after one was lost
WARM = "邻居家的水流到我家院子"  # loads model and dictionaries

log = structlog.get_logger()


class _Child:
    """One reader's process with its pipe; answers come in the order of the texts."""

    def __init__(self, settings: Settings | None, shelf: Path | None) -> None:
        # Not forked: threads of this process hold locks that a copy would hold for ever.
        processes = get_context("spawn")
        self._pipe, its = processes.Pipe()
        self.process = processes.Process(target=_serve, args=(its, settings, shelf), name="reader", daemon=True)
        self.process.start()
        its.close()  # so that the end of the one is noticed by the other
        self._sending, self._waiting, self._hearing = Lock(), Lock(), Lock()
        self._ready, self._lost = False, False

    def is_ready(self) -> bool:
        """Tell whether it has loaded what it reads with."""
        if not self._ready and self._hearing.acquire(blocking=False):
            try:
                if not self._ready and self._pipe.poll():
                    self._ready = bool(self._pipe.recv())
            finally:
                self._hearing.release()
        return self._ready

    def ask(self, what: str, *given: Any) -> Any:
        """Return what it answers, None when too many wait; raise OSError or EOFError when it is gone or silent.

        One listens and two have sent, so that the reader begins the next text while the last answer is being taken.
        All others wait in line at the first lock: threads that wake while another one computes gain nothing, they only
        take the interpreter from each other.
        """
        if not self._sending.acquire(timeout=BUSY):
            return None
        try:
            self._pipe.send((what, given))
            self._waiting.acquire()
        finally:
            self._sending.release()
        self._hearing.acquire()
        self._waiting.release()
        try:
            if self._lost:
                raise EOFError  # what comes now may be the answer that the one before has not waited for
            self._lost = True  # until it is here: however this ends, nobody takes it for his own
            if not self._pipe.poll(SILENT):
                raise TimeoutError
            answer = self._pipe.recv()
            self._lost = False
            return answer
        finally:
            self._hearing.release()

    def end(self) -> None:
        """End it; whoever waits for an answer gets an OSError."""
        self.process.kill()  # it holds nothing that could be lost
        self.process.join()
        with self._sending, self._hearing:  # nobody is about to write where another file may be open by then
            self._pipe.close()


class Reader:
    """Reads texts with the model that speaks; in another process between `start` and `close`, here otherwise."""

    def __init__(self, settings: Settings | None = None, shelf: Shelf | None = None) -> None:
        self._settings, self._shelf = settings, shelf
        self._changing = Lock()
        self._child: _Child | None = None
        self._wanted = False
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """Return the number of the reader's process while there is one."""
        child = self._child
        return child.process.pid if child else None

    @property
    def is_ready(self) -> bool:
        """Tell whether texts are read in another process now."""
        child = self._child
        return child is not None and child.is_ready()

    def start(self) -> None:
        """Begin to read in another process, as soon as it is ready; a second time does nothing."""
        self._wanted = True
        self._begin()

    def close(self) -> None:
        """End the other process."""
        self._wanted = False
        self._lose(self._child)

    def read(self, text: str, region: str | None = None, *, today: date | None = None) -> matching.Reading:
        """Return what `matching.read` returns."""
        found: matching.Reading | None = self._asked("read", text, region, today)
        return matching.read(text, region, _model(self._shelf), today=today) if found is None else found

    def suggest(self, text: str, *, region: int, n: int, now: datetime, version: int) -> bytes | None:
        """Return a reading and its suggestion as JSON, None when they must be made here.

        `version`: the pool's change that must be known already. Nobody steps aside: for words without people.
        """
        found: bytes | None = self._asked("suggest", text, region, n, now, version)
        return found

    def _asked(self, what: str, *given: Any) -> Any:
        if not self._wanted:
            return None
        child = self._child
        if child is None:
            self._begin()
            return None
        try:
            return child.ask(what, *given) if child.is_ready() else None
        except (EOFError, OSError):
            # Its answer, should it come yet, would be taken for the next text's: nothing more is heard from this one.
            self._lose(child)
            return None

    def _begin(self) -> None:
        with self._changing:
            if self._wanted and self._child is None and time.monotonic() >= self._not_before:
                self._child = _Child(self._settings, self._shelf.folder if self._shelf else None)

    def _lose(self, child: _Child | None) -> None:
        with self._changing:
            if child is None or self._child is not child:
                return  # somebody else has noticed it before
            self._child = None
            if self._wanted:
                self._not_before = time.monotonic() + AGAIN
                log.warning("reader_lost")
        child.end()


class _Desk:
    """What the reader's process answers."""

    def __init__(self, settings: Settings | None, shelf: Path | None) -> None:
        self._database = Database(settings) if settings else None
        self._shelf = Shelf(shelf) if shelf else None
        self._index: RosterIndex | None = None

    def read(self, text: str, region: str | None, today: date | None) -> matching.Reading:
        return matching.read(text, region, _model(self._shelf), today=today)

    def suggest(self, text: str, region: int, n: int, now: datetime, version: int) -> bytes | None:
        index = self._index_at(version)
        if index is None:
            return None
        reading = self.read(text, str(region), shanghai(now).date())
        return as_json(reading, suggesting.for_text(None, reading, index, now, region=region, n=n))

    def _index_at(self, version: int) -> RosterIndex | None:
        known = self._index
        if self._database is None or (known is not None and version <= known.version):
            return known
        with self._database.read(NOBODY) as session:
            if known is None:
                known = self._index = RosterIndex.load(session)
            else:
                known.refresh(session)
        return known


def as_json(reading: matching.Reading, found: matching.Suggestion) -> bytes:
    """Return what `diandan suggest` prints."""
    return to_json({"reading": reading.as_json(), **found.as_json()})


def _model(shelf: Shelf | None) -> Weights | None:
    return shelf.weights() if shelf else shipped()


def _serve(pipe: Connection, settings: Settings | None, shelf: Path | None) -> None:
    """Answer what comes through the pipe until its other end is closed."""
    with suppress(ValueError):  # not the main thread: in tests
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which closes the pipe
    with suppress(EOFError, OSError):
        desk = _Desk(settings, shelf)
        desk.read(WARM, None, None)
        pipe.send(True)
        while True:
            what, given = pipe.recv()
            try:
                answer = getattr(desk, what)(*given)
            except Exception as problem:  # whoever asks does it himself then, and answers for it
                log.warning("reader_cannot", error=type(problem).__name__)
                answer = None
            pipe.send(answer)
