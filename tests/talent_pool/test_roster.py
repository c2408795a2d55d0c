"""The pool's writer: what it takes in, whom it recuses, and slots that can never be given twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from app.db import Database
from app.scope import SYSTEM
from talent_pool import changes, roster
from talent_pool.models import (
    Expertise,
    Kind,
    Mediator,
    MediatorBase,
    RelationKind,
    ServiceArea,
    Status,
)
from talent_pool.roster import Person, Skill

JIUXIAN = 610629101000  # a town of 洛川县
VILLAGE, NEXT_VILLAGE, FAR_VILLAGE = 610629101200, 610629101204, 610629102200
TODAY = date(2026, 11, 23)
OLD_WANG = MediatorBase(name="王德发", kind=Kind.LOCAL_ELDER, home=VILLAGE, phone="13800000001", load_cap=2)


def enrolled(db: Database, base: MediatorBase = OLD_WANG, **changed: Any) -> int:
    with db.write() as session:
        mediator = roster.enrol(session, base.model_copy(update=changed), [Skill("neighbor", years=8)], [JIUXIAN])
        assert mediator.id is not None
        return mediator.id


def open_cases(db: Database, key: int) -> int:
    with db.read() as session:
        return roster.get_mediator(session, key).open_cases


def reserve(db: Database, key: int, today: date = TODAY) -> bool:
    with db.write() as session:
        return roster.reserve(session, key, today)


# --- who is in the pool ----------------------------------------------------------------------------------------------


def test_a_mediator_is_enrolled_with_skills_and_areas(db: Database) -> None:
    with db.write() as session:
        skills = [Skill("forest_land", "boundary", 20), Skill("neighbor")]
        key = roster.enrol(session, OLD_WANG, skills, [JIUXIAN, VILLAGE, JIUXIAN]).id
    with db.read() as session:
        good_at = session.exec(select(Expertise).where(Expertise.mediator_id == key)).all()
        serves = session.exec(select(ServiceArea.region).where(ServiceArea.mediator_id == key)).all()
    assert {(e.type, e.subtype, e.years) for e in good_at} == {("forest_land", "boundary", 20), ("neighbor", "", 0)}
    assert sorted(serves) == [JIUXIAN, VILLAGE], "an area given twice is kept once"


def test_names_and_phones_are_kept_in_one_form(db: Database) -> None:
    key = enrolled(db, name=" 王 德 发 ", phone="+86 138-0000-0001")
    with db.read() as session:
        mediator = roster.get_mediator(session, key)
    assert (mediator.name, mediator.phone) == ("王德发", "13800000001")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13800000001", "13800000001"),
        ("１３８００００００01", "13800000001"),
        ("008613800000001", "13800000001"),
        ("8613800000001", "13800000001"),
        ("0911-3622222", "09113622222"),
        ("86112345", "86112345"),
        ("", ""),
        ("没有", ""),
    ],
)
def test_one_phone_has_one_number(written: str, kept: str) -> None:
    assert roster.plain_phone(written) == kept


def test_a_bad_entry_leaves_nothing_behind(db: Database) -> None:
    good = roster.Enrolment(OLD_WANG)
    bad: list[tuple[Any, type[Exception]]] = [
        (roster.Enrolment(OLD_WANG.model_copy(update={"name": " "})), ValidationError),
        (roster.Enrolment(OLD_WANG.model_copy(update={"home": 1})), ValueError),
        (roster.Enrolment(OLD_WANG, (), (999,)), ValueError),
        (roster.Enrolment(OLD_WANG, (Skill("astrology"),)), ValueError),
        (roster.Enrolment(OLD_WANG, (Skill("neighbor", "bride_price"),)), ValueError),
        (roster.Enrolment(OLD_WANG, (Skill("neighbor", years=99),)), ValueError),
        (roster.Enrolment(OLD_WANG.model_copy(update={"dialects": "klingon"})), ValueError),
    ]
    for entry, refusal in bad:
        with db.write() as session, pytest.raises(refusal):
            roster.enrol_all(session, [good, entry])
    with db.read() as session:
        assert session.exec(select(Mediator)).all() == []
        assert changes.version(session) == 0, "nothing was written, nobody is woken"


def test_many_are_enrolled_in_order(db: Database) -> None:
    entries = [roster.Enrolment(OLD_WANG.model_copy(update={"name": f"王{n}"}), (), (VILLAGE,)) for n in range(300)]
    with db.write() as session:
        mediators = roster.enrol_all(session, entries)
    assert [m.name for m in mediators] == [f"王{n}" for n in range(300)]
    with db.read() as session:
        assert changes.version(session) == 1, "one transaction, one version"
        assert len(changes.since(session, 0)) == 300


def test_an_amendment_changes_what_it_names_and_nothing_else(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        roster.amend(session, key, title="退休教师", phone="138 0000 0009")
    with db.read() as session:
        mediator = roster.get_mediator(session, key)
    assert (mediator.title, mediator.phone, mediator.name) == ("退休教师", "13800000009", "王德发")


def test_a_bad_amendment_is_refused(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        with pytest.raises(ValidationError):
            roster.amend(session, key, load_cap=51)
        with pytest.raises(ValueError, match="no region"):
            roster.amend(session, key, home=5)
        with pytest.raises(TypeError, match="open_cases"):
            roster.amend(session, key, open_cases=0)
        with pytest.raises(roster.UnknownMediatorError):
            roster.amend(session, key + 1, title="x")


def test_the_second_of_two_editors_is_told(db: Database) -> None:
    key = enrolled(db)
    with db.read() as session:
        read = roster.get_mediator(session, key).version
    with db.write() as session:
        roster.amend(session, key, read, title="村支书")
    with db.write() as session, pytest.raises(roster.StaleMediatorError):
        roster.amend(session, key, read, title="果农")


def test_expertise_and_areas_are_replaced_whole(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        roster.set_expertise(session, key, [Skill("labor", "unpaid_wages", 3)])
        roster.set_service_areas(session, key, [NEXT_VILLAGE])
    with db.read() as session:
        assert [e.subtype for e in session.exec(select(Expertise))] == ["unpaid_wages"]
        assert [a.region for a in session.exec(select(ServiceArea))] == [NEXT_VILLAGE]
    with db.write() as session:
        roster.set_expertise(session, key, [])
    with db.read() as session:
        assert session.exec(select(Expertise)).all() == []


def test_one_skill_twice_is_refused(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session, pytest.raises(ValueError, match="given twice"):
        roster.set_expertise(session, key, [Skill("labor"), Skill("labor", years=3)])


@pytest.mark.parametrize(
    ("leave", "status"),
    [(roster.suspend, Status.SUSPENDED), (roster.retire, Status.RETIRED), (roster.reinstate, Status.ACTIVE)],
)
def test_the_status_follows(db: Database, leave: Callable[[Session, int], Mediator], status: Status) -> None:
    key = enrolled(db)
    with db.write() as session:
        leave(session, key)
    with db.read() as session:
        assert roster.get_mediator(session, key).status is status
    assert reserve(db, key) is (status is Status.ACTIVE)


def test_leave_that_ends_before_it_begins_is_refused(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session, pytest.raises(ValueError, match="before it begins"):
        roster.take_leave(session, key, date(2026, 11, 24), date(2026, 11, 23))


# --- who must step aside ---------------------------------------------------------------------------------------------

LI = Person("李秀英", "13911112222", VILLAGE)


def recused_by(db: Database, declared: Person, asked: Person, home: int = FAR_VILLAGE) -> RelationKind | None:
    key = enrolled(db, home=home)
    with db.write() as session:
        roster.declare_relation(session, key, RelationKind.CREDITOR, declared)
    with db.read() as session:
        return roster.recused(session, [Person("旁人"), asked]).get(key)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (LI, "the same person"),
        (Person("李氏", "+86 139 1111 2222"), "the same phone under another name"),
        (Person("李 秀英", "", VILLAGE), "the same name and village, no phone"),
        (Person("李秀英", "13700000000", VILLAGE), "the same name and village, another phone"),
        (Person("李秀英", "", JIUXIAN), "the same name, known by the town of that village"),
    ],
)
def test_a_declared_tie_recuses(db: Database, asked: Person, why: str) -> None:
    assert recused_by(db, LI, asked) is RelationKind.CREDITOR, why


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Person("李秀英", "", NEXT_VILLAGE), "a namesake elsewhere"),
        (Person("李秀英"), "a name without a place"),
        (Person("李秀兰", "", VILLAGE), "another person of that village"),
        (Person("", "", VILLAGE), "nobody"),
    ],
)
def test_a_stranger_recuses_nobody(db: Database, asked: Person, why: str) -> None:
    assert recused_by(db, LI, asked) is None, why


def test_two_without_a_phone_are_not_the_same_person(db: Database) -> None:
    assert recused_by(db, Person("李秀英", "", VILLAGE), Person("李秀英", "", NEXT_VILLAGE)) is None


def test_a_mediator_who_is_a_party_is_recused(db: Database) -> None:
    key = enrolled(db)
    with db.read() as session:
        assert roster.recused(session, [Person("老王", "13800000001")]) == {key: RelationKind.INTEREST}
        assert roster.recused(session, [Person("王德发", "", VILLAGE)]) == {key: RelationKind.INTEREST}
        assert roster.recused(session, [Person("王德发", "", NEXT_VILLAGE)]) == {}
        assert roster.recused(session, []) == {}


def test_of_several_reasons_the_nearest_tie_is_named(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        for kind in (RelationKind.AGENT, RelationKind.KIN, RelationKind.EMPLOYER):
            roster.declare_relation(session, key, kind, LI)
    with db.read() as session:
        assert roster.recused(session, [LI, Person("王德发", "", VILLAGE)]) == {key: RelationKind.KIN}


@pytest.mark.parametrize("nobody", [Person("李秀英"), Person("", "", VILLAGE), Person("李秀英", "无")])
def test_a_tie_to_nobody_in_particular_is_refused(db: Database, nobody: Person) -> None:
    key = enrolled(db)
    with db.write() as session, pytest.raises(ValueError, match="phone, or name and village"):
        roster.declare_relation(session, key, RelationKind.KIN, nobody)


# --- slots -----------------------------------------------------------------------------------------------------------


def test_slots_run_out_at_the_cap_and_come_back(db: Database) -> None:
    key = enrolled(db)
    assert [reserve(db, key) for _ in range(3)] == [True, True, False]
    with db.write() as session:
        assert roster.release(session, key)
    assert open_cases(db, key) == 1
    assert reserve(db, key)


def test_nothing_is_released_that_was_not_taken(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        assert not roster.release(session, key)
        assert not roster.release(session, key + 1)
    assert open_cases(db, key) == 0


@pytest.mark.parametrize(
    ("today", "taken"),
    [(date(2026, 11, 22), True), (date(2026, 11, 23), False), (date(2026, 11, 25), False), (date(2026, 11, 26), True)],
)
def test_no_slot_on_a_day_of_leave(db: Database, today: date, taken: bool) -> None:
    key = enrolled(db)
    with db.write() as session:
        roster.take_leave(session, key, date(2026, 11, 23), date(2026, 11, 25), "秋收")
    assert reserve(db, key, today) is taken


def test_a_leave_holds_back_its_own_mediator_only(db: Database) -> None:
    away, here = enrolled(db), enrolled(db, name="赵大山")
    with db.write() as session:
        roster.take_leave(session, away, TODAY, TODAY)
    assert (reserve(db, away), reserve(db, here)) == (False, True)


def test_a_row_already_read_shows_the_slot_taken(db: Database) -> None:
    key = enrolled(db)
    with db.write() as session:
        mediator = roster.get_mediator(session, key)
        assert roster.reserve(session, key, TODAY)
        assert mediator.open_cases == 1


def test_a_rolled_back_slot_was_never_taken(db: Database) -> None:
    key = enrolled(db)
    with db.session(SYSTEM) as session:
        assert roster.reserve(session, key, TODAY)
        session.rollback()
        session.commit()
    assert open_cases(db, key) == 0
    with db.read() as session:
        assert changes.version(session) == 1, "only the enrolment is told of"


@pytest.mark.parametrize("cap", [1, 3])
def test_eight_who_race_for_the_last_slots_never_get_one_too_many(db: Database, cap: int) -> None:
    key = enrolled(db, load_cap=cap)
    start = Barrier(8)

    def race(_: int) -> bool:
        start.wait()
        return reserve(db, key)

    with ThreadPoolExecutor(8) as racers:
        for _ in range(5):
            won = sum(racers.map(race, range(8)))
            assert won == cap, "the winners are counted, not the counter"
            assert open_cases(db, key) == cap
            with db.write() as session:
                assert all(roster.release(session, key) for _ in range(cap))


# --- how others learn of a change ------------------------------------------------------------------------------------


def test_every_write_tells_whom_it_changed(db: Database) -> None:
    key, other = enrolled(db), enrolled(db, name="赵大山")
    writes: list[Callable[[Session], object]] = [
        lambda s: roster.amend(s, key, title="村支书"),
        lambda s: roster.suspend(s, key),
        lambda s: roster.reinstate(s, key),
        lambda s: roster.set_expertise(s, key, [Skill("labor")]),
        lambda s: roster.set_service_areas(s, key, [VILLAGE]),
        lambda s: roster.take_leave(s, key, date(2027, 1, 1), date(2027, 1, 2)),
        lambda s: roster.declare_relation(s, key, RelationKind.KIN, LI),
        lambda s: roster.reserve(s, key, TODAY),
        lambda s: roster.release(s, key),
        lambda s: roster.retire(s, key),
    ]
    for number, write in enumerate(writes, start=3):
        with db.write() as session:
            write(session)
        with db.read() as session:
            assert changes.since(session, number - 1) == {key: number}
            assert changes.version(session) == number
    with db.read() as session:
        assert changes.since(session, 0) == {key: 12, other: 2}, "one row a mediator, however often changed"


def test_a_slot_not_taken_tells_nobody(db: Database) -> None:
    key = enrolled(db, load_cap=0)
    assert not reserve(db, key)
    with db.read() as session:
        assert changes.version(session) == 1


def test_a_reader_who_asks_for_what_is_newer_misses_nobody(db: Database) -> None:
    """Eight writers change mediators, each once, and tarry before the commit, while a reader polls."""
    with db.write() as session:
        keys = [roster.enrol(session, OLD_WANG.model_copy(update={"name": f"王{n}"})).id or 0 for n in range(32)]
    with db.read() as session:
        seen, told = changes.version(session), set[int]()

    def write(key: int) -> None:
        with db.write() as session:
            assert roster.reserve(session, key, TODAY)
            sleep(0.03 if key % 4 == 0 else 0.001)

    with ThreadPoolExecutor(8) as writers:
        running = [writers.submit(write, key) for key in keys]
        finished = False
        while not finished:
            sleep(0.003)
            finished = all(job.done() for job in running)  # looked at before the last reading
            with db.read() as session:
                fresh = changes.since(session, seen)
            told |= fresh.keys()
            seen = max([seen, *fresh.values()])
    assert [job.result() for job in running] == [None] * 32
    assert told == set(keys)
    assert seen == 33
