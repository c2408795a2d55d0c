"""Months of Mondays in a few seconds: workers that die anywhere, sleep for weeks, have wrong clocks and bad gateways.

The functions and the SQL are the shipped ones; only time, gateways and the moments of death are made up, from a seed
that is printed with a failure. Sent messages are cleared away after each step, as a house with a retention rule does,
so that the claim alone stands between a person and a second copy. The controls take the claim, then the lease, away.
"""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session, col

from app import notices, reminders
from app.channels import ChannelError, Message
from app.channels.inbox import Inbox
from app.db import Database
from app.jobs import tick
from app.models import DueRun, InboxMessage, Outbox, SendState
from app.scope import SYSTEM, Scope
from tests.app.clockwork import an_officer, its_id, shanghai
from tests.builders import a_station
from tests.economy import seeds

pytestmark = pytest.mark.unmeasured

BEGIN = shanghai("2026-10-01 12:00:00")
EIGHT_HOURS = timedelta(hours=8)


class Died(BaseException):
    """A worker ends here, as with kill -9."""


class House(Database):
    """A database at whose doors a worker may die, or another worker may overtake it."""

    world: "World"

    @contextmanager
    def read(self, scope: Scope = SYSTEM) -> Iterator[Session]:
        self.world.door()
        with super().read(scope) as session:
            yield session
        self.world.door()

    @contextmanager
    def write(self, scope: Scope = SYSTEM) -> Iterator[Session]:
        self.world.door()
        with super().write(scope) as session:
            yield session
            self.world.door(locked=True)  # everything is written, nothing is kept yet
        self.world.door()


class MailGateway:
    """A gateway that knows no keys: whatever it took arrives. Its answer may get lost behind that."""

    name = "smtp"

    def __init__(self, world: "World") -> None:
        self.world = world

    def send(self, message: Message) -> None:
        self.world.door()
        if self.world.happens(self.world.refusals / 2):
            raise ChannelError("邮件服务器拒收", "451")
        self.world.arrived[message.key] += 1
        self.world.door()
        if self.world.happens(self.world.refusals / 2):
            raise ChannelError("邮件服务器中断了连接", down=True)


class World:
    """Time, fate, and a ledger that is kept outside of the house."""

    def __init__(self, house: House, seed: int, *, deaths: float, refusals: float, wrong_clocks: float) -> None:
        self.house, self.fate, self.now = house, random.Random(seed), BEGIN
        self.deaths, self.refusals, self.wrong_clocks = deaths, refusals, wrong_clocks
        self.running = 0
        self.count: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()  # by mail, as the reader counts
        self.ledger: Counter[str] = Counter()  # outbox rows by key, cleared ones too
        self.unsent: list[str] = []
        self.people: dict[int, datetime] = {}
        self.owed: set[tuple[int, str]] = set()
        self.allowed: set[tuple[int, str]] = set()
        house.world = self

    def happens(self, chance: float) -> bool:
        return self.fate.random() < chance

    def door(self, *, locked: bool = False) -> None:
        if not self.running:
            return
        if self.happens(self.deaths):
            raise Died
        if not locked and self.running < 3 and self.happens(0.05):
            self.count["overtaken"] += 1
            self.work(self.now)

    def work(self, now: datetime) -> None:
        """Let one worker tick; note what it owed if it came through."""
        seen = {(who, period) for who, period, _ in self.due(now)}
        self.allowed |= seen
        self.running += 1
        try:
            tick(self.house, self.house.settings, now, channels={"inbox": Inbox(self.house), "smtp": MailGateway(self)})
            self.owed |= seen
        except Died:
            self.count["died"] += 1
        finally:
            self.running -= 1

    def due(self, now: datetime) -> list[tuple[int, str, datetime]]:
        """Return who is owed which week, counted on the fingers: Shanghai is eight hours ahead of UTC since 1991."""
        wall = (now + EIGHT_HOURS).replace(tzinfo=None)
        monday = (wall - timedelta(days=wall.weekday())).replace(hour=8, minute=30, second=0, microsecond=0)
        monday -= timedelta(days=7) if monday > wall else timedelta(0)
        year, week, _ = monday.isocalendar()
        begun = monday.replace(tzinfo=UTC) - EIGHT_HOURS
        return [
            (who, f"{year}-W{week:02}", begun) for who, since in self.people.items() if since <= begun or since > now
        ]

    def step(self) -> None:
        """Let some hours pass, now and then weeks; then a worker ticks, by its own clock."""
        asleep = self.happens(0.04)
        self.now += timedelta(days=self.fate.uniform(5, 25)) if asleep else timedelta(hours=self.fate.uniform(0, 16))
        wrong = timedelta(days=self.fate.uniform(-9, 9)) if self.happens(self.wrong_clocks) else timedelta(0)
        self.count["wrong clocks"] += bool(wrong)
        self.work(self.now + wrong)
        self.clear()

    def clear(self) -> None:
        """Move what is done from the outbox to the ledger."""
        done = col(Outbox.state) != SendState.WAITING
        with self.house.write() as session:
            for key, state in session.execute(select(col(Outbox.dedupe), col(Outbox.state)).where(done)):
                self.ledger[key] += 1
                if state is SendState.FAILED:  # given up after twelve tries, or withdrawn for a newer one
                    self.unsent.append(key)
            session.execute(delete(Outbox).where(done))

    def settle(self) -> None:
        """Let the last workers work in peace until nothing waits."""
        self.deaths = self.refusals = 0.0
        for _ in range(4):
            self.now += timedelta(hours=5)
            self.work(self.now)
            self.clear()

    def missing_and_extra(self) -> tuple[list[str], list[str]]:
        """Compare the ledger with what was owed: keys that are not there; keys that are there twice or uncalled for."""
        extra = [key for key, times in self.ledger.items() if times > 1 or key not in keys(self.allowed)]
        return sorted(keys(self.owed) - set(self.ledger)), sorted(extra)


def keys(weeks: set[tuple[int, str]]) -> set[str]:
    """Return the keys of the messages of these people and weeks."""
    return {f"weekly_digest:{period}:account:{who}:{way}" for who, period in weeks for way in ("inbox", "smtp")}


def a_world(database: Database, seed: int, **given: Any) -> World:
    house = House(database.settings)
    world = World(house, seed, **({"deaths": 0.02, "refusals": 0.2, "wrong_clocks": 0.1} | given))
    with database.write() as session:
        for _ in range(2):
            station = a_station(session)
            for since in (BEGIN - timedelta(days=100), BEGIN - timedelta(days=3), BEGIN + timedelta(days=25)):
                world.people[its_id(an_officer(session, station, enabled_at=since))] = since
    return world


def live(world: World, steps: int) -> tuple[list[str], list[str]]:
    try:
        for _ in range(steps):
            world.step()
        world.settle()
    finally:
        world.house.close()
    return world.missing_and_extra()


@seeds(by_day=2, at_night=12)
def test_nothing_is_missing_and_nothing_is_sent_twice_whatever_happens(db: Database, seed: int) -> None:
    world = a_world(db, seed)
    missing, extra = live(world, 90)
    assert (missing, extra) == ([], []), f"seed {seed}"
    # The storm was one: a simulation in which nothing happens proves nothing.
    assert world.count["died"] >= 10
    assert world.count["overtaken"] >= 10
    assert world.count["wrong clocks"] >= 3
    assert len({period for _, period in world.owed}) >= 6
    with db.read() as session:
        inbox = Counter(session.execute(select(col(InboxMessage.dedupe))).scalars())
        claims = session.execute(select(col(DueRun.id))).all()
    assert set(inbox.values()) == {1}
    assert len(claims) == len(inbox)
    # Every mail that was not given up arrived, at least once.
    mails = {key for key in world.ledger if key.endswith(":smtp")}
    assert mails - set(world.arrived) <= set(world.unsent)


def test_without_the_claim_the_same_world_sends_twice(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "take", lambda *_, **__: True)
    _, extra = live(a_world(sqlite_db, 0), 30)
    assert extra != []


def test_in_calm_times_every_mail_arrives_exactly_once(db: Database) -> None:
    world = a_world(db, 7, deaths=0, refusals=0, wrong_clocks=0)
    missing, extra = live(world, 40)
    assert (missing, extra) == ([], [])
    assert world.count["overtaken"] >= 10
    assert set(world.arrived.values()) == {1}


def test_without_the_lease_the_same_calm_times_send_twice(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_without_lease(database: Database, row_id: int, now: datetime, owner: str) -> tuple[Message, int]:
        with database.read() as session:
            row = session.get(Outbox, row_id)
            assert row is not None
            return Message(row.dedupe, row.recipient, row.subject, row.body, row.created_at), row.attempts

    monkeypatch.setattr(notices, "_claim", take_without_lease)
    most = 1
    for seed in range(12):  # two clocks meet over one message in about every second world
        world = a_world(sqlite_db, seed, deaths=0, refusals=0, wrong_clocks=0)
        live(world, 40)
        most = max(most, *world.arrived.values())
        if most > 1:
            break
    assert most > 1
