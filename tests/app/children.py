"""Commands and servers of the tests in processes of their own, on 127.0.0.1, ended when the test is."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


def command(*words: str) -> list[str]:
    """`diandan` with these words."""
    return [sys.executable, "-c", "from app.cli import main; main()", *words]


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: nothing of ours is set in it but `more`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DIANDAN_")}
    return plain | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"} | more


def diandan(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*words), env=environment(**more), capture_output=True, encoding="utf-8", timeout=120, check=False
    )


class Child:
    """A server in a process of its own; everything that it prints goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process, self.output = process, output

    @property
    def said(self) -> str:
        """What it has printed up to now."""
        return self.output.read_text(encoding="utf-8")

    def address(self, words: str = "") -> str:
        """The first address that it prints, once it has said `words`."""
        until = time.monotonic() + 90
        while time.monotonic() < until and self.process.poll() is None:
            if (found := ADDRESS.search(self.said)) and words in self.said:
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no address:\n{self.said}")

    def stop(self, name: signal.Signals = signal.SIGTERM, within: float = 30) -> float:
        """Ask it to stop; return how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(name)
        self.process.wait(timeout=within)
        return time.monotonic() - began


@contextmanager
def child(arguments: list[str], folder: Path, **more: str) -> Iterator[Child]:
    """Start a server; kill it at the end if it still runs."""
    output = folder / f"child-{time.monotonic_ns()}.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(arguments, env=environment(**more), stdout=file, stderr=subprocess.STDOUT)
        try:
            yield Child(process, output)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=30)
