"""The same quarrel told twice is found, like quarrels of other people are not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from matching import duplicates, quarrels
from matching.duplicates import REASONS, Case, likeness, pairs, similar
from matching.train import examples, shipped_corpus
from talent_pool import regions, taxonomy

TODAY = date(2026, 11, 23)
TOWN = next(code for code in regions.children(regions.parse("610629")))
HERE, THERE = regions.children(TOWN)[:2]
ELSEWHERE = regions.children(next(iter(regions.children(regions.parse("610730")))))[0]

WATER = "刘建国与邻居赵大山因院墙滴水发生争执，赵家房檐水滴到刘家院墙，墙根泡塌一截，要求改水并赔1500元"
PAST = TODAY - timedelta(20)
DRIP = Case("1", WATER, HERE, PAST, frozenset({"刘建国", "赵大山"}), frozenset({"19900001111"}))


@pytest.mark.parametrize(
    "again",
    [
        Case(
            "2",
            "我叫刘建国，赵大山家的房檐水把我院墙泡塌了，叫他改水、赔一千五他不认",
            HERE,
            TODAY,
            frozenset({"刘建国"}),
            frozenset({"19900001111"}),
        ),
        Case("2", "赵大山家房檐滴水泡塌院墙一截，邻居要求改水并赔1500元", HERE, TODAY, frozenset({"赵大山"})),
        Case("2", "刘建国与邻居赵大山因院墙滴水发生争执，要求改水并赔1500元，再次来所", None, TODAY),
    ],
)
def test_the_same_quarrel_told_again_is_found(again: Case) -> None:
    found = similar(again, [DRIP])
    assert [match.id for match in found] == ["1"]
    assert found[0].same > 0.5
    assert found[0].reasons


@pytest.mark.parametrize(
    "other",
    [
        Case(
            "2",
            "王秀英反映隔壁李家房檐水滴到她家院墙，墙根返潮，想叫改水",
            THERE,
            TODAY,
            frozenset({"王秀英"}),
            frozenset({"19900002222"}),
        ),
        Case("2", "刘建国的三轮车与人相撞，交警认定同等责任，修车费谈不下来", ELSEWHERE, TODAY, frozenset({"刘建国"})),
        Case("2", "工头拖欠六个人的工资，快过年了还不给", HERE, TODAY, frozenset({"孙老三"})),
        Case("2", "", HERE, TODAY),
    ],
)
def test_another_quarrel_is_not(other: Case) -> None:
    assert similar(other, [DRIP]) == []


def test_the_same_telephone_in_the_same_village_needs_few_common_words() -> None:
    again = Case("2", "院墙泡水的事没人管", HERE, TODAY, phones=frozenset({"19900001111"}))
    (match,) = similar(again, [DRIP], least=0.2)
    assert match.reasons[:2] == ("phone", "village")
    assert match.why.startswith("电话相同、同一个村")


def test_cases_far_apart_in_time_are_not_compared() -> None:
    again = replace(DRIP, id="2", day=TODAY)
    assert similar(again, [replace(DRIP, day=TODAY - timedelta(181))]) == []
    assert similar(again, [replace(DRIP, day=TODAY - timedelta(180))])
    assert similar(again, [replace(DRIP, day=None)])


def test_a_case_is_no_duplicate_of_itself() -> None:
    assert similar(DRIP, [DRIP]) == []


def test_more_in_common_makes_it_more_probable() -> None:
    bare = Case("2", "房檐水泡塌院墙，要求改水赔钱", None, TODAY)
    steps = [
        bare,
        replace(bare, region=HERE),
        replace(bare, region=HERE, people=frozenset({"刘建国"})),
        replace(bare, region=HERE, people=frozenset({"刘建国"}), phones=frozenset({"19900001111"})),
    ]
    scores = [similar(step, [DRIP], least=0)[0].same for step in steps]
    assert scores == sorted(set(scores))


def test_one_parcel_of_land_speaks_for_one_quarrel() -> None:
    old = Case("1", "两户争地畔", HERE, TODAY, parcel="东坡12号")
    (match,) = similar(Case("2", "塄坎叫人挖了", HERE, TODAY, parcel="东坡12号"), [old], least=0)
    assert "parcel" in match.reasons


def test_each_pair_is_told_once() -> None:
    again = replace(DRIP, id="2", day=TODAY)
    assert [(case.id, match.id) for case, match in pairs([DRIP, again])] == [("2", "1")]


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("房檐水滴到院墙", "房檐水滴到院墙", 1, 1),
        ("房檐水滴到院墙", "拖欠工资不给", 0, 0),
        ("", "房檐水", 0, 0),
        ("鄰居堵路", "邻居堵路", 1, 1),
        ("！！", "？", 0, 0),
    ],
)
def test_likeness_of_words(one: str, other: str, low: float, high: float) -> None:
    assert low <= likeness(one, other) <= high


@pytest.mark.parametrize("text", ["\ud800", "\x00", "长" * 10_000, "🐑🐑"])
def test_odd_texts_are_compared_without_harm(text: str) -> None:
    assert isinstance(similar(Case("2", text, HERE, TODAY), [DRIP, replace(DRIP, id="3", text=text)], least=0), list)


def test_of_two_thousand_cases_few_are_compared_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [row.text for row in examples(shipped_corpus(), frozenset(taxonomy.types()))]
    past = [Case(str(at), texts[at % len(texts)], HERE, TODAY, frozenset({f"人{at}"})) for at in range(2000)]
    compared: list[str] = []

    def counting(case: Case, *more: str) -> quarrels.Look:
        compared.append(case.id)
        return look(case, *more)

    look = quarrels.look
    monkeypatch.setattr(duplicates, "look", counting)
    similar(replace(DRIP, day=TODAY), past)
    assert 1 < len(compared) <= 200


def test_other_peoples_quarrels_of_one_village_are_seldom_taken_for_one() -> None:
    texts = [row.text for row in examples(shipped_corpus(), frozenset(taxonomy.types())) if len(row.text) > 20][::6]
    cases = [Case(str(at), text, HERE, TODAY) for at, text in enumerate(texts)]
    assert len(list(pairs(cases))) <= len(cases) * 0.01


def test_every_reason_has_words() -> None:
    assert all(REASONS.values())
