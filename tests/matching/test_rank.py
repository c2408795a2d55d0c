"""The short list: equal to a plain second writing on random pools, and each of its rules by example."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import matching
from matching import signals
from matching.query import Query
from matching.rank import Suggestion, compose, suggest
from talent_pool import regions, taxonomy
from talent_pool.index import RosterIndex, RosterRow
from talent_pool.models import Kind, Sex
from talent_pool.roster import Skill
from talent_pool.snapshot import level

CITY, COUNTY, TOWN, OTHER_TOWN = 610600000000, 610629000000, 610629101000, 610629102000
VILLAGE, NEXT_VILLAGE, FAR_VILLAGE = 610629101200, 610629101204, 610629102200
OTHER_COUNTY, XIAN, PROVINCE = 610630000000, 610100000000, 610000000000
TODAY = date(2026, 11, 23)
ASKED = Query(region=VILLAGE, today=TODAY, probabilities={"neighbor": 0.7, "forest_land": 0.3}, villages=(VILLAGE,))
WANG = RosterRow(id=1, name="王德发", kind=Kind.LOCAL_ELDER, home=FAR_VILLAGE, areas=(COUNTY,))
BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=150)


def pool(*changes: Mapping[str, Any]) -> RosterIndex:
    """As many mediators as changes, numbered from 1, all alike but for these."""
    return RosterIndex.build(replace(WANG, **{"id": key, **changed}) for key, changed in enumerate(changes, 1))


def ids(suggestion: Suggestion) -> list[int]:
    return [person.id for person in suggestion.shortlist]


# --- a plain second writing ------------------------------------------------------------------------------------------


def plain_fit(query: Query, row: RosterRow) -> int:
    table = signals.settings()
    shares = {code: round(1000 * p) for code, p in query.probabilities.items() if round(1000 * p)}
    best: dict[str, int] = {}
    for skill in row.skills:
        best[skill.type] = max(best.get(skill.type, 0), level(skill))
    expertise = sum(share * table["expertise"]["levels"][best.get(code, 0)] for code, share in shares.items()) // 1000
    if query.subtype and any(skill.subtype == query.subtype for skill in row.skills):
        expertise += table["expertise"]["subtype"]
    rest = max(0, 1000 - sum(shares.values()))
    zone = table["kind_fit"]["zones"].get(regions.zone(query.region), {})
    kinds = table["kind_fit"]["types"] | zone
    kind = rest * table["kind_fit"]["unknown"][row.kind] + sum(s * kinds[code][row.kind] for code, s in shares.items())
    points = {
        "expertise": expertise,
        "proximity": table["proximity"]["points"][regions.distance(row.home, query.region)],
        "kind_fit": kind // 1000,
        "load": 1000 * (row.load_cap - row.open_cases) // row.load_cap,
        "dialect": 1000 * (query.dialect in row.dialects),
    }
    return int(sum(table["weights"][name] * points[name] for name in points) // 100)


def plain_outside(query: Query, row: RosterRow) -> bool:
    may_be_in = [regions.contains(v, row.home) or row.home == regions.parent(v) != COUNTY for v in query.villages]
    return not any(may_be_in)


def plain_compose(ranked: Sequence[tuple[int, bool]], n: int, outsiders: int) -> list[int]:
    """Try every list of n names: most kinds, then most from outside, then the first in the order of ranks."""
    size = min(n, len(ranked))

    lists = list(combinations(range(len(ranked)), size))
    kinds = {places: len({ranked[place][0] for place in places}) for places in lists}
    outside = {places: min(outsiders, sum(ranked[place][1] for place in places)) for places in lists}
    return list(min((-kinds[places], -outside[places], places) for places in lists)[-1])


def plain_filter(query: Query, rows: Sequence[RosterRow]) -> tuple[list[RosterRow], dict[str, int]]:
    kept, excluded = [], {"recusal": 0, "leave": 0, "full": 0}
    for row in rows:
        if row.id in query.exclude:
            continue
        if row.id in query.recused:
            excluded["recusal"] += 1
        elif any(first <= query.today <= last for first, last in row.leave):
            excluded["leave"] += 1
        elif row.open_cases >= row.load_cap:
            excluded["full"] += 1
        else:
            kept.append(row)
    return kept, excluded


def plain_suggest(query: Query, rows: Sequence[RosterRow]) -> tuple[list[tuple[int, int]], int | None, dict[str, int]]:
    active = [row for row in rows if row.active]
    around = [row for row in active if any(regions.contains(area, query.region) for area in row.areas)]
    kept, excluded = plain_filter(query, around)
    widened_to = None
    for region in (query.region, *regions.ancestors(query.region)):
        if len(kept) >= query.widen_below or regions.level(region) not in (4, 6, 9):
            continue
        widened_to = region
        around = [r for r in active if any(regions.contains(a, region) or regions.contains(region, a) for a in r.areas)]
        kept, excluded = plain_filter(query, around)
    ranked = sorted(kept, key=lambda row: (-plain_fit(query, row), row.open_cases, row.id))
    kinds = list(Kind)
    mix = [(kinds.index(row.kind), plain_outside(query, row)) for row in ranked]
    chosen = [ranked[place] for place in plain_compose(mix, query.n, query.outsiders)]
    return [(row.id, plain_fit(query, row)) for row in chosen], widened_to, excluded


PLACES = (VILLAGE, NEXT_VILLAGE, FAR_VILLAGE, TOWN, OTHER_TOWN, COUNTY, OTHER_COUNTY, CITY, XIAN, PROVINCE)
TYPES = ("neighbor", "forest_land", "labor")
people = st.builds(
    RosterRow,
    id=st.integers(1, 40),
    name=st.just("王德发"),
    kind=st.sampled_from([*Kind, Kind.LOCAL_ELDER, Kind.LOCAL_ELDER]),
    home=st.sampled_from(PLACES),
    load_cap=st.integers(1, 4),
    open_cases=st.integers(0, 4),
    active=st.sampled_from([True, True, True, False]),
    skills=st.lists(
        st.builds(Skill, st.sampled_from(TYPES), st.sampled_from(["", "", "boundary"]), st.integers(0, 12)), max_size=3
    ).map(tuple),
    areas=st.lists(st.sampled_from(PLACES), min_size=1, max_size=2).map(tuple),
    leave=st.sampled_from([(), (), ((TODAY, TODAY),), ((TODAY + timedelta(1), TODAY + timedelta(3)),)]),
    dialects=st.sampled_from([(), ("shanbei",), ("shanbei", "putonghua")]),
)
pools = st.lists(people, max_size=14, unique_by=lambda row: row.id)
queries = st.builds(
    Query,
    region=st.sampled_from(PLACES),
    today=st.just(TODAY),
    probabilities=st.dictionaries(st.sampled_from(TYPES), st.sampled_from([0.0001, 0.2, 0.35, 1.0]), max_size=3),
    subtype=st.sampled_from([None, "boundary"]),
    villages=st.lists(st.sampled_from([VILLAGE, NEXT_VILLAGE, FAR_VILLAGE, TOWN]), max_size=2).map(tuple),
    recused=st.frozensets(st.integers(1, 40), max_size=8),
    exclude=st.frozensets(st.integers(1, 40), max_size=8),
    dialect=st.sampled_from([None, "shanbei"]),
    n=st.integers(1, 7),
    outsiders=st.integers(0, 3),
)


@BOUNDED
@given(queries, pools)
def test_it_equals_a_plain_writing(query: Query, rows: list[RosterRow]) -> None:
    found = suggest(query, RosterIndex.build(rows))
    listed, widened_to, excluded = plain_suggest(query, rows)
    assert [(person.id, person.fit) for person in found.shortlist] == listed
    assert (found.widened_to, found.excluded, found.barred) == (widened_to, excluded, None)


@BOUNDED
@given(queries, pools, st.randoms(use_true_random=False))
def test_the_order_of_the_pool_and_its_history_do_not_matter(
    query: Query, rows: list[RosterRow], chance: Random
) -> None:
    index = RosterIndex.build(rows[: len(rows) // 2])
    rest = rows[len(rows) // 2 :]
    chance.shuffle(rest)
    for row in rest:
        index.apply([row])
    assert suggest(query, index) == suggest(query, RosterIndex.build(rows))


mixes = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=9)


@settings(BOUNDED, max_examples=600)
@given(mixes, st.integers(1, 6), st.integers(0, 3))
@example([(0, False), (0, False), (1, False), (1, True), (2, False)], 3, 2)
def test_the_mix_is_the_best_of_all_lists(ranked: list[tuple[int, bool]], n: int, outsiders: int) -> None:
    assert compose(ranked, n, outsiders) == plain_compose(ranked, n, outsiders)


# --- by example ------------------------------------------------------------------------------------------------------


def test_whoever_must_not_or_cannot_is_left_out_and_counted_once() -> None:
    away = ((TODAY, TODAY),)
    unable: list[dict[str, Any]] = [
        {"leave": away},
        {"open_cases": 3},
        {"leave": away, "open_cases": 3},
        {"active": False},
    ]
    elsewhere: list[dict[str, Any]] = [{"areas": (XIAN,), "leave": away}, {"areas": (XIAN,), "open_cases": 3}]
    index = pool({}, {}, {}, {}, *unable, *elsewhere, {"open_cases": 3}, {"leave": away}, {})
    recused, exclude = frozenset({4, 7, 11, 99}), frozenset({12, 13})
    found = suggest(replace(ASKED, recused=recused, exclude=exclude), index)
    assert (ids(found), found.widened_to) == ([1, 2, 3], None)
    assert found.excluded == {"recusal": 3, "leave": 1, "full": 1}


def test_ties_go_to_fewer_open_cases_then_to_the_smaller_id() -> None:
    # The free share is the same for 1 of 2 and 2 of 4: only the count differs.
    index = pool({"open_cases": 2, "load_cap": 4}, {"open_cases": 1, "load_cap": 2}, {"open_cases": 1, "load_cap": 2})
    found = suggest(ASKED, index)
    assert len({person.fit for person in found.shortlist}) == 1
    assert ids(found) == [2, 3, 1]


def test_one_of_each_kind_when_there_is_one() -> None:
    good = {"skills": (Skill("neighbor", years=20),)}
    index = pool(*[good] * 8, {"kind": Kind.INDUSTRY}, {"kind": Kind.ADMINISTRATIVE}, {"kind": Kind.ADMINISTRATIVE})
    found = suggest(ASKED, index)
    assert ids(found) == [1, 2, 3, 4, 10, 9], "in the order of fit, the weakest of the many gave way"
    assert ids(suggest(ASKED, pool(*[good] * 8))) == [1, 2, 3, 4, 5, 6]


def test_two_from_outside_the_sides_villages() -> None:
    here = {"home": VILLAGE}
    index = pool(*[here] * 8, {"home": NEXT_VILLAGE}, {"home": FAR_VILLAGE}, {"home": FAR_VILLAGE})
    assert ids(suggest(ASKED, index)) == [1, 2, 3, 4, 9, 10]
    both = replace(ASKED, villages=(VILLAGE, NEXT_VILLAGE))
    assert ids(suggest(both, index)) == [1, 2, 3, 4, 10, 11]
    assert ids(suggest(replace(ASKED, villages=()), index)) == [1, 2, 3, 4, 5, 6], "nobody's village is known"


def test_a_home_that_may_lie_in_the_village_is_not_outside() -> None:
    in_town = {"home": TOWN}
    assert ids(suggest(ASKED, pool(*[in_town] * 6, *[{"home": FAR_VILLAGE}] * 2))) == [1, 2, 3, 4, 7, 8]
    town_known = replace(ASKED, villages=(TOWN,))
    assert ids(suggest(town_known, pool(*[{"home": NEXT_VILLAGE}] * 6, *[{"home": FAR_VILLAGE}] * 2))) == [
        1,
        2,
        3,
        4,
        7,
        8,
    ]


@pytest.mark.parametrize(
    ("areas", "widened_to", "listed"),
    [
        ([VILLAGE, TOWN, COUNTY], None, 3),
        ([VILLAGE, TOWN, NEXT_VILLAGE], TOWN, 3),
        ([VILLAGE, TOWN, OTHER_TOWN], COUNTY, 3),
        ([VILLAGE, FAR_VILLAGE, OTHER_COUNTY], CITY, 3),
        ([VILLAGE, XIAN, XIAN], CITY, 1),
        ([XIAN], CITY, 0),
    ],
)
def test_too_few_widens_from_town_to_county_to_city(areas: list[int], widened_to: int | None, listed: int) -> None:
    found = suggest(ASKED, pool(*({"areas": (area,)} for area in areas)))
    assert (found.widened_to, len(found.shortlist)) == (widened_to, listed)


def test_those_left_out_are_counted_in_the_region_that_was_asked_last() -> None:
    away = ((TODAY, TODAY),)
    found = suggest(ASKED, pool({"areas": (OTHER_TOWN,), "leave": away}, {"areas": (XIAN,), "leave": away}, {}, {}, {}))
    assert (found.widened_to, found.excluded["leave"]) == (None, 0)
    found = suggest(ASKED, pool({"areas": (OTHER_TOWN,), "leave": away}, {"areas": (XIAN,), "leave": away}, {}))
    assert (found.widened_to, found.excluded["leave"]) == (CITY, 1)


def test_a_barred_case_has_no_names() -> None:
    found = Suggestion.barring("crime_suspected")
    nobody = {"recusal": 0, "leave": 0, "full": 0}
    assert found.as_json() == {"shortlist": [], "widened_to": None, "excluded": nobody, "barred": "crime_suspected"}


def test_every_reason_rests_on_a_fact_of_the_card() -> None:
    skills = (Skill("neighbor", "noise", 7), Skill("forest_land", years=21))
    about = {"sex": Sex.FEMALE, "birth_year": 1960, "title": "退休教师", "intro": "说话算数"}
    facts = {"home": NEXT_VILLAGE, "skills": skills, "open_cases": 1, "dialects": ("shanbei",)}
    found = suggest(replace(ASKED, dialect="shanbei"), pool({**about, **facts}, {}, {}))
    person = next(person for person in found.shortlist if person.id == 1)
    assert person.card() == {
        **about,
        "sex": "female",
        "home": "610629101204",
        "home_name": "桐堤村",
        "dialects": ["shanbei"],
        "open_cases": 1,
        "load_cap": 3,
        "expertise": [
            {"type": "neighbor", "subtype": "noise", "years": 7},
            {"type": "forest_land", "subtype": "", "years": 21},
        ],
    }
    said = [reason.zh for reason in person.reasons]
    assert said == ["擅长山林土地纠纷，做了21年", "同镇街，家在桐堤村", "在办1件，还能接2件"]


def test_everybody_listed_has_a_reason() -> None:
    # The plainest of all: no skill, far away, busy, of the least suitable kind.
    index = pool(*[{"home": XIAN, "kind": Kind.INDUSTRY, "open_cases": 49, "load_cap": 50}] * 3)
    assert [[reason.zh for reason in person.reasons] for person in suggest(ASKED, index).shortlist] == [
        ["在办49件，还能接1件"]
    ] * 3


def test_the_list_as_json() -> None:
    answer = json.loads(json.dumps(suggest(ASKED, pool({}, {}, {})).as_json()))
    assert set(answer) == {"shortlist", "widened_to", "excluded", "barred"}
    first = answer["shortlist"][0]
    assert (first["id"], first["kind"], first["region"], first["name"]) == (
        "1",
        "local_elder",
        str(FAR_VILLAGE),
        "王德发",
    )
    assert all(isinstance(words, str) for words in (*first["reasons"], *first["reasons_en"]))
    assert len(first["reasons"]) == len(first["reasons_en"]) > 0
    widened = suggest(ASKED, pool({})).as_json()
    assert widened["widened_to"] == str(CITY)


def test_the_package_exports_it() -> None:
    assert (matching.suggest, matching.Query, matching.Suggestion) == (suggest, Query, Suggestion)


def test_the_busiest_and_the_largest_ids_keep_their_order() -> None:
    index = RosterIndex.build(replace(WANG, id=2**32 - key, load_cap=50, open_cases=25) for key in (1, 2, 3))
    assert ids(suggest(ASKED, index)) == [2**32 - 3, 2**32 - 2, 2**32 - 1]


def test_every_village_of_a_county_gets_six_names() -> None:
    chance, villages, types = Random(7), regions.inside(COUNTY, 12), list(taxonomy.types())
    rows = []
    for key in range(1, 401):
        home = chance.choice(villages)
        area = chance.choice([home, home, regions.ancestors(home)[0], COUNTY])
        skills = tuple(Skill(code, "", chance.randrange(20)) for code in chance.sample(types, chance.randint(1, 4)))
        rows.append(replace(WANG, id=key, home=home, areas=(area,), skills=skills, kind=chance.choice(list(Kind))))
    index = RosterIndex.build(rows)
    spread = {code: 1 / len(types) for code in types}
    for place in chance.sample(villages, 60):
        query = Query(region=place, today=TODAY, probabilities=spread, villages=(place, chance.choice(villages)))
        assert len(suggest(query, index).shortlist) == 6
