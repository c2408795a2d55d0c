"""A PostgreSQL server of the tests' own: started once per process in a temporary folder, gone at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LACKS = "PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)"
# The tests ask what PostgreSQL does, not whether this machine's disk keeps it.
KEEPING = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
# A circle of waiting is looked for after a second: the tests that make one need not wait that long.
QUICK = (*KEEPING, "max_connections=200", "shared_buffers=64MB", "deadlock_timeout=100ms")


def find_programs() -> Path | None:
    """Return the folder with initdb and pg_ctl, Debian's newest version first; None when there is none."""
    on_path = shutil.which("initdb")
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    return next((path.parent for path in (*debian, *([Path(on_path)] if on_path else []))), None)


def as_server_user() -> list[str]:
    """Return what stands before a command: the server refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """Start a server and yield the address of its database `postgres`; stop it and remove its folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="diandan-pg-"))
    keeper = _keeper(programs, folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        settings = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        _run(programs / "initdb", "-D", folder / "data", *settings)
        yield _start(programs, folder)
    finally:
        keeper.communicate()


# Waits for the end of its input: that comes when we close it, and also when we are killed. Then it cleans up.
KEEPER = 'read -r _; "$@" -m immediate -w stop >/dev/null 2>&1; rm -rf "$FOLDER"'


def _keeper(programs: Path, folder: Path) -> subprocess.Popen[bytes]:
    stop = [*as_server_user(), str(programs / "pg_ctl"), "-D", str(folder / "data")]
    # A session of its own, so that Ctrl-C in the terminal does not end it before its work is done.
    return subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", *stop],
        cwd="/",
        env=os.environ | {"FOLDER": str(folder)},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def _start(programs: Path, folder: Path, tries: int = 5) -> str:
    # Between our look and the server's start another process may take the port: then try the next one.
    port = free_port()
    options = " ".join((f"-p {port}", "-h 127.0.0.1", f"-k {folder}", *(f"-c {setting}" for setting in QUICK)))
    try:
        _run(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "-t", "30", "start")
    except RuntimeError:
        if tries == 1:
            raise
        return _start(programs, folder, tries - 1)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def _run(program: Path, *arguments: object) -> None:
    command = [*as_server_user(), str(program), *(str(argument) for argument in arguments)]
    # To a file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+") as words:
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=words, stderr=words)
        words.seek(0)
        if done.returncode:
            raise RuntimeError(f"{program.name} failed:\n{words.read()}")
