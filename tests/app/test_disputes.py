"""Logging a quarrel, on both databases: what is kept, what is refused, and that a second sending makes no second case."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from app import cases, disputes, twins
from app.accounts import Viewer
from app.db import Database
from app.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.intake import Intake, clean, plain_phone
from app.lifecycle import State
from app.models import Dispute, Event, Recusal, Source
from talent_pool import taxonomy
from talent_pool.models import Sex
from talent_pool.roster import Person
from tests.builders import (
    ALSO_THERE,
    ELSEWHERE,
    JIAOKOUHE,
    JIAOKOUHE_VILLAGE,
    a_case,
    a_coordinator,
    a_head,
    a_mediator,
    a_station,
    an_officer,
    viewer,
)
from tests.clock import NOW

DRAIN = "雨水从他家房檐流到我家院子,说了几次都不改。"  # the machine is sure: neighbour, drainage
VAGUE = "有点事情。"  # the machine is not sure
THREAT = "为院墙下的水路争了起来,扬言要拼命,同归于尽。"


def intake(narrative: str = DRAIN, **given: object) -> Intake:
    sides = [{"parties": [{"name": "童大山", "phone": "138 0000 1234"}]}, {"parties": [{"name": "邱有田"}]}]
    return Intake.model_validate({"narrative": narrative, "sides": sides} | given)


@pytest.fixture
def officer(db: Database) -> Viewer:
    with db.write() as session:
        return viewer(an_officer(session, a_station(session)))


def log(
    db: Database, by: Viewer, what: Intake | None = None, *, key: str = "key-of-the-form-1", now: datetime = NOW
) -> str:
    with db.write(by.scope) as session:
        return disputes.log(session, what or intake(), by=by, key=key, now=now).no


def count(db: Database) -> int:
    with db.read() as session:
        return session.execute(select(func.count()).select_from(Dispute)).scalar_one()


# --- what is kept ---


def test_keeps_words_place_people_and_clock(db: Database, officer: Viewer) -> None:
    sides = [
        {"parties": [{"name": " 童大山 ", "sex": "male", "birth_year": "１９６０", "village": ALSO_THERE}, {"name": "童小山", "spokesperson": True}]},
        {"parties": [{"name": "邱有田", "phone": "(029) 8888-7777"}]},
        {"parties": [{"name": "娃娃", "birth_year": 2015, "guardian": "娃他爸"}]},
    ]  # fmt: skip
    no = log(db, officer, intake(sides=sides, place=JIAOKOUHE_VILLAGE, source="from_grid"))
    with db.read(officer.scope) as session:
        case = disputes.get(session, no)
        assert (case.narrative, case.place, case.area, case.source) == (
            DRAIN,
            JIAOKOUHE_VILLAGE,
            officer.area,
            Source.FROM_GRID,
        )
        assert (case.state, case.officer_id, case.opened_at) == (State.TRIAGED, officer.account_id, NOW)
        assert case.due_at == NOW + timedelta(hours=24)
        assert [(side.letter, side.applicant) for side in cases.sides_of(session, case)] == [
            ("A", True),
            ("B", False),
            ("C", False),
        ]
        people = {each.name: each for each in cases.parties_of(session, case)}
        assert (people["童大山"].sex, people["童大山"].birth_year, people["童大山"].village) == (
            Sex.MALE,
            1960,
            ALSO_THERE,
        )
        assert [name for name, each in people.items() if each.spokesperson] == ["童小山", "邱有田", "娃娃"]
        assert (people["邱有田"].phone, people["娃娃"].guardian) == ("02988887777", "娃他爸")


def test_keeps_what_the_machine_said_and_what_the_officer_chose(db: Database, officer: Viewer) -> None:
    no = log(db, officer, intake(type="contract", subtype="private_loan"))
    with db.read(officer.scope) as session:
        case = disputes.get(session, no)
        assert (case.type, case.subtype) == ("contract", "private_loan")
        assert (case.reading["type"], case.reading["subtype"]) == ("neighbor", "drainage_light")
        logged = session.execute(select(Event).where(Event.kind == "logged")).scalar_one()  # type: ignore[arg-type]
        assert (logged.data["machine"]["type"], logged.data["officer"]["type"]) == ("neighbor", "contract")


def test_takes_the_machines_word_where_the_officer_is_silent(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.read(officer.scope) as session:
        case = disputes.get(session, no)
        assert (case.type, case.subtype) == ("neighbor", "drainage_light")


def test_a_subtype_alone_settles_the_type(db: Database, officer: Viewer) -> None:
    no = log(db, officer, intake(VAGUE, subtype="bride_price"))
    with db.read(officer.scope) as session:
        assert disputes.get(session, no).type == taxonomy.all_subtypes()["bride_price"].parents[0]


def test_a_subtype_left_over_from_another_type_is_dropped(db: Database, officer: Viewer) -> None:
    no = log(db, officer, intake(type="contract", subtype="bride_price"))
    with db.read(officer.scope) as session:
        assert (disputes.get(session, no).type, disputes.get(session, no).subtype) == ("contract", "")


def test_facts_with_phones_are_not_kept_a_second_time(db: Database, officer: Viewer) -> None:
    no = log(db, officer, intake(DRAIN + "他电话13912345678。"))
    with db.read(officer.scope) as session:
        assert "13912345678" not in str(disputes.get(session, no).reading)


def test_a_red_case_is_to_be_seen_within_the_hour(db: Database, officer: Viewer) -> None:
    no = log(db, officer, intake(THREAT))
    with db.read(officer.scope) as session:
        case = disputes.get(session, no)
        assert (case.colour, case.due_at) == ("red", NOW + timedelta(hours=1))
        assert case.colour_until == NOW + timedelta(days=30)


def test_a_quiet_case_has_no_colour_to_expire(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.read(officer.scope) as session:
        assert (disputes.get(session, no).colour, disputes.get(session, no).colour_until) == ("green", None)


def test_without_a_place_the_stations_town_counts(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.read(officer.scope) as session:
        assert disputes.get(session, no).place == officer.area


# --- numbers ---


def test_numbers_count_per_station_and_year_of_shanghai(db: Database, officer: Viewer) -> None:
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    numbers = [
        log(db, officer, key="form-number-0001"),
        log(db, officer, key="form-number-0002"),
        log(db, officer, key="form-number-0003", now=new_year),
    ]
    with db.write() as session:
        other = viewer(an_officer(session, a_station(session, area=ELSEWHERE)))
    numbers.append(log(db, other, key="form-number-0001"))
    assert numbers == ["610629102-2026-0001", "610629102-2026-0002", "610629102-2027-0001", "610802103-2026-0001"]


def test_two_stations_of_one_town_never_give_out_one_number(db: Database, officer: Viewer) -> None:
    with db.write() as session:
        neighbour = viewer(an_officer(session, a_station(session)))
    assert (log(db, officer), log(db, neighbour)) == ("610629102-2026-0001", "610629102-2026-0002")


# --- twice ---


def test_the_same_form_twice_is_one_case(db: Database, officer: Viewer) -> None:
    assert log(db, officer) == log(db, officer, now=NOW + timedelta(minutes=5))
    assert count(db) == 1


def test_the_same_form_with_other_words_is_refused(db: Database, officer: Viewer) -> None:
    log(db, officer)
    with pytest.raises(InvalidInput) as refused:
        log(db, officer, intake("地界上的石头被挪了。"))
    assert list(refused.value.problems) == ["key"]
    assert count(db) == 1


def test_two_officers_may_use_the_same_key(db: Database, officer: Viewer) -> None:
    with db.write() as session:
        colleague = viewer(an_officer(session))
    assert log(db, officer) != log(db, colleague)


def test_a_double_click_makes_one_case_and_leads_to_one_page(db: Database, officer: Viewer) -> None:
    for round_ in range(5):
        assert len(set(in_parallel(lambda key=f"double-click-{round_:04d}": log(db, officer, key=key)))) == 1  # type: ignore[misc]
    assert count(db) == 5


def test_forms_at_the_same_instant_get_numbers_of_their_own(db: Database, officer: Viewer) -> None:
    keys = iter([f"own-number-{at:04d}" for at in range(6)])
    assert len(set(in_parallel(lambda: log(db, officer, key=next(keys)), 6))) == 6


def in_parallel(work: object, times: int = 2) -> list[str]:
    done: list[str] = []
    start = threading.Barrier(times)

    def run() -> None:
        start.wait()
        done.append(work())  # type: ignore[operator]

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == times
    return done


# --- what is refused ---


def test_an_unsure_machine_asks_the_officer_and_writes_nothing(db: Database, officer: Viewer) -> None:
    with pytest.raises(InvalidInput) as refused:
        log(db, officer, intake(VAGUE))
    assert list(refused.value.problems) == ["type"]
    assert count(db) == 0
    assert log(db, officer, intake(VAGUE, type="other")), "the key is free again"


def test_a_child_needs_a_guardian_and_nobody_is_born_tomorrow(db: Database, officer: Viewer) -> None:
    sides = [
        {"parties": [{"name": "甲"}, {"name": "乙", "birth_year": 2011}]},
        {"parties": [{"name": "丙", "birth_year": 2027}]},
    ]
    with pytest.raises(InvalidInput) as refused:
        log(db, officer, intake(sides=sides))
    assert list(refused.value.problems) == ["sides-0-parties-1-guardian", "sides-1-parties-0-birth_year"]


def test_sixteen_this_year_is_not_a_child_for_sure(db: Database, officer: Viewer) -> None:
    sides = [{"parties": [{"name": "甲", "birth_year": 2010}]}, {"parties": [{"name": "乙"}]}]
    assert log(db, officer, intake(sides=sides))


def test_a_coordinator_cannot_log(db: Database) -> None:
    with db.write() as session:
        coordinator = viewer(a_coordinator(session))
    with pytest.raises(Forbidden):
        log(db, coordinator)


@pytest.mark.parametrize(
    "given",
    [
        {"narrative": " \n\t "}, {"narrative": "争" * 10_001}, {"narrative": "\x00\u202e"}, {"type": "gossip"}, {"subtype": "gossip"},
        {"source": "rumour"}, {"place": 123}, {"place": 610629102999}, {"sides": []}, {"sides": [{"parties": []}, {"parties": []}]},
        {"sides": [{"parties": [{"name": "甲"}]}] * 9}, {"sides": [{"parties": [{"name": "甲"}] * 51}, {"parties": [{"name": "乙"}]}]},
        {"sides": [{"parties": [{"name": "甲", "phone": "12"}]}, {"parties": [{"name": "乙"}]}]},
        {"sides": [{"parties": [{"name": "甲", "birth_year": "去年"}]}, {"parties": [{"name": "乙"}]}]},
        {"sides": [{"parties": [{"name": "甲", "sex": "both"}]}, {"parties": [{"name": "乙"}]}]}, {"no": "1"},
    ],
)  # fmt: skip
def test_the_intake_refuses(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        intake(**given)  # type: ignore[arg-type]


HOSTILE = {
    "两家为水路爭執,誰也不讓": "两家为水路爭執,誰也不讓",
    "邻居 Zhang 的 dog 咬了人😀": "邻居 Zhang 的 dog 咬了人😀",
    "甲\x00乙": "甲乙",
    "甲\u202e乙\u2066丙": "甲乙丙",
    "甲\ud800乙": "甲乙",
    "一行\r\n二行\r三行": "一行\n二行\n三行",
    "<b>吵</b>&amp;": "<b>吵</b>&amp;",
    "𠮷家与邻居": "𠮷家与邻居",
    "争" * 10_000: "争" * 10_000,
}


def test_hostile_words_are_kept_as_far_as_they_can_be_read(db: Database, officer: Viewer) -> None:
    for number, (typed, kept) in enumerate(HOSTILE.items()):
        no = log(db, officer, intake(typed, type="neighbor"), key=f"hostile-words-{number:04d}")
        with db.read(officer.scope) as session:
            assert disputes.get(session, no).narrative == kept


def test_cleaning_loses_nothing_that_can_be_read() -> None:
    assert clean("  水\t路\n争　议 ㊣ ﷽ e\u0301 ") == "水\t路\n争　议 ㊣ ﷽ e\u0301"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138 0000 1234", "13800001234"), ("+86 13800001234", "13800001234"), ("１３８００００１２３４", "13800001234"), ("12345", "12345"),
        ("029-88887777", "02988887777"), ("+852 2345 6789", "+85223456789"), ("", ""), ("(029)88887777", "02988887777"),
    ],
)  # fmt: skip
def test_phones_are_kept_in_one_form(typed: str, kept: str) -> None:
    assert plain_phone(typed) == kept


@pytest.mark.parametrize("typed", ["没有", "138", "1380000123x", "1" * 60, "十三八"])
def test_what_is_no_phone_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="电话号码不对"):
        plain_phone(typed)


# --- changes ---


def test_the_officers_word_on_the_type_wins_later_too(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.write(officer.scope) as session:
        case = disputes.get(session, no)
        disputes.correct_type(session, case, type_code="forest_land", subtype="boundary", by=officer, now=NOW)
    with db.read(officer.scope) as session:
        case = disputes.get(session, no)
        assert (case.type, case.subtype, case.reading["type"]) == ("forest_land", "boundary", "neighbor")


def test_a_wrong_type_is_refused(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.write(officer.scope) as session:
        case = disputes.get(session, no)
        for type_code, subtype in (("gossip", ""), ("contract", "bride_price")):
            with pytest.raises(InvalidInput):
                disputes.correct_type(session, case, type_code=type_code, subtype=subtype, by=officer, now=NOW)


def test_once_the_order_is_open_the_type_stands(db: Database, officer: Viewer) -> None:
    with db.write() as session:
        case = a_case(session, state=State.CHOOSING).dispute
        with pytest.raises(Conflict):
            disputes.correct_type(session, case, type_code="contract", subtype="", by=officer, now=NOW)


def test_a_recusal_is_written_once_and_needs_a_reason_and_a_mediator(db: Database, officer: Viewer) -> None:
    no = log(db, officer)
    with db.write() as session:
        mediator = a_mediator(session).id or 0
    with db.write(officer.scope) as session:
        case = disputes.get(session, no)
        for reason in ("是A方的舅舅", "再说一次"):
            disputes.recuse(session, case, mediator, reason=reason, by=officer, now=NOW)
        with pytest.raises(InvalidInput):
            disputes.recuse(session, case, mediator, reason=" ", by=officer, now=NOW)
        with pytest.raises(NotFound):
            disputes.recuse(session, case, 999_999, reason="舅舅", by=officer, now=NOW)
    with db.read(officer.scope) as session:
        assert [each.reason for each in session.execute(select(Recusal)).scalars()] == ["是A方的舅舅"]
        case = disputes.get(session, no)
        assert [event.kind for event in cases.history(session, case)].count("recused") == 1


# --- finding ---


def test_unknown_numbers_are_not_found(db: Database, officer: Viewer) -> None:
    with db.read(officer.scope) as session:
        for no in ("", "1", "610629102-2026-9999", "x" * 5000, "\x00", "\ud800", "%", "六"):
            with pytest.raises(NotFound):
                disputes.get(session, no)


def test_a_foreign_case_is_not_found_in_the_same_words(db: Database, officer: Viewer) -> None:
    with db.write() as session:
        foreign = a_case(session).dispute.no
    refusals = []
    for no in (foreign, "610629102-2026-9999"):
        with db.read(officer.scope) as session, pytest.raises(NotFound) as refused:
            disputes.get(session, no)
        refusals.append(str(refused.value))
    assert refusals[0] == refusals[1]


def test_the_work_list_has_own_cases_first_then_those_due_first(db: Database) -> None:
    with db.write() as session:
        station = a_station(session)
        me, colleague = an_officer(session, station), an_officer(session, station)
        day = timedelta(days=1)
        old = a_case(session, officer=colleague, opened_at=NOW - 9 * day, due_at=None).dispute.no
        soon = a_case(session, officer=colleague, opened_at=NOW - 2 * day, due_at=NOW + day).dispute.no
        late = a_case(session, officer=colleague, opened_at=NOW - day, due_at=NOW - day).dispute.no
        mine = a_case(session, officer=me, opened_at=NOW).dispute.no
        a_case(session, officer=me, state=State.CLOSED)
        a_case(session)
    with db.read(viewer(me).scope) as session:
        rows = disputes.work_list(session, mine=me.id)
    assert [row.no for row in rows] == [mine, late, soon, old]
    assert (rows[0].a, rows[0].b) == ("童大山", "邱有田")


def test_the_work_list_is_searched_by_number_and_names(db: Database) -> None:
    with db.write() as session:
        officer = viewer(a_case(session).officer)
    found = {"童大": 1, "有田": 1, "-2026-": 1, "%": 0, "_": 0, "\\": 0, "\x00童": 1, "无此人": 0}
    with db.read(officer.scope) as session:
        assert {words: len(disputes.work_list(session, words=words)) for words in found} == found


def test_a_search_finds_closed_cases_too(db: Database) -> None:
    with db.write() as session:
        case = a_case(session, state=State.CLOSED)
        officer, no = viewer(case.officer), case.dispute.no
    with db.read(officer.scope) as session:
        assert disputes.work_list(session) == []
        assert [row.no for row in disputes.work_list(session, words=no)] == [no]


# --- the same quarrel logged twice ---


def test_twins_are_found_within_the_scope_and_half_a_year(db: Database) -> None:
    with db.write() as session:
        head = a_head(session)
        station = session.get_one(type(a_station(session)), head.station_id)
        officer = an_officer(session, station)
        here = a_case(session, officer=officer, narrative=DRAIN, opened_at=NOW - timedelta(days=170))
        a_case(session, officer=officer, narrative=DRAIN, opened_at=NOW - timedelta(days=190))
        a_case(session, narrative=DRAIN)
        a_case(session, officer=officer, narrative="欠我三万块钱两年不还。", sides=(("甲",), ("乙",)), place=JIAOKOUHE)
    with db.read(viewer(officer).scope) as session:
        people = [Person("童大山", "", None)]
        found = twins.look(session, text=DRAIN + "又吵了。", place=JIAOKOUHE_VILLAGE, people=people, now=NOW).twins
        assert [twin.no for twin in found] == [here.dispute.no]
        assert {"person", "village"} <= set(found[0].reasons)
        itself = twins.look(
            session, text=DRAIN, place=JIAOKOUHE_VILLAGE, people=people, now=NOW, but=here.dispute.id
        ).twins
        assert itself == []
