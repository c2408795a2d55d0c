"""Load on a web server: by wrk where it is installed, else by a small generator of our own in a process beside us."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 16
_RATE = re.compile(r"Requests/sec:\s*([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses:\s*(\d+)")
_TROUBLE = re.compile(r"Socket errors: (.*)")


class LoadError(Exception):
    """The server did not answer as it should, so that its rate says nothing."""


@dataclass(frozen=True)
class Target:
    """What is asked again and again: with `bodies`, each request posts another one of them."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    bodies: Sequence[str] = ()


def generator() -> str:
    """Return which generator is used."""
    return "wrk" if shutil.which("wrk") else "bundled"


def rate(target: Target, seconds: float, folder: Path) -> float:
    """Return requests per second over 16 connections; raise LoadError when an answer was not 2xx."""
    return _wrk(target, seconds, folder) if generator() == "wrk" else _bundled(target, seconds, folder)


def _wrk(target: Target, seconds: float, folder: Path) -> float:
    script = folder / "load.lua"
    script.write_text(_lua(target), encoding="utf-8")
    length = f"{max(1, round(seconds))}s"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{length}", "--timeout", "20s", "-s", str(script), target.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    found = _RATE.search(done.stdout)
    bad, trouble = _BAD.search(done.stdout), _TROUBLE.search(done.stdout)
    if done.returncode or not found or bad or trouble:
        raise LoadError(f"{urlsplit(target.url).path}: {(bad or trouble or [done.stderr.strip()])[0]}")
    return float(found[1])


def _lua(target: Target) -> str:
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in target.headers.items()]
    if target.bodies:
        texts = ",\n".join(_long_string(body) for body in target.bodies)
        lines += [
            'wrk.method = "POST"',
            f"local bodies = {{\n{texts}\n}}",
            "local at = 0",
            "request = function()",
            "  at = at % #bodies + 1",
            "  return wrk.format(nil, nil, nil, bodies[at])",
            "end",
        ]
    return "\n".join(lines) + "\n"


def _long_string(body: str) -> str:
    return f"[==[{body}]==]"


def _bundled(target: Target, seconds: float, folder: Path) -> float:
    plan = folder / "load.json"
    what = {"url": target.url, "headers": dict(target.headers), "bodies": list(target.bodies), "seconds": seconds}
    plan.write_text(json.dumps(what), encoding="utf-8")
    # A process of its own: threads beside the caller's would share its interpreter.
    command = [sys.executable, "-m", "app.bench.load", str(plan)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise LoadError(f"{urlsplit(target.url).path}: {done.stderr.strip()[-300:]}")
    return float(done.stdout)


class Generator:
    """Keeps 16 connections busy and counts the answers."""

    def __init__(self, target: Target) -> None:
        self.target, self.numbers = target, count()
        self.answered = self.refused = 0
        self.lock = threading.Lock()

    def run(self, seconds: float) -> float:
        """Return answers per second."""
        until = time.perf_counter() + seconds
        began = time.perf_counter()
        threads = [threading.Thread(target=self._ask, args=(until,)) for _ in range(CONNECTIONS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        if self.refused:
            raise LoadError(f"{self.refused} answers were not 2xx")
        return self.answered / (time.perf_counter() - began)

    def _ask(self, until: float) -> None:
        place = urlsplit(self.target.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        good = bad = 0
        while time.perf_counter() < until:
            good, bad = (good + 1, bad) if self._once(connection, place.path) else (good, bad + 1)
        connection.close()
        with self.lock:
            self.answered, self.refused = self.answered + good, self.refused + bad

    def _once(self, connection: http.client.HTTPConnection, path: str) -> bool:
        bodies = self.target.bodies
        body = bodies[next(self.numbers) % len(bodies)].encode() if bodies else None
        connection.request("POST" if bodies else "GET", path, body, dict(self.target.headers))
        answer = connection.getresponse()
        answer.read()
        return 200 <= answer.status < 300


def main(plan: Path) -> None:
    """Run a plan written by `rate` and print the rate."""
    what: dict[str, Any] = json.loads(plan.read_text(encoding="utf-8"))
    seconds = what.pop("seconds")
    sys.stdout.write(f"{Generator(Target(**what)).run(seconds)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
