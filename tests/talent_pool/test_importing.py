"""A county's list becomes entries: any columns in any order, and what is wrong told cell by cell."""

from datetime import date
from typing import Any

import pytest

from talent_pool import regions, taxonomy
from talent_pool.importing import Checked, check, columns, guess, repeats, split
from talent_pool.models import Kind, Sex, Status
from talent_pool.places import find_place
from talent_pool.profiles import Consent, Form
from talent_pool.roster import Skill
from talent_pool.sheets import SheetRow

LUOCHUAN, JIUXIAN, JIAOKOUHE = 610629000000, 610629101000, 610629102000
TODAY = date(2026, 11, 25)
FIELDS = list(columns())
GOOD = {"name": "雷长安", "kind": "乡贤", "home": "交口河镇京兆村"}
ID = "610629196502031234"


def checked(lost: tuple[str, ...] = (), **cells: str) -> Checked:
    given = {**GOOD, **cells}
    places = {code: FIELDS.index(code) for code in given}
    row = SheetRow(7, tuple(given.get(code, "") for code in FIELDS), frozenset(FIELDS.index(code) for code in lost))
    return check(row, places, LUOCHUAN, TODAY)


def taken(**cells: str) -> Any:
    row = checked(**cells)
    assert row.problems == ()
    assert row.enrolment is not None
    return row.enrolment


def wrong(lost: tuple[str, ...] = (), **cells: str) -> set[str]:
    return {problem.field for problem in checked(lost, **cells).problems}


# --- heading ---------------------------------------------------------------------------------------------------------


def rows(*cells: tuple[str, ...]) -> list[SheetRow]:
    return [SheetRow(number, row) for number, row in enumerate(cells, start=1)]


def test_the_heading_is_found_below_titles_and_in_any_order() -> None:
    table = split(
        rows(
            ("洛川县人才库",),
            ("填报单位:司法局", "", "2026年"),
            ("序号", "联系电话*", "姓 名", "人员类别(必填)", "籍贯"),
            ("1", "138", "甲", "乡贤", "x"),
        )
    )
    assert table.heading[2] == "姓 名"
    assert guess(table.heading) == {"phone": 1, "name": 2, "kind": 3, "home": 4}
    assert [row.number for row in table.rows] == [4]


def test_a_heading_repeated_on_every_printed_page_is_no_person() -> None:
    heading = ("姓名", "类别")
    assert [row.number for row in split(rows(heading, ("甲", "乡贤"), heading, ("乙", "行业"))).rows] == [2, 4]


def test_a_list_without_known_words_keeps_its_first_row_for_a_person_to_name() -> None:
    table = split(rows(("表一",), ("甲列", "乙列"), ("1", "2")))
    assert (table.heading, guess(table.heading)) == (("甲列", "乙列"), {})


def test_no_two_fields_share_a_column_and_no_two_columns_a_word() -> None:
    words = [word for column in columns().values() for word in column.words]
    assert len(words) == len(set(words))
    for code, column in columns().items():
        for word in column.words:
            assert guess([word]) == {code: 0}
    assert guess(["姓名", "姓名", "问题"]) == {"name": 0}


def test_every_list_of_the_columns_exists() -> None:
    assert {column.list for column in columns().values()} - {"", "yes_no"} <= set(taxonomy.groups())


# --- cells -----------------------------------------------------------------------------------------------------------


def test_a_whole_row() -> None:
    one = taken(
        name="雷 长 安", kind="乡贤调解员", form="个人", subkind="退休教师", grade="二级", id_number=ID, phone="138-0000-0001",
        town="", home="陕西省延安市洛川县交口河镇京兆村三组", title="退休教师", expertise="邻里纠纷、婚姻家庭(赡养);民间借贷",
        years="12年", areas="本镇、旧县镇", dialects="陕北话、普通话", load_cap="4", term_from="2025.3.1", consent="是", intro="先听完再说话",
    )  # fmt: skip
    base, paper = one.base, one.profile
    assert (base.name, base.kind, base.sex, base.birth_year, base.phone) == (
        "雷长安",
        Kind.LOCAL_ELDER,
        Sex.MALE,
        1965,
        "13800000001",
    )
    assert regions.full_name(base.home) == "延安市洛川县交口河镇京兆村"
    assert (base.dialects, base.load_cap, base.intro) == ("shanbei,putonghua", 4, "先听完再说话")
    assert one.skills == (
        Skill("neighbor", "", 12), Skill("marriage_family", "elder_support", 12), Skill("contract", "private_loan", 12),
    )  # fmt: skip
    assert one.service_areas == (JIUXIAN, JIAOKOUHE)
    assert (paper.form, paper.subkind, paper.grade) == (Form.PERSON, "teacher", "level_2")
    assert (paper.term_from, paper.term_to) == (date(2025, 3, 1), date(2028, 2, 29))
    assert (paper.consent, one.status) == (Consent.GIVEN, Status.ACTIVE)


def test_who_did_not_agree_waits() -> None:
    assert taken().status is Status.PENDING
    assert taken(consent="否").status is Status.PENDING
    assert taken(consent="√").status is Status.ACTIVE


def test_whoever_serves_nowhere_serves_the_own_town_or_for_a_trade_the_county() -> None:
    assert taken().service_areas == (JIAOKOUHE,)
    assert taken(kind="行业").service_areas == (LUOCHUAN,)
    assert taken(areas="全县").service_areas == (LUOCHUAN,)
    assert taken(areas="本村").service_areas == (taken().base.home,)


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("1965", 1965),
        ("1965年3月", 1965),
        ("1965-03-02", 1965),
        ("196503", 1965),
        ("19650302", 1965),
        ("61", 1965),
        ("61岁", 1965),
    ],
)
def test_a_year_of_birth_however_written(written: str, year: int) -> None:
    assert taken(birth=written).base.birth_year == year


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-01-02", date(2026, 1, 2)), ("2026/1/2", date(2026, 1, 2)), ("2026.1.2", date(2026, 1, 2)),
        ("2026年1月2日", date(2026, 1, 2)), ("2026年1月", date(2026, 1, 1)), ("46024", date(2026, 1, 2)), ("2026-01-02 08:30", date(2026, 1, 2)),
    ],
)  # fmt: skip
def test_a_day_however_written(written: str, day: date) -> None:
    assert taken(term_from=written).profile.term_from == day


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"name": ""}, "name"), ({"name": "123"}, "name"), ({"name": "长" * 41}, "name"),
        ({"kind": ""}, "kind"), ({"kind": "外星"}, "kind"), ({"subkind": "公安派出所"}, "subkind"), ({"grade": "九级"}, "grade"),
        ({"sex": "中"}, "sex"), ({"sex": "女", "id_number": ID}, "sex"),
        ({"birth": "1800"}, "birth"), ({"birth": "2015"}, "birth"), ({"birth": "200"}, "birth"), ({"birth": "不详"}, "birth"),
        ({"birth": "1970", "id_number": ID}, "birth"),
        ({"id_number": "61062919650203123"}, "id_number"), ({"id_number": ID[:-1] + "0"}, "id_number"),
        ({"id_number": "610629196513411230"}, "id_number"), ({"id_number": "6.10629E+17"}, "id_number"),
        ({"phone": "12345678901"}, "phone"), ({"phone": "无"}, "phone"),
        ({"phone": "13800000001/13900000002"}, "phone"),
        ({"home": ""}, "home"), ({"home": "火星基地"}, "home"), ({"home": "旧县镇京兆村"}, "home"), ({"town": "旧县镇", "home": "京兆村"}, "home"),
        ({"title": "长" * 41}, "title"), ({"intro": "长" * 61}, "intro"),
        ({"expertise": "邻里、算命"}, "expertise"), ({"areas": "火星"}, "areas"), ({"dialects": "克林贡语"}, "dialects"),
        ({"load_cap": "-1"}, "load_cap"), ({"load_cap": "999"}, "load_cap"), ({"load_cap": "很多"}, "load_cap"), ({"years": "99"}, "years"),
        ({"term_from": "2026-13-01"}, "term_from"), ({"term_from": "2026-01-02", "term_to": "2026-01-01"}, "term_to"),
        ({"consent": "也许"}, "consent"), ({"key": "x"}, "key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_cell(cells: dict[str, str], field: str) -> None:
    assert wrong(**cells) == {field}


def test_an_identity_number_kept_as_a_number_is_refused() -> None:
    (problem,) = checked(("id_number",), id_number=ID).problems
    assert (problem.field, "后几位已经丢失" in problem.says) == ("id_number", True), "even where the check digit fits"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert wrong(name="", kind="x", phone="1", home="火星", load_cap="x") == {
        "name",
        "kind",
        "phone",
        "home",
        "load_cap",
    }


def test_kinds_of_quarrels_joined_by_a_word_and_places_are_not_cut() -> None:
    assert taken(expertise="邻里和赡养纠纷").skills == (Skill("neighbor"), Skill("marriage_family", "elder_support"))
    assert taken(expertise="综合").skills == (Skill("other"),)


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("陕西省延安市洛川县交口河镇京兆村三组", "延安市洛川县交口河镇京兆村"),
        ("交口河镇", "延安市洛川县交口河镇"),
        ("交口河京兆", "延安市洛川县交口河镇京兆村"),
        ("京兆村", "延安市洛川县交口河镇京兆村"),
        ("洛川人", "延安市洛川县"),
        ("陕西洛川", "延安市洛川县"),
        ("榆林市榆阳区", "榆林市榆阳区"),
        ("榆阳区", "榆林市榆阳区"),
        ("交口河镇 三组", "延安市洛川县交口河镇"),
        ("６１０６２９１０２２００", "延安市洛川县交口河镇交口河村"),
    ],
)
def test_a_place_in_free_words(written: str, name: str) -> None:
    found = find_place(written, LUOCHUAN).code
    assert found is not None and regions.full_name(found) == name


@pytest.mark.parametrize("written", ["", "火星", "旧县镇没有的村", "999999999999", "洛川县火星镇", "长" * 500])
def test_a_place_that_is_none(written: str) -> None:
    assert find_place(written, LUOCHUAN).code is None


def test_every_town_and_village_of_a_county_is_found_by_its_address() -> None:
    missed = [
        regions.full_name(code)
        for level in (9, 12)
        for code in regions.inside(LUOCHUAN, level)
        if code not in ((found := find_place(regions.full_name(code), LUOCHUAN)).code, *found.several)
    ]
    assert missed == []


def test_a_name_of_several_villages_is_asked_about() -> None:
    names: dict[str, int] = {}
    for county in regions.inside(610600000000, 6):
        for code in regions.inside(county, 12):
            name = regions.short_name(code)
            if names.get(name, 0) // 10**6 == code // 10**6 and names[name] // 1000 != code // 1000:
                found = find_place(name, county)
                assert {names[name], code} <= set(found.several)
                return
            names[name] = code
    raise AssertionError("no such pair in the tree")


# --- the same person twice -------------------------------------------------------------------------------------------


def test_a_person_who_stands_twice_is_told_at_the_second_row() -> None:
    def row(number: int, **cells: str) -> Checked:
        one = checked(**cells)
        return Checked(number, one.given, one.problems, one.enrolment, one.id_number)

    phone = {"phone": "13800000001"}
    found = repeats([
        row(2, **phone), row(3, **phone), row(4, **phone, kind="行业"), row(5, **phone, areas="旧县镇"),
        row(6, name="同名人", phone="13800000009"), row(7, id_number=ID), row(8, name="改名人", id_number=ID), row(9, name=""),
        row(10, name="没号人"), row(11, name="没号人"),
    ])  # fmt: skip
    assert {number: (at, problem.field) for number, (at, problem) in found.items()} == {
        3: (2, "name"), 4: (2, "kind"), 5: (2, "areas"), 8: (7, "name"), 11: (10, "name"),
    }  # fmt: skip
