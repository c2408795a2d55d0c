"""Facts of a text: sums, land, people, places, days, numbers of persons and phones, things; each with its span."""

import time
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.facts import KINDS, Fact, find, number, valid_id
from matching.text import normalise
from talent_pool import regions
from tests.matching.marked_texts import Marked, marked, parse, same

TODAY = date(2026, 11, 25)  # a Wednesday
LUOCHUAN, LAOMIAO = "610629000000", "610629103000"


def read(text: str, region: str | None = None, today: date = TODAY) -> dict[str, list[Fact]]:
    return find(normalise(text), text, region, today)


def facts(text: str, kind: str, key: str, region: str | None = None) -> list[tuple[object, str]]:
    return [(fact[key], text[fact["start"] : fact["end"]]) for fact in read(text, region)[kind]]


def names(text: str) -> list[str]:
    return [fact["text"] for fact in read(text)["people"]]


def places(text: str, region: str | None = None) -> list[tuple[object, str]]:
    return facts(text, "places", "region", region)


def days(text: str, today: date = TODAY) -> list[str]:
    return [fact["date"] for fact in read(text, today=today)["dates"]]


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
        ("欠了几千块", None, "几千块"),
        ("补偿２１０００元", 21000, "２１０００元"),
        ("两千出头", 2000, "两千"),
        ("二十一万，老大要分", 210000, "二十一万"),
        ("叁仟元整", 3000, "叁仟元整"),
        ("货款贰万捌仟肆佰伍拾元整未付", 28450, "贰万捌仟肆佰伍拾元整"),
        ("转了3k", 3000, "3k"),
        ("交25 000元", 25000, "25 000元"),
        ("误工￥1200.00", 1200, "￥1200.00"),
        ("一个差一毛五", 0.15, "一毛五"),
        ("五十块钱不给", 50, "五十块钱"),
        ("要万把块", 10000, "万把块"),
        ("八百来块的事", 800, "八百来块"),
        ("每亩八百", 800, "八百"),
        ("租金一年一千二", 1200, "一千二"),
        ("六百一亩", 600, "六百"),
        ("种子十五块五一斤", 15.5, "十五块五"),
        ("化肥145块一袋", 145, "145块"),
        ("一万二一分没给", 12000, "一万二"),
        ("要我两三千", None, "两三千"),
        ("值1000到2000元", None, "1000到2000元"),
        ("给了十几万", None, "十几万"),
        ("13万6", 136000, "13万6"),
        ("三万六千八百元", 36800, "三万六千八百元"),
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
        "拿一百块砖砸门",
        "我们一块去的",
        "玻璃三块",
        "陕K·3A456的货车",
        "住三号楼二单元",
        "今年63岁",
        "212国道17公里处",
        "过道留一米五",
        "打12345投诉",
        "一百个不愿意",
        "2019年5月12日",
        "收拾东西走人",
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
    assert [(fact["text"], fact["valid"]) for fact in read(text)["ids"]] == [
        ("11010519491231002X", True),
        ("610629199001011234", False),
    ]
    assert facts(text, "amounts", "yuan") == []


def test_the_check_character_of_an_identity_number() -> None:
    assert valid_id("11010519491231002x")
    assert not valid_id("110105194912310021")


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
    for found in read(text).values():
        assert all(0 <= fact["start"] < fact["end"] <= len(text) for fact in found)


# --- people ---


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("王大妈说隔壁老赵家的狗咬人", ["王大妈", "老赵"]),
        ("赵支书来说过两回", ["赵支书"]),
        ("报警人刘某某称被陈某推倒", ["刘某某", "陈某"]),
        ("任老三要涨租", ["任老三"]),
        ("李四借张三一万块钱", ["李四", "张三"]),
        ("欧阳雪是外地媳妇", ["欧阳雪"]),
        ("张建国和李秀英吵了一架，建国先动的手", ["张建国", "李秀英", "建国"]),
        ("董小兰说：“任军打我不是一回了”", ["董小兰", "任军"]),
        ("王某甲诉称，王某乙未付款", ["王某甲", "王某乙"]),
        ("秀兰嫂给娃做饭", ["秀兰嫂"]),
        ("雍家老二给锯了", ["雍家老二"]),
    ],
)
def test_named_persons_are_found_whole(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "老家的房子塌了",
        "老板说没钱，老实人吃亏",
        "等了两个小时",
        "小车路过小路",
        "高兴得很，万一不成于是走了",
        "向支书反映",
        "洛川县老庙镇的苹果",
        "马路边上的石头",
        "孙子和孙女轮着伺候",
        "黄牛和毛驴都是时价",
    ],
)
def test_words_and_places_are_no_people(text: str) -> None:
    assert names(text) == []


# --- places ---


def test_a_place_is_what_it_is_called() -> None:
    assert places("洛川县老庙镇高阳村的苹果") == [(LUOCHUAN, "洛川县"), (LAOMIAO, "老庙镇"), ("610629103200", "高阳村")]


def test_short_names_are_understood_where_the_case_is() -> None:
    assert places("老庙的人都晓得", "610629") == [(LAOMIAO, "老庙")]
    assert places("老庙的人都晓得") == []  # another county has one as well
    assert places("洛川那边，老庙的人都晓得") == [(LUOCHUAN, "洛川"), (LAOMIAO, "老庙")]


def test_old_names_are_known() -> None:
    assert places("户县的亲戚") == [("610118000000", "户县")]
    assert places("华县来的") == [("610503000000", "华县")]


def test_a_village_of_many_counties_needs_a_word_that_decides() -> None:
    assert places("王家村的水渠") == []
    assert places("和家庄镇王家村的水渠") == [("610524107000", "和家庄镇"), ("610524107212", "王家村")]
    assert places("王家村的水渠", "610524107") == [("610524107212", "王家村")]


@pytest.mark.parametrize("text", ["槐百镇的人", "怀柏镇的人"])
def test_a_misspelt_name_sounds_or_looks_like_one_of_the_county(text: str) -> None:
    assert [code for code, _ in places(text, "610629")] == ["610629106000"]
    assert places(text) == []


@pytest.mark.parametrize("text", ["任老三要涨价", "来了两个法官", "红旗插在院子", "买的保安的衣服", "大门前面的石头"])
def test_ordinary_words_are_no_places(text: str) -> None:
    assert places(text, "610629") == []


# --- days ---


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("前天打的", "2026-11-23"),
        ("昨黑又来砸门", "2026-11-24"),
        ("上个月初说好", "2026-10"),
        ("腊月二十三祭灶", "2026-02-10"),
        ("去年腊月借的", "2026-01"),
        ("开春就还", "2026-02"),
        ("去年国庆以后", "2025-10-01"),
        ("3月5日下的雨", "2026-03-05"),
        ("12月5日下的雨", "2025-12-05"),
        ("12月31日前付清", "2026-12-31"),
        ("2024年10月办的", "2024-10"),
        ("礼拜三来的", "2026-11-25"),
        ("上周三开庭", "2026-11-18"),
        ("星期五打的针", "2026-11-20"),
        ("2019年5月12日签的", "2019-05-12"),
        ("二〇二二年七月借的", "2022-07"),
        ("22年3月的事", "2022-03"),
        ("正月初五吵的", "2026-02-21"),
        ("八月十五那天", "2026-09-25"),
        ("除夕晚上", "2026-02-16"),
        ("十天前跑的", "2026-11-15"),
        ("两个月前", "2026-09"),
        ("去年闰六月", "2025-07"),
        ("2026-03-15签收", "2026-03-15"),
        ("下月二号开庭", "2026-12-02"),
        ("今年麦收时", "2026-06"),
        ("大前天", "2026-11-22"),
    ],
)
def test_days_are_understood_as_on_the_day_of_the_report(text: str, wanted: str) -> None:
    assert days(text) == [wanted]


@pytest.mark.parametrize(
    "text", ["一月一千工钱", "三个月没见", "周三娃来了", "住了十二天", "雨水流到我家", "第二天", "2月30日", "三月月供"]
)
def test_other_words_are_no_days(text: str) -> None:
    assert [day for day in days(text) if len(day) == 10] == []


def test_what_is_relative_moves_with_the_day() -> None:
    assert days("昨天", date(2026, 3, 1)) == ["2026-02-28"]
    assert days("上个月", date(2026, 1, 9)) == ["2025-12"]


# --- phones, things ---


def test_numbers_of_services_are_phones_when_somebody_rings_them() -> None:
    assert [fact["text"] for fact in read("打12345投诉，又打110，欠我12345元")["phones"]] == ["12345", "110"]


def test_animals_and_crops_and_pieces_of_land_are_named() -> None:
    found = read("他家的羊啃了我东沟畔那块地的苹果树，承包地三亩")
    assert [(fact["text"], fact["kind"]) for fact in found["things"]] == [("羊", "animal"), ("苹果树", "crop")]
    assert [fact["text"] for fact in found["parcels"]] == ["东沟畔那块地", "承包地"]


# --- as a whole ---


def test_every_kind_has_its_key_and_spans_lie_in_the_text() -> None:
    text = "前天，老\u200b赵在洛川縣欠我３千元"
    found = read(text)
    assert tuple(found) == KINDS
    assert [text[fact["start"] : fact["end"]] for fact in found["people"]] == ["老\u200b赵"]
    assert places(text) == [(LUOCHUAN, "洛川縣")]


def test_an_unknown_region_is_as_good_as_none() -> None:
    assert read("老庙镇高阳村", "99") == read("老庙镇高阳村", None) != read("老庙镇高阳村", "610629")


def counted(lines: list[Marked]) -> dict[str, tuple[float, float]]:
    """Return recall and precision by kind, span and value."""
    hit, missed, false = Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        found = read(line.text, line.region)
        for kind in found:
            wanted, left = [fact for fact in line.facts if fact.kind == kind], list(found[kind])
            for fact in wanted:
                same_span = [each for each in left if (each["start"], each["end"]) == (fact.start, fact.end)]
                right = next((each for each in same_span if same(kind, fact.value, each)), None)
                hit[kind] += right is not None
                missed[kind] += right is None
                if right is not None:
                    left.remove(right)
            false[kind] += len(left)
    return {kind: (hit[kind] / (hit[kind] + missed[kind]), hit[kind] / (hit[kind] + false[kind])) for kind in hit}


@pytest.mark.parametrize(
    ("name", "floors"),
    [
        (
            "dev.txt",
            {"amounts": 0.96, "people": 0.92, "places": 0.93, "dates": 0.97, "areas": 0.95, "phones": 1, "ids": 1},
        ),
        ("unseen.txt", {"amounts": 0.9, "people": 0.85, "places": 0.85, "dates": 0.85}),
    ],
)
def test_marked_texts_are_read_as_they_are_marked(name: str, floors: dict[str, float]) -> None:
    found = counted(marked(name))
    assert {kind: found[kind] for kind, floor in floors.items() if min(found[kind]) < floor} == {}


def test_marks_leave_the_text_and_name_its_stretches() -> None:
    line = parse("@6106 {p:老王}欠{y.3000:三千}和{y.:几百}")
    assert (line.text, line.region) == ("老王欠三千和几百", "6106")
    assert [(fact.kind, fact.start, fact.end, fact.value) for fact in line.facts] == [
        ("people", 0, 2, ""),
        ("amounts", 3, 5, "3000"),
        ("amounts", 6, 8, ""),
    ]


def test_every_marked_region_is_in_the_tree() -> None:
    codes = [
        fact.value
        for name in ("dev.txt", "unseen.txt")
        for line in marked(name)
        for fact in line.facts
        if fact.kind == "places"
    ]
    assert codes and all(regions.known(int(code.ljust(12, "0"))) for code in codes)


@pytest.mark.parametrize("piece", ["1", "一", "几", "十几", "三块", "东一", "5元,", "三月,", "李建国,"])
def test_a_long_text_of_one_repeated_piece_stays_quick(piece: str) -> None:
    text = piece * (2_000 // len(piece))
    read("")
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 2  # a cubic expression takes 15 s; a linear one 0.02 s
