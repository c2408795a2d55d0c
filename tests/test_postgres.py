"""The tests' own PostgreSQL server leaves nothing behind, even when the tests are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.databases import PostgresServer
from tests.postgres import find_programs, running_server

ROOT = Path(__file__).parent.parent
SERVING = """
import sys, time
from tests.postgres import find_programs, running_server
with running_server(find_programs()) as address:
    print(address, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def needs_a_server(postgres: PostgresServer) -> None:
    """Skip as the others do where there is none."""
    if find_programs() is None:
        pytest.skip("a server is given, but no programs to start another one")


def answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def gone_soon(address: str) -> bool:
    return any(not answers(address) or time.sleep(0.1) for _ in range(100))


def test_server_ends_with_its_block(needs_a_server: None) -> None:
    programs = find_programs()
    assert programs is not None
    with pytest.raises(RuntimeError), running_server(programs) as address:
        assert answers(address)
        raise RuntimeError("a test failed")
    assert not answers(address)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_server_ends_when_the_tests_are_killed(needs_a_server: None, how: signal.Signals) -> None:
    words = [sys.executable, "-c", SERVING]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as tests:
        assert tests.stdout is not None
        address = tests.stdout.readline().strip()
        assert answers(address)
        tests.send_signal(how)
    assert gone_soon(address)
