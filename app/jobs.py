"""The clock: a tick each minute, in which what is due is queued and what is queued is sent.

APScheduler only ticks. What is due, and what has been done, is in the database, so that any number of clocks may tick
beside each other, and one that slept over a Monday makes up for it.
"""

import os
import secrets
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import update
from sqlmodel import col

from app import case_clock, holidays, learning, notices, order_clock, pool_care, pool_import, reminders
from app.channels import Channel, groups, open_channels
from app.claims import take
from app.db import Database
from app.models import Dispute, Heartbeat
from app.settings import Settings
from app.workdays import shanghai
from talent_pool.index import RosterIndex

HEARTBEAT = "clock"
INTERVAL = timedelta(minutes=1)
HURRY = timedelta(seconds=5)  # somebody stands at the page and waits for a short message
LIMIT = 10_000  # messages of one channel in one tick
CASES = 5_000  # looked at in one tick; what is left is looked at in the next
SECONDS = 40.0  # for each channel in one tick of the running clock
RAISED_AFTER = timedelta(hours=1)  # what waits longer than this is somebody's business

log = structlog.get_logger()
Result = TypeVar("Result")


class TickError(Exception):
    """Parts of a tick did not run; `done` says what the others did. Each part's error was logged."""

    def __init__(self, parts: list[str], done: dict[str, Any]) -> None:
        super().__init__(", ".join(parts))
        self.parts, self.done = parts, done


def tick(
    database: Database,
    settings: Settings,
    now: datetime,
    *,
    channels: Mapping[str, Channel] | None = None,
    pace: notices.Pace | None = None,
    learning_too: bool = True,
) -> dict[str, Any]:
    """Do what is due at `now`; return {"ran": names, "queued": messages, "sent": messages, "failed": tries}.

    `learning_too`: also the night's learning, which takes minutes; the running clock does it beside its ticks.
    Raises TickError at the end when a part failed: one station's trouble keeps neither the others nor the sending.
    """
    parts, pace = _Parts(), pace or notices.Pace()
    parts.do("calendar", lambda: _follow_the_calendar(database))
    ran = [*_take_on_orders(database, now, parts, pace), *_queue_all(database, settings, now, parts, pace)]
    ran += _look_at_cases(database, settings, now, parts, pace)
    terms = parts.do("pool", lambda: _mind_pool(database, now, settings.base_url)) or 0
    owner = _owner()
    ways = open_channels(database, settings) if channels is None else channels
    sent = parts.do("deliver", lambda: notices.deliver(database, ways, now, owner, LIMIT, pace)) or notices.Delivered()
    queued = sum(each.queued for each in ran) + terms
    done = {"ran": sorted({each.name for each in ran}), "queued": queued, "sent": sent.sent, "failed": sent.failed}
    parts.do("beat", lambda: _beat(database, now, done))
    if learning_too:
        parts.do("learn", lambda: _learn(database, settings, now, pace))
    if parts.failed:
        raise TickError(parts.failed, done)
    return done


def _follow_the_calendar(database: Database) -> None:
    """Count by the holidays that somebody has set."""
    with database.read() as session:
        holidays.refresh(session)


def hurry(database: Database, settings: Settings, now: datetime, pace: notices.Pace | None = None) -> int:
    """Send the short messages that are due: a villager waits at the page for the code. Return how many got out."""
    if not (settings.demo or settings.sms_gateway):
        return 0
    channel = open_channels(database, settings)["sms"]
    return notices.hurry(database, channel, now, _owner(), LIMIT, pace)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"[:80]


class _Parts:
    """Runs the parts of a tick and keeps the names of those that failed."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def do(self, name: str, work: Callable[[], Result]) -> Result | None:
        try:
            return work()
        except Exception as problem:
            self.failed.append(name)
            # Never the error's own words: a database repeats the row in them, with whoever stands in it.
            log.error("tick_part_failed", part=name, error=type(problem).__name__, at=_where(problem))
            return None


def _where(problem: BaseException) -> str:
    """Return the last place in our own code, as in reminders.py:77."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if Path(__file__).parent in Path(frame.filename).parents]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}"


def _queue_all(
    database: Database, settings: Settings, now: datetime, parts: _Parts, pace: notices.Pace
) -> list[reminders.Ran]:
    """Queue each station in a transaction of its own: a province in one would keep every page waiting to write."""

    def due() -> list[tuple[str, int]]:
        with database.read() as session:
            stations = [("station", each) for each in reminders.due_stations(session, now)]
            return stations + [("account", each) for each in reminders.due_areas(session, now)]

    def queue(kind: str, key: int) -> reminders.Ran | None:
        if pace.stopped():
            return None
        with database.write() as session:
            if kind != "station":
                return reminders.queue_area(session, key, now, link=settings.base_url)
            ran = reminders.queue_station(session, key, now, link=settings.base_url)
            if ran is None:
                return None
            chats = groups(settings, f"station:{key}")
            told = reminders.queue_groups(session, key, now, chats, link=settings.base_url)
            return replace(ran, queued=ran.queued + told)

    ran = [parts.do(f"digest {kind}:{key}", partial(queue, kind, key)) for kind, key in parts.do("due", due) or []]
    return [each for each in ran if each is not None]


def _take_on_orders(database: Database, now: datetime, parts: _Parts, pace: notices.Pace) -> list[reminders.Ran]:
    """Take on each order whose time is up in a transaction of its own, then remind the sides that are silent."""

    def due() -> list[int]:
        with database.read() as session:
            return order_clock.due(session, now)

    def take_on(dispute_id: int) -> bool:
        with database.write() as session:
            dispute = session.get_one(Dispute, dispute_id)
            order_clock.take_on(session, dispute, partial(RosterIndex.load, session), now)
            return True

    def remind() -> int:
        with database.write() as session:
            return order_clock.remind(session, now)

    def silent() -> bool:
        with database.read() as session:
            return order_clock.somebody_is_silent(session, now)

    found = [each for each in parts.do("orders due", due) or [] if not pace.stopped()]
    done = [each for each in found if parts.do(f"order {each}", partial(take_on, each))]
    queued = parts.do("remind", remind) if parts.do("silent", silent) else 0
    period = now.date().isoformat()
    ran = [reminders.Ran("orders", period, f"dispute:{each}", 0, late=False) for each in done]
    return ran + ([reminders.Ran("silent_sides", period, "", queued, late=False)] if queued else [])


def _look_at_cases(
    database: Database, settings: Settings, now: datetime, parts: _Parts, pace: notices.Pace
) -> list[reminders.Ran]:
    """Look at each case that has changed or whose next step is due, in a transaction of its own."""

    def waking() -> list[int]:
        with database.read() as session:
            return case_clock.waking(session, now, CASES)

    def look(dispute_id: int) -> int:
        with database.write() as session:
            return case_clock.look(session, dispute_id, now, settings.base_url)

    begun = pace.timer()
    queued = 0
    for each in parts.do("cases due", waking) or []:
        if pace.stopped() or (pace.seconds is not None and pace.timer() - begun >= pace.seconds):
            break
        queued += parts.do(f"case {each}", partial(look, each)) or 0
    period = shanghai(now).date().isoformat()
    return [reminders.Ran("case_clocks", period, "", queued, late=False)] if queued else []


def _mind_pool(database: Database, now: datetime, link: str) -> int:
    """Let terms lapse, tell coordinators whose end, forget lists left lying; return how many messages were queued."""
    today = shanghai(now).date()
    with database.read() as session:
        if not (pool_care.terms_due(session, today) or pool_import.has_old(session, now)):
            return 0
    with database.write() as session:
        pool_import.forget_old(session, now)
        return pool_care.mind_terms(session, now, today, link)[1]


def _learn(database: Database, settings: Settings, now: datetime, pace: notices.Pace) -> None:
    """At night, train a challenger on the labels that came in; claimed first, so that only one clock does it."""
    with database.read() as session:
        if not learning.due(session, now, only_at_night=settings.demo):
            return
    with database.write() as session:
        if not learning.claim(session, now):
            return
    learning.in_a_child(settings, pace.stopped)


def _beat(database: Database, now: datetime, done: dict[str, Any]) -> None:
    """Leave word that the clock was alive and what it did, and raise what has waited too long."""
    with database.write() as session:
        reminders.withdraw_older(session, now)
        waiting = notices.unsent_longer_than(session, RAISED_AFTER, now)
        data = {**done, "unsent": waiting}
        if not take(session, Heartbeat, name=HEARTBEAT, at=now, data=data):
            session.execute(update(Heartbeat).where(col(Heartbeat.name) == HEARTBEAT).values(at=now, data=data))
    if waiting:
        log.warning("messages_unsent_for_an_hour", **waiting)


class Clock:
    """Ticks until it is stopped: `start` beside a web server in one process, or `run` as a process of its own."""

    def __init__(self, database: Database, settings: Settings, *, interval: timedelta = INTERVAL) -> None:
        self.database, self.settings, self.interval = database, settings, interval
        self.stopping = threading.Event()
        self.pace = notices.Pace(seconds=SECONDS, stopped=self.stopping.is_set)
        self.scheduler = BackgroundScheduler(timezone=UTC)
        self.watch = threading.Thread(target=self._watch, name="clock-watch", daemon=True)

    def start(self) -> None:
        """Begin to tick, the first time at once; return immediately."""
        # One tick at a time; ticks that were slept over count as one; however late, it is run.
        self.job = self.scheduler.add_job(
            self._tick, "interval", seconds=self.interval.total_seconds(), next_run_time=datetime.now(UTC),
            max_instances=1, coalesce=True, misfire_grace_time=None,
        )  # fmt: skip
        self.scheduler.add_job(
            self._hurry, "interval", seconds=HURRY.total_seconds(), max_instances=1, coalesce=True,
            misfire_grace_time=None,
        )  # fmt: skip
        self.scheduler.add_job(
            self._study, "interval", seconds=self.interval.total_seconds(), max_instances=1, coalesce=True,
            misfire_grace_time=None,
        )  # fmt: skip
        self.scheduler.start()
        self.watch.start()

    def run(self) -> None:
        """Tick until SIGTERM or SIGINT, finish the message at hand, and return. Main thread only."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stopping.set())
        self.start()
        # In slices: on Windows a wait without end would hear no signal.
        while not self.stopping.wait(1):
            pass
        self.stop()

    def stop(self) -> None:
        """Stop ticking and wait for the tick at hand; it ends after the message that it is sending."""
        self.stopping.set()
        self.scheduler.shutdown(wait=True)
        self.watch.join()

    def heed_the_wall(self, now: datetime) -> None:
        """Bring the next tick near when the machine's clock was set back; else no tick before it has caught up."""
        due = self.job.next_run_time
        if due is not None and due > now + 2 * self.interval:
            self.job.modify(next_run_time=now)

    def _watch(self) -> None:
        while not self.stopping.wait(self.interval.total_seconds() / 2):
            self.heed_the_wall(datetime.now(UTC))

    def _hurry(self) -> None:
        try:
            hurry(self.database, self.settings, datetime.now(UTC), self.pace)
        except Exception as problem:  # the next tick sends them all the same
            log.error("hurry_failed", error=type(problem).__name__, at=_where(problem))

    def _study(self) -> None:
        try:
            _learn(self.database, self.settings, datetime.now(UTC), self.pace)
        except Exception as problem:
            log.error("learning_failed", error=type(problem).__name__, at=_where(problem))

    def _tick(self) -> None:
        try:
            done = tick(self.database, self.settings, datetime.now(UTC), pace=self.pace, learning_too=False)
        except TickError:
            return  # logged part by part; the next tick tries again
        except Exception as problem:
            log.error("tick_failed", error=type(problem).__name__, at=_where(problem))
            return
        if any(done.values()):
            log.info("tick", **done)
