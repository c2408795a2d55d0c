"""What an officer reads on Monday: order, ages, words, and what must not be in it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.digest import BANDS, OVERDUE, Digest, OpenCase, Reader, digest, render
from app.lifecycle import LABELS, NEXT_STEPS, OPEN, State
from app.wording import language, translate
from talent_pool import taxonomy
from tests.app.clockwork import MONDAY
from tests.builders import JIAOKOUHE, JIAOKOUHE_VILLAGE

LU, MA = 1, 2
READER = Reader(LU, "陆民警", "交口河派出所", JIAOKOUHE, "zh")


def a_case(no: int, *, days: float = 1, due_in: float | None = None, officer: int = LU, **given: Any) -> OpenCase:
    usual = {"type": "neighbor", "subtype": "drainage_light", "place": JIAOKOUHE_VILLAGE, "state": State.CHOOSING}
    return OpenCase(
        no=f"(2026)洛交调第{no}号",
        opened_at=MONDAY - timedelta(days=days),
        due_at=None if due_in is None else MONDAY + timedelta(days=due_in),
        officer_id=officer,
        officer="陆民警" if officer == LU else "马民警",
        **(usual | given),
    )


def _number(no: str) -> str:
    return no.removeprefix("(2026)洛交调第").removesuffix("号")


def shape(made: Digest) -> dict[str, list[tuple[str, list[str]]]]:
    sides = {"own": made.own, "others": made.others}
    return {
        name: [(group.code, [_number(line.case.no) for line in group.lines]) for group in groups]
        for name, groups in sides.items()
    }


# --- the order


def test_own_cases_come_first_then_the_colleagues_each_overdue_first_and_old_before_young() -> None:
    made = digest(
        [
            a_case(1, days=3),
            a_case(2, days=5),
            a_case(3, days=40),
            a_case(4, days=12, due_in=-1),
            a_case(5, days=2, due_in=-6),
            a_case(6, days=20, officer=MA),
            a_case(7, days=9, officer=MA, due_in=2),
            a_case(8, days=31, officer=MA, due_in=-0.01),
        ],
        READER,
        MONDAY,
    )
    assert shape(made) == {
        "own": [("overdue", ["5", "4"]), ("30+", ["3"]), ("0-7", ["2", "1"])],
        "others": [("overdue", ["8"]), ("16-30", ["6"]), ("8-15", ["7"])],
    }
    assert made.bands == {"30+": 2, "16-30": 1, "8-15": 2, "0-7": 3}
    assert (made.total, made.own_total, made.overdue) == (8, 5, 3)


@pytest.mark.parametrize(
    ("days", "band"), [(0, "0-7"), (7, "0-7"), (8, "8-15"), (15, "8-15"), (16, "16-30"), (30, "16-30"), (31, "30+")]
)
def test_the_bands_begin_and_end_where_the_rule_says(days: int, band: str) -> None:
    assert shape(digest([a_case(1, days=days)], READER, MONDAY))["own"] == [(band, ["1"])]


def test_a_clock_is_overdue_after_its_moment_not_at_it() -> None:
    at, after = (digest([a_case(1, due_in=due)], READER, MONDAY).overdue for due in (0, -0.00002))
    assert (at, after) == (0, 1)


CASES = st.builds(
    a_case,
    st.integers(1, 500),
    days=st.floats(-2, 400),
    due_in=st.none() | st.floats(-50, 50),
    officer=st.sampled_from([LU, MA]),
)


@given(st.lists(CASES, max_size=30, unique_by=lambda case: case.no))
@bounded(derandomize=True, database=None, deadline=None, max_examples=100)
def test_every_case_stands_on_the_list_once_on_the_right_side_in_order(cases: list[OpenCase]) -> None:
    made = digest(cases, READER, MONDAY)
    for groups, mine in ((made.own, True), (made.others, False)):
        codes = [group.code for group in groups]
        assert codes == sorted(codes, key=(OVERDUE, *BANDS).index)
        lines = [line for group in groups for line in group.lines]
        assert {line.case.no for line in lines} == {case.no for case in cases if (case.officer_id == LU) is mine}
        assert len(lines) == len({line.case.no for line in lines})
        assert all(line.age >= 0 for line in lines)
    assert sum(made.bands.values()) == made.total == len(cases)


# --- the words


SMALL = [
    a_case(3, days=40, due_in=-3, state=State.AWAITING_MEDIATOR),
    a_case(12, days=1, due_in=2),
    a_case(8, days=20, officer=MA, type="damages", subtype="", place=JIAOKOUHE, state=State.MEDIATING),
]

CHINESE = """\
陆民警,您好!

所里未结案件3件,其中您经办2件;超期1件。
案龄:30天以上1件,16到30天1件,8到15天0件,7天以内1件。
经办人:陆民警2件(超期1),马民警1件。

【您经办的】

已超期(1件)
· (2026)洛交调第3号 邻里·排水通风采光,交口河镇交口河村
  待接单,已40天,应于11月27日(周五)前办完
  下一步:催调解员接单
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC3%E5%8F%B7

7天以内(1件)
· (2026)洛交调第12号 邻里·排水通风采光,交口河镇交口河村
  点单中,已1天,最迟12月2日(周三)
  下一步:催未封存的一方
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC12%E5%8F%B7

【同事经办的】

16到30天(1件)
· (2026)洛交调第8号 损害赔偿,交口河镇
  调解中,已20天
  下一步:记下调解结果(经办:马民警)
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC8%E5%8F%B7

登录后可看详情、记进展:https://diandan.example
"""

ENGLISH = """\
Dear 陆民警,

Open at the station: 3, of which 2 are yours; overdue: 1.
By age: over 30 days 1, 16 to 30 days 1, 8 to 15 days 0, up to 7 days 1.
By officer: 陆民警 2 (1 overdue), 马民警 1.

YOUR CASES

Overdue (1)
- (2026)洛交调第3号 Neighbours / {drains}, 交口河镇交口河村
  {awaiting}, 40 days old, was due by Fri 27 Nov
  Next: {ask}
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC3%E5%8F%B7

Up to 7 days (1)
- (2026)洛交调第12号 Neighbours / {drains}, 交口河镇交口河村
  {choosing}, 1 day old, due by Wed 2 Dec
  Next: {remind}
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC12%E5%8F%B7

YOUR COLLEAGUES' CASES

16 to 30 days (1)
- (2026)洛交调第8号 {damages}, 交口河镇
  {mediating}, 20 days old
  Next: {outcome} (officer: 马民警)
  https://diandan.example/disputes/%282026%29%E6%B4%9B%E4%BA%A4%E8%B0%83%E7%AC%AC8%E5%8F%B7

Details, and a place to note progress, after sign-in: https://diandan.example
"""


def letter(cases: list[OpenCase], locale: str = "zh", **given: Any) -> tuple[str, str]:
    reader = Reader(LU, "陆民警", "交口河派出所", JIAOKOUHE, locale)
    return render(digest(cases, reader, MONDAY), reader, monday=MONDAY, **given)


def test_the_chinese_letter_word_for_word() -> None:
    subject, body = letter(SMALL, link="https://diandan.example")
    assert subject == "交口河派出所:未结案件3件,超期1件"
    assert body == CHINESE


def test_the_english_letter_word_for_word() -> None:
    subject, body = letter(SMALL, "en", link="https://diandan.example")
    words = {
        "drains": taxonomy.label("subtypes", "drainage_light", "en"),
        "damages": taxonomy.label("types", "damages", "en"),
        "awaiting": translate("待接单", "en"),
        "choosing": translate("点单中", "en"),
        "mediating": translate("调解中", "en"),
        "ask": translate("催调解员接单", "en"),
        "remind": translate("催未封存的一方", "en"),
        "outcome": translate("记下调解结果", "en"),
    }
    assert subject == "交口河派出所: 3 open cases, 1 overdue"
    assert body == ENGLISH.format(**words)
    assert all(word.isascii() for word in words.values())


def test_a_letter_that_is_late_says_so_and_names_its_day() -> None:
    assert letter(SMALL, late=True)[0].endswith("(补发)")
    assert "这是11月30日(周一)的案件清单,当时没能发出,现在补上。" in letter(SMALL, late=True)[1]
    subject, body = letter(SMALL, "en", late=True)
    assert subject.endswith(" (late)")
    assert "This is the list of Mon 30 Nov; it could not be sent then." in body
    assert "补" not in letter(SMALL)[1]


def test_an_officer_with_nothing_open_gets_a_short_letter() -> None:
    assert letter([]) == ("交口河派出所:没有未结案件", "陆民警,您好!\n\n所里现在没有未结案件。\n")
    assert letter([], "en") == (
        "交口河派出所: no open cases",
        "Dear 陆民警,\n\nThe station has nothing open.\n",
    )


def test_an_officer_whose_colleagues_alone_have_cases_still_sees_theirs() -> None:
    _, body = letter([a_case(8, days=20, officer=MA)])
    assert "【您经办的】\n您名下没有未结案件。\n\n【同事经办的】\n\n16到30天(1件)" in body
    _, body = letter([a_case(8, days=20, officer=MA)], "en")
    assert "YOUR CASES\nYou have nothing open.\n\nYOUR COLLEAGUES' CASES\n\n16 to 30 days (1)" in body
    assert letter([a_case(8)], "en")[0] == "交口河派出所: 1 open case"


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_open_state_has_its_words_and_its_next_step(state: State, locale: str) -> None:
    _, body = letter([a_case(1, state=state)], locale)
    state_word, step = translate(LABELS[state], locale), translate(NEXT_STEPS[state], locale)
    assert f"  {state_word}" in body
    assert step in body
    assert state_word.isascii() is (locale == "en")
    assert step.isascii() is (locale == "en")


@pytest.mark.parametrize("code", list(taxonomy.types()))
def test_every_type_can_be_reminded_of(code: str) -> None:
    assert f" {taxonomy.label('types', code)}," in letter([a_case(1, type=code, subtype="")])[1]


def test_a_type_or_place_that_the_lists_no_longer_have_does_not_stop_the_letter() -> None:
    _, body = letter([a_case(1, type="old_type", subtype="old_subtype", place=619999999999)])
    assert "(2026)洛交调第1号 old_type·old_subtype,619999999999\n" in body


@pytest.mark.parametrize(
    ("locale", "lang"),
    [("zh", "zh"), ("zh_CN", "zh"), ("en", "en"), ("en_GB", "en"), ("EN", "en"), ("", "zh"), ("fr", "zh")],
)
def test_each_locale_is_served_by_one_of_the_two_languages(locale: str, lang: str) -> None:
    assert language(locale) == lang
    assert letter([], locale) == letter([], lang)
