"""Fills an empty database with the demo's world: stations, accounts, pool, a year of quarrels up to `now`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import update
from sqlmodel import Session, col

from app.db import Database
from app.demo import marker, pool, town
from app.demo.lives import OPENS, USUAL, Clock, lead, office_hours
from app.demo.logged import Desk
from app.demo.people import Person, Phones, Town
from app.demo.played import PlayedCase
from app.demo.plots import SCENES, Scene
from app.demo.quarrels import Deck, Quarrel, a_village, by_type
from app.demo.rows import Ledger
from app.demo.slots import Slots
from app.demo.station import DemoStation
from app.demo.written import WrittenCase
from app.lifecycle import State
from app.models import CaseNumber
from app.workdays import is_workday, shanghai
from talent_pool import regions, roster
from talent_pool.index import RosterIndex, read_rows
from talent_pool.models import RelationKind

SEED = 20260901
SIZES = {"county": 400, "province": 40_000}
YEAR, BACKLOG = 365, 60  # days over which a described station's cases, or another's, are spread
RECENT = 1.5  # more of the cases lie in the last weeks than a year ago
RELATIONS = 30  # declared ties of mediators to people who are in no case yet
CHUNK = 50  # stations written at a time


@dataclass(frozen=True)
class Planned:
    """A case before it is told: where, when, its number, and its plot if it is one of those that are played."""

    station: DemoStation
    opened: datetime
    year: int
    number: int
    scene: Scene | None

    @property
    def no(self) -> str:
        """Return the case's number as the station gives it."""
        return f"{self.station.area // 1000}-{self.year}-{self.number:04d}"


def build(database: Database, scale: str, now: datetime, seed: int = SEED, share: float = 1.0) -> None:
    """Fill a migrated, empty database; `share` of the year's cases is told. Raises KeyError for an unknown scale."""
    size = SIZES[scale]
    mark = marker.Mark(scale, seed, shanghai(now).date().isoformat(), ready=False)
    with database.write() as session:
        marker.put(session, mark, now)
    maker = _Maker(database, Random(seed), now.astimezone(UTC), share)  # noqa: S311 - same seed, same people
    maker.settle(scale)
    maker.enrol(scale, size)
    maker.write_cases()
    maker.play_cases()
    with database.write() as session:
        marker.put(session, replace(mark, ready=True), now)


class _Maker:
    def __init__(self, database: Database, rng: Random, now: datetime, share: float) -> None:
        self.database, self.rng, self.now, self.share = database, rng, now, share
        self.town = Town(rng, Phones(rng))
        self.stations: list[DemoStation] = []
        self.homes: set[tuple[str, int]] = set()
        self.played: list[Planned] = []
        self.last: dict[tuple[int, int], int] = {}  # the highest number of a station and year
        self.ledger = Ledger()

    def settle(self, scale: str) -> None:
        plans = town.county_plans() if scale == "county" else town.province_plans()
        self.stations = town.settle(self.ledger, plans, self.town, self.now)
        with self.database.write() as session:
            self.ledger.write(session)

    def enrol(self, scale: str, size: int) -> None:
        own = town.county()
        counties = [own] if scale == "county" else regions.inside(regions.ancestors(own)[-1], 6)
        plans = pool.invent(self.town, counties, size, self._today())
        with self.database.write() as session:
            mediators = pool.enrol(session, plans)
            for mediator in self.rng.sample(mediators, k=RELATIONS):
                pool.relate(session, self.town, mediator)
        self.homes = {(plan.enrolment.base.name, plan.enrolment.base.home) for plan in plans}

    def write_cases(self) -> None:
        with self.database.read() as session:
            rows = read_rows(session)
        slots = Slots(RosterIndex.build(rows), rows)
        desk = Desk(self.ledger, slots, self.database.keyring)
        for at in range(0, len(self.stations), CHUNK):
            for station in self.stations[at : at + CHUNK]:
                self._write_station(desk, station)
            with self.database.write() as session:
                self.ledger.write(session)
        with self.database.write() as session:
            self._take_slots(session, slots)
            self.ledger.catch_up(session)

    def _write_station(self, desk: Desk, station: DemoStation) -> None:
        deck = Deck(self.rng)
        planned = self._planned(station)
        for each in planned:
            if each.scene is None:
                self._write(desk, each, deck.deal())
        for year, last in Counter(each.year for each in planned).items():
            self.last[station.id, year] = last
            self.ledger.put(CaseNumber, station_id=station.id, year=year, last=last)

    def _write(self, desk: Desk, planned: Planned, quarrel: Quarrel) -> None:
        place = a_village(self.rng, self.rng.choice(planned.station.towns))
        people = quarrel.cast(self.town, place, self.now.year, self.homes)
        case = WrittenCase(desk, planned.station, quarrel, people, planned.no, self.rng)
        lead(case, Clock(self.rng, planned.opened, self.now), USUAL)

    def _take_slots(self, session: Session, slots: Slots) -> None:
        """Take in the database what was counted beside it, through the one function that may."""
        for row in slots.rows.values():
            for _ in range(row.open_cases):
                roster.reserve(session, row.id, date.min)

    def _planned(self, station: DemoStation) -> list[Planned]:
        """Return the station's cases, numbered in the order of opening; those to be played are kept for later."""
        days = YEAR if station.cases > town.CASES else BACKLOG
        scenes = SCENES if station.area == town.main_town() else ()
        moments: list[tuple[datetime, Scene | None]] = [
            (self._moment(days), None) for _ in range(round(self.share * (station.cases - len(scenes))))
        ]
        moments += [(self._workdays_ago(scene.workdays), scene) for scene in scenes]
        planned = list(_numbered(station, sorted(moments, key=lambda each: each[0])))
        self.played += [each for each in planned if each.scene is not None]
        return planned

    def _moment(self, days: int) -> datetime:
        ago = timedelta(days=days * self.rng.random() ** RECENT)
        return min(office_hours(self.now - ago, self.rng).astimezone(UTC), self._just_now())

    def _workdays_ago(self, count: int) -> datetime:
        day = shanghai(self.now)
        while count:
            day -= timedelta(days=1)
            count -= is_workday(day.date())
        morning = day.replace(hour=OPENS, minute=self.rng.randint(0, 59))
        return min(morning.astimezone(UTC), self._just_now())

    def _just_now(self) -> datetime:
        return self.now - timedelta(minutes=self.rng.randint(4, 50))

    def play_cases(self) -> None:
        """Lead the main station's present cases through the use cases."""
        with self.database.write() as session:
            index = RosterIndex.load(session)
            for each in self.played:
                self._play(session, index, each)
            for (station_id, year), last in self.last.items():
                if station_id == self.played[0].station.id:
                    self._count(session, station_id, year, last)

    def _play(self, session: Session, index: RosterIndex, planned: Planned) -> None:
        assert planned.scene is not None
        scene, station = planned.scene, planned.station
        self._count(session, station.id, planned.year, planned.number - 1)
        quarrel = self.rng.choice([each for each in by_type()[scene.type] if each.gate == scene.gate])
        people = quarrel.cast(self.town, a_village(self.rng, station.area), self.now.year, self.homes)
        if scene.state in (State.TRIAGED, State.CHOOSING):
            self._tie(session, index, people[0])
        case = PlayedCase(session, index, station, quarrel, people, self.rng, f"demo-{planned.no}")
        lead(case, Clock(self.rng, planned.opened, self.now, scene.pace), scene.plot)
        session.expunge_all()

    def _tie(self, session: Session, index: RosterIndex, person: Person) -> None:
        """Declare that somebody who could be listed is kin of a party, so that the list shows a recusal."""
        mediator_id = self.rng.choice(index.eligible(person.home))
        known = roster.Person(person.name, person.phone, person.home)
        roster.declare_relation(session, mediator_id, RelationKind.KIN, known)

    def _count(self, session: Session, station_id: int, year: int, last: int) -> None:
        """Set the number from which the station counts on, so that played cases get theirs in the order of opening."""
        session.execute(
            update(CaseNumber)
            .where(col(CaseNumber.station_id) == station_id, col(CaseNumber.year) == year)
            .values(last=last)
        )

    def _today(self) -> date:
        return shanghai(self.now).date()


def _numbered(station: DemoStation, moments: Sequence[tuple[datetime, Scene | None]]) -> Iterator[Planned]:
    given: Counter[int] = Counter()
    for opened, scene in moments:
        year = shanghai(opened).year
        given[year] += 1
        yield Planned(station, opened, year, given[year], scene)
