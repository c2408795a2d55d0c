"""Nothing that names a person is kept: canaries in many contexts, and plain words that must stay."""

import random
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.text import LONGEST, redact
from talent_pool.files import data_dir

SETTINGS = settings(derandomize=True, database=None, deadline=None, max_examples=150)
WORDS = st.text(st.sampled_from("他家的水渠被邻居堵了要赔钱，。村里说不清地界"), max_size=20)
DIGITS = st.text(st.sampled_from("0123456789"), min_size=8, max_size=8)


def names() -> list[str]:
    """Full names in the fashions of all decades, seeded."""
    table = tomllib.loads((data_dir() / "pool" / "names.toml").read_text(encoding="utf-8"))
    rng, surnames = random.Random(3), list(table["surnames"])
    given_names = [name for years in table["given"].values() for pool in years.values() for name in pool["whole"]]
    return [rng.choice(surnames) + name for name in given_names if len(name) == 2]


def test_personal_data_is_masked_before_learning() -> None:
    masked = redact("报警人张三丰，男，身份证610629199001011234，电话19900001234或0911-6221234，称邻居堵路")
    assert masked == "报警人〔姓名〕，男，身份证〔证件〕，电话〔电话〕或〔电话〕，称邻居堵路"


@pytest.mark.parametrize(
    "harmless",
    [
        "欠我19900元",
        "2026年11月23日",
        "我叫他别挖了",
        "面积1200平方米",
        "12345热线转来",
        "打110报警",
        "三号地的庄稼",
        "洛川县老庙镇的苹果",
        "2号线地铁",
        "高兴得很",
    ],
)
def test_sums_days_places_and_plain_words_are_not_masked(harmless: str) -> None:
    assert redact(harmless) == harmless


@SETTINGS
@given(WORDS, DIGITS, WORDS, st.sampled_from(["{}", "１{}", "+86 {}", "电话:{}", "{}（妻子）"]))
def test_no_mobile_number_gets_through(before: str, digits: str, after: str, form: str) -> None:
    number = "139" + digits
    shown = form.format(number[form.startswith("１") :])
    assert digits not in redact(f"{before}{shown}{after}")
    spaced = f"{number[:3]} {number[3:7]}-{number[7:]}"
    assert number[7:] not in redact(f"{before}号码{spaced}，{after}").replace(before, "").replace(after, "")


@SETTINGS
@given(WORDS, DIGITS, st.sampled_from("0123456789Xx"), st.booleans())
def test_no_identity_number_gets_through(before: str, digits: str, check: str, wide: bool) -> None:
    number = f"610629{digits}123{check}"
    shown = f"610629 {digits} 123{check}" if wide else number
    masked = redact(f"{before}身份证{shown}，男")
    assert digits not in masked and "〔证件〕" in masked


@SETTINGS
@given(
    st.sampled_from(names()),
    st.sampled_from(["报警人{}，男", "我叫{}，五十岁", "姓名：{} 电话不详", "当事人{}。"]),
    WORDS,
)
def test_no_name_behind_a_cue_gets_through(name: str, context: str, before: str) -> None:
    assert name not in redact(f"{before}。{context.format(name)}")


def test_names_in_running_text_are_masked() -> None:
    contexts = [
        "昨天{}把渠堵了",
        "邻居{}家的狗咬人",
        "我和{}吵了一架",
        "村民{}与我争地界",
        "{}不给工钱",
        "这钱是{}借的",
        "让{}赔我的羊",
        "他叫{}，住后村",
    ]
    rng = random.Random(11)
    leaks = [
        (name, context)
        for name in names()
        for context in rng.sample(contexts, 3)
        if name in redact(context.format(name))
    ]
    asked = 3 * len(names())
    assert asked > 300 and len(leaks) <= 0.06 * asked, leaks


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("家住三组14号，墙裂了", "14号"),
        ("住2号楼1单元502室", "502"),
        ("红旗路27号院漏水", "27"),
        ("门牌号是118号", "118"),
        ("陕K·3A456的货车", "3A456"),
        ("卡号6222 0211 1100 1234 567转账", "1234 567"),
        ("老身份证610629650101123", "650101"),
        ("赵支书和王大妈都在", "赵支书"),
    ],
)
def test_doors_plates_cards_and_bynames_are_masked(text: str, secret: str) -> None:
    assert secret in text and secret not in redact(text)


def test_a_very_long_text_is_masked_to_its_end() -> None:
    text = "他家堵渠，" * (LONGEST // 5 + 300) + "电话19900001234，报警人王建国，男"
    masked = redact(text)
    assert len(text) > LONGEST + 1000 and masked.endswith("电话〔电话〕，报警人〔姓名〕，男")


def test_names_may_stay_where_the_words_are_invented() -> None:
    assert redact("邻居王建国堵路，电话19900001234", names=False) == "邻居王建国堵路，电话〔电话〕"


@SETTINGS
@given(st.text(max_size=80))
def test_any_text_is_masked_without_failing_and_masked_text_stays(text: str) -> None:
    once = redact(text)
    assert len(once) <= 5 * len(text) + 5
    assert redact(once) == once
