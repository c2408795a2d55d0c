"""The web server: waitress with a drain of its own, since waitress alone drops every request in flight on SIGTERM."""

import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from app.errors import N_, DiandanError

CONNECTIONS = 300  # half-open ones included; beyond them new ones wait in the system's backlog
CHANNEL_TIMEOUT = 20  # seconds until a silent connection is closed
BACKLOG = 256
QUIET = 0.5  # seconds without a request before the door is shut
PATIENCE = 20.0  # seconds for which a stopping server waits at most
SLICE = 0.1  # seconds between two looks at the signals

Application = Callable[..., Any]


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket (port 0: any free one); raise DiandanError when the address cannot be had."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as problem:
        raise DiandanError(N_("不能用这个地址:%(host)s(%(why)s)"), host=host, why=_why(problem)) from None
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except (OSError, OverflowError) as problem:
        found.close()
        raise DiandanError(
            N_("%(host)s:%(port)s 不能用(%(why)s);换一个端口:--port"), host=host, port=port, why=_why(problem)
        ) from None
    return found


def _why(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or type(problem).__name__


class Server:
    """Serves one WSGI application on one socket until it is told to stop."""

    def __init__(self, app: Application, found: socket.socket, *, threads: int, patience: float = PATIENCE) -> None:
        # Depth of the queue is no news to whoever reads the terminal; readiness and metrics tell it.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.patience = patience
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[found],
            threads=threads,
            connection_limit=CONNECTIONS,
            channel_timeout=CHANNEL_TIMEOUT,
            backlog=BACKLOG,
            ident="",
        )
        self._stopping = False
        self._at_once = False

    def run(self) -> None:
        """Serve until `stop`; then answer what is under way and what still arrives, and return."""
        while not self._stopping:
            self._turn()
        self._drain()
        # The door is shut only now: shutting it first resets whoever waits in the backlog.
        self._server.task_dispatcher.shutdown(timeout=0 if self._at_once else 1)
        for each in list(self._map.values()):
            each.close()

    def stop(self, *_signal: object) -> None:
        """Ask the server to finish; a second time: at once. Safe in a signal handler."""
        self._at_once, self._stopping = self._stopping, True

    def heed_signals(self) -> None:
        """Let SIGTERM and SIGINT (Ctrl-C) stop the server. Main thread only."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _turn(self) -> None:
        wasyncore.loop(timeout=SLICE, map=self._map, count=1, use_poll=self._server.adj.asyncore_use_poll)

    def _drain(self) -> None:
        began = busy = time.monotonic()
        while not self._at_once and busy + QUIET > time.monotonic() < began + self.patience:
            self._turn()
            if self._busy():
                busy = time.monotonic()

    def _busy(self) -> bool:
        channels = [each for each in list(self._map.values()) if isinstance(each, HTTPChannel)]
        return any(each.requests or each.request is not None or each.total_outbufs_len for each in channels)
