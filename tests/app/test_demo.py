"""The demo's world: the same people for the same seed, every state, nothing real, and only what use cases write."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from app import ballot_box, migrate
from app.db import Database
from app.demo import doors, marker, pool, prepare, town, world
from app.demo.lives import Clock, Plot, lead
from app.demo.logged import Desk
from app.demo.people import Phones, Town, given_name
from app.demo.played import PlayedCase
from app.demo.plots import SCENES
from app.demo.quarrels import Deck, a_village, quarrels
from app.demo.rows import Ledger
from app.demo.slots import Slots
from app.demo.written import WrittenCase
from app.errors import DiandanError
from app.lifecycle import MOVES, OPEN, State
from app.models import (
    Account,
    Assignment,
    CaseNumber,
    Choice,
    Dispute,
    Event,
    InboxMessage,
    Listing,
    Meeting,
    Party,
    Station,
)
from app.settings import Settings, load
from matching.choice import resolve_log
from talent_pool import regions, taxonomy
from talent_pool.index import RosterIndex, read_rows
from talent_pool.models import Kind, Mediator, Sex, Status
from tests.clock import NOW, SHANGHAI

Row = TypeVar("Row", bound=SQLModel)
KEY = "a key of the tests, long enough to sign with it"
DEMO_PHONE = re.compile(r"1990000\d{4}|")
PASSING = {State.REGISTERED, State.AGREED_WRITTEN, State.AGREED_ORAL}  # left within the transaction that enters them


FEW = 0.05  # of the year's cases, where the others are not the point


def a_county(folder: Path, now: datetime = NOW, seed: int = world.SEED, share: float = 1.0) -> Database:
    """A database with the demo's county."""
    settings = load(data_dir=folder, secret_key=KEY, demo=True)
    migrate.upgrade(settings)
    database = Database(settings)
    world.build(database, "county", now, seed, share)
    return database


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The county on a Monday morning; tests only look at it."""
    database = a_county(tmp_path_factory.mktemp("county"))
    yield database
    database.close()


@pytest.fixture
def session(county: Database) -> Iterator[Session]:
    """A look at the county."""
    with county.read() as looking:
        yield looking


def all_of(session: Session, table: type[Row]) -> list[Row]:
    """Every row of a table."""
    return list(session.execute(select(table)).scalars())


def people(database: Database) -> dict[str, Any]:
    """What the demo invents, as plain values."""
    with database.read() as session:
        return {
            "mediators": [(m.name, m.home, m.title, m.intro, m.phone, m.open_cases) for m in all_of(session, Mediator)],
            "parties": [(p.name, p.village, p.phone) for p in all_of(session, Party)],
            "cases": [(d.no, d.narrative, d.state, d.opened_at, d.due_at) for d in all_of(session, Dispute)],
            "accounts": [(a.login, a.name, a.role) for a in all_of(session, Account)],
            "events": [(e.dispute_id, e.kind, e.at, e.actor) for e in all_of(session, Event)],
        }


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_people_and_another_seed_others(county: Database, tmp_path: Path) -> None:
    again, other = a_county(tmp_path / "again"), a_county(tmp_path / "other", seed=2, share=FEW)
    first, second, third = people(county), people(again), people(other)
    again.close()
    other.close()
    assert first == second
    assert all(set(first[name]).isdisjoint(third[name]) for name in ("parties", "cases"))
    assert first["mediators"] != third["mediators"]


def test_a_county_of_its_size(session: Session) -> None:
    kinds = Counter(mediator.kind for mediator in all_of(session, Mediator))
    assert kinds == {Kind.ADMINISTRATIVE: 60, Kind.INDUSTRY: 90, Kind.LOCAL_ELDER: 250}
    plans = town.county_plans()
    assert len(all_of(session, Station)) == len(plans) == len(regions.children(town.county()))
    staff = Counter(account.station_id for account in all_of(session, Account))
    assert staff.pop(None) == 2
    assert set(staff.values()) == {4, 5}
    cases = dict(session.execute(select(col(Dispute.area), func.count()).group_by(col(Dispute.area))).all())
    assert cases == {plan.towns[0]: plan.cases for plan in plans}
    assert 80 <= cases[town.main_town()] <= 150


def test_every_state_in_which_a_case_can_rest(session: Session) -> None:
    disputes = all_of(session, Dispute)
    assert {dispute.state for dispute in disputes} == set(State) - PASSING
    here = Counter(dispute.state for dispute in disputes if dispute.area == town.main_town())
    assert {scene.state for scene in SCENES} <= set(here)
    passed = {event.data["after"] for event in all_of(session, Event) if event.kind == "moved"}
    assert passed >= {State.AGREED_WRITTEN, State.AGREED_ORAL}


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 22, 23, 30, tzinfo=SHANGHAI),  # a Sunday night
        datetime(2026, 10, 5, 12, 0, tzinfo=SHANGHAI),  # in the middle of a long holiday
        datetime(2027, 1, 1, 0, 5, tzinfo=SHANGHAI),  # numbers of two years
    ],
)
def test_a_start_at_an_odd_hour_shows_every_state_too(tmp_path: Path, now: datetime) -> None:
    database = a_county(tmp_path, now, share=FEW)
    with database.read() as session:
        here = {d.state for d in all_of(session, Dispute) if d.area == town.main_town()}
        latest = session.execute(select(func.max(col(Event.at)))).scalar_one()
        assert doors.party_door(session, now) is not None
        assert doors.mediator_door(session, now) is not None
    database.close()
    assert {scene.state for scene in SCENES} <= here
    assert latest <= now


def test_nothing_lies_in_the_future_and_much_is_recent(session: Session) -> None:
    disputes = all_of(session, Dispute)
    assert max(dispute.opened_at for dispute in disputes) <= NOW
    assert max(event.at for event in all_of(session, Event)) <= NOW
    assert max(meeting.held_at for meeting in all_of(session, Meeting)) <= NOW
    age = [NOW - dispute.opened_at for dispute in disputes if dispute.area == town.main_town()]
    assert max(age) > timedelta(days=300)
    assert sum(each < timedelta(days=7) for each in age) >= 5
    waiting = [d for d in disputes if d.state in OPEN and d.due_at]
    overdue = sum(d.due_at < NOW for d in waiting if d.due_at)
    assert 10 < overdue < len(waiting) / 2


def test_no_telephone_number_looks_real(session: Session) -> None:
    numbers = [m.phone for m in all_of(session, Mediator)] + [p.phone for p in all_of(session, Party)]
    assert all(DEMO_PHONE.fullmatch(number) for number in numbers)
    given = [number for number in numbers if number]
    assert len(given) == len(set(given)) > 800, "a number twice would make two people one"
    assert all(re.fullmatch(r"0911-0\d{6}", station.phone) for station in all_of(session, Station))
    assert not any(account.email for account in all_of(session, Account))


# --- each case -------------------------------------------------------------------------------------------------------


def test_the_history_of_every_case_is_a_walk_through_the_table_of_moves(session: Session) -> None:
    events: dict[int, list[Event]] = defaultdict(list)
    for event in all_of(session, Event):
        events[event.dispute_id].append(event)
    for dispute in all_of(session, Dispute):
        own = events[dispute.id or 0]
        assert [event.at for event in own] == sorted(event.at for event in own)
        state = State.REGISTERED
        for event in own:
            if event.kind == "moved":
                assert event.data["before"] == state
                assert State(event.data["after"]) in MOVES[state]
                state = State(event.data["after"])
        assert state is dispute.state, dispute.no


def test_slots_held_are_slots_counted(session: Session) -> None:
    held = Counter(row.mediator_id for row in all_of(session, Assignment) if row.slot_held)
    for mediator in all_of(session, Mediator):
        assert mediator.open_cases == held[mediator.id or 0] <= mediator.load_cap
    assert sum(held.values()) >= 8


def test_every_choice_can_be_made_again(session: Session) -> None:
    choices = all_of(session, Choice)
    assert len(choices) > 300
    for choice in choices:
        assert resolve_log(ballot_box.log_of(session, choice)).as_json() == ballot_box.answer_of(session, choice)


def test_numbers_rise_with_time_and_go_on_after_the_last(session: Session) -> None:
    disputes = sorted(all_of(session, Dispute), key=lambda dispute: (dispute.station_id, dispute.opened_at))
    by_year: dict[tuple[int, str], list[int]] = defaultdict(list)
    for dispute in disputes:
        _, year, number = dispute.no.split("-")
        by_year[dispute.station_id, year].append(int(number))
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_year.values())
    for counter in all_of(session, CaseNumber):
        assert counter.last == len(by_year[counter.station_id, str(counter.year)])


def test_narratives_name_the_cases_own_people(session: Session) -> None:
    names: dict[int, list[str]] = defaultdict(list)
    for party in all_of(session, Party):
        names[party.dispute_id].append(party.name)
    for dispute in all_of(session, Dispute):
        assert all(name in dispute.narrative for name in names[dispute.id or 0])
        assert "{" not in dispute.narrative
        for span in dispute.reading["evidence"]:
            assert 0 <= span["start"] < span["end"] <= len(dispute.narrative)


def test_a_party_is_never_taken_for_a_mediator(session: Session) -> None:
    pool_people = {(mediator.name, mediator.home) for mediator in all_of(session, Mediator)}
    assert not any((party.name, party.village) in pool_people for party in all_of(session, Party))


def test_a_declared_relation_shows_as_a_recusal(session: Session) -> None:
    listed = all_of(session, Listing)
    assert {row.kind for row in listed} == set(Kind)
    excluded = [event for event in all_of(session, Event) if event.kind == "moved" and "listed" in event.data]
    assert len(excluded) > 300
    from app.models import Shortlist

    counts = Counter()
    for shortlist in all_of(session, Shortlist):
        counts.update(shortlist.excluded)
    assert counts["recusal"] >= 1
    assert counts["leave"] > 10


# --- the pool and the people -----------------------------------------------------------------------------------------


def test_mediators_are_who_their_calling_says(session: Session) -> None:
    mediators = all_of(session, Mediator)
    assert all(0 < len(m.intro) <= 60 and m.title and "{" not in m.intro for m in mediators)
    assert all(m.sex is Sex.FEMALE for m in mediators if m.title in ("妇联干部", "老妇女主任"))
    assert all(NOW.year - (m.birth_year or 0) >= 55 for m in mediators if m.title in ("退休教师", "族中长辈"))
    assert {m.status for m in mediators} == set(Status)
    assert sum(m.status is Status.ACTIVE for m in mediators) > 370
    assert {regions.ancestors(m.home)[0] for m in mediators} == set(regions.children(town.county()))


def test_somebody_is_good_at_every_type_of_quarrel_in_the_county(session: Session) -> None:
    index = RosterIndex.build(read_rows(session))
    good_at = {skill.type for row in read_rows(session) for skill in row.skills}
    assert good_at == set(taxonomy.types()) - {"other"}
    assert all(len(index.eligible(village)) >= 30 for village in regions.inside(town.county(), 12))


def test_given_names_follow_sex_and_time() -> None:
    rng = Random(3)
    old = {given_name(rng, Sex.MALE, 1948) for _ in range(300)}
    young = {given_name(rng, Sex.MALE, 1999) for _ in range(300)}
    women = {given_name(rng, Sex.FEMALE, 1999) for _ in range(300)}
    assert len(old & young) <= 3
    assert not young & women - {"佳宇"}


def test_phones_are_handed_out_once_and_then_none() -> None:
    phones = Phones(Random(1))
    numbers = [phones.next() for _ in range(10_000)]
    assert len(set(numbers)) == 10_000
    assert phones.next() == ""


def test_eighty_quarrels_at_least_are_written_and_none_twice_before_all_were_told() -> None:
    written = quarrels()
    assert len(written) >= 80
    assert len({quarrel.text for quarrel in written}) == len(written)
    assert all("{A}" in quarrel.text and "{B}" in quarrel.text for quarrel in written)
    assert all(bool(quarrel.terms) != bool(quarrel.to) for quarrel in written), "for mediation, or for somebody else"
    deck = Deck(Random(5))
    neighbours = [quarrel for quarrel in (deck.deal() for _ in range(90)) if quarrel.type == "neighbor"]
    assert len(neighbours) == len(set(neighbours))


# --- written and played ----------------------------------------------------------------------------------------------

TURNS = (
    Plot(early_end=0, refuse=0, silent=0),
    Plot(consent=1, strict=0.6, decline=0.5, early_end=0),
    Plot(outcomes={"continued": 1}, early_end=0, refuse=0, silent=0),
    Plot(court=1, relapse=0.4, early_end=0, refuse=0, silent=0, perform=0.4, outcomes={"agreed_oral": 1}),
    Plot(early_end=1),
    Plot(refuse=0.5, silent=0.3),
    Plot(lapse=1, early_end=0, until=State.PROVISIONAL),
)


@pytest.fixture(scope="module")
def two_desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[Any]]]:
    """A station and a pool, without any case."""
    settings = load(data_dir=tmp_path_factory.mktemp("desks"), secret_key=KEY)
    migrate.upgrade(settings)
    database, ledger, who = Database(settings), Ledger(), Town(Random(1), Phones(Random(1)))
    stations = town.settle(ledger, town.county_plans()[:1], who, NOW)
    with database.write() as session:
        ledger.write(session)
        pool.enrol(session, pool.invent(who, [town.county()], 150, NOW.date()))
    yield database, stations
    database.close()


@pytest.mark.parametrize("seed", range(30))
def test_a_written_case_has_the_rows_that_the_use_cases_would_write(
    two_desks: tuple[Database, list[Any]], seed: int
) -> None:
    database, (station,) = two_desks
    plot, opened = TURNS[seed % len(TURNS)], NOW - timedelta(days=20 + 11 * seed)
    rng, who = Random(seed), Town(Random(seed), Phones(Random(seed)))
    quarrel = rng.choice(quarrels())
    cast = quarrel.cast(who, a_village(rng, station.area), NOW.year, set())
    with database.write() as session:
        rows = read_rows(session)
        index = RosterIndex.build(rows)
        played = PlayedCase(session, index, station, quarrel, cast, Random(seed), f"key-{seed}")
        lead(played, Clock(Random(seed), opened, NOW), plot)
        told = history(session, played.dispute.id or 0)
        facts = (played.dispute.type, played.dispute.subtype, played.dispute.colour, played.dispute.ended)
        session.rollback()
    ledger = Ledger()
    case = WrittenCase(
        Desk(ledger, Slots(index, rows), database.keyring), station, quarrel, cast, "610629001-2026-0001", Random(seed)
    )
    lead(case, Clock(Random(seed), opened, NOW), plot)
    assert [plain(event) for event in ledger.rows[Event]] == told
    assert (case.row["type"], case.row["subtype"], case.row["colour"], case.row["ended"]) == facts
    assert case.state is played.state


def history(session: Session, dispute_id: int) -> list[tuple[Any, ...]]:
    """A case's events, without what is drawn at random for each twin."""
    query = select(Event).where(col(Event.dispute_id) == dispute_id).order_by(col(Event.id))
    return [plain(event.model_dump()) for event in session.execute(query).scalars()]


def plain(event: dict[str, Any]) -> tuple[Any, ...]:
    """An event as both twins must have it."""
    actor = event["actor"].split(":")[0]
    drawn = ("reason", "agreed", "mediator", "listed")
    return event["kind"], event["at"], actor, {key: value for key, value in event["data"].items() if key not in drawn}


# --- making, reusing, refusing ---------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty folder."""
    return load(data_dir=tmp_path / "var", secret_key=KEY, demo=True)


def cases(settings: Settings) -> int:
    """How many cases a database holds."""
    database = Database(settings)
    with database.read() as session:
        count: int = session.execute(select(func.count(col(Dispute.id)))).scalar_one()
    database.close()
    return count


def test_a_second_start_reuses_and_fresh_makes_anew(settings: Settings) -> None:
    done, mark = prepare.prepare(settings, None, fresh=False, now=NOW, share=FEW)
    assert (done, mark.scale, mark.made, mark.ready) == (prepare.Done.MADE, "county", "2026-11-23", True)
    before = cases(settings)
    assert len(SCENES) < before < 2 * len(SCENES), "few cases were asked for"
    with Database(settings).write() as session:
        session.add(InboxMessage(account_id=1, dedupe="mine", subject="留着", body="", at=NOW))
    later = NOW + timedelta(days=2)
    assert prepare.prepare(settings, "county", fresh=False, now=later, share=FEW)[0] is prepare.Done.REUSED
    assert cases(settings) == before
    with pytest.raises(DiandanError, match="county"):
        prepare.prepare(settings, "province", fresh=False, now=later, share=FEW)
    done, mark = prepare.prepare(settings, None, fresh=True, now=later, share=FEW)
    assert (done, mark.made) == (prepare.Done.MADE_ANEW, "2026-11-25")
    with Database(settings).read() as session:
        assert not all_of(session, InboxMessage)


def test_an_interrupted_demo_is_made_anew(settings: Settings) -> None:
    migrate.upgrade(settings)
    database = Database(settings)
    with database.write() as session:
        marker.put(session, marker.Mark("county", 1, "2026-11-23", ready=False), NOW)
    database.close()
    assert prepare.prepare(settings, None, fresh=False, now=NOW, share=FEW)[0] is prepare.Done.MADE_ANEW
    assert cases(settings) > len(SCENES)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_real_database_is_never_touched(settings: Settings, fresh: bool) -> None:
    migrate.upgrade(settings)
    before = settings.sqlite_path.read_bytes()
    with pytest.raises(DiandanError, match="正式数据"):
        prepare.prepare(settings, None, fresh=fresh, now=NOW, share=FEW)
    assert settings.sqlite_path.read_bytes() == before


def test_the_county_on_postgresql(postgres_settings: Settings) -> None:
    migrate.downgrade(postgres_settings, "base")
    done, _ = prepare.prepare(postgres_settings, None, fresh=False, now=NOW, share=FEW)
    assert done is prepare.Done.MADE
    before = cases(postgres_settings)
    assert before > len(SCENES)
    database = Database(postgres_settings)
    with database.write() as session:
        session.add(Station(name="新所", area=610802103000))  # the sequence goes on behind the ids given in bulk
    database.close()
    prepare.wipe(postgres_settings)
    assert prepare.known(postgres_settings) is None


def test_the_doors_open_onto_the_main_station(county: Database, session: Session) -> None:
    party, mediator = doors.party_door(session, NOW), doors.mediator_door(session, NOW)
    assert party is not None
    assert mediator is not None
    assert party.url.startswith(f"{county.settings.base_url}/o/")
    assert party.no.startswith(str(town.main_town() // 1000))
    assert party.url != mediator.url
    roles = Counter(each.role.value for each in doors.logins(session))
    assert roles == {"officer": 4, "station_head": 1, "coordinator": 1, "admin": 1}


# --- a province ------------------------------------------------------------------------------------------------------


def test_a_province_has_a_station_for_every_town() -> None:
    plans = town.province_plans()
    assert len(plans) == town.STATIONS
    served = [region for plan in plans for region in plan.towns]
    assert sorted(served) == regions.inside(610000000000, 9)
    logins = [f"{plan.login}{number}" for plan in plans for number in range(plan.officers + 1)]
    assert len(logins) == len(set(logins)) > 4_500
