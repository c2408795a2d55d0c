"""Texts are read in a process of their own, so that reading keeps no page waiting.

Python runs one thread of a process at a time. A text takes a thousandth of a second or two, in hundreds of small
steps between which the threads of a web server wake each other; beside it every page waits. The reader has a core to
itself. It knows no case and opens no database: it gets words and gives back what is in them. Whoever finds it missing,
starting, busy for too long or silent reads by himself, so that no answer depends on it.
"""

import signal
import time
from contextlib import suppress
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock

import structlog

import matching
from matching.shelf import Shelf
from matching.weights import Weights, shipped

BUSY = 0.2  # seconds for which a text waits for its turn; then it is read here
SILENT = 5.0  # seconds without an answer; the longest text takes a tenth of one
AGAIN = 30.0  # seconds until another reader is tried after one was lost
WARM = "邻居家的水流到我家院子"  # loads model and dictionaries

log = structlog.get_logger()


class Reader:
    """Reads texts with the model that speaks; in another process between `start` and `close`, here otherwise."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf
        self._turn = Lock()
        self._child: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._ready = False
        self._wanted = False
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """Return the number of the reader's process while there is one."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Begin to read in another process, as soon as it is ready; a second time does nothing."""
        with self._turn:
            self._wanted = True
            self._begin()

    def close(self) -> None:
        """End the other process."""
        with self._turn:
            self._wanted = False
            self._end()

    def read(self, text: str, region: str | None = None, *, today: date | None = None) -> matching.Reading:
        """Return what `matching.read` returns."""
        if self._wanted and self._turn.acquire(timeout=BUSY):
            try:
                found = self._asked(text, region, today)
            finally:
                self._turn.release()
            if found is not None:
                return found
        return matching.read(text, region, _model(self._shelf), today=today)

    def _asked(self, text: str, region: str | None, today: date | None) -> matching.Reading | None:
        if self._pipe is None and self._wanted and time.monotonic() >= self._not_before:
            self._begin()
        pipe = self._pipe
        try:
            if pipe is None or not self._is_ready(pipe):
                return None
            pipe.send((text, region, today))
            if pipe.poll(SILENT):
                found: matching.Reading = pipe.recv()
                return found
        except (EOFError, OSError):
            pass
        # Its answer, should it come yet, would be taken for the next text's: nothing more is heard from this one.
        log.warning("reader_lost")
        self._end()
        self._not_before = time.monotonic() + AGAIN
        return None

    def _is_ready(self, pipe: Connection) -> bool:
        if not self._ready and pipe.poll():
            self._ready = bool(pipe.recv())
        return self._ready

    def _begin(self) -> None:
        if self._child is not None:
            return
        # Not forked: threads of this process hold locks that a copy would hold for ever.
        processes = get_context("spawn")
        mine, its = processes.Pipe()
        child = processes.Process(
            target=_serve, args=(its, self._shelf and self._shelf.folder), name="reader", daemon=True
        )
        child.start()
        its.close()  # so that the end of the one is noticed by the other
        self._child, self._pipe, self._ready = child, mine, False

    def _end(self) -> None:
        child, pipe = self._child, self._pipe
        self._child = self._pipe = None
        self._ready = False
        if pipe is not None:
            pipe.close()
        if child is not None:
            child.kill()  # it holds nothing that could be lost
            child.join()


def _model(shelf: Shelf | None) -> Weights | None:
    return shelf.weights() if shelf else shipped()


def _serve(pipe: Connection, folder: Path | None) -> None:
    """Read what comes through the pipe until its other end is closed; `folder`: where the shelf of models is."""
    shelf = Shelf(folder) if folder else None
    with suppress(ValueError):  # not the main thread: in tests
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which closes the pipe
    with suppress(EOFError, OSError):
        matching.read(WARM, model=_model(shelf))
        pipe.send(True)
        while True:
            text, region, today = pipe.recv()
            pipe.send(matching.read(text, region, _model(shelf), today=today))
