"""The pool in memory: who serves a place, and that a refreshed index answers as one built anew."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from app.db import Database
from talent_pool import regions, roster
from talent_pool.index import Columns, RosterIndex, RosterRow
from talent_pool.models import Kind, MediatorBase, Sex
from talent_pool.roster import Skill
from talent_pool.snapshot import level, vocabulary

PROVINCE, CITY, COUNTY, TOWN = 610000000000, 610600000000, 610629000000, 610629101000
VILLAGE, NEXT_VILLAGE, OTHER_TOWN, FAR_VILLAGE = 610629101200, 610629101204, 610629102000, 610629102200
XIAN = 610100000000
PLACES = (PROVINCE, CITY, COUNTY, TOWN, VILLAGE, NEXT_VILLAGE, OTHER_TOWN, FAR_VILLAGE, XIAN)
TODAY = date(2026, 11, 23)
BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def person(key: int, *areas: int, **known: object) -> RosterRow:
    row = RosterRow(id=key, name=f"王{key}", kind=Kind.LOCAL_ELDER, home=VILLAGE, areas=areas)
    return replace(row, **known)  # type: ignore[arg-type]


def ids(columns: Columns, slots: np.ndarray) -> list[int]:
    return sorted(columns.id[slots].tolist())


# --- who serves a place ----------------------------------------------------------------------------------------------

POOL = [
    person(1, VILLAGE),
    person(2, NEXT_VILLAGE),
    person(3, TOWN),
    person(4, OTHER_TOWN, VILLAGE),
    person(5, COUNTY),
    person(6, XIAN),
    person(7, PROVINCE),
    person(8),
    person(9, COUNTY, active=False),
]


@pytest.mark.parametrize(
    ("place", "who"),
    [
        (VILLAGE, [1, 3, 4, 5, 7]),
        (NEXT_VILLAGE, [2, 3, 5, 7]),
        (TOWN, [3, 5, 7]),
        (FAR_VILLAGE, [4, 5, 7]),
        (COUNTY, [5, 7]),
        (PROVINCE, [7]),
        (610100000000, [6, 7]),
    ],
)
def test_those_are_eligible_whose_area_contains_the_place(place: int, who: list[int]) -> None:
    assert RosterIndex.build(POOL).eligible(place) == who


@pytest.mark.parametrize(
    ("region", "who"),
    [
        (VILLAGE, [1, 3, 4, 5, 7]),
        (TOWN, [1, 2, 3, 4, 5, 7]),
        (COUNTY, [1, 2, 3, 4, 5, 7]),
        (PROVINCE, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_wider_region_is_served_by_those_who_serve_a_part_of_it(region: int, who: list[int]) -> None:
    columns = RosterIndex.build(POOL).columns
    assert ids(columns, columns.overlapping(region)) == who


def test_nested_areas_count_once() -> None:
    columns = RosterIndex.build([person(1, VILLAGE, COUNTY, TOWN, XIAN)]).columns
    assert columns.serving(VILLAGE).tolist() == [0]
    assert columns.served_region.tolist() == [XIAN, COUNTY]


def test_an_empty_pool_answers_too() -> None:
    index = RosterIndex.build([])
    assert index.eligible(VILLAGE) == []
    assert index.columns.overlapping(COUNTY).tolist() == []
    assert index.columns.slots_of([1]).tolist() == []
    assert len(index) == 0


def test_ids_must_be_unique_and_small() -> None:
    for wrong in ([person(1), person(1)], [person(2**32)], [person(-1)]):
        with pytest.raises(ValueError, match="unique"):
            RosterIndex.build(wrong)


def test_leave_holds_on_its_days_both_ends_included() -> None:
    spells = ((TODAY, TODAY + timedelta(2)), (TODAY + timedelta(9), TODAY + timedelta(9)))
    columns = RosterIndex.build([person(1), person(2, leave=spells)]).columns
    away = [ids(columns, columns.away(TODAY + timedelta(day))) for day in range(-1, 11)]
    assert [bool(who) for who in away] == [False, True, True, True, *[False] * 6, True, False]
    assert away[1] == [2]


def test_slots_are_found_by_id() -> None:
    columns = RosterIndex.build([person(key, 700 - key) for key in (5, 300, 40)]).columns
    assert ids(columns, columns.slots_of({40, 5, 6, 999})) == [5, 40]


def test_what_a_card_shows_comes_back_whole() -> None:
    row = person(
        7, kind=Kind.INDUSTRY, home=FAR_VILLAGE, load_cap=5, open_cases=2, skills=(Skill("labor", "unpaid_wages", 12),),
        dialects=("shanbei", "putonghua"), sex=Sex.FEMALE, birth_year=1961, title="果农合作社理事长", intro="说话算数",
    )  # fmt: skip
    columns = RosterIndex.build([person(1), row]).columns
    assert columns.row(int(columns.slots_of([7])[0])) == row


@pytest.mark.parametrize(
    ("skill", "reached"),
    [
        (Skill("labor", years=0), 1),
        (Skill("labor", years=3), 2),
        (Skill("labor", years=10), 3),
        (Skill("labor", "unpaid_wages", 40), 2),
        (Skill("labor", "unpaid_wages", 0), 1),
    ],
)
def test_years_make_the_level(skill: Skill, reached: int) -> None:
    assert level(skill) == reached


def test_the_best_of_several_skills_counts_and_unknown_codes_are_passed_over() -> None:
    skills = (Skill("labor"), Skill("labor", "unpaid_wages", 40), Skill("other", years=10), Skill("abolished"))
    columns = RosterIndex.build([person(1, skills=skills, dialects=("klingon",))]).columns
    found = {}
    for code, place in vocabulary().types.items():
        byte, shift = divmod(place, 4)
        found[code] = int(columns.expertise[byte, 0]) >> (2 * shift) & 3
    assert {code: reached for code, reached in found.items() if reached} == {"labor": 2, "other": 3}
    assert int(columns.subtypes[0]) == 1 << vocabulary().subtypes["unpaid_wages"]
    assert int(columns.dialects[0]) == 0


def test_at_most_sixty_bytes_a_mediator() -> None:
    towns = regions.inside(CITY, 9)
    pool = [
        person(
            key,
            towns[key % len(towns)],
            *((COUNTY,) if key % 5 == 0 else ()),
            leave=((TODAY, TODAY),) * (key % 10 == 0),
        )
        for key in range(2000)
    ]
    columns = RosterIndex.build(pool).columns
    assert columns.nbytes() / len(columns) <= 60


# --- changes ---------------------------------------------------------------------------------------------------------

people = st.builds(
    RosterRow,
    id=st.integers(1, 12),
    name=st.sampled_from(["王德发", "李秀英"]),
    kind=st.sampled_from(Kind),
    home=st.sampled_from(PLACES),
    load_cap=st.integers(0, 5),
    open_cases=st.integers(0, 5),
    active=st.booleans(),
    skills=st.lists(
        st.builds(Skill, st.sampled_from(["labor", "neighbor"]), st.just(""), st.integers(0, 20)), max_size=2
    ).map(tuple),
    areas=st.lists(st.sampled_from(PLACES), max_size=3).map(tuple),
    leave=st.lists(st.integers(0, 3).map(lambda day: (TODAY, TODAY + timedelta(day))), max_size=2).map(tuple),
    dialects=st.lists(st.sampled_from(["shanbei", "guanzhong"]), max_size=2, unique=True).map(tuple),
)
pools = st.lists(people, max_size=10, unique_by=lambda row: row.id)


def answers(index: RosterIndex) -> list[object]:
    """All that an index can be asked, without the order of its slots."""
    columns = index.columns
    told: list[object] = [index.eligible(place) for place in PLACES]
    told += [ids(columns, columns.overlapping(place)) for place in PLACES]
    told += [ids(columns, columns.away(TODAY + timedelta(day))) for day in range(5)]
    for slot in columns.slots_of(range(13)).tolist():
        bits = [int(columns.subtypes[slot]), int(columns.dialects[slot]), columns.expertise[:, slot].tolist()]
        told.append((columns.row(slot), bits))
    return told


@BOUNDED
@given(pools, st.lists(pools, max_size=4))
def test_single_changes_give_what_a_full_rebuild_gives(first: list[RosterRow], later: list[list[RosterRow]]) -> None:
    index = RosterIndex.build(first)
    known = {row.id: row for row in first}
    for batch in later:
        index.apply(batch)
        known |= {row.id: row for row in batch}
        assert answers(index) == answers(RosterIndex.build(known.values()))


def test_a_snapshot_in_use_does_not_change_under_its_reader() -> None:
    index = RosterIndex.build(POOL)
    before, answer = index.columns, index.columns.serving(VILLAGE).tolist()
    index.apply([person(1, XIAN), person(20, VILLAGE)])
    assert before.serving(VILLAGE).tolist() == answer
    assert index.eligible(VILLAGE) == [3, 4, 5, 7, 20]


def test_readers_never_see_a_half_change() -> None:
    """One mediator moves between two villages; whoever looks finds exactly one of two whole states."""
    here, there = person(1, VILLAGE, home=VILLAGE), person(1, NEXT_VILLAGE, home=NEXT_VILLAGE)
    index, stop = RosterIndex.build([here, *(person(key, COUNTY) for key in range(2, 50))]), Event()

    def look() -> int:
        looked = 0
        while not stop.is_set() or not looked:
            columns = index.columns
            serves = [place for place in (VILLAGE, NEXT_VILLAGE) if 1 in columns.id[columns.serving(place)]]
            assert serves == [columns.row(int(columns.slots_of([1])[0])).home]
            looked += 1
        return looked

    with ThreadPoolExecutor(3) as readers:
        looking = [readers.submit(look) for _ in range(3)]
        for turn in range(200):
            index.apply([there if turn % 2 == 0 else here])
        stop.set()
        assert all(job.result() for job in looking)


# --- with a database -------------------------------------------------------------------------------------------------


def filled(db: Database, count: int = 5) -> list[int]:
    base = MediatorBase(
        name="王德发", kind=Kind.INDUSTRY, home=VILLAGE, dialects="shanbei", title="木匠", birth_year=1970
    )
    skills = (Skill("neighbor", years=12), Skill("forest_land", "boundary"))
    with db.write() as session:
        return [m.id or 0 for m in roster.enrol_all(session, [roster.Enrolment(base, skills, (TOWN,))] * count)]


def same_as_loaded(db: Database, index: RosterIndex) -> bool:
    with db.read() as session:
        return answers(index) == answers(RosterIndex.load(session))


def test_an_index_is_loaded_with_everything(db: Database) -> None:
    first, *_ = filled(db)
    with db.write() as session:
        roster.take_leave(session, first, TODAY, TODAY)
        assert roster.reserve(session, first, TODAY + timedelta(1))
    with db.read() as session:
        index = RosterIndex.load(session)
    columns = index.columns
    row = columns.row(int(columns.slots_of([first])[0]))
    assert (row.kind, row.home, row.open_cases, row.title, row.birth_year) == (Kind.INDUSTRY, VILLAGE, 1, "木匠", 1970)
    assert set(row.skills) == {Skill("neighbor", years=12), Skill("forest_land", "boundary")}
    assert (row.dialects, ids(columns, columns.away(TODAY))) == (("shanbei",), [first])
    assert (index.version, len(index)) == (2, 5)


def test_a_refresh_takes_in_every_kind_of_change(db: Database) -> None:
    one, two, *_ = filled(db)
    with db.read() as session:
        index = RosterIndex.load(session)
    writes: list[Callable[[Session], object]] = [
        lambda s: roster.reserve(s, one, TODAY),
        lambda s: roster.release(s, one),
        lambda s: roster.amend(s, one, home=FAR_VILLAGE, kind=Kind.ADMINISTRATIVE, name="赵"),
        lambda s: roster.set_service_areas(s, one, [COUNTY]),
        lambda s: roster.set_expertise(s, one, [Skill("labor", "unpaid_wages", 3)]),
        lambda s: roster.take_leave(s, two, TODAY, TODAY + timedelta(1)),
        lambda s: roster.suspend(s, two),
        lambda s: roster.reinstate(s, two),
        lambda s: roster.retire(s, one),
        lambda s: roster.enrol(s, MediatorBase(name="新人", kind=Kind.INDUSTRY, home=XIAN), (), (PROVINCE,)),
    ]
    for write in writes:
        before = answers(index)
        with db.write() as session:
            write(session)
        with db.read() as session:
            assert index.refresh(session) == 1
        assert answers(index) != before
        assert same_as_loaded(db, index)
    assert index.version == 1 + len(writes)


def test_nothing_new_is_nothing_read(db: Database) -> None:
    filled(db)
    with db.read() as session:
        index = RosterIndex.load(session)
        columns = index.columns
        assert index.refresh(session) == 0
        assert index.columns is columns


def test_a_session_that_looks_at_an_older_state_does_not_turn_the_index_back(db: Database) -> None:
    one, *_ = filled(db)
    with db.read() as old:
        index = RosterIndex.load(old)
        with db.write() as session:
            roster.set_service_areas(session, one, [COUNTY])
        with db.read() as fresh:
            assert index.refresh(fresh) == 1
        index.refresh(old)
    assert same_as_loaded(db, index)


def test_changes_of_most_of_the_pool_are_taken_in_at_once(db: Database) -> None:
    with db.read() as session:
        index = RosterIndex.load(session)
    filled(db, 1200)
    with db.read() as session:
        assert index.refresh(session) == 1200
    assert same_as_loaded(db, index)


def test_many_threads_refresh_while_the_pool_changes(db: Database) -> None:
    keys = filled(db, 8)
    with db.read() as session:
        index = RosterIndex.load(session)

    def work(key: int) -> None:
        for turn in range(4):
            with db.write() as session:
                roster.set_service_areas(session, key, [VILLAGE if turn % 2 else COUNTY])
            with db.read() as session:
                index.refresh(session)
                assert (key in index.eligible(NEXT_VILLAGE)) == (turn % 2 == 0), "one's own commit is seen"

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, keys))
    assert same_as_loaded(db, index)
