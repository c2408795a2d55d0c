"""The web server: it drains on SIGTERM, outlives slow clients, and says in one line what it cannot have."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from app.errors import DiandanError
from app.server import listen
from tests.app.children import Child, child

SLOW = """
import sys, time
from app.server import Server, listen
class App:
    def __call__(self, environ, start_response):
        time.sleep(0.0 if environ["PATH_INFO"] == "/quick" else 0.4)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
        return [b"done"]
with listen("127.0.0.1", 0) as found:
    print(f"http://127.0.0.1:{found.getsockname()[1]}", flush=True)
    server = Server(App(), found, threads=8)
    server.heed_signals()
    server.run()
print("ended", flush=True)
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Child]:
    """A server whose answers take 0.4 seconds, eight at a time."""
    with child([sys.executable, "-c", SLOW], tmp_path) as server:
        yield server


def ask(address: str, answers: list[bytes]) -> None:
    """Ask once and keep the answer; one that never comes is not kept."""
    try:
        with urlopen(f"{address}/", timeout=20) as answer:
            answers.append(answer.read())
    except OSError:
        return


def asking(address: str, number: int, answers: list[bytes]) -> list[threading.Thread]:
    """So many requests at once."""
    threads = [threading.Thread(target=ask, args=(address, answers)) for _ in range(number)]
    for each in threads:
        each.start()
    return threads


def test_thirty_requests_in_flight_are_answered_when_the_server_is_told_to_stop(slow: Child) -> None:
    address, answers = slow.address(), list[bytes]()
    threads = asking(address, 30, answers)
    time.sleep(0.3)  # eight are being worked on, the others wait
    assert len(answers) < 8
    slow.stop()
    for each in threads:
        each.join()
    assert len(answers) == 30
    assert slow.process.returncode == 0
    assert slow.said.endswith("ended\n")


def test_an_idle_server_stops_quickly_and_shuts_its_door(slow: Child) -> None:
    address = slow.address()
    with urlopen(f"{address}/quick", timeout=20) as answer:
        assert answer.read() == b"done"
    assert slow.stop() < 5
    with pytest.raises(OSError, match="refused"):
        urlopen(f"{address}/quick", timeout=2)


def test_a_second_signal_stops_at_once(slow: Child) -> None:
    address, answers = slow.address(), list[bytes]()
    threads = asking(address, 16, answers)
    time.sleep(0.2)
    slow.process.terminate()
    time.sleep(0.2)
    assert slow.stop() < 6
    for each in threads:
        each.join()
    assert len(answers) < 16
    assert "Traceback" not in slow.said


def test_a_hundred_half_sent_requests_keep_nobody_waiting(slow: Child) -> None:
    place = urlsplit(slow.address())
    halves = [socket.create_connection((place.hostname, place.port), timeout=5) for _ in range(100)]
    for each in halves:
        each.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    answers = []
    for _ in range(20):
        with urlopen(f"{slow.address()}/quick", timeout=5) as answer:
            answers.append(answer.read())
    for each in halves:
        each.close()
    assert answers == [b"done"] * 20


def test_a_port_in_use_is_said_in_one_line() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(DiandanError, match=f"127.0.0.1:{port}") as problem:
            listen("127.0.0.1", port)
        assert "\n" not in str(problem.value)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.1.1.1", "中" * 80])
def test_an_address_that_is_none_is_said_in_one_line(host: str) -> None:
    with pytest.raises(DiandanError):
        listen(host, 0)


def test_port_zero_takes_any_free_port() -> None:
    with listen("127.0.0.1", 0) as first, listen("127.0.0.1", 0) as second:
        assert first.getsockname()[1] != second.getsockname()[1] != 0
