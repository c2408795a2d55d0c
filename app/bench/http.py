"""`diandan bench http`: the demo's site and a Flask hello-world on the same server, asked in turns."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlmodel import col

from app import apikeys
from app.bench.load import CONNECTIONS, Target, generator, rate
from app.db import Database
from app.demo import town
from app.demo.people import Phones, Town
from app.demo.quarrels import a_village, quarrels
from app.models import Account
from app.scope import Role
from app.settings import Settings, load
from talent_pool import regions

TEXTS = 4_000  # no text comes twice within a round on a machine of today
ROUNDS = 3
START = 120  # seconds at most
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_LINK = re.compile(r"http://127\.0\.0\.1:\d+/o/[\w\-]+")
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def measure(seconds: float) -> dict[str, Any]:
    """Return the figures: medians of three rounds in which the three targets take turns.

    `*_cpu_ms` is the processor time that the server and its reader spend on one answer: on a machine with other work
    it tells more than the rate, which then suffers the more the longer an answer takes.
    """
    with tempfile.TemporaryDirectory(prefix="diandan-bench-") as name:
        folder = Path(name)
        with _site(folder / "var") as site, _hello() as hello:
            runs = {
                "hello": Run(Target(f"{_address(hello)}/"), (hello.pid,)),
                "suggestion": Run(_suggestion(site, folder / "var"), site.pids()),
                "party_page": Run(site.party_page(), site.pids()),
            }
            for run in runs.values():
                run.once(min(seconds, 1), folder)  # warm: caches, indexes, connections
            rounds = [{key: run.once(seconds, folder) for key, run in runs.items()} for _ in range(ROUNDS)]
            wire = site.bytes_of(runs["party_page"].target)
            used = site.rss()
            memory = {"rss_mib": used[0] if used else None, "reader_rss_mib": round(sum(used[1:]), 1)}
            return _figures(rounds) | {"party_page_bytes": wire, **memory, "ready_seconds": site.ready}


class Figures(NamedTuple):
    """What one round of one target gave."""

    rps: float
    cpu_ms: float | None


@dataclass(frozen=True)
class Run:
    """A target and the processes that answer it."""

    target: Target
    pids: tuple[int, ...]

    def once(self, seconds: float, folder: Path) -> Figures:
        """Load it for some seconds."""
        before, began = _cpu(self.pids), time.perf_counter()
        rps = rate(self.target, seconds, folder)
        took, after = time.perf_counter() - began, _cpu(self.pids)
        if before is None or after is None:
            return Figures(rps, None)
        return Figures(rps, 1000 * (after - before) / (rps * took))


def _figures(rounds: list[dict[str, Figures]]) -> dict[str, Any]:
    found: dict[str, Any] = {"generator": generator(), "connections": CONNECTIONS, "rounds": len(rounds)}
    for key in rounds[0]:
        found[f"{key}_rps"] = round(median(each[key].rps for each in rounds), 1)
        spent = [each[key].cpu_ms for each in rounds]
        found[f"{key}_cpu_ms"] = None if None in spent else round(median(ms for ms in spent if ms is not None), 3)
    for key in ("suggestion", "party_page"):
        found[f"{key}_of_hello"] = round(median(each[key].rps / each["hello"].rps for each in rounds), 3)
    return found


def _cpu(pids: tuple[int, ...]) -> float | None:
    """Return the processor seconds that processes have used, where the system tells."""
    spent = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


class Site:
    """The demo's site in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], began: float) -> None:
        self.process = process
        self.address, self.party_link = _read_start(process)
        _get(f"{self.address}/")
        self.ready = round(time.perf_counter() - began, 2)

    def pids(self) -> tuple[int, ...]:
        """Return the web process and those that it has started, where the system tells."""
        own = self.process.pid
        with suppress(OSError):
            children = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split()
            return own, *map(int, children)
        return (own,)

    def rss(self) -> list[float]:
        """Return the memory of the web process, and of each that it has started, in MiB; nothing on other systems."""
        found = []
        with suppress(OSError):
            for pid in self.pids():
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
                found.append(round(int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024, 1))
        return found

    def party_page(self) -> Target:
        """Return the party's page in a session opened by the link."""
        page, headers = _get(self.party_link)
        cookie = headers["Set-Cookie"].partition(";")[0]
        form = f"csrf_token={_TOKEN.findall(page.decode())[0]}"
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        _, headers = _ask("POST", self.party_link, form, kind)
        return Target(f"{self.address}/order", {"Cookie": headers["Set-Cookie"].partition(";")[0]})

    def bytes_of(self, target: Target) -> int:
        """Return what a first visit of a page takes over the wire: the page and its own files, headers included."""
        page, headers = _get(target.url, dict(target.headers))
        total = _size(page, headers)
        for path in sorted(set(_ASSET.findall(page.decode()))):
            total += _size(*_get(f"{self.address}{path}"))
        return total


@contextmanager
def _site(data_dir: Path) -> Iterator[Site]:
    began = time.perf_counter()
    command = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "demo",
        "--port",
        "0",
        "--data-dir",
        str(data_dir),
    ]
    with _child(command) as process:
        yield Site(process, began)


@contextmanager
def _hello() -> Iterator[subprocess.Popen[str]]:
    threads = str(Settings.model_fields["threads"].default)
    with _child([sys.executable, "-m", "app.bench.hello", threads]) as process:
        yield process


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    # The default server is measured, whatever is set around us.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DIANDAN_")}
    plain["PYTHONIOENCODING"] = "utf-8"
    process = subprocess.Popen(command, env=plain, stdout=subprocess.PIPE, text=True, encoding="utf-8")  # noqa: S603
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def _read_start(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what the demo prints up to the party's link; raise RuntimeError when it ends before."""
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if found := _LINK.search(line):
            return address, found[0]
        address = address or (_ADDRESS.search(line) or [""])[0]
    raise RuntimeError("the demo did not start")


def _suggestion(site: Site, data_dir: Path) -> Target:
    key = _api_key(data_dir)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return Target(f"{site.address}/api/v1/suggestions", headers, texts())


def texts(count: int = TEXTS) -> list[str]:
    """Return bodies for the API, each with another text: the demo's quarrels told of ever other people."""
    rng = Random(7)  # noqa: S311 - the same bodies in every run
    who, told = Town(rng, Phones(rng)), quarrels()
    bodies = []
    for number in range(count):
        quarrel = rng.choice(told)
        place = a_village(rng, rng.choice(regions.children(town.county())))
        text = quarrel.tell(quarrel.text, quarrel.cast(who, place, 2026, set())) + f"第{number}件。"
        bodies.append(json.dumps({"region": str(place), "text": text, "n": 6}))
    return bodies


def _api_key(data_dir: Path) -> str:
    database = Database(load(data_dir=data_dir, demo=True, database_url=""))
    try:
        with database.write() as session:
            officer = select(Account).where(col(Account.role) == Role.OFFICER, col(Account.area) == town.main_town())
            owner = session.execute(officer.limit(1)).scalar_one()
            return apikeys.create(session, owner, "bench", datetime.now(UTC))
    finally:
        database.close()


def _get(url: str, headers: dict[str, str] | None = None) -> tuple[bytes, http.client.HTTPMessage]:
    return _ask("GET", url, None, headers or {})


def _ask(method: str, url: str, body: str | None, headers: dict[str, str]) -> tuple[bytes, http.client.HTTPMessage]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        connection.request(method, place.path, body, headers)
        answer = connection.getresponse()
        return answer.read(), answer.headers
    finally:
        connection.close()


def _size(body: bytes, headers: http.client.HTTPMessage) -> int:
    return len(body) + sum(len(name) + len(value) + 4 for name, value in headers.items())
