"""One HTTP POST for the ways out: one answer in a bounded time; no redirect, and nothing of it repeated in an error.

An address holds a robot's key and a body holds people, so an error tells only what kind it was.
"""

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.channels.base import ChannelError
from app.errors import N_

TIMEOUT = 10.0  # seconds for the whole exchange
LONGEST = 65_536  # bytes of an answer
_CODE = re.compile(r"(?!.*\d{7})[A-Za-z0-9_.-]{1,60}")  # no run of digits that might be a phone


@dataclass(frozen=True)
class Answer:
    """What the other end said: the status and the JSON object in it."""

    status: int
    data: dict[str, Any]


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float = TIMEOUT) -> Answer:
    """Send and return the answer; raise ChannelError when there is none that can be read, or it is a failure's."""
    with _named_failures():
        status, given = _exchange(url, body, headers, timeout)
    if status == 429 or status >= 500:
        raise ChannelError(N_("对方的服务器拒收"), str(status), down=True)
    try:
        data = json.loads(given)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        return Answer(status, data)
    if 200 <= status < 300:
        raise ChannelError(N_("对方的回答看不懂"), str(status))
    raise ChannelError(N_("对方的服务器拒收"), str(status))


def post_json(url: str, data: Mapping[str, Any], timeout: float = TIMEOUT) -> Answer:
    """Send an object as JSON and return the answer."""
    body = json.dumps(data, ensure_ascii=False).encode()
    return post(url, body, {"Content-Type": "application/json; charset=utf-8"}, timeout)


def code(word: object) -> str:
    """Return the other end's code when it is one; what might be a sentence or a phone number is dropped."""
    return str(word) if _CODE.fullmatch(str(word)) else ""


def _exchange(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    line = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    more: dict[str, Any] = {"context": ssl.create_default_context()} if secure else {}
    connection = line(parts.hostname or "", parts.port, timeout=timeout, **more)
    over = threading.Event()
    # A time-out counts from byte to byte: who sends one every nine seconds would hold the line for hours.
    watch = threading.Timer(timeout, _hang_up, (connection, over))
    watch.daemon = True
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {**headers, "User-Agent": "diandan", "Connection": "close"})
        answer = connection.getresponse()
        given = answer.read(LONGEST)
        if over.is_set():
            raise TimeoutError
        return answer.status, given
    except (OSError, http.client.HTTPException):
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        connection.close()


def _hang_up(connection: http.client.HTTPConnection, over: threading.Event) -> None:
    over.set()
    held = connection.sock
    if held is not None:
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise ChannelError(N_("对方的服务器没有回应"), down=True) from None
    except ssl.SSLError:
        raise ChannelError(N_("对方服务器的证书不对"), down=True) from None
    except (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionResetError, BrokenPipeError):
        raise ChannelError(N_("对方的服务器中断了连接"), down=True) from None
    except http.client.HTTPException:
        raise ChannelError(N_("对方的回答看不懂")) from None
    except (OSError, ValueError):
        raise ChannelError(N_("连不上对方的服务器"), down=True) from None
