"""Two cases that belong together: merged, relapsed, related; in both directions, undone, within the scope."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from app import cases, casework, disputes, relations, twins
from app.accounts import Viewer
from app.db import Database
from app.errors import Conflict, DiandanError, Forbidden, InvalidInput, NotFound
from app.lifecycle import State
from app.models import Account, CaseLink, Dispute, Event, LinkKind
from talent_pool.roster import Person
from tests.builders import ELSEWHERE, JIAOKOUHE_VILLAGE, a_case, a_coordinator, an_officer, viewer
from tests.clock import NOW

DUE = NOW + timedelta(hours=24)


@pytest.fixture
def desk(db: Database) -> Iterator[tuple[Session, Account, Dispute, Dispute]]:
    """An officer with an older case and a newer one, in one open session."""
    with db.write() as session:
        officer = an_officer(session)
        older = a_case(session, officer=officer, opened_at=NOW - timedelta(days=20)).dispute
        newer = a_case(session, officer=officer, due_at=DUE).dispute
        yield session, officer, older, newer


Desk = tuple[Session, Account, Dispute, Dispute]


def events(session: Session, dispute: Dispute) -> list[tuple[str, str, str]]:
    found = cases.history(session, dispute)
    return [(e.kind, e.data["link"], e.data["other"]) for e in found if e.kind in ("linked", "unlinked")]


def link(desk: Desk, kind: str, dispute: Dispute, other: Dispute) -> CaseLink:
    return relations.link(desk[0], dispute, other, kind, by=viewer(desk[1]), now=NOW)


def test_a_merged_case_is_closed_into_the_other_and_nothing_is_lost(desk: Desk) -> None:
    session, _, older, newer = desk
    link(desk, "same", newer, older)
    assert (newer.state, newer.ended, newer.closed_at, newer.due_at) == (State.TERMINATED, "merged", NOW, None)
    assert older.state is State.TRIAGED
    assert newer.narrative and len(cases.parties_of(session, newer)) == 2
    (ours,), (theirs,) = relations.of(session, newer), relations.of(session, older)
    assert (ours.kind, ours.incoming, ours.no) == (LinkKind.SAME, False, older.no)
    assert (theirs.kind, theirs.incoming, theirs.no) == (LinkKind.SAME, True, newer.no)
    assert theirs.narrative == newer.narrative
    assert events(session, newer) == [("linked", "same", older.no)]
    assert events(session, older) == [("linked", "same_in", newer.no)]


@pytest.mark.parametrize("from_the_other", [False, True])
def test_undoing_a_merger_opens_the_case_with_its_clock(desk: Desk, from_the_other: bool) -> None:
    session, officer, older, newer = desk
    row = link(desk, "same", newer, older)
    relations.undo(session, older if from_the_other else newer, row.id or 0, by=viewer(officer), now=NOW)
    assert (newer.state, newer.ended, newer.closed_at, newer.due_at) == (State.TRIAGED, "", None, DUE)
    assert relations.of(session, newer) == relations.of(session, older) == []
    assert [kind for kind, _, _ in events(session, newer)] == ["linked", "unlinked"]
    assert link(desk, "same", newer, older).id  # and it can be said again


def test_saying_it_twice_changes_nothing(desk: Desk) -> None:
    session, _, older, newer = desk
    for kind in ("related", "same", "relapse"):
        first = link(desk, kind, newer, older)
        number = session.execute(select(func.count()).select_from(Event)).scalar_one()
        assert link(desk, kind, newer, older) is first
        assert session.execute(select(func.count()).select_from(Event)).scalar_one() == number
        relations.undo(session, newer, first.id or 0, by=viewer(desk[1]), now=NOW)
    assert link(desk, "related", older, newer) is link(desk, "related", newer, older)


def test_a_relapse_is_the_later_case_whoever_says_it(desk: Desk) -> None:
    session, _, older, newer = desk
    row = link(desk, "relapse", older, newer)
    assert (row.dispute_id, row.other_id) == (newer.id, older.id)
    assert older.state is newer.state is State.TRIAGED
    assert [each.incoming for each in relations.of(session, older)] == [True]


def test_another_kind_needs_undoing_first(desk: Desk) -> None:
    _, _, older, newer = desk
    link(desk, "related", newer, older)
    with pytest.raises(Conflict):
        link(desk, "same", newer, older)
    with pytest.raises(Conflict):
        link(desk, "relapse", newer, older)
    assert newer.state is State.TRIAGED


def test_mergers_both_ways_are_one_too_many(desk: Desk) -> None:
    _, _, older, newer = desk
    link(desk, "same", newer, older)
    with pytest.raises(Conflict):
        link(desk, "same", older, newer)


@pytest.mark.parametrize("state", [State.BARRED, State.CHOOSING, State.MEDIATING, State.PERFORMING, State.CLOSED])
def test_what_is_barred_or_under_way_is_not_merged_but_can_be_linked(desk: Desk, state: State) -> None:
    session, officer, older, newer = desk
    newer.state = state
    session.flush()
    with pytest.raises(Conflict):
        link(desk, "same", newer, older)
    assert newer.state is state
    made = relations.link_new(session, newer, older, "same", by=viewer(officer), now=NOW)
    assert made.kind is LinkKind.RELATED
    assert relations.link_new(session, newer, older, "same", by=viewer(officer), now=NOW) is made


def test_nothing_is_merged_into_a_case_that_has_ended(desk: Desk) -> None:
    session, _, older, newer = desk
    older.state = State.CLOSED
    session.flush()
    with pytest.raises(Conflict):
        link(desk, "same", newer, older)
    assert link(desk, "relapse", newer, older).kind is LinkKind.RELAPSE


def test_a_merged_case_that_is_taken_up_again_is_merged_no_more(desk: Desk) -> None:
    session, officer, older, newer = desk
    row = link(desk, "same", newer, older)
    casework.reopen(session, newer, by=viewer(officer).actor, now=NOW)
    assert newer.state is State.TRIAGED
    assert relations.of(session, older) == []
    with pytest.raises(NotFound):
        relations.undo(session, newer, row.id or 0, by=viewer(officer), now=NOW)


def test_a_merged_case_that_was_closed_is_not_opened_by_undoing(desk: Desk) -> None:
    session, officer, older, newer = desk
    row = link(desk, "same", newer, older)
    casework.close(session, newer, by=viewer(officer).actor, now=NOW)
    with pytest.raises(Conflict):
        relations.undo(session, newer, row.id or 0, by=viewer(officer), now=NOW)
    assert newer.state is State.CLOSED


@pytest.mark.parametrize(("kind", "problem"), [("twin", InvalidInput), ("", InvalidInput), ("same", Conflict)])
def test_odd_wishes_are_refused(desk: Desk, kind: str, problem: type[DiandanError]) -> None:
    _, _, older, newer = desk
    with pytest.raises(problem):
        link(desk, kind, newer, newer if kind == "same" else older)


def test_only_a_station_links_and_only_what_it_sees(db: Database) -> None:
    with db.write() as session:
        officer, stranger, coordinator = an_officer(session), an_officer(session), a_coordinator(session)
        mine = a_case(session, officer=officer).dispute.no
        also = a_case(session, officer=officer).dispute.no
        foreign = a_case(session, officer=stranger).dispute.no
        people: dict[str, Viewer] = {
            "officer": viewer(officer), "stranger": viewer(stranger), "coordinator": viewer(coordinator)
        }  # fmt: skip
    with db.write(people["officer"].scope) as session, pytest.raises(NotFound):
        disputes.get(session, foreign)
    with db.write(people["coordinator"].scope) as session, pytest.raises(Forbidden):
        pair = disputes.get(session, mine), disputes.get(session, also)
        relations.link(session, *pair, "related", by=people["coordinator"], now=NOW)
    with db.write(people["officer"].scope) as session:
        pair = disputes.get(session, mine), disputes.get(session, also)
        key = relations.link(session, *pair, "related", by=people["officer"], now=NOW).id or 0
    with db.write(people["stranger"].scope) as session, pytest.raises(NotFound):
        relations.undo(session, disputes.get(session, foreign), key, by=people["stranger"], now=NOW)
    with db.write(people["coordinator"].scope) as session, pytest.raises(Forbidden):
        relations.undo(session, disputes.get(session, mine), key, by=people["coordinator"], now=NOW)


def test_household_and_parcel_make_a_twin_and_names_that_sound_alike_are_told(db: Database) -> None:
    with db.write() as session:
        officer = an_officer(session)
        a_case(
            session,
            officer=officer,
            sides=(("李建国",), ("王德顺",)),
            narrative="地畔叫人犁过来一尺",
            parcel="北塬三号地",
        )
        a_case(session, officer=officer, sides=(("李健国",), ("周五",)), narrative="借我钱不还", place=ELSEWHERE)
    with db.read(viewer(officer).scope) as session:
        people = [Person("李剑国", "", None), Person("王德顺", "", None)]
        found = twins.look(
            session, text="承包地边又吵", place=JIAOKOUHE_VILLAGE, people=people, now=NOW, parcel="北塬3号"
        )
    assert [twin.parcel for twin in found.twins] == ["北塬三号地"]
    assert {"parcel", "village"} <= set(found.twins[0].reasons)
    assert found.twins[0].people == ("李建国", "王德顺")
    assert [(each.ours, each.theirs) for each in found.namesakes] == [("李剑国", "李建国")]
