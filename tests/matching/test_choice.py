"""The choice: its rule by example, its properties by random play and over every pair of ballots on small lists."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.choice import Ballot, ChoiceError, Listed, Outcome, resolve, resolve_log

NO = "(2026)洛川人调字第12号"
BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=150)

Ballots = dict[str, Ballot | None]
Property = Callable[[Sequence[Listed], "Ballots", Outcome], None]


def names(count: int, fits: Sequence[int] = ()) -> list[Listed]:
    return [Listed(str(n + 1), fits[n] if fits else 50, 0) for n in range(count)]


def every_ballot(ids: Sequence[str]) -> Iterator[Ballot]:
    """Every ballot there is: some wanted in some order, some struck, the rest unmarked."""
    for wanted in range(len(ids) + 1):
        for want in permutations(ids, wanted):
            rest = [i for i in ids if i not in want]
            for count in range(len(rest) + 1):
                for strike in combinations(rest, count):
                    yield Ballot(want=want, strike=strike)


@st.composite
def ballots_for(draw: st.DrawFn, ids: Sequence[str]) -> Ballot:
    order = draw(st.permutations(list(ids)))
    wanted = draw(st.integers(0, len(ids)))
    struck = draw(st.integers(wanted, len(ids)))
    accepted = draw(st.integers(struck, len(ids)))
    return Ballot(tuple(order[:wanted]), tuple(order[struck:accepted]), tuple(order[wanted:struck]))


@st.composite
def contests(draw: st.DrawFn, silence: bool = True) -> tuple[list[Listed], Ballots]:
    count = draw(st.integers(1, 8))
    listed = [Listed(f"m{n}", draw(st.integers(0, 3)), draw(st.integers(0, 2))) for n in range(count)]
    ids = [entry.id for entry in listed]
    ballot = st.one_of(st.none(), ballots_for(ids)) if silence else ballots_for(ids)
    return listed, {side: draw(ballot) for side in "ABCD"[: draw(st.integers(1, 4))]}


# --- a plain second writing of the rule, to compare with ---------------------------------------------------------


def height(ballot: Ballot | None, name: str) -> int:
    if ballot is None:
        return 0
    if name in ballot.want:
        return ballot.want.index(name) - 1000
    return 1000 if name in ballot.strike else 0


def plain_ranks(ids: Sequence[str], ballots: Mapping[str, Ballot | None]) -> dict[str, dict[str, int]]:
    return {i: {s: 1 + sum(height(b, o) < height(b, i) for o in ids) for s, b in ballots.items()} for i in ids}


def plain_order(listed: Sequence[Listed], ballots: Mapping[str, Ballot | None], no: str) -> list[str]:
    ranks = plain_ranks([e.id for e in listed], ballots)

    def key(entry: Listed) -> tuple[object, ...]:
        worst_first = tuple(sorted(ranks[entry.id].values(), reverse=True))
        return worst_first, -entry.fit, entry.open_cases, hashlib.sha256(f"{no}{entry.id}".encode()).hexdigest()

    acceptable = [e for e in listed if not any(b and e.id in b.strike for b in ballots.values())]
    return [e.id for e in sorted(acceptable, key=key)]


def answered(outcome: Outcome) -> list[str]:
    return ([] if outcome.chosen is None else [outcome.chosen]) + list(outcome.reserves)


def raised(ballot: Ballot, name: str) -> Iterator[Ballot]:
    """Every ballot in which `name` stands higher than before and nothing else has moved."""
    rest = tuple(n for n in ballot.want if n != name)
    top = ballot.want.index(name) if name in ballot.want else len(rest) + 1
    for place in range(min(top, len(rest) + 1)):
        kept = {mark: tuple(n for n in getattr(ballot, mark) if n != name) for mark in ("accept", "strike")}
        yield Ballot((*rest[:place], name, *rest[place:]), kept["accept"], kept["strike"])


# --- by example --------------------------------------------------------------------------------------------------


def test_the_worst_off_side_decides_before_the_sum_of_ranks() -> None:
    # A's first is B's last but one; the middle name suits both.
    sides: Ballots = {"A": Ballot(want=("1", "2", "3")), "B": Ballot(want=("4", "2", "1"))}
    outcome = resolve(names(4), sides, NO)
    assert outcome.chosen == "2"
    assert outcome.ranks["2"] == {"A": 2, "B": 2}
    assert outcome.ranks["1"] == {"A": 1, "B": 3}
    assert "从最靠后的名次比起" in outcome.why


def test_the_rank_counts_over_the_whole_list_struck_names_included() -> None:
    outcome = resolve(names(4), {"A": Ballot(want=("1", "2")), "B": Ballot(strike=("1",))}, NO)
    assert outcome.chosen == "2"
    assert outcome.ranks["2"]["A"] == 2, "name 1 is out, yet A still prefers it"
    assert outcome.ranks["1"]["B"] == 4, "three names are dearer to B than the struck one"
    assert list(outcome.ranks)[-1] == "1", "the struck name stands last, and is told of"


def test_unmarked_is_acceptable() -> None:
    said = resolve(names(3), {"A": Ballot(want=("1",), accept=("2", "3")), "B": Ballot()}, NO)
    unsaid = resolve(names(3), {"A": Ballot(want=("1",)), "B": Ballot()}, NO)
    assert said == unsaid


def test_all_struck_chooses_nobody() -> None:
    outcome = resolve(names(2), {"A": Ballot(strike=("1",)), "B": Ballot(strike=("2",))}, NO)
    assert (outcome.chosen, outcome.reserves) == (None, ())
    assert outcome.ranks == {"1": {"A": 2, "B": 1}, "2": {"A": 1, "B": 2}}
    assert "没有可以选的人" in outcome.why
    assert "nobody can be chosen" in outcome.why_en


def test_an_empty_list_chooses_nobody() -> None:
    assert resolve([], {"A": None}, NO).chosen is None


@pytest.mark.parametrize(
    ("listed", "chosen", "said"),
    [
        ([Listed("1", 70, 0), Listed("2", 90, 3)], "2", "取最契合的"),
        ([Listed("1", 90, 2), Listed("2", 90, 1)], "2", "取在办案件少的"),
    ],
)
def test_ties_go_to_fit_then_to_load(listed: list[Listed], chosen: str, said: str) -> None:
    outcome = resolve(listed, {"A": Ballot(), "B": Ballot()}, NO)
    assert outcome.chosen == chosen
    assert said in outcome.why


def test_the_last_tie_is_a_coin_made_of_the_case_number_and_the_id() -> None:
    coins = {i: hashlib.sha256((NO + i).encode("utf-8")).hexdigest() for i in ("1", "2", "3")}
    outcome = resolve(names(3), {"A": None, "B": None}, NO)
    assert answered(outcome) == sorted(coins, key=coins.__getitem__)
    assert "按案号抽签" in outcome.why
    winners = {resolve(names(3), {"A": None}, f"第{n}号").chosen for n in range(30)}
    assert winners == {"1", "2", "3"}, "another case, another toss"


def test_a_silent_side_holds_all_equal_and_leaves_the_result_provisional() -> None:
    outcome = resolve(names(3), {"A": Ballot(want=("3",)), "B": None}, NO)
    assert (outcome.chosen, outcome.provisional, outcome.silent) == ("3", True, ("B",))
    assert {place["B"] for place in outcome.ranks.values()} == {1}
    assert "B方没有交选票" in outcome.why
    assert not resolve(names(3), {"A": Ballot(want=("3",)), "B": Ballot()}, NO).provisional


def test_one_side_alone_gets_its_first_wish_and_its_order_as_reserves() -> None:
    outcome = resolve(names(4), {"A": Ballot(want=("3", "1"), strike=("2",))}, NO)
    assert answered(outcome) == ["3", "1", "4"]


def test_each_side_is_told_its_own_rank_only() -> None:
    sides: Ballots = {"A": Ballot(want=("2", "1")), "B": Ballot(want=("1",), strike=("3", "4", "5")), "C": None}
    outcome = resolve(names(5), sides, NO)
    assert outcome.chosen == "1"
    for text in outcome.why_for("A"):
        assert "2" in text, "A's own rank"
        assert not set("1345BC") & set(text.replace("A", "")), "no other side, no count, no id"
    assert "没有表示意见" in outcome.why_for("C")[0]
    nobody = resolve(names(1), {"A": Ballot(strike=("1",)), "B": None}, NO)
    assert "没有各方都能接受" in nobody.why_for("B")[0]


def test_the_json_form_and_the_python_form_are_one() -> None:
    listed: list[Any] = [{"id": "1", "fit": 80, "open_cases": 1}, {"id": 2, "fit": 70.5, "open_cases": 0}]
    ballots: dict[str, Any] = {"A": {"want": [2], "accept": ["1"], "strike": []}, "B": None}
    loose = resolve(listed, ballots, NO)
    assert loose == resolve([Listed("1", 80, 1), Listed("2", 70.5, 0)], {"A": Ballot(("2",), ("1",)), "B": None}, NO)
    answer = json.loads(json.dumps(loose.as_json()))
    assert {"chosen", "reserves", "provisional", "ranks", "why"} <= set(answer)
    assert answer["ranks"] == {"2": {"A": 1, "B": 1}, "1": {"A": 2, "B": 1}}


def test_a_log_is_run_again() -> None:
    log = {"case": NO, "shortlist": [{"id": "1", "fit": 1, "open_cases": 0}], "ballots": {"A": None}, "kept": "more"}
    assert resolve_log(log) == resolve([Listed("1", 1, 0)], {"A": None}, NO)
    for missing in ("case", "shortlist", "ballots"):
        with pytest.raises(ChoiceError, match=missing):
            resolve_log({key: value for key, value in log.items() if key != missing})
    with pytest.raises(ChoiceError, match="对象"):
        resolve_log([log])  # type: ignore[arg-type]


# --- refusals ----------------------------------------------------------------------------------------------------

ONE = {"id": "1", "fit": 1, "open_cases": 0}


@pytest.mark.parametrize(
    ("shortlist", "ballots", "case_no", "words"),
    [
        ([ONE, ONE], {"A": None}, NO, "1 出现了两次"),
        ([ONE, {**ONE, "id": 1}], {"A": None}, NO, "1 出现了两次"),
        ([ONE], {"A": {"want": ["9"]}}, NO, "名单上没有的 9"),
        ([ONE], {"A": {"want": ["1"], "strike": ["1"]}}, NO, "A 的选票里 1 出现了两次"),
        ([ONE], {"A": {"want": ["1", "1"]}}, NO, "出现了两次"),
        ([ONE], {"A": {"stirke": ["1"]}}, NO, "stirke"),
        ([ONE], {"A": {"want": "1"}}, NO, "编号的列表"),
        ([ONE], {"A": {"want": 1}}, NO, "编号的列表"),
        ([ONE], {"A": {"want": [None]}}, NO, "编号应是文字"),
        ([ONE], {"A": ["1"]}, NO, "应分为"),
        ([ONE], {}, NO, "至少要有一方"),
        ([ONE], [None], NO, "至少要有一方"),
        ([ONE], {1: None}, NO, "各方的名称"),
        ([ONE], {"A": None}, "", "缺少案号"),
        ([ONE], {"A": None}, 12, "缺少案号"),
        ([ONE], {"A": None}, "\ud800", "无法编码"),
        ([{**ONE, "id": "\udfff"}], {"A": None}, NO, "无法编码"),
        ([{**ONE, "id": ""}], {"A": None}, NO, "编号应是文字"),
        ([{**ONE, "id": True}], {"A": None}, NO, "编号应是文字"),
        ([{**ONE, "fit": "9"}], {"A": None}, NO, "fit 应是数字"),
        ([{**ONE, "fit": float("nan")}], {"A": None}, NO, "fit 应是数字"),
        ([{**ONE, "fit": True}], {"A": None}, NO, "fit 应是数字"),
        ([{**ONE, "open_cases": -1}], {"A": None}, NO, "open_cases"),
        ([{**ONE, "open_cases": 0.5}], {"A": None}, NO, "open_cases"),
        ([{"id": "1", "fit": 1}], {"A": None}, NO, "缺少 open_cases"),
        (["1"], {"A": None}, NO, "id、fit、open_cases"),
        ("1", {"A": None}, NO, "候选名单应是一个列表"),
        (None, {"A": None}, NO, "候选名单应是一个列表"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_one_line(shortlist: Any, ballots: Any, case_no: Any, words: str) -> None:
    with pytest.raises(ChoiceError, match=words) as refused:
        resolve(shortlist, ballots, case_no)
    assert "\n" not in str(refused.value)
    assert str(refused.value) == refused.value.message % refused.value.params


# --- properties, by random play ----------------------------------------------------------------------------------


@BOUNDED
@given(contests(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_it_equals_a_plain_writing_of_the_rule(contest: tuple[list[Listed], Ballots], no: str) -> None:
    listed, sides = contest
    outcome = resolve(listed, sides, no)
    assert answered(outcome) == plain_order(listed, sides, no)
    assert outcome.ranks == plain_ranks([e.id for e in listed], sides)
    assert outcome.provisional == (None in sides.values())


@BOUNDED
@given(contests(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_change_a_byte(contest: tuple[list[Listed], Ballots], chance: Any) -> None:
    listed, sides = contest
    before = json.dumps(resolve(listed, sides, NO).as_json())
    shuffled, turned = listed[:], list(sides.items())
    chance.shuffle(shuffled)
    chance.shuffle(turned)

    def mix(marks: Sequence[str]) -> tuple[str, ...]:
        return tuple(chance.sample(marks, len(marks)))

    mixed = {side: ballot and Ballot(ballot.want, mix(ballot.accept), mix(ballot.strike)) for side, ballot in turned}
    assert json.dumps(resolve(shuffled, mixed, NO).as_json()) == before


@BOUNDED
@given(contests())
def test_it_is_symmetric_in_the_sides(contest: tuple[list[Listed], Ballots]) -> None:
    listed, sides = contest
    for turned in permutations(sides):
        renamed = dict(zip(turned, sides.values(), strict=True))
        assert answered(resolve(listed, renamed, NO)) == answered(resolve(listed, sides, NO))


@BOUNDED
@given(contests(silence=False))
def test_raising_the_winner_keeps_the_winner(contest: tuple[list[Listed], Ballots]) -> None:
    listed, sides = contest
    chosen = resolve(listed, sides, NO).chosen
    if chosen is None:
        return
    for side, ballot in sides.items():
        assert ballot is not None
        for better in raised(ballot, chosen):
            assert resolve(listed, {**sides, side: better}, NO).chosen == chosen


@BOUNDED
@given(contests())
def test_speaking_truly_is_never_worse_than_silence(
    contest: tuple[list[Listed], Ballots],
) -> None:
    listed, sides = contest
    for side in sides:
        never_worse_than_silence(listed, sides, side)


def never_worse_than_silence(listed: Sequence[Listed], sides: Ballots, side: str) -> None:
    spoken = resolve(listed, sides, NO)
    if sides[side] is None or spoken.chosen is None:
        return
    silent = resolve(listed, {**sides, side: None}, NO).chosen
    assert silent is not None
    assert spoken.ranks[spoken.chosen][side] <= spoken.ranks[silent][side]


# --- properties, every pair of ballots on small lists ------------------------------------------------------------


def pairs(count: int) -> Iterator[Ballots]:
    each = list(every_ballot([str(n + 1) for n in range(count)]))
    return ({"A": a, "B": b} for a, b in product(each, each))


def holds_everywhere(count: int, holds: Property) -> int:
    listed, played = names(count, (3, 1, 3, 2)), 0
    for sides in pairs(count):
        holds(listed, sides, resolve(listed, sides, NO))
        played += 1
    return played


def struck_never_wins(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
    struck = {name for ballot in sides.values() if ballot for name in ballot.strike}
    left = {entry.id for entry in listed} - struck
    assert set(answered(outcome)) == left
    assert (outcome.chosen is None) == (not left)


def nobody_left_is_better_for_all(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
    if outcome.chosen is None:
        return
    won = outcome.ranks[outcome.chosen]
    for other in outcome.reserves:
        theirs = outcome.ranks[other]
        assert not (all(theirs[s] <= won[s] for s in sides) and any(theirs[s] < won[s] for s in sides))


def truth_beats_silence(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
    never_worse_than_silence(listed, sides, "A")


@pytest.mark.parametrize("holds", [struck_never_wins, nobody_left_is_better_for_all, truth_beats_silence])
def test_for_every_pair_of_ballots_on_up_to_three_names(
    holds: Callable[[Sequence[Listed], Ballots, Outcome], None],
) -> None:
    played = [holds_everywhere(count, holds) for count in (1, 2, 3)]
    assert played == [3**2, 10**2, 38**2]


@pytest.mark.unmeasured
def test_for_every_pair_of_ballots_on_four_names() -> None:
    def all_three(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
        struck_never_wins(listed, sides, outcome)
        nobody_left_is_better_for_all(listed, sides, outcome)
        truth_beats_silence(listed, sides, outcome)

    assert holds_everywhere(4, all_three) == 168**2


# --- the rest of the rule's promises -----------------------------------------------------------------------------


def same_for_both_sides(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
    turned = dict(zip(sides, reversed(list(sides.values())), strict=True))
    assert answered(resolve(listed, turned, NO)) == answered(outcome)


def raising_the_winner_keeps_it(listed: Sequence[Listed], sides: Ballots, outcome: Outcome) -> None:
    ballot = sides["A"]
    if outcome.chosen is None or ballot is None:
        return
    for better in raised(ballot, outcome.chosen):
        assert resolve(listed, {**sides, "A": better}, NO).chosen == outcome.chosen


@pytest.mark.parametrize("holds", [same_for_both_sides, raising_the_winner_keeps_it])
def test_symmetric_and_monotone_for_every_pair_of_ballots(holds: Property) -> None:
    assert [holds_everywhere(count, holds) for count in (1, 2, 3)] == [3**2, 10**2, 38**2]


EVERY: tuple[Property, ...] = (
    struck_never_wins,
    nobody_left_is_better_for_all,
    truth_beats_silence,
    same_for_both_sides,
    raising_the_winner_keeps_it,
)


def three_sides(count: int) -> Iterator[Ballots]:
    each = list(every_ballot([str(n + 1) for n in range(count)]))
    return (dict(zip("ABC", three, strict=True)) for three in product(each, each, each))


@pytest.mark.parametrize("count", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_for_every_three_ballots_of_three_sides(count: int) -> None:
    listed, played = names(count, (3, 1, 3)), 0
    for sides in three_sides(count):
        outcome = resolve(listed, sides, NO)
        for holds in EVERY:
            holds(listed, sides, outcome)
        played += 1
    assert played == (3, 10, 38)[count - 1] ** 3


@pytest.mark.slow
def test_for_every_pair_of_ballots_on_five_names() -> None:
    listed, played = names(5, (3, 1, 3, 2, 1)), 0
    for sides in pairs(5):
        outcome = resolve(listed, sides, NO)
        struck_never_wins(listed, sides, outcome)
        nobody_left_is_better_for_all(listed, sides, outcome)
        truth_beats_silence(listed, sides, outcome)
        same_for_both_sides(listed, sides, outcome)
        played += 1
    assert played == 872**2


# --- who follows, and who joins ----------------------------------------------------------------------------------

KINDS = {"1": "local_elder", "2": "local_elder", "3": "industry", "4": "administrative"}


def test_whoever_is_gone_is_followed_by_the_next_and_nobody_is_asked_twice() -> None:
    outcome = resolve(names(4), {"A": Ballot(want=("2", "1", "3")), "B": Ballot(strike=("4",))}, NO)
    assert outcome.order() == ("2", "1", "3")
    assert outcome.next_after(()) == "2"
    assert outcome.next_after({"2"}) == "1"
    assert outcome.next_after({"1", "2", "3"}) is None
    nobody = resolve(names(1), {"A": Ballot(strike=("1",))}, NO)
    assert (nobody.order(), nobody.next_after(())) == ((), None)


def test_the_best_of_another_kind_joins_the_one_chosen() -> None:
    outcome = resolve(names(4), {"A": Ballot(want=("1", "2", "4", "3")), "B": Ballot()}, NO)
    assert outcome.joining("1", KINDS) == "4"
    assert outcome.joining("1", KINDS, gone={"4"}) == "3"
    assert outcome.joining("1", dict.fromkeys("1234", "industry")) is None
    struck = resolve(names(4), {"A": Ballot(want=("1",)), "B": Ballot(strike=("3", "4"))}, NO)
    assert struck.joining("1", KINDS) is None, "nobody joins whom a side struck"


def test_a_log_with_kinds_tells_who_joins() -> None:
    log: dict[str, Any] = {
        "case": NO,
        "shortlist": [{"id": n, "fit": 1, "open_cases": 0} for n in "1234"],
        "ballots": {"A": {"want": ["1", "2", "4"]}, "B": {}},
        "kinds": KINDS,
    }
    assert resolve_log(log).as_json()["joins"] == "4"
    assert "joins" not in resolve_log({**log, "kinds": dict.fromkeys("1234", "x")}).as_json()
    for wrong in ([], {"1": "industry"}, dict.fromkeys("1234", 1)):
        with pytest.raises(ChoiceError, match="kinds"):
            resolve_log({**log, "kinds": wrong})
