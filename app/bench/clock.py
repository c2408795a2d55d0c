"""`diandan bench clock`: a province's Monday: every station's lists worked out and queued, in a database of its own."""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import Session, col

from app import migrate
from app.db import Database
from app.jobs import tick
from app.lifecycle import State
from app.models import Account, Dispute, Outbox, Station
from app.scope import Role
from app.settings import load
from app.workdays import SHANGHAI
from talent_pool import regions

STATIONS, OFFICERS, CASES_A_YEAR = 1_130, 4_500, 180_000
MONDAY = datetime(2026, 11, 30, 8, 30, tzinfo=SHANGHAI)
BATCH = 5_000
OPEN_STATES = (
    State.TRIAGED,
    State.CHOOSING,
    State.AWAITING_MEDIATOR,
    State.SCHEDULED,
    State.MEDIATING,
    State.PERFORMING,
    State.FOLLOWING_UP,
)
ORDERED = (State.CHOOSING, State.AWAITING_MEDIATOR)  # the clock itself ends what is over there
OPEN_SHARE = 0.25  # of a year's cases: revisits keep a case open for half a year
TYPES = ("neighbor", "marriage_family", "forest_land", "damages", "housing_homestead", "contract")


def measure(size: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return how long a province's lists take from due to queued, in seconds, with messages and memory.

    `size` is the number of stations (1,130); officers and cases follow in proportion.
    """
    stations = max(size or (STATIONS,))
    with tempfile.TemporaryDirectory(prefix="diandan-bench-") as folder:
        settings = load(data_dir=Path(folder))
        migrate.upgrade(settings)
        database = Database(settings)
        try:
            made = _fill(database, stations)
            before = _memory()
            began, worked = time.perf_counter(), time.process_time()
            done = tick(database, settings, MONDAY.astimezone(UTC), channels={})
            took, worked = time.perf_counter() - began, time.process_time() - worked
            with database.read() as session:
                queued = session.execute(select(func.count(col(Outbox.id)))).scalar_one()
            again = time.perf_counter()
            second = tick(database, settings, MONDAY.astimezone(UTC), channels={})
            return made | {
                "ran": done["ran"],
                "queued": queued,
                "seconds": round(took, 1),
                "processor_seconds": round(worked, 1),
                "idle_tick_seconds": round(time.perf_counter() - again, 2),
                "queued_again": second["queued"],
                "memory_mb_before": before,
                "memory_mb_after": _memory(),
            }
        finally:
            database.close()


def _memory() -> int:
    """Return the most memory that this process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1_048_576 if sys.platform == "darwin" else 1024)


def _fill(database: Database, stations: int) -> dict[str, int]:
    """Write stations, officers and a year's cases; return how many."""
    fate = random.Random(2026)  # noqa: S311 - the same province at every run
    towns = sorted({town for county in _counties() for town in regions.inside(county, 9)})[:stations]
    with database.write() as session:
        session.execute(
            insert(Station), [{"name": f"{regions.short_name(each)}派出所", "area": each} for each in towns]
        )
        places = [(key, area) for key, area in session.execute(select(col(Station.id), col(Station.area)))]
        officers = list(_officers(places, OFFICERS * stations // STATIONS))
        session.execute(insert(Account), officers)
        who = list(session.execute(select(col(Account.id), col(Account.station_id), col(Account.area))))
        counted = _cases(session, fate, [tuple(row) for row in who], CASES_A_YEAR * stations // STATIONS)
        session.execute(insert(Account), list(_coordinators(towns)))
    return {"stations": len(towns), "officers": len(officers), "cases_a_year": counted}


def _counties() -> list[int]:
    return [county for city in regions.children(61 * 10**10) for county in regions.children(city)]


def _officers(places: list[tuple[int | None, int]], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        station, area = places[number % len(places)]
        role = Role.STATION_HEAD if number < len(places) else Role.OFFICER
        yield _account(f"o{number}", role, area, station)


def _coordinators(towns: list[int]) -> Iterator[dict[str, Any]]:
    for county in sorted({town - town % 1_000_000 for town in towns}):
        yield _account(f"c{county}", Role.COORDINATOR, county, None)


def _account(login: str, role: Role, area: int, station: int | None) -> dict[str, Any]:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    who = {"login": login, "name": login, "email": f"{login}@police.example", "locale": "zh", "enabled_at": long_ago}
    return who | {"role": role, "area": area, "station_id": station, "password_hash": ""}


def _cases(session: Session, fate: random.Random, who: list[tuple[int, int, int]], count: int) -> int:
    for start in range(0, count, BATCH):
        rows = [_case(fate, number, *who[number % len(who)]) for number in range(start, min(count, start + BATCH))]
        session.execute(insert(Dispute), rows)
    return count


def _case(fate: random.Random, number: int, officer: int, station: int, area: int) -> dict[str, Any]:
    is_open = fate.random() < OPEN_SHARE
    age = fate.uniform(0, 180) if is_open else fate.uniform(0, 365)
    state = fate.choice(OPEN_STATES) if is_open else State.CLOSED
    opened = MONDAY - timedelta(days=age)
    return {
        "no": f"{area // 1000}-2026-{number:06d}",
        "station_id": station,
        "area": area,
        "place": area,
        "narrative": "两家为院墙下的水路争了起来,谁也不让。" * 8,
        "type": fate.choice(TYPES),
        "state": state,
        "officer_id": officer,
        "opened_at": opened,
        "due_at": MONDAY + timedelta(days=fate.uniform(0 if state in ORDERED else -20, 30)) if is_open else None,
        "reading": {},
    }
