"""The tree of regions: what was published, arithmetic on codes, finding a village by a few signs."""

import csv
import importlib.util
import tomllib
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talent_pool import regions
from talent_pool.files import data_dir
from talent_pool.regions import Tree, bounds, contains, distance, level, parent, shorten, tree

steady = settings(derandomize=True, database=None, deadline=None, max_examples=200)

SHAANXI, YANAN, LUOCHUAN = 610000000000, 610600000000, 610629000000
JIAOKOUHE, JIAOKOUHE_VILLAGE, ALSO_THERE = 610629102000, 610629102200, 610629102201
JIUXIAN, YULIN, XIAN = 610629101000, 610800000000, 610100000000
ABROAD = 620102001001  # in the next province, not in the tree
SOUTH = 511902001001  # likewise, and before all our codes

with (data_dir() / "regions" / "shaanxi.csv").open(encoding="utf-8", newline="") as file:
    PUBLISHED = list(csv.DictReader(file))
CODES = [int(row["code"]) for row in PUBLISHED]
any_code = st.sampled_from(CODES)


def reference_search(text: str, near: int | None, limit: int) -> list[int]:
    """Search the slow and plain way: grade every town and village, sort all."""
    found = []
    for row in PUBLISHED:
        code, name, spelt = int(row["code"]), row["name"], (row["initials"] + "|" + row["pinyin"]).split("|")
        if code % 1_000_000 == 0:
            continue
        if text.isascii():
            grade = 0 if text in spelt else 1 if any(each.startswith(text) for each in spelt) else 9
        else:
            grade = 0 if text in (name, shorten(name)) else 1 if name.startswith(text) else 2 if text in name else 9
        if grade < 9:
            found.append((grade, distance(near, code) if near else 0, code))
    return [code for _, _, code in sorted(found)[:limit]]


class TestPublished:
    def test_every_region_of_the_province_is_there(self) -> None:
        counts = {digits: sum(level(code) == digits for code in CODES) for digits in regions.LEVELS}
        assert counts == {2: 1, 4: 10, 6: 107, 9: 1335, 12: 20356}
        assert len(tree()) == 21809

    def test_codes_stand_in_order_and_once(self) -> None:
        assert all(one < other for one, other in pairwise(CODES))
        assert all(len(row["code"]) == 12 and row["code"].startswith("61") for row in PUBLISHED)

    def test_every_region_lies_in_a_region(self) -> None:
        assert all(regions.parent(code) in tree() for code in CODES if code != SHAANXI)

    def test_names_are_kept_as_published(self) -> None:
        assert tree().name(JIAOKOUHE_VILLAGE) == "交口河村委会"
        assert tree().name(610622103238) == "（高家坪村委会）"

    def test_every_name_is_spelt(self) -> None:
        for row in PUBLISHED:
            first = row["initials"].split("|")[0]
            assert first.isascii() and first.isalnum() and row["pinyin"].split("|")[0].startswith(first[0])


class TestGenerator:
    def test_the_table_is_what_its_script_makes(self) -> None:
        spec = importlib.util.spec_from_file_location("build_regions", data_dir() / "regions" / "build.py")
        assert spec is not None and spec.loader is not None
        build = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build)
        for row in PUBLISHED[::97]:
            assert build.line(row["code"], row["name"]) == tuple(row.values())


class TestArithmetic:
    @pytest.mark.parametrize(
        ("code", "digits"), [(SHAANXI, 2), (YANAN, 4), (LUOCHUAN, 6), (JIAOKOUHE, 9), (JIAOKOUHE_VILLAGE, 12)]
    )
    def test_level_counts_the_digits_that_count(self, code: int, digits: int) -> None:
        assert level(code) == digits

    def test_the_ladder_upwards(self) -> None:
        assert regions.ancestors(JIAOKOUHE_VILLAGE) == [JIAOKOUHE, LUOCHUAN, YANAN, SHAANXI]
        assert parent(JIAOKOUHE_VILLAGE) == JIAOKOUHE
        assert parent(SHAANXI) is None and regions.ancestors(SHAANXI) == []

    def test_bounds_are_a_range_of_codes(self) -> None:
        assert bounds(LUOCHUAN) == (610629000000, 610629999999)
        assert bounds(JIAOKOUHE_VILLAGE) == (JIAOKOUHE_VILLAGE, JIAOKOUHE_VILLAGE)

    @given(any_code, any_code)
    @steady
    def test_contains_is_what_the_ladder_says(self, outer: int, inner: int) -> None:
        assert contains(outer, inner) == (outer == inner or outer in regions.ancestors(inner))

    @given(any_code)
    @settings(steady, max_examples=20)
    def test_every_region_contains_its_children_and_they_know_it(self, code: int) -> None:
        children = regions.children(code)
        assert all(parent(child) == code and contains(code, child) for child in children)
        assert bool(children) == (level(code) < 12)
        assert children == [each for each in CODES if parent(each) == code]

    @pytest.mark.parametrize(
        ("other", "far"),
        [
            (JIAOKOUHE_VILLAGE, 0),
            (ALSO_THERE, 1),
            (JIAOKOUHE, 1),
            (610629101203, 2),
            (LUOCHUAN, 2),
            (610602100200, 3),
            (610802001001, 4),
            (620102001001, 5),
        ],
    )
    def test_distance_climbs_the_tree(self, other: int, far: int) -> None:
        assert distance(JIAOKOUHE_VILLAGE, other) == far
        assert distance(other, JIAOKOUHE_VILLAGE) == far

    def test_two_who_are_known_only_by_their_county_are_not_the_same_village(self) -> None:
        assert distance(LUOCHUAN, LUOCHUAN) == 2
        assert distance(JIAOKOUHE, JIAOKOUHE) == 1
        assert distance(SHAANXI, SHAANXI) == 4

    @given(any_code, any_code, any_code)
    @steady
    def test_distance_is_that_of_a_tree(self, a: int, b: int, c: int) -> None:
        assert distance(a, b) == distance(b, a)
        assert distance(a, c) <= max(distance(a, b), distance(b, c))

    def test_the_tree_answers_the_same_arithmetic(self) -> None:
        assert tree().level(JIAOKOUHE) == 9
        assert tree().distance(JIAOKOUHE_VILLAGE, ALSO_THERE) == 1


class TestNames:
    @pytest.mark.parametrize(
        ("published", "said"),
        [
            ("交口河村委会", "交口河村"),
            ("交口河村民委员会", "交口河村"),
            ("席村村委会", "席村"),
            ("席村", "席村"),
            ("东关社区居委会", "东关社区"),
            ("中山社区居民委员会", "中山社区"),
            ("宽坪社区村委会", "宽坪社区"),
            ("美院社区", "美院社区"),
            ("东街居委会", "东街居委会"),
            ("高家堎村村民委委会", "高家堎村"),
            ("石村村委会委会", "石村"),
            ("任塬社区居委", "任塬社区"),
            ("王塬社区委会", "王塬社区"),
            ("（高家坪村委会）", "高家坪村"),
            ("冯家岔村委会（史）", "冯家岔村（史）"),
            ("省委社区居委会", "省委社区"),
            ("姬家管委会泾渭路社区居委会", "姬家管委会泾渭路社区"),
            ("交口河镇", "交口河镇"),
            ("", ""),
        ],
    )
    def test_short_names_are_what_people_say(self, published: str, said: str) -> None:
        assert shorten(published) == said

    def test_no_short_name_keeps_a_committee_behind_a_village(self) -> None:
        left = {
            shorten(row["name"])
            for row in PUBLISHED
            if "村委会" in shorten(row["name"]) or "社区居" in shorten(row["name"])
        }
        assert left == set()

    def test_full_name_begins_with_the_city(self) -> None:
        assert regions.full_name(JIAOKOUHE_VILLAGE) == "延安市洛川县交口河镇交口河村"
        assert regions.full_name(LUOCHUAN) == "延安市洛川县"
        assert regions.full_name(SHAANXI) == "陕西省"

    def test_full_name_can_begin_below_a_region(self) -> None:
        assert regions.full_name(JIAOKOUHE_VILLAGE, below=LUOCHUAN) == "交口河镇交口河村"
        assert regions.full_name(LUOCHUAN, below=LUOCHUAN) == "洛川县"

    def test_the_tree_knows_its_own(self) -> None:
        assert regions.known(JIAOKOUHE) and not regions.known(ABROAD) and not regions.known(610629999000)

    def test_an_unknown_code_is_named_in_the_error(self) -> None:
        with pytest.raises(KeyError, match="620102001001"):
            regions.name(ABROAD)
        with pytest.raises(KeyError, match="610629999000"):
            regions.children(610629999000)

    def test_zones_share_out_the_ten_cities(self) -> None:
        named = {
            zone: [regions.name(city * 10**8)[:2] for city in fields.cities] for zone, fields in regions.zones().items()
        }
        assert named == {
            "guanzhong": ["西安", "铜川", "宝鸡", "咸阳", "渭南"],
            "shanbei": ["延安", "榆林"],
            "shannan": ["汉中", "安康", "商洛"],
        }
        assert all(regions.zone(code) in named for code in CODES if code != SHAANXI)
        assert regions.zone(JIAOKOUHE_VILLAGE) == "shanbei"
        assert regions.zone(SHAANXI) is None and regions.zone(ABROAD) is None

    def test_inside_lists_one_level(self) -> None:
        assert len(regions.inside(SHAANXI, 6)) == 107
        assert regions.inside(LUOCHUAN, 9) == regions.children(LUOCHUAN)
        assert regions.inside(JIAOKOUHE, 9) == [JIAOKOUHE]


class TestParse:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("61", SHAANXI),
            ("6106", YANAN),
            ("610629", LUOCHUAN),
            ("610629102", JIAOKOUHE),
            ("610629102200", JIAOKOUHE_VILLAGE),
            (" 610629 ", LUOCHUAN),
        ],
    )
    def test_shorter_codes_are_padded(self, text: str, code: int) -> None:
        assert regions.parse(text) == code

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "6",
            "610",
            "62",
            "610629999",
            "洛川",
            "６１",
            "61 06",
            "-61",
            "610629102200000",
            "6106.0",
            "61\x00",
            "9" * 5000,
        ],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="region"):
            regions.parse(text)

    @given(any_code)
    @steady
    def test_every_code_reads_back(self, code: int) -> None:
        assert regions.parse(str(code)) == regions.parse(str(code)[: level(code)]) == code


class TestSearch:
    @pytest.mark.parametrize(
        "text", ["jkh", "JKH", "jiaokouhe", "jiaokouhez", "交口河", "交口河镇", " 交口 河 ", "jiao kou he", "ｊｋｈ"]
    )
    def test_a_few_signs_find_the_town(self, text: str) -> None:
        assert regions.search(text)[0] == JIAOKOUHE

    @pytest.mark.parametrize("text", ["交口河村", "交口河村委会", "交口河村民委员会", "jkhc", "jiaokouhecun"])
    def test_a_village_answers_to_both_its_names(self, text: str) -> None:
        assert regions.search(text) == [JIAOKOUHE_VILLAGE]

    @pytest.mark.parametrize("text", ["baoanpucun", "baoanbaocun", "baoanbucun", "bapc", "babc"])
    def test_every_reading_of_a_sign_finds_it(self, text: str) -> None:
        # 堡 is read pu in many names of the north, bao in the dictionary.
        assert regions.search("保安堡村")[0] in regions.search(text, limit=100)

    def test_the_letter_of_lü_may_be_typed_both_ways(self) -> None:
        assert regions.search("lüjia") == regions.search("lvjia") != []

    def test_within_leaves_out_all_others(self) -> None:
        assert all(contains(LUOCHUAN, code) for code in regions.search("石", within=LUOCHUAN, limit=50))
        assert regions.search("jkh", within=XIAN) == []

    def test_near_puts_the_neighbours_first(self) -> None:
        far = [distance(JIUXIAN, code) for code in regions.search("王家", near=JIUXIAN, limit=200)]
        assert far[0] == 1 and far[-1] == 4

    def test_only_towns_and_villages_are_found(self) -> None:
        assert all(
            level(code) >= 9 for text in ("洛川", "西安", "lc", "陕西", "x") for code in regions.search(text, limit=400)
        )

    @pytest.mark.parametrize("near", [None, JIAOKOUHE_VILLAGE, JIUXIAN, YULIN, ABROAD, SOUTH])
    @pytest.mark.parametrize("text", ["石", "王家", "村", "z", "shi", "jkh", "不存在的村"])
    def test_it_finds_what_the_slow_way_finds(self, text: str, near: int | None) -> None:
        assert regions.search(text, near=near, limit=30) == reference_search(text, near, 30)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "\x00",
            "\ud800",
            "|",
            "||",
            "'",
            "%_",
            "😀",
            "\u202e",
            "x" * 100_000,
            "村" * 61,
            "﷽" * 100,
            "()",
            "9",
        ],
    )
    def test_odd_input_finds_nothing_and_breaks_nothing(self, text: str) -> None:
        assert regions.search(text) == []

    @given(st.text(max_size=80), st.one_of(st.none(), any_code), st.integers(-3, 30))
    @steady
    def test_any_text_is_answered_within_the_limit(self, text: str, within: int | None, limit: int) -> None:
        found = regions.search(text, within, limit)
        assert len(found) <= max(0, limit) and len(set(found)) == len(found)
        assert all(within is None or contains(within, code) for code in found)


def load() -> Tree:
    with (data_dir() / "regions" / "shaanxi.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return Tree(rows, {})


def test_the_tree_is_small() -> None:
    tracemalloc.start()
    kept = load()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 21809 and held < 25_000_000


def test_the_zones_file_names_both_languages() -> None:
    table = tomllib.loads((data_dir() / "regions" / "zones.toml").read_text(encoding="utf-8"))
    assert all(fields["zh"] and fields["en"] for fields in table.values())
