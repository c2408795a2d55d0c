"""The index finds what a look at every case finds, takes changes, and forgets what is removed."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest

from matching import case_index
from matching.case_index import CANDIDATES, DuplicateIndex
from matching.duplicates import Case, find, pairs, similar
from tests.matching.retellings import Told, told

EVERY = told()


def same(one: Case, other: Case) -> bool:
    quarrels = {each.case.id: each.quarrel for each in EVERY}
    return quarrels[one.id] == quarrels[other.id]


def test_the_lists_bring_up_nearly_every_retelling() -> None:
    index = DuplicateIndex.build(each.case for each in EVERY)
    wanted = found = 0
    for each in EVERY:
        brought = {case.id for case in index.candidates(each.case, 180)}
        others = {o.case.id for o in EVERY if o.quarrel == each.quarrel and o is not each}
        wanted, found = wanted + len(others), found + len(others & brought)
    assert wanted > 500
    assert found >= 0.99 * wanted


def test_retellings_are_found_and_other_quarrels_are_not() -> None:
    """The weights were fitted on these very accounts; data/models/duplicates.toml has the cross-validated figures."""
    cases = [each.case for each in EVERY]
    right = wrong = 0
    by_id = {each.case.id: each for each in EVERY}
    for case, match in pairs(cases):
        one, other = by_id[case.id], by_id[match.id]
        again = one.quarrel == other.quarrel or "parcel" in match.reasons
        right, wrong = right + (one.quarrel == other.quarrel), wrong + (not again)
    wanted = sum(one.quarrel == other.quarrel for at, one in enumerate(EVERY) for other in EVERY[:at])
    assert right >= 0.92 * wanted
    assert wrong <= 0.04 * len(cases)  # one village holds a dozen of these people's quarrels


def test_a_case_added_is_found_and_one_removed_is_not() -> None:
    first, again = EVERY[0].case, EVERY[1].case
    index = DuplicateIndex.build([each.case for each in EVERY[5:50]])
    assert find(again, index) == []
    index.add(first)
    assert [match.id for match in find(again, index)] == [first.id]
    assert first.id in index and again.id not in index
    assert index.remove(first.id)
    assert not index.remove(first.id)
    assert find(again, index) == []
    # The same in a sealed segment.
    sealed = DuplicateIndex.build([first, EVERY[9].case])
    assert [match.id for match in find(again, sealed)] == [first.id]
    assert sealed.remove(first.id)
    assert first.id not in sealed
    assert (len(sealed), find(again, sealed)) == (1, [])


def test_growing_by_one_gives_what_building_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_index, "OPEN", 16)
    cases = [each.case for each in EVERY[:120]]
    built, grown = DuplicateIndex.build(cases), DuplicateIndex()
    for case in [*cases, *cases[:30]]:  # a case that comes again replaces itself
        grown.add(case)
    assert len(grown) == len(built) == 120
    assert len(grown._segments) <= 4
    for case in cases:
        ours, theirs = find(case, grown, limit=50), find(case, built, limit=50)
        assert [(match.id, match.same) for match in ours] == [(match.id, match.same) for match in theirs]


@pytest.mark.parametrize(
    "case",
    [
        Case("1", ""),
        Case("1", "\ud800\x00🐑", 1, date(1, 1, 1)),
        Case("1", "长" * 9000, 999999999999, date(9999, 12, 31), frozenset({"", " ", "·"}), frozenset({""})),
        Case("1", "", 1, None, frozenset({"王\ud800国"}), frozenset({"\ud800"})),
        Case("1", "a\x1fb\x1ec", None, None, frozenset({"老"}), frozenset({"12345"}), "\x1f", "3号"),
    ],
)
def test_odd_cases_go_in_and_come_out(case: Case) -> None:
    index = DuplicateIndex.build([case, EVERY[0].case])
    assert index.remove("1")
    index.add(case)
    assert "1" in index
    assert isinstance(find(replace(case, id="2"), index, least=0), list)


def test_an_empty_index_finds_nothing() -> None:
    assert find(EVERY[0].case, DuplicateIndex.build([])) == []
    assert len(DuplicateIndex()) == 0


def test_a_case_without_a_place_is_looked_for_everywhere() -> None:
    index = DuplicateIndex.build([each.case for each in EVERY])
    placeless = replace(EVERY[1].case, id="x", region=None, phones=frozenset())
    assert EVERY[0].case.id in {case.id for case in index.candidates(placeless, 180)}
    index = DuplicateIndex.build([placeless, *(each.case for each in EVERY[5:])])
    assert "x" in {case.id for case in index.candidates(EVERY[0].case, 180)}


def test_days_far_apart_are_left_out_and_days_unknown_are_not() -> None:
    first, again = EVERY[0].case, EVERY[1].case
    assert again.day is not None
    index = DuplicateIndex.build([first])
    late = replace(again, day=again.day + timedelta(400))
    assert find(late, index) == []
    assert find(replace(again, day=None), index)
    assert find(late, DuplicateIndex.build([replace(first, day=None)]))


def test_the_index_and_a_look_at_all_agree() -> None:
    rng = Random(3)
    some: list[Told] = rng.sample(EVERY, 60)
    cases = [each.case for each in EVERY]
    index = DuplicateIndex.build(cases)
    differ = 0
    for each in some:
        ours = {match.id for match in find(each.case, index, limit=50)}
        differ += ours != {match.id for match in similar(each.case, cases, limit=50)}
    assert differ <= 1


def test_a_query_among_twenty_thousand_compares_few_in_full() -> None:
    rng = Random(1)
    cases = [
        replace(told_.case, id=f"{at}-{told_.case.id}", day=date(2026, 1, 1) + timedelta(rng.randrange(700)))
        for at in range(55)
        for told_ in EVERY
    ]
    index = DuplicateIndex.build(cases)
    found = [len(index.candidates(each.case, 180)) for each in EVERY[:40]]
    assert 0 < max(found) <= CANDIDATES
    assert all(find(each.case, index) for each in EVERY[:40])
