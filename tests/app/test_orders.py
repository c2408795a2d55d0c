"""The order from the list to the choice: what is frozen, sealed, replaced, refused, and what the log can say again."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app import assignments, ballot_box, cases, invitations, orders
from app.db import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.lifecycle import State
from app.models import (
    Assignment,
    AssignmentState,
    Ballot,
    BallotChannel,
    Choice,
    Gate,
    Listing,
    Mark,
    Outbox,
    Recusal,
    Shortlist,
)
from app.orders import Marks, read_marks
from app.workdays import shanghai
from matching import choice
from talent_pool import roster
from talent_pool.index import RosterIndex
from talent_pool.models import Mediator, RelationKind
from tests.app.order_story import Story, a_pool, an_order, count, held, listed, open_list, seal, story_of
from tests.builders import a_case
from tests.clock import NOW

# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_list_is_frozen_and_every_side_gets_its_own_link(db: Database) -> None:
    story = an_order(db)
    with db.read() as session:
        dispute = story.dispute(session)
        assert dispute.state is State.CHOOSING
        assert dispute.due_at is not None and shanghai(dispute.due_at).date().isoformat() == "2026-11-25"
        items = session.execute(select(Listing)).scalars().all()
        assert [item.position for item in items] == [1, 2, 3, 4, 5, 6]
        assert len({item.mediator_id for item in items}) == 6
        assert len({item.kind for item in items}) == 3
        assert all(item.reasons and item.card["expertise"] for item in items)
    assert story.token("A") != story.token("B")


def test_the_list_stays_as_it_was_when_the_pool_changes(db: Database) -> None:
    story = an_order(db)
    before = story.listed()
    with db.write() as session:
        first = session.get_one(Mediator, before[0])
        first.name, first.load_cap = "另一个名", 0
    with db.read() as session:
        names = [item.name for item in session.execute(select(Listing)).scalars()]
    assert story.listed() == before
    assert "另一个名" not in names


def test_an_order_is_opened_once(db: Database) -> None:
    story = an_order(db)
    with db.write() as session, pytest.raises(Conflict):
        open_list(session, story.dispute(session))
    with db.read() as session:
        assert count(session, Shortlist) == 1


def test_no_list_is_made_while_a_gate_stands(db: Database) -> None:
    with db.write() as session:
        a_pool(session)
        case = a_case(session)
        session.add(Gate(**case.dispute.owns(), code="domestic_violence"))
        session.flush()
        with pytest.raises(Conflict):
            open_list(session, case.dispute)
        assert count(session, Listing) == 0


def test_without_anybody_to_list_nothing_is_opened(db: Database) -> None:
    with db.write() as session:
        case = a_case(session)
        with pytest.raises(Conflict):
            open_list(session, case.dispute)


# --- marks -----------------------------------------------------------------------------------------------------------


def test_marks_without_a_word_are_acceptance_and_taps_give_the_order() -> None:
    marks = {2: Mark.WANT, 3: Mark.WANT, 4: Mark.STRIKE, 5: Mark.WANT}
    assert read_marks([1, 2, 3, 4, 5], marks, [5, 9, 2, 5]) == Marks(want=(5, 2, 3), accept=(1,), strike=(4,))


def test_a_name_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(Conflict):
        read_marks([1, 2], {3: Mark.ACCEPT}, [])


@pytest.mark.parametrize(
    "marks",
    [
        lambda ids: Marks(accept=tuple(ids[1:])),
        lambda ids: Marks(accept=tuple(ids), strike=(ids[0],)),
        lambda ids: Marks(accept=(*ids[1:], 999_999)),
        lambda ids: Marks(),
    ],
    ids=["one missing", "one twice", "a stranger", "nothing"],
)
def test_what_is_no_ballot_is_not_sealed(db: Database, marks: object) -> None:
    story = an_order(db)
    with db.write() as session, pytest.raises(InvalidInput):
        given = marks(story.listed())  # type: ignore[operator]
        dispute, side = story.dispute(session), story.side(session, "A")
        orders.seal(session, dispute, side, given, round_no=1, channel=BallotChannel.PHONE, now=NOW)
    with db.read() as session:
        assert count(session, Ballot) == 0


# --- sealing ---------------------------------------------------------------------------------------------------------


def test_the_second_seal_makes_the_choice(db: Database) -> None:
    story = an_order(db)
    a, b, c, *_ = story.listed()
    assert story.seal("A", want=[a, b], strike=[c]) is False
    assert story.state() == "choosing"
    assert story.seal("B", want=[b], strike=[a]) is True
    present = story.present()
    assert present is not None
    assert (present.mediator_id, present.state, present.slot_held) == (b, AssignmentState.ASKED, True)
    with db.read() as session:
        dispute = story.dispute(session)
        assert dispute.state is State.AWAITING_MEDIATOR
        assert dispute.due_at == present.due_at
        assert session.get_one(Mediator, b).open_cases == held(session, b) == 1
        assert all(side.consented_at == NOW for side in cases.sides_of(session, dispute))


def test_a_ballot_is_replaced_until_all_have_sealed_and_refused_afterwards(db: Database) -> None:
    story = an_order(db)
    a, b, *_ = story.listed()
    story.seal("A", want=[a])
    story.seal("A", want=[b], strike=[a])
    with db.read() as session:
        assert count(session, Ballot) == 1
    story.seal("B")
    with db.write() as session, pytest.raises(Conflict):
        seal(session, story.dispute(session), story.side(session, "A"), want=[a])
    present = story.present()
    assert present is not None and present.mediator_id == b
    with db.read() as session:
        kept = session.execute(select(Ballot).where(col(Ballot.side_id) == story.sides["A"])).scalar_one()
        assert ballot_box.marks_in(session, kept)["strike"] == [str(a)]


def test_a_side_of_another_case_cannot_seal_here(db: Database) -> None:
    story, other = an_order(db), an_order(db, pool=0)
    with db.write() as session, pytest.raises(NotFound):
        seal(session, story.dispute(session), other.side(session, "A"))
    with db.read() as session:
        assert count(session, Ballot) == 0


def test_the_log_of_a_choice_gives_the_same_name_again(db: Database) -> None:
    story = an_order(db)
    a, b, c, d, *_ = story.listed()
    story.seal("A", want=[d, a], strike=[b])
    story.seal("B", want=[c, a, d])
    with db.read() as session:
        kept = session.execute(select(Choice)).scalar_one()
        log = json.loads(json.dumps(ballot_box.log_of(session, kept)))
        answer = ballot_box.answer_of(session, kept)
    outcome = choice.resolve_log(log)
    present = story.present()
    assert present is not None
    assert outcome.as_json() == answer
    assert kept.result == {name: answer[name] for name in ("chosen", "reserves", "provisional", "silent")}
    assert outcome.chosen == str(present.mediator_id) == str(a)
    swapped = log | {"ballots": {"A": log["ballots"]["B"], "B": log["ballots"]["A"]}}
    with pytest.raises(choice.ChoiceError, match="封存"):
        choice.resolve_log(swapped)


def test_own_rank_is_of_this_side_alone(db: Database) -> None:
    story = an_order(db)
    a, b, c, *_ = story.listed()
    story.seal("A", want=[b, c, a])
    story.seal("B", want=[c], strike=[b])
    with db.read() as session:
        dispute = story.dispute(session)
        ranks = {letter: orders.own_rank(session, dispute, story.side(session, letter)) for letter in "AB"}
        assert assignments.living(session, dispute).mediator_id == c  # type: ignore[union-attr]
    assert ranks == {"A": 2, "B": 1}


# --- no common name --------------------------------------------------------------------------------------------------


def strike_all(story: Story, letter: str = "A") -> None:
    story.seal(letter, strike=story.listed())


def test_without_a_common_name_a_second_list_of_fresh_names_may_be_drawn(db: Database) -> None:
    story = an_order(db)
    first, link = story.listed(), story.token("A")
    strike_all(story)
    story.seal("B")
    assert story.state() == "designating"
    assert story.present() is None
    with db.write() as session:
        assert orders.may_open_again(session, story.dispute(session))
        open_list(session, story.dispute(session))
    assert story.state() == "choosing_round2"
    assert not set(first) & set(story.listed())
    assert story.token("A") == link, "the slip in the pocket opens the second list too"


def test_a_ballot_on_the_first_list_does_not_count_for_the_second(db: Database) -> None:
    story = an_order(db)
    old = story.listed()
    strike_all(story)
    story.seal("B")
    with db.write() as session:
        open_list(session, story.dispute(session))
    with db.write() as session, pytest.raises(Conflict):
        seal(session, story.dispute(session), story.side(session, "A"), round_no=1)
    with db.write() as session, pytest.raises(InvalidInput):
        dispute, side = story.dispute(session), story.side(session, "A")
        orders.seal(session, dispute, side, Marks(accept=tuple(old)), round_no=2, channel=BallotChannel.PHONE, now=NOW)
    story.seal("A")
    assert story.state() == "choosing_round2"
    story.seal("B")
    assert story.state() == "awaiting_mediator"


def test_after_the_second_list_comes_the_coordinator(db: Database) -> None:
    story = an_order(db, pool=13)
    for _ in range(2):
        strike_all(story)
        story.seal("B")
        with db.write() as session:
            if orders.may_open_again(session, story.dispute(session)):
                open_list(session, story.dispute(session))
    assert story.state() == "designating"
    with db.write() as session, pytest.raises(Conflict):
        open_list(session, story.dispute(session))


def test_a_case_taken_up_again_is_ordered_anew(db: Database) -> None:
    story = an_order(db, pool=12)
    first = story.listed()
    story.seal("A")
    story.seal("B")
    with db.write() as session:
        orders.end(session, story.dispute(session), "self_settled", by="account:1", now=NOW)
    with db.write() as session:
        dispute = story.dispute(session)
        cases.move(session, dispute, State.TRIAGED, "account:1", NOW)
        open_list(session, dispute)
        assert dispute.state is State.CHOOSING
    assert not set(first) & set(story.listed())
    strike_all(story)
    story.seal("B")
    with db.read() as session:
        assert orders.may_open_again(session, story.dispute(session)), "the lists of the first time do not count"


# --- ending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "sealed", "asked", "accepted"])
def test_a_side_may_refuse_at_any_time_and_the_slot_is_free_again(db: Database, when: str) -> None:
    story = an_order(db)
    if when != "before":
        story.seal("A")
    if when in ("asked", "accepted"):
        story.seal("B")
    if when == "accepted":
        accept(story)
    with db.write() as session:
        orders.refuse(session, story.dispute(session), story.side(session, "B"), by="side:B", now=NOW)
    with db.read() as session:
        dispute = story.dispute(session)
        assert (dispute.state, dispute.ended, dispute.closed_at) == (State.TERMINATED, "refused", NOW)
        assert all(
            row.open_cases == held(session, row.id or 0) == 0 for row in session.execute(select(Mediator)).scalars()
        )
    with db.write() as session, pytest.raises(Conflict):
        seal(session, story.dispute(session), story.side(session, "A"))


def test_an_ending_needs_a_reason_that_is_known(db: Database) -> None:
    story = an_order(db)
    with db.write() as session, pytest.raises(InvalidInput):
        orders.end(session, story.dispute(session), "bored", by="account:1", now=NOW)
    assert story.state() == "choosing"


def test_a_gate_found_in_the_middle_shuts_every_link(db: Database) -> None:
    story = an_order(db)
    token = story.token("A")
    with db.write() as session:
        cases.withdraw(session, story.dispute(session), NOW)
        cases.move(session, story.dispute(session), State.BARRED, "account:1", NOW)
    with db.read() as session:
        assert invitations.find_by_token(session, token, NOW) is None
    with db.write() as session, pytest.raises(Conflict):
        seal(session, story.dispute(session), story.side(session, "A"))


# --- the mediator ----------------------------------------------------------------------------------------------------


def accept(story: Story, disclosed: str = "none") -> None:
    present = story.present()
    assert present is not None and present.id is not None
    with story.db.write() as session:
        assignments.accept(
            session,
            story.dispute(session),
            present.id,
            disclosed=disclosed,
            by=f"mediator:{present.mediator_id}",
            now=NOW,
        )


def decline(story: Story, assignment_id: int | None = None) -> None:
    present = story.present()
    number = assignment_id or (present.id if present else 0) or 0
    with story.db.write() as session:
        assignments.decline(session, story.dispute(session), number, reason="busy", by="mediator:1", now=NOW)


def chosen(story: Story, want: int = 0) -> list[int]:
    """Both sides want the same name first; return the list."""
    ids = story.listed()
    story.seal("A", want=[ids[want]])
    story.seal("B", want=[ids[want]])
    return ids


def test_a_mediator_who_accepts_has_the_case_and_says_what_ties_there_are(db: Database) -> None:
    story = an_order(db)
    chosen(story)
    with db.write() as session, pytest.raises(InvalidInput):
        present = assignments.living(session, story.dispute(session))
        assignments.accept(session, story.dispute(session), present.id, disclosed=" ", by="m", now=NOW)  # type: ignore
    accept(story, "远房表亲,二十年没有来往")
    accept(story)
    present = story.present()
    assert present is not None
    assert (present.state, present.disclosed) == (AssignmentState.ACCEPTED, "远房表亲,二十年没有来往")
    with db.read() as session:
        dispute = story.dispute(session)
        assert dispute.state is State.SCHEDULED
        assert dispute.due_at is not None and shanghai(dispute.due_at).date().isoformat() == "2026-11-26"


def test_a_decline_gives_the_slot_back_and_asks_the_next(db: Database) -> None:
    story = an_order(db)
    ids = chosen(story)
    with db.read() as session:
        log = session.execute(select(Choice.result)).scalar_one()
    first = story.present()
    decline(story)
    second = story.present()
    assert first is not None and second is not None
    assert (first.mediator_id, str(second.mediator_id)) == (ids[0], log["reserves"][0])
    with db.read() as session:
        assert held(session, first.mediator_id) == session.get_one(Mediator, first.mediator_id).open_cases == 0
        assert held(session, second.mediator_id) == 1
    decline(story, first.id)  # the same answer again changes nothing
    assert story.present().id == second.id  # type: ignore[union-attr]


def test_an_answer_after_somebody_else_was_asked_is_refused(db: Database) -> None:
    story = an_order(db)
    chosen(story)
    first = story.present()
    decline(story)
    with db.write() as session, pytest.raises(Conflict):
        assignments.accept(session, story.dispute(session), first.id, disclosed="none", by="m", now=NOW)  # type: ignore
    accept(story)
    with pytest.raises(Conflict):
        decline(story)


@pytest.mark.parametrize("left", [2, 6])
def test_after_three_declines_or_when_all_have_declined_nobody_else_is_asked(db: Database, left: int) -> None:
    story = an_order(db)
    ids = story.listed()
    story.seal("A", want=ids, strike=ids[left:])
    story.seal("B", want=ids[:left])
    ids = ids[: min(left, 3)]
    for _ in ids:
        assert story.state() == "awaiting_mediator"
        decline(story)
    assert story.state() == "designating"
    with db.read() as session:
        rows = session.execute(select(Assignment)).scalars().all()
        assert sorted(row.mediator_id for row in rows) == sorted(ids)
        assert all(held(session, each) == 0 for each in ids)


def test_the_answer_to_a_case_of_others_is_refused(db: Database) -> None:
    story, other = an_order(db), an_order(db, pool=0)
    chosen(story)
    chosen(other, want=1)
    foreign = other.present()
    assert foreign is not None
    with db.write() as session, pytest.raises(NotFound):
        assignments.accept(session, story.dispute(session), foreign.id or 0, disclosed="none", by="m", now=NOW)


def test_a_mediator_who_lets_the_time_pass_is_passed_over_once(db: Database) -> None:
    story = an_order(db)
    chosen(story)
    first = story.present()
    assert first is not None and first.id is not None
    with db.write() as session, pytest.raises(Conflict):
        assignments.pass_over(session, story.dispute(session), first.id, by="account:1", now=first.due_at)
    late = first.due_at + timedelta(seconds=1)
    for _ in range(2):
        with db.write() as session:
            assignments.pass_over(session, story.dispute(session), first.id, by="account:1", now=late)
    second = story.present()
    assert second is not None and second.id != first.id
    with db.read() as session:
        assert len(assignments.assignments_of(session, story.dispute(session))) == 2


@pytest.mark.parametrize("why", ["full", "leave", "related", "declared"])
def test_who_cannot_take_the_case_when_it_is_decided_is_not_asked(db: Database, why: str) -> None:
    story = an_order(db)
    first, *_ = story.listed()
    with db.write() as session:
        dispute = story.dispute(session)
        if why == "full":
            session.get_one(Mediator, first).load_cap = 0
        elif why == "leave":
            roster.take_leave(session, first, NOW.date(), NOW.date())
        elif why == "related":
            roster.declare_relation(session, first, RelationKind.KIN, cases.parties_of(session, dispute)[0])
        else:
            session.add(Recusal(**dispute.owns(), mediator_id=first, reason="表亲", declared_at=NOW))
    chosen(story)
    present = story.present()
    assert present is not None and present.mediator_id != first
    with db.read() as session:
        skipped = session.execute(select(Assignment).where(col(Assignment.mediator_id) == first)).scalar_one()
        assert (skipped.state, skipped.slot_held) == (AssignmentState.UNAVAILABLE, False)
        assert held(session, first) == session.get_one(Mediator, first).open_cases == 0


def test_a_tie_found_out_after_asking_stops_the_acceptance(db: Database) -> None:
    story = an_order(db)
    first = chosen(story)[0]
    with db.write() as session:
        parties = cases.parties_of(session, story.dispute(session))
        roster.declare_relation(session, first, RelationKind.CREDITOR, parties[1])
    with pytest.raises(Conflict):
        accept(story)


@pytest.mark.parametrize("channel", [BallotChannel.DESK, BallotChannel.HELPED])
def test_no_hand_at_the_desk_replaces_what_a_side_has_sealed(db: Database, channel: BallotChannel) -> None:
    story = an_order(db)
    ids = story.listed()
    story.seal("A", want=[ids[2]])
    with db.read() as session:
        mine = orders.sealed_marks(session, story.dispute(session), story.side(session, "A"))
    other = Marks(want=(ids[0],), accept=tuple(ids[1:]))
    with db.write() as session, pytest.raises(Conflict, match="已经封好"):
        side = story.side(session, "A")
        orders.seal(
            session, story.dispute(session), side, other, round_no=1, channel=channel, now=NOW, by_account=story.officer
        )
    with db.read() as session:
        assert orders.sealed_marks(session, story.dispute(session), story.side(session, "A")) == mine


def test_the_mediator_may_be_changed_once(db: Database) -> None:
    story = an_order(db)
    chosen(story)
    accept(story)
    before = story.present()
    with db.write() as session:
        assignments.replace(session, story.dispute(session), reason="一方不满", by="account:1", now=NOW)
    accept(story)
    after = story.present()
    assert before is not None and after is not None and after.mediator_id != before.mediator_id
    with db.write() as session, pytest.raises(Conflict):
        assignments.replace(session, story.dispute(session), reason="又不满", by="account:1", now=NOW)
    with db.read() as session:
        assert held(session, before.mediator_id) == 0


# --- the coordinator names somebody ----------------------------------------------------------------------------------


def designating(db: Database) -> tuple[Story, list[int], int]:
    """A case in which side A struck everybody; the ids struck, and one who was never listed."""
    story = an_order(db)
    ids = story.listed()
    strike_all(story)
    story.seal("B")
    with db.read() as session:
        free = session.execute(select(Mediator.id).where(col(Mediator.id).not_in(ids))).scalars().first()
    assert free is not None
    return story, ids, free


def test_a_designation_needs_everybodys_word_and_never_names_one_who_was_struck(db: Database) -> None:
    story, ids, free = designating(db)

    def designate(mediator_id: int, agreed: str = "双方电话里都说行") -> None:
        with db.write() as session:
            assignments.designate(session, story.dispute(session), mediator_id, agreed=agreed, by="account:9", now=NOW)

    with pytest.raises(InvalidInput):
        designate(free, " ")
    with pytest.raises(Conflict):
        designate(ids[2])
    with pytest.raises(NotFound):
        designate(999_999)
    designate(free)
    present = story.present()
    assert present is not None and present.mediator_id == free
    with db.read() as session:
        assert orders.own_rank(session, story.dispute(session), story.side(session, "A")) is None
    with pytest.raises(Conflict):
        designate(free)


def test_a_designation_of_one_who_is_full_leaves_nothing_behind(db: Database) -> None:
    story, _, free = designating(db)
    with db.write() as session:
        session.get_one(Mediator, free).load_cap = 0
    with pytest.raises(Conflict), db.write() as session:
        assignments.designate(session, story.dispute(session), free, agreed="都行", by="account:9", now=NOW)
    with db.write() as session:
        assert count(session, Assignment) == 0
        session.get_one(Mediator, free).load_cap = 3
    with db.write() as session:
        assignments.designate(session, story.dispute(session), free, agreed="都行", by="account:9", now=NOW)


# --- the officer hears of it -----------------------------------------------------------------------------------------


def test_the_officer_hears_of_it_by_case_number_and_nothing_else(db: Database) -> None:
    story = an_order(db)
    chosen(story)
    decline(story)
    accept(story)
    with db.read() as session:
        told = select(Outbox).where(col(Outbox.channel) == "inbox").order_by(col(Outbox.id))
        sent = session.execute(told).scalars().all()
        names = [row.name for row in session.execute(select(Mediator)).scalars()] + ["童大山", "邱有田"]
    kinds = [row.dedupe.split(":")[2] for row in sent]
    assert kinds == ["chosen", "asked", "declined", "asked", "accepted"]
    assert all(row.recipient == str(story.officer) and story.no in row.subject for row in sent)
    assert not [name for name in names for row in sent if name in row.subject + row.body]


def test_a_desk_begins_with_the_side_that_the_coin_names(db: Database) -> None:
    beginners = set()
    with db.write() as session:
        a_pool(session)
        for _ in range(12):
            case = a_case(session)
            open_list(session, case.dispute)
            waiting = [side.letter for side in orders.unsealed(session, case.dispute)]
            assert sorted(waiting) == ["A", "B"]
            assert waiting == [side.letter for side in orders.unsealed(session, case.dispute)]
            beginners.add(waiting[0])
            seal(session, case.dispute, next(side for side in case.sides if side.letter == waiting[0]))
            assert [side.letter for side in orders.unsealed(session, case.dispute)] == waiting[1:]
    assert beginners == {"A", "B"}


def test_three_sides_choose_too(db: Database) -> None:
    with db.write() as session:
        a_pool(session, 24)
        case = a_case(session, sides=(("童大山",), ("邱有田",), ("葛满囤", "葛满缸")))
        open_list(session, case.dispute)
        story = story_of(db, case)
        assert len(listed(session, case.dispute)) == 8
    a, b, c, *_ = story.listed()
    assert [story.seal(letter, want=[b], strike=[a]) for letter in "ABC"] == [False, False, True]
    assert story.present().mediator_id == b  # type: ignore[union-attr]
    assert c != b


def test_the_index_is_only_advice(db: Database) -> None:
    """A stale index may list somebody who has left since; the assignment looks again."""
    with db.write() as session:
        a_pool(session)
        index = RosterIndex.load(session)
    with db.write() as session:
        case = a_case(session)
        orders.open_order(session, case.dispute, index=index, by="account:1", now=NOW)
        story = story_of(db, case)
    first = story.listed()[0]
    with db.write() as session:
        roster.retire(session, first)
    chosen(story)
    assert story.present().mediator_id != first  # type: ignore[union-attr]
