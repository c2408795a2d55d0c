"""Each reason to prefer someone: its points, its words, and how a new one is added."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import matching
from matching import signals
from matching.query import Query
from matching.signals import SIGNALS, Points, reasons, score, signal
from talent_pool import regions, taxonomy
from talent_pool.index import Columns, RosterIndex, RosterRow
from talent_pool.models import Kind
from talent_pool.roster import Skill
from talent_pool.snapshot import Slots
from talent_pool.taxonomy import Words

TOWN, VILLAGE, NEXT_VILLAGE, OTHER_TOWN = 610629101000, 610629101200, 610629101204, 610629102200
OTHER_COUNTY, XIAN, BEIJING = 610630001001, 610102001001, 110101001001
ASKED = Query(region=VILLAGE, today=date(2026, 11, 23), probabilities={"labor": 1.0})
WANG = RosterRow(id=1, name="王德发", kind=Kind.LOCAL_ELDER, home=VILLAGE, areas=(610000000000,))


def points(name: str, query: Query, *rows: RosterRow) -> list[int]:
    columns = RosterIndex.build(replace(row, id=n) for n, row in enumerate(rows, 1)).columns
    slots = columns.slots_of(range(1, len(rows) + 1))
    found: list[int] = SIGNALS[name].points(query, columns, slots).tolist()
    return found


def said(name: str, query: Query, row: RosterRow) -> str | None:
    words = SIGNALS[name].says(query, row)
    return words.zh if words else None


def skilled(*skills: Skill) -> RosterRow:
    return replace(WANG, skills=skills)


# --- expertise -------------------------------------------------------------------------------------------------------


def test_expertise_grows_with_years() -> None:
    pool = [skilled(), skilled(Skill("labor")), skilled(Skill("labor", years=3)), skilled(Skill("labor", years=10))]
    assert points("expertise", ASKED, *pool) == [0, 600, 800, 900]


def test_expertise_counts_under_the_probabilities_of_the_types() -> None:
    split = replace(ASKED, probabilities={"labor": 0.6, "contract": 0.4})
    pool = [
        skilled(Skill("labor")),
        skilled(Skill("contract")),
        skilled(Skill("labor"), Skill("contract")),
        skilled(Skill("other")),
    ]
    assert points("expertise", split, *pool) == [360, 240, 600, 0]


def test_every_type_has_its_own_place() -> None:
    pool = [skilled(Skill(code)) for code in taxonomy.types()]
    for place, code in enumerate(taxonomy.types()):
        found = points("expertise", replace(ASKED, probabilities={code: 1.0}), *pool)
        assert found == [600 if at == place else 0 for at in range(len(pool))]


def test_the_very_sub_type_is_a_bonus() -> None:
    wages = replace(ASKED, subtype="unpaid_wages")
    pool = [
        skilled(Skill("labor", years=12)),
        skilled(Skill("labor", "unpaid_wages", 12)),
        skilled(Skill("neighbor", "noise")),
    ]
    assert points("expertise", ASKED, *pool) == [900, 800, 0]
    assert points("expertise", wages, *pool) == [900, 900, 0]
    assert points("expertise", wages, skilled(Skill("labor"), Skill("labor", "unpaid_wages"))) == [700]


def test_nothing_known_of_the_quarrel_prefers_nobody_for_expertise() -> None:
    assert points("expertise", replace(ASKED, probabilities={}), skilled(Skill("labor", years=30))) == [0]


@pytest.mark.parametrize(
    ("query", "skills", "words"),
    [
        (ASKED, (Skill("labor", years=12),), "擅长劳动争议，做了12年"),
        (ASKED, (Skill("labor"),), "擅长劳动争议"),
        (ASKED, (Skill("labor", "unpaid_wages", 4),), "擅长拖欠工资，做了4年"),
        (ASKED, (Skill("labor", "unpaid_wages", 12), Skill("labor", years=1)), "擅长拖欠工资，做了12年"),
        (ASKED, (Skill("labor", "unpaid_wages", 1), Skill("labor", years=1)), "擅长劳动争议，做了1年"),
        (
            replace(ASKED, subtype="unpaid_wages"),
            (Skill("labor", years=20), Skill("labor", "unpaid_wages", 2)),
            "擅长拖欠工资，做了2年",
        ),
        (ASKED, (Skill("neighbor", years=30),), None),
        (replace(ASKED, probabilities={"labor": 0.86, "neighbor": 0.14}), (Skill("neighbor", years=30),), None),
        (
            replace(ASKED, probabilities={"labor": 0.85, "neighbor": 0.15}),
            (Skill("neighbor", years=30),),
            "擅长邻里纠纷，做了30年",
        ),
    ],
)
def test_expertise_names_what_the_card_shows(query: Query, skills: tuple[Skill, ...], words: str | None) -> None:
    assert said("expertise", query, skilled(*skills)) == words


# --- proximity -------------------------------------------------------------------------------------------------------

HOMES = (VILLAGE, NEXT_VILLAGE, OTHER_TOWN, OTHER_COUNTY, XIAN, BEIJING)


def test_the_nearer_the_better() -> None:
    assert points("proximity", ASKED, *(replace(WANG, home=home) for home in HOMES)) == [1000, 850, 500, 250, 100, 0]


@pytest.mark.parametrize("place", [*HOMES, TOWN, 610629000000, 610600000000, 610000000000])
def test_proximity_is_the_distance_of_the_tree(place: int) -> None:
    homes = (*HOMES, TOWN, 610629102000, 610629000000, 610600000000, 610000000000)
    expected = [signals.settings()["proximity"]["points"][regions.distance(home, place)] for home in homes]
    assert points("proximity", replace(ASKED, region=place), *(replace(WANG, home=home) for home in homes)) == expected


@pytest.mark.parametrize(
    ("home", "words"),
    [
        (VILLAGE, "就住在事发的姚苌村"),
        (NEXT_VILLAGE, "同镇街，家在桐堤村"),
        (TOWN, "同镇街，家在旧县镇"),
        (OTHER_TOWN, "同县区，家在交口河村"),
        (OTHER_COUNTY, None),
        (610629101999, None),  # a code without a name
    ],
)
def test_proximity_names_the_home(home: int, words: str | None) -> None:
    assert said("proximity", ASKED, replace(WANG, home=home)) == words


# --- kind, dialect, load ---------------------------------------------------------------------------------------------


def of_kinds(query: Query) -> list[int]:
    return points("kind_fit", query, *(replace(WANG, kind=kind) for kind in Kind))


def test_the_kind_that_suits_the_type() -> None:
    assert of_kinds(ASKED) == [800, 1000, 200]
    assert of_kinds(replace(ASKED, probabilities={"labor": 0.5, "neighbor": 0.5})) == [700, 600, 600]


def test_what_is_not_known_counts_as_unknown() -> None:
    assert of_kinds(replace(ASKED, probabilities={})) == [600, 500, 600]
    assert of_kinds(replace(ASKED, probabilities={"labor": 0.5})) == [700, 750, 400]


def test_a_zone_has_its_own_table() -> None:
    forest = replace(ASKED, probabilities={"forest_land": 1.0})
    assert of_kinds(forest) == [800, 600, 900], "the north, no line of its own"
    assert of_kinds(replace(forest, region=610900000000)) == [800, 600, 1000], "安康, the south"


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Kind.INDUSTRY, "行业调解员，适合劳动争议"), (Kind.ADMINISTRATIVE, None), (Kind.LOCAL_ELDER, None)],
)
def test_only_the_most_suitable_kind_is_a_reason(kind: Kind, words: str | None) -> None:
    assert said("kind_fit", ASKED, replace(WANG, kind=kind)) == words
    assert said("kind_fit", replace(ASKED, probabilities={}), replace(WANG, kind=kind)) is None


def test_the_dialect_of_the_sides() -> None:
    speaks, silent = replace(WANG, dialects=("putonghua", "shanbei")), replace(WANG, dialects=("guanzhong",))
    asked = replace(ASKED, dialect="shanbei")
    assert points("dialect", asked, speaks, silent) == [1000, 0]
    assert points("dialect", ASKED, speaks, silent) == [0, 0]
    assert (said("dialect", asked, speaks), said("dialect", asked, silent)) == ("会说陕北话", None)
    assert said("dialect", ASKED, speaks) is None


def test_the_free_share_of_the_cap() -> None:
    loads = [(0, 3), (1, 3), (2, 3), (3, 3), (4, 3), (0, 0)]
    pool = [replace(WANG, open_cases=taken, load_cap=cap) for taken, cap in loads]
    assert points("load", ASKED, *pool) == [1000, 666, 333, 0, 0, 0]
    assert said("load", ASKED, pool[0]) == "手上没有在办的案子"
    assert said("load", ASKED, pool[2]) == "在办2件，还能接1件"


# --- together --------------------------------------------------------------------------------------------------------


def test_fit_is_the_weighted_sum_in_whole_numbers() -> None:
    columns = RosterIndex.build([skilled(Skill("labor", years=10)), replace(WANG, id=2, open_cases=1)]).columns
    slots = columns.slots_of([1, 2])
    found = score(ASKED, columns, slots)
    weights = signals.settings()["weights"]
    for at, slot in enumerate(slots):
        each = {name: SIGNALS[name].points(ASKED, columns, slots[at : at + 1])[0] for name in SIGNALS}
        assert found.fit[at] == sum(weights[name] * each[name] for name in SIGNALS) // 100
        assert slot == slots[at]
    assert found.fit.dtype == np.int64


def test_what_weighed_most_is_said_first() -> None:
    row = replace(skilled(Skill("labor", years=10)), home=NEXT_VILLAGE, kind=Kind.INDUSTRY)
    parts = {"load": 15, "expertise": 45, "kind_fit": 10, "proximity": 17, "dialect": 0}
    assert [reason.signal for reason in reasons(ASKED, row, parts)] == ["expertise", "proximity", "load"]
    assert [reason.signal for reason in reasons(ASKED, row, parts | {"proximity": 0})] == [
        "expertise",
        "load",
        "kind_fit",
    ]


def test_what_gave_no_points_is_not_a_reason() -> None:
    assert [reason.signal for reason in reasons(ASKED, WANG, {"load": 15, "proximity": 0})] == ["load"]


def every_reason() -> Iterator[tuple[str, Words]]:
    """Every sentence that the signals can say, with the longest numbers."""
    for code in taxonomy.types():
        asked = replace(ASKED, probabilities={code: 1.0})
        for subtype in ("", *taxonomy.subtypes(code)):
            for years in (0, 70):
                yield from spoken(replace(asked, subtype=subtype), skilled(Skill(code, subtype, years)))
        for kind in Kind:
            yield from spoken(asked, replace(WANG, kind=kind))
    for dialect in taxonomy.dialects():
        yield from spoken(replace(ASKED, dialect=dialect), replace(WANG, dialects=(dialect,)))
    yield from spoken(ASKED, replace(WANG, open_cases=48, load_cap=50))


def spoken(query: Query, row: RosterRow) -> Iterator[tuple[str, Words]]:
    for name, each in SIGNALS.items():
        words = each.says(query, row)
        if words:
            yield name, words


def test_every_reason_is_short_in_chinese_and_complete_in_english() -> None:
    heard = set()
    for name, words in every_reason():
        heard.add(name)
        assert 0 < len(words.zh) <= signals.LONGEST, words.zh
        assert words.en.isascii(), words.en
    assert heard == set(SIGNALS)


def test_no_village_of_the_province_has_too_long_a_name() -> None:
    longest = max(regions.inside(610000000000, 12), key=lambda code: len(regions.short_name(code)))
    for place in (longest, regions.ancestors(longest)[0], regions.ancestors(longest)[1]):
        words = said("proximity", replace(ASKED, region=place), replace(WANG, home=longest))
        assert words is not None
        assert len(words) <= signals.LONGEST, words


# --- a new one -------------------------------------------------------------------------------------------------------


@contextmanager
def registered(name: str) -> Iterator[None]:
    try:
        yield
    finally:
        del SIGNALS[name]


def test_a_new_signal_is_one_function() -> None:
    def says(query: Query, row: RosterRow) -> Words | None:
        return Words(f"{row.birth_year}年生", f"Born in {row.birth_year}") if row.birth_year else None

    with registered("even_ids"):

        @signal("even_ids", says=says, weight=1000)
        def even_ids(query: Query, columns: Columns, slots: Slots) -> Points:
            points: Points = 1000 * (columns.id[slots] % 2 == 0).astype(np.int64)
            return points

        pool = [replace(WANG, id=key, birth_year=1950) for key in range(1, 6)]
        listed = matching.suggest(replace(ASKED, n=3), RosterIndex.build(pool)).shortlist
        assert [person.id for person in listed] == [2, 4, 1]
        assert listed[0].reasons[0].as_json() == {"signal": "even_ids", "zh": "1950年生", "en": "Born in 1950"}
        assert listed[2].reasons[0].signal != "even_ids", "no points, no reason"
    assert "even_ids" not in SIGNALS


def test_a_signal_without_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match=r"signals\.toml: no weight for the signal nameless"):
        signal("nameless", says=lambda query, row: None)(signals.load)
    assert "nameless" not in SIGNALS


def test_a_weight_of_nothing_switches_a_signal_off() -> None:
    with registered("off"):
        signal("off", says=lambda query, row: Words("x", "x"), weight=0)(lambda *_: 1 / 0)  # type: ignore[arg-type]
        columns = RosterIndex.build([WANG]).columns
        assert "off" not in score(ASKED, columns, columns.slots_of([1])).parts


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"region": 5}, "12 digits"),
        ({"villages": (5,)}, "12 digits"),
        ({"probabilities": {"astrology": 0.5}}, "astrology"),
        ({"probabilities": {"labor": 1.5}}, "labor"),
        ({"probabilities": {"labor": float("nan")}}, "labor"),
        ({"subtype": "x"}, "sub-type"),
        ({"dialect": "klingon"}, "dialect"),
        ({"n": 0}, "n must be"),
        ({"n": 21}, "n must be"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(ASKED, **wrong)  # type: ignore[arg-type]
