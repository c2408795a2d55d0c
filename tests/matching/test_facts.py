"""Sums, land measures, telephone and identity numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.facts import find, number, valid_id
from matching.text import normalise


def facts(text: str, kind: str, key: str) -> list[tuple[object, str]]:
    return [(fact[key], text[fact["start"] : fact["end"]]) for fact in find(normalise(text))[kind]]


@pytest.mark.parametrize(
    ("text", "yuan", "words"),
    [
        ("欠我三千五没还", 3500, "三千五"),
        ("彩礼8.8万只给了一半", 88000, "8.8万"),
        ("一共一万二", 12000, "一万二"),
        ("借走2万3", 23000, "2万3"),
        ("十万零一的彩礼", 100001, "十万零一"),
        ("要价八千八百八十八元", 8888, "八千八百八十八元"),
        ("定金3,500块", 3500, "3,500块"),
        ("一斤五块五", 5.5, "五块五"),
        ("工钱1800没给", 1800, "1800"),
        ("贴一副膏药一百八", 180, "一百八"),
        ("前后花了一万零五百", 10500, "一万零五百"),
        ("欠了几千块", 1000, "几千块"),
        ("补偿２１０００元", 21000, "２１０００元"),
        ("两千出头", 2000, "两千"),
        ("二十一万，老大要分", 210000, "二十一万"),
    ],
)
def test_sums_are_read_in_yuan(text: str, yuan: float, words: str) -> None:
    assert facts(text, "amounts", "yuan") == [(yuan, words)]


@pytest.mark.parametrize(
    "text",
    [
        "推了一百四十棵花椒树",
        "打了一百八十米没见水",
        "二百三十斤的猪",
        "一万只鸡",
        "2023年3月",
        "二百来小时",
        "打110报警",
        "三千多株茶苗",
        "四六年打的墙",
        "两千亩苹果",
    ],
)
def test_other_counts_are_no_sums(text: str) -> None:
    assert facts(text, "amounts", "yuan") == []


def test_two_sums_of_one_text_keep_their_order() -> None:
    assert facts("还了5000还欠两万", "amounts", "yuan") == [(5000, "5000"), (20000, "两万")]


@pytest.mark.parametrize(
    ("text", "mu", "words"),
    [
        ("一亩二分地", 1.2, "一亩二分"),
        ("三亩半", 3.5, "三亩半"),
        ("二亩", 2, "二亩"),
        ("两分菜地", 0.2, "两分"),
        ("6000平方米", 9, "6000平方米"),
        ("1公顷", 15, "1公顷"),
    ],
)
def test_land_is_read_in_mu(text: str, mu: float, words: str) -> None:
    assert facts(text, "areas", "mu") == [(mu, words)]


def test_phones_and_identity_numbers_are_found_and_are_no_sums() -> None:
    text = "电话１９９ 0000 1234，座机0911-6221234，身份证11010519491231002X，又给了610629199001011234"
    assert facts(text, "phones", "text") == [("19900001234", "１９９ 0000 1234"), ("09116221234", "0911-6221234")]
    assert [(fact["text"], fact["valid"]) for fact in find(normalise(text))["ids"]] == [
        ("11010519491231002X", True),
        ("610629199001011234", False),
    ]
    assert facts(text, "amounts", "yuan") == []


def test_the_check_character_of_an_identity_number() -> None:
    assert valid_id("11010519491231002x")
    assert not valid_id("110105194912310021")


def test_kinds_that_are_not_read_yet_have_no_key() -> None:
    assert set(find(normalise("昨天在王家村"))) == {"amounts", "phones", "ids", "areas"}


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.integers(1, 99_999))
def test_a_numeral_written_in_full_is_read_back(value: int) -> None:
    assert number(spoken(value)) == value


def spoken(value: int) -> str:
    """Write a number below 100,000 in full: 10,050 is 一万零五十."""
    digits, units, out = "零一二三四五六七八九", ("", "十", "百", "千", "万"), ""
    for place in range(4, -1, -1):
        digit = value // 10**place % 10
        if digit:
            out += digits[digit] + units[place]
        elif out and not out.endswith("零") and value % 10**place:
            out += "零"
    return out


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    st.text(st.sampled_from("一二两三四五六七八九十百千万亿零半亩分元块钱,.0123456789１２平方米1欠几好上"), max_size=24)
)
def test_no_heap_of_numerals_breaks_it(text: str) -> None:
    for found in find(normalise(text)).values():
        assert all(0 <= fact["start"] < fact["end"] <= len(text) for fact in found)
