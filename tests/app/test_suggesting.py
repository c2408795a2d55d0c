"""Who is named for a case, on both databases: what the database knows of the people decides who is left out."""

from datetime import date

import pytest
from sqlmodel import Session

import matching
from app import gates, suggesting
from app.db import Database
from app.models import Dispute, Gate, GateState, Recusal
from talent_pool import roster
from talent_pool.index import RosterIndex
from talent_pool.models import Kind, RelationKind
from talent_pool.roster import Person
from tests.builders import ALSO_THERE, JIAOKOUHE_VILLAGE, a_case, a_mediator, viewer
from tests.clock import NOW

READ = {"type": "neighbor", "probabilities": {"neighbor": 0.9, "contract": 0.1}}


class Pool:
    """Five mediators: three for neighbours, two for contracts."""

    def __init__(self, session: Session) -> None:
        make = [("neighbor", Kind.LOCAL_ELDER), ("neighbor", Kind.ADMINISTRATIVE), ("neighbor", Kind.INDUSTRY)]
        make += [("contract", Kind.LOCAL_ELDER), ("contract", Kind.INDUSTRY)]
        self.ids = [
            a_mediator(session, types=(type_code,), kind=kind, phone=f"1390000000{at}", home=ALSO_THERE).id or 0
            for at, (type_code, kind) in enumerate(make)
        ]


def named(session: Session, dispute: Dispute, exclude: tuple[int, ...] = ()) -> matching.Suggestion:
    return suggesting.for_dispute(session, dispute, RosterIndex.load(session), NOW, exclude)


def ids(suggestion: matching.Suggestion) -> set[int]:
    return {person.id for person in suggestion.shortlist}


def test_names_those_who_know_the_matter(db: Database) -> None:
    with db.write() as session:
        pool = Pool(session)
        found = named(session, a_case(session, reading=READ).dispute)
        assert [person.id for person in found.shortlist][:3] and set(pool.ids[:3]) <= ids(found)
        assert {person.id for person in found.shortlist[:3]} == set(pool.ids[:3])
        assert all(person.reasons for person in found.shortlist)


def test_the_officers_type_beats_the_machines(db: Database) -> None:
    with db.write() as session:
        pool = Pool(session)
        found = named(session, a_case(session, reading=READ, type="contract").dispute)
        assert {person.id for person in found.shortlist[:2]} == set(pool.ids[3:])


def test_ties_and_declared_recusals_are_left_out_and_counted(db: Database) -> None:
    with db.write() as session:
        pool = Pool(session)
        case = a_case(session, reading=READ)
        kin = Person(case.parties[0].name, "", case.parties[0].village)
        roster.declare_relation(session, pool.ids[0], RelationKind.KIN, kin)
        session.add(Recusal(**case.dispute.owns(), mediator_id=pool.ids[1], reason="舅舅", declared_at=NOW))
        session.flush()
        found = named(session, case.dispute)
        assert not {pool.ids[0], pool.ids[1]} & ids(found)
        assert found.excluded["recusal"] == 2
        assert suggesting.recused(session, case.dispute) == {pool.ids[0], pool.ids[1]}


def test_the_absent_the_full_and_those_listed_before_are_left_out(db: Database) -> None:
    with db.write() as session:
        pool = Pool(session)
        roster.take_leave(session, pool.ids[0], date(2026, 11, 20), date(2026, 11, 23))
        a_mediator(session, open_cases=3, load_cap=3)
        found = named(session, a_case(session, reading=READ).dispute, exclude=(pool.ids[1],))
        assert not {pool.ids[0], pool.ids[1]} & ids(found)
        assert (found.excluded["leave"], found.excluded["full"]) == (1, 1)


@pytest.mark.parametrize(
    ("code", "barred"), [("crime_suspected", True), ("domestic_violence", True), ("court_seized", False)]
)
def test_nobody_is_named_while_crime_or_violence_stands_even_in_doubt(db: Database, code: str, barred: bool) -> None:
    with db.write() as session:
        Pool(session)
        dispute = a_case(session, reading=READ).dispute
        gate = Gate(**dispute.owns(), code=code)
        session.add(gate)
        session.flush()
        found = named(session, dispute)
        assert (found.barred, bool(found.shortlist)) == ((code, False) if barred else (None, True))
        gate.state = GateState.OVERRIDDEN
        session.flush()
        assert named(session, dispute).shortlist
        assert gates.standing([gate]) == []


def test_a_quarrel_of_many_sides_gets_a_longer_list(db: Database) -> None:
    with db.write() as session:
        for at in range(10):
            a_mediator(session, phone=f"1390000001{at}", home=ALSO_THERE)
        two = a_case(session, reading=READ).dispute
        three = a_case(session, reading=READ, sides=(("甲",), ("乙",), ("丙",))).dispute
        assert (len(named(session, two).shortlist), len(named(session, three).shortlist)) == (6, 8)


def test_words_that_are_no_case_yet_are_answered_alike(db: Database) -> None:
    reading = matching.read("雨水从他家房檐流到我家院子,说了几次都不改。")
    with db.write() as session:
        pool = Pool(session)
        index = RosterIndex.load(session)
        found = suggesting.for_text(session, reading, index, NOW, region=JIAOKOUHE_VILLAGE)
        assert {person.id for person in found.shortlist[:3]} == set(pool.ids[:3])
        party = Person("谁", "13900000000")
        left = suggesting.for_text(session, reading, index, NOW, region=JIAOKOUHE_VILLAGE, people=[party])
        assert pool.ids[0] not in ids(left)
        contract = suggesting.for_text(session, reading, index, NOW, region=JIAOKOUHE_VILLAGE, chosen="contract", n=2)
        assert ids(contract) == set(pool.ids[3:])
        crime = matching.read("拿刀捅伤了邻居,人送医院了。")
        assert suggesting.for_text(session, crime, index, NOW, region=JIAOKOUHE_VILLAGE).barred == "crime_suspected"


def test_the_scope_of_the_viewer_is_kept(db: Database) -> None:
    with db.write() as session:
        Pool(session)
        case = a_case(session, reading=READ)
    with db.read(viewer(case.officer).scope) as session:
        dispute = session.get_one(Dispute, case.dispute.id)
        assert named(session, dispute).shortlist
