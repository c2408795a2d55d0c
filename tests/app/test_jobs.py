"""The tick and what makes it tick: parts that fail alone, workers side by side, a clock that errors cannot stop."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from app import jobs, reminders
from app.channels import ChannelError, Message
from app.db import Database
from app.jobs import HEARTBEAT, Clock, TickError, tick
from app.models import DueRun, Heartbeat, InboxMessage, Outbox, SendState
from app.notices import Pace, enqueue
from tests.app.clockwork import LONG_AGO, MONDAY, Gateway, an_officer, count, mail_server, outbox
from tests.builders import a_case, a_head, a_station

ROOT = Path(__file__).parents[2]
NOTHING = {"ran": [], "queued": 0, "sent": 0, "failed": 0}


def a_busy_house(database: Database, stations: int = 2) -> int:
    """Make stations of two officers and a head (who has no mail); return how many messages a Monday has."""
    with database.write() as session:
        for _ in range(stations):
            station = a_station(session)
            officers = [an_officer(session, station) for _ in range(2)]
            a_head(session, station, enabled_at=LONG_AGO)
            a_case(session, officer=officers[0], opened_at=MONDAY - timedelta(days=20))
    return stations * 5


def heartbeat(database: Database) -> Heartbeat | None:
    with database.read() as session:
        return session.execute(select(Heartbeat)).scalar_one_or_none()


# --- one tick


def test_a_monday_is_queued_delivered_and_noted(db: Database) -> None:
    messages = a_busy_house(db)
    with mail_server() as (server, settings):
        done = tick(db, settings.model_copy(update={"base_url": "https://diandan.example"}), MONDAY)
        assert done == {"ran": ["weekly_digest"], "queued": messages, "sent": messages, "failed": 0}
        assert len(server.mails) == 4
        assert "https://diandan.example" in server.mails[0].get_content()
    assert count(db, InboxMessage) == 6
    assert {row.state for row in outbox(db)} == {SendState.SENT}
    beat = heartbeat(db)
    assert beat is not None
    assert (beat.name, beat.at, beat.data) == (HEARTBEAT, MONDAY, {**done, "unsent": {}})


def test_a_second_tick_does_nothing_but_beat(db: Database) -> None:
    a_busy_house(db)
    tick(db, db.settings, MONDAY, channels={"inbox": Gateway("inbox"), "smtp": Gateway()})
    later = MONDAY + timedelta(minutes=1)
    assert tick(db, db.settings, later) == NOTHING
    beat = heartbeat(db)
    assert beat is not None
    assert beat.at == later


def test_without_a_mail_server_the_page_has_its_message_and_the_mail_waits(db: Database) -> None:
    messages = a_busy_house(db)
    assert tick(db, db.settings, MONDAY) == {"ran": ["weekly_digest"], "queued": messages, "sent": 6, "failed": 0}
    assert [row.error for row in outbox(db) if row.state is SendState.WAITING] == ["未设置邮件服务器"] * 4


def test_what_waits_for_an_hour_is_raised_with_each_beat(db: Database) -> None:
    a_busy_house(db)
    tick(db, db.settings, MONDAY)
    with capture_logs() as logs:
        tick(db, db.settings, MONDAY + timedelta(minutes=59))
        tick(db, db.settings, MONDAY + timedelta(minutes=61))
    assert logs == [{"event": "messages_unsent_for_an_hour", "log_level": "warning", "smtp": 4}]
    beat = heartbeat(db)
    assert beat is not None
    assert beat.data["unsent"] == {"smtp": 4}


def test_last_weeks_mail_is_not_sent_beside_this_weeks(db: Database) -> None:
    a_busy_house(db)
    tick(db, db.settings, MONDAY)
    tick(db, db.settings, MONDAY + timedelta(days=7))
    with mail_server() as (server, settings):
        assert tick(db, settings, MONDAY + timedelta(days=8))["sent"] == 4
        assert len(server.mails) == 4


# --- parts that fail


def broken_for(station_id: int) -> Callable[..., Any]:
    """Return a `queue_station` that fails for one station, with a name in its words."""
    whole = reminders.queue_station

    def queue(session: Any, each: int, now: datetime, **given: Any) -> Any:
        if each == station_id:
            raise RuntimeError("童大山 13800000000")
        return whole(session, each, now, **given)

    return queue


def test_one_stations_trouble_keeps_neither_the_others_nor_the_sending(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_busy_house(db)
    with db.read() as session:
        first, _ = reminders.due_stations(session, MONDAY)
    monkeypatch.setattr(reminders, "queue_station", broken_for(first))
    with capture_logs() as logs, pytest.raises(TickError) as half:
        tick(db, db.settings, MONDAY)
    assert half.value.parts == [f"digest station:{first}"]
    assert half.value.done == {"ran": ["weekly_digest"], "queued": 5, "sent": 3, "failed": 0}
    assert heartbeat(db) is not None
    (entry,) = logs
    assert (entry["error"], entry["at"].split(":")[0]) == ("RuntimeError", "jobs.py")
    assert "童大山" not in str(logs)
    monkeypatch.undo()
    assert tick(db, db.settings, MONDAY)["queued"] == 5


def test_a_database_that_is_gone_is_named_without_the_rows_it_was_asked_for(sqlite_db: Database) -> None:
    a_busy_house(sqlite_db)
    with sqlite_db.write() as session:
        enqueue(
            session, dedupe="a", channel="smtp", recipient="tong@home.example", subject="童大山", body="x", now=MONDAY
        )
        session.execute(text("DROP TABLE due_run"))
    with capture_logs() as logs, pytest.raises(TickError):
        tick(sqlite_db, sqlite_db.settings, MONDAY)
    assert [(entry["part"], entry["error"]) for entry in logs] == [
        ("due", "OperationalError"),
        ("pool", "OperationalError"),
    ]
    assert "SELECT" not in str(logs)
    assert "tong@" not in str(logs)


def test_a_failed_try_is_counted_and_tried_again_by_a_later_tick(db: Database) -> None:
    a_busy_house(db, stations=1)
    page, mail = Gateway("inbox"), Gateway("smtp", [ChannelError("邮件服务器拒收", "451"), None])
    ways: dict[str, Any] = {"inbox": page, "smtp": mail}
    assert tick(db, db.settings, MONDAY, channels=ways) == {
        "ran": ["weekly_digest"],
        "queued": 5,
        "sent": 4,
        "failed": 1,
    }
    assert tick(db, db.settings, MONDAY + timedelta(minutes=2), channels=ways)["sent"] == 1
    assert len({message.key for message in (*page.took, *mail.took)}) == 5


# --- side by side


def test_workers_side_by_side_queue_and_send_everything_once(db: Database) -> None:
    messages = a_busy_house(db, stations=4)
    ways: dict[str, Any] = {"inbox": Gateway("inbox"), "smtp": Gateway()}
    start, done = threading.Barrier(3), list[dict[str, Any]]()

    def work() -> None:
        start.wait()
        done.append(tick(db, db.settings, MONDAY, channels=ways))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each["queued"] for each in done) == sum(each["sent"] for each in done) == messages
    took = Counter(message.key for way in ways.values() for message in way.took)
    assert (len(took), set(took.values())) == (messages, {1})
    assert count(db, DueRun) == 12


def worker(database: Database, *arguments: str) -> subprocess.Popen[str]:
    """Start `diandan worker` as a process of its own."""
    call = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "worker",
        "--data-dir",
        str(database.settings.data_dir),
    ]
    url = {"DIANDAN_DATABASE_URL": database.settings.database_url} if database.settings.database_url else {}
    return subprocess.Popen(
        [*call, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_side_by_side_queue_and_send_everything_once(db: Database) -> None:
    messages = a_busy_house(db, stations=3)
    running = [worker(db, "--once", "--now", "2026-11-30T08:30:00+08:00") for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in running]
    assert [(process.returncode, errors) for process, (_, errors) in zip(running, answers, strict=True)] == [
        (0, "")
    ] * 2
    done = [json.loads(said) for said, _ in answers]
    assert sum(each["queued"] for each in done) == messages
    assert sum(each["sent"] for each in done) == count(db, InboxMessage) == 9
    assert count(db, Outbox) == messages


# --- the clock


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    over = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < over, "it did not happen in time"
        time.sleep(0.02)


def test_the_clock_ticks_at_once_and_again_until_it_is_stopped(sqlite_db: Database) -> None:
    clock = Clock(sqlite_db, sqlite_db.settings, interval=timedelta(seconds=0.1))
    clock.start()
    try:
        wait_until(lambda: heartbeat(sqlite_db) is not None)
        first = heartbeat(sqlite_db)
        wait_until(lambda: heartbeat(sqlite_db).at > first.at)  # type: ignore[union-attr]
    finally:
        clock.stop()
    last = heartbeat(sqlite_db)
    time.sleep(0.3)
    again = heartbeat(sqlite_db)
    assert last is not None
    assert again is not None
    assert again.at == last.at


def test_errors_do_not_stop_the_clock(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[datetime] = []

    def failing(database: Database, settings: Any, now: datetime, **given: Any) -> dict[str, Any]:
        ticks.append(now)
        if len(ticks) == 1:
            raise RuntimeError("童大山")
        if len(ticks) == 2:
            raise TickError(["deliver"], NOTHING)
        return NOTHING

    monkeypatch.setattr(jobs, "tick", failing)
    with capture_logs() as logs:
        clock = Clock(sqlite_db, sqlite_db.settings, interval=timedelta(seconds=0.05))
        clock.start()
        try:
            wait_until(lambda: len(ticks) >= 4)
        finally:
            clock.stop()
    assert [(entry["event"], entry["error"]) for entry in logs] == [("tick_failed", "RuntimeError")]


def test_a_slow_tick_is_not_joined_by_another(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most, ticks = 0, 0, 0

    def slow(*_: Any, **__: Any) -> dict[str, Any]:
        nonlocal at_once, most, ticks
        at_once, ticks = at_once + 1, ticks + 1
        most = max(most, at_once)
        time.sleep(0.2)
        at_once -= 1
        return NOTHING

    monkeypatch.setattr(jobs, "tick", slow)
    monkeypatch.setattr(logging.getLogger("apscheduler.scheduler"), "disabled", True)
    clock = Clock(sqlite_db, sqlite_db.settings, interval=timedelta(seconds=0.05))
    clock.start()
    wait_until(lambda: ticks >= 3)
    clock.stop()
    assert (most, at_once) == (1, 0)


def test_stopping_lets_the_message_at_hand_finish_and_leaves_the_rest(sqlite_db: Database) -> None:
    class Stops(Gateway):
        def send(self, message: Message) -> None:
            clock.stopping.set()
            super().send(message)

    a_busy_house(sqlite_db, stations=1)
    clock = Clock(sqlite_db, sqlite_db.settings)
    way = Stops("inbox")
    done = tick(sqlite_db, sqlite_db.settings, MONDAY, channels={"inbox": way}, pace=clock.pace)
    assert (done["queued"], done["sent"], len(way.took)) == (5, 1, 1)
    assert tick(sqlite_db, sqlite_db.settings, MONDAY, channels={"inbox": way}, pace=Pace())["sent"] == 2
    later = MONDAY + timedelta(days=7)
    assert tick(sqlite_db, sqlite_db.settings, later, channels={"inbox": way}, pace=clock.pace)["queued"] == 0


def short(database: Database, key: str) -> None:
    with database.write() as session:
        enqueue(
            session, dedupe=key, channel="sms", recipient="19900001234", subject="封存码", body="123456",
            now=datetime.now(UTC),
        )  # fmt: skip


def test_between_two_ticks_short_messages_alone_get_out(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "HURRY", timedelta(seconds=0.05))
    settings = sqlite_db.settings.model_copy(update={"demo": True})
    clock = Clock(sqlite_db, settings, interval=timedelta(hours=1))
    clock.start()
    try:
        wait_until(lambda: heartbeat(sqlite_db) is not None)
        short(sqlite_db, "one")
        with sqlite_db.write() as session:
            enqueue(session, dedupe="two", channel="inbox", recipient="1", subject="x", body="y", now=datetime.now(UTC))
        wait_until(lambda: {row.dedupe: row.state for row in outbox(sqlite_db)}["one"] is SendState.SENT)
        assert {row.dedupe: row.state for row in outbox(sqlite_db)}["two"] is SendState.WAITING
    finally:
        clock.stop()


def test_without_a_gateway_short_messages_wait_untouched(sqlite_db: Database) -> None:
    short(sqlite_db, "one")
    before = [row.model_dump() for row in outbox(sqlite_db)]
    assert jobs.hurry(sqlite_db, sqlite_db.settings, datetime.now(UTC) + timedelta(minutes=1)) == 0
    assert [row.model_dump() for row in outbox(sqlite_db)] == before


def test_a_wall_clock_that_is_set_back_does_not_put_the_next_tick_off(sqlite_db: Database) -> None:
    clock = Clock(sqlite_db, sqlite_db.settings, interval=timedelta(hours=1))
    clock.start()
    try:
        wait_until(lambda: heartbeat(sqlite_db) is not None)
        now = datetime.now(UTC)
        clock.heed_the_wall(now)
        assert clock.job.next_run_time > now + timedelta(minutes=50)  # nothing is wrong: left alone
        clock.heed_the_wall(now - timedelta(days=1))
        wait_until(lambda: clock.job.next_run_time < now + timedelta(minutes=50) or heartbeat(sqlite_db).at > now)  # type: ignore[union-attr]
    finally:
        clock.stop()


def test_the_worker_ends_cleanly_on_sigterm(sqlite_db: Database) -> None:
    a_busy_house(sqlite_db, stations=1)
    process = worker(sqlite_db)
    try:
        wait_until(lambda: heartbeat(sqlite_db) is not None or process.poll() is not None, seconds=60)
    finally:
        process.terminate()
        said, errors = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in said + errors) == (0, False)
    assert {row.channel for row in outbox(sqlite_db) if row.state is SendState.SENT} == {"inbox"}


def test_a_station_with_a_group_of_its_own_has_its_list_there_too_once_and_without_anybodys_own(db: Database) -> None:
    usual = a_busy_house(db)
    robots = {"wecom_robots": {"station:1": "key", "*": "for all"}, "feishu_robots": {"station:1": "token:secret"}}
    settings = db.settings.model_copy(update=robots)
    assert tick(db, settings, MONDAY, channels={})["queued"] == usual + 2
    assert tick(db, settings, MONDAY, channels={})["queued"] == 0
    told = [row for row in outbox(db) if row.channel in ("wecom", "feishu")]
    assert [(row.channel, row.recipient) for row in told] == [("wecom", "station:1"), ("feishu", "station:1")]
    assert "未结案件1件" in told[0].subject
    assert "您" not in told[0].body and "16到30天(1件)" in told[0].body
