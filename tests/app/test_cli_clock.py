"""`diandan worker --once`: one JSON line, and one clear line when the words are wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from structlog.testing import capture_logs

from app.cli import clock as command
from app.cli import main
from app.cli.clock import parse_moment, worker
from app.db import Database
from app.errors import DiandanError
from app.models import Outbox
from tests.app.clockwork import MONDAY, an_officer, count, shanghai
from tests.builders import a_station


def run(database: Database, *arguments: str) -> Result:
    return CliRunner().invoke(worker, ["--data-dir", str(database.settings.data_dir), *arguments])


def an_officer_waits(database: Database, **given: Any) -> None:
    with database.write() as session:
        an_officer(session, a_station(session), **given)


def test_once_does_what_is_due_at_the_moment_given_and_says_so_in_one_line(sqlite_db: Database) -> None:
    an_officer_waits(sqlite_db)
    before = run(sqlite_db, "--once", "--now", "2026-11-30T08:30:00+08:00")
    again = run(sqlite_db, "--once", "--now", "2026-11-30T00:31:00Z")
    assert (before.exit_code, before.stderr, before.stdout.count("\n")) == (0, "", 1)
    assert json.loads(before.stdout) == {"ran": ["weekly_digest"], "queued": 2, "sent": 1, "failed": 0}
    assert json.loads(again.stdout) == {"ran": [], "queued": 0, "sent": 0, "failed": 0}


def test_a_dry_run_says_who_would_get_what_and_writes_nothing(sqlite_db: Database) -> None:
    an_officer_waits(sqlite_db)
    found = json.loads(run(sqlite_db, "--once", "--dry-run", "--now", "2026-11-30 08:30").stdout)
    assert [(each["channel"], each["to"]) for each in found["would"]] == [("inbox", "陆民警"), ("smtp", "陆民警")]
    assert found["queued"] == 2 and "没有未结案件" in found["would"][0]["subject"]
    assert count(sqlite_db, Outbox) == 0


def test_without_a_moment_it_is_now(sqlite_db: Database) -> None:
    an_officer_waits(sqlite_db, enabled_at=datetime.now(UTC))
    assert json.loads(run(sqlite_db, "--once").stdout)["queued"] == 0
    an_officer_waits(sqlite_db)
    assert json.loads(run(sqlite_db, "--once").stdout)["queued"] == 2


@pytest.mark.parametrize(
    "said",
    ["2026-11-30T08:30:00+08:00", "2026-11-30 08:30", "2026-11-30T00:30Z", " 20261130T083000 ", "2026-W49-1T08:30"],
)
def test_a_moment_may_be_written_in_many_ways_and_without_a_zone_it_is_shanghais(said: str) -> None:
    assert parse_moment(said) == MONDAY


def test_a_bare_date_is_its_midnight_in_shanghai() -> None:
    assert parse_moment("2026-11-30") == shanghai("2026-11-30 00:00:00")


@pytest.mark.parametrize("said", ["", "monday", "30.11.2026", "2026-13-01", "0001-01-01T00:00:00+14:00", "２０２６"])
def test_a_moment_that_is_none_is_refused(sqlite_db: Database, said: str) -> None:
    an_officer_waits(sqlite_db)
    result = run(sqlite_db, "--once", "--now", said)
    assert isinstance(result.exception, DiandanError)
    assert (str(result.exception), result.stdout) == (f"时间写得不对:{said}", "")
    assert count(sqlite_db, Outbox) == 0


@pytest.mark.parametrize("arguments", [["--once", "--now", "monday"], ["--now", "2026-11-30"], ["--dry-run"]])
def test_wrong_words_end_with_status_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["diandan", "worker", "--data-dir", str(tmp_path), *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)


def test_a_tick_that_half_failed_still_says_what_it_did_and_ends_with_status_1(sqlite_db: Database) -> None:
    an_officer_waits(sqlite_db)
    with sqlite_db.write() as session:
        session.execute(text("DROP TABLE heartbeat"))
    with capture_logs() as logs:
        result = run(sqlite_db, "--once", "--now", "2026-11-30T08:30:00+08:00")
    assert (result.exit_code, result.stderr) == (1, "diandan: beat\n")
    assert json.loads(result.stdout)["queued"] == 2
    assert [entry["part"] for entry in logs] == ["beat"]


def test_the_command_is_found_under_its_name() -> None:
    assert [each.name for each in command.commands] == ["worker"]
