"""Hard facts in a text: sums of money, land measures, telephone and identity numbers, each with its span."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Any

from matching.text import Normal

MU_OF_SQUARE_METRE = Decimal(3) / 2000
_DIGITS = {
    char: value
    for value, chars in enumerate(("零〇", "一", "二两俩", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_SMALL = "零〇一二两三四五六七八九十百千"
_ONE = "[一二两三四五六七八九]"
_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}(?![0-9])|[0-9]{1,13})(?:\.[0-9]{1,4})?"
_SPOKEN = rf"[一二两三四五六七八九十][{_SMALL}万亿]{{0,15}}"
# What follows a number that counts something else than money.
_COUNTED = (
    r"[多来余]?(?:只(?![给有肯是还付要退认出补赔])|[个斤亩米人株棵头里平字票年岁天号户袋方吨度瓶箱丈尺寸把张家种本倍口回次趟页瓦件套条层间分点辆台对双架副孔眼窝担斗升顿桌遍%]"
    r"|公里|公斤|公分|公顷|块[砖瓦地]|小时|分钟|月[份日]|毫升|平方|立方)"
)

# With its unit: 3,500块, 8000元, 三千五百元, 五块五.
_WITH_UNIT = re.compile(
    rf"({_NUMBER}|{_SPOKEN})(万|千|百)?[多来余]?(?:元|块(?![砖瓦地])|圆|人民币)钱?"
    rf"(?:({_ONE})(?![毛角分十百千万0-9个家年月天]))?"
)
# In ten thousands: 1.2万, 2万3, 一万二, 十万零一.
_SCALED = re.compile(
    rf"({_NUMBER}|[{_SMALL}]{{1,8}})(万|亿)(?:(零)?([0-9]{{1,4}}|{_ONE}[千百十一二两三四五六七八九零]{{0,6}}))?(?!{_COUNTED})"
)
# Spoken without a unit, but round: 三千五, 一百八.
_ROUND = re.compile(rf"{_ONE}[千百](?:零?{_ONE}百?)?(?:零?{_ONE}十?)?{_ONE}?(?![{_SMALL}万亿]|{_COUNTED})")
# Digits after a word of money: 欠3500, 工钱1800.
_AFTER_MONEY = re.compile(
    r"(?:欠|借|赔|还|给|付|交|花|收|罚|工钱|工资|彩礼|押金|定金|房租|租金|补偿款?|货款|药费|医药费|共计|合计|一共|总共)"
    rf"[了过我他她款的]?(?:不到|大概|约|近|将近)?({_NUMBER})(?![0-9.]|[万千百元块年月日号]|{_COUNTED})"
)
_VAGUE = re.compile(
    r"(?:好?几|数|上)(十|百|千|万)(?:多|来)?(?:元|块)(?:钱)?|(?:好几|几)(千|万)(?:元|块)?(?=钱|[,。;]|$)"
)

_AREA = re.compile(
    rf"({_NUMBER}|{_SPOKEN}|半)(?:多|来)?(亩|公顷|平方米|平米|m2|平方|分(?=地|田|菜地|薄地|坡地|自留|水田|旱地|园))(?:(半)|([一二两三四五六七八九0-9](?:\.[0-9])?)分)?"
)
_PHONE = re.compile(r"(?<![0-9])(?:\+?86[- ]?)?(1[3-9][0-9])[- ]?([0-9]{4})[- ]?([0-9]{4})(?![0-9])")
_LANDLINE = re.compile(r"(?<![0-9])(0(?:10|2[0-9]|[3-9][0-9]{2}))[- ]([2-8][0-9]{6,7})(?![0-9])")
_ID = re.compile(r"(?<![0-9a-z])([1-9][0-9]{16}[0-9x])(?![0-9a-z])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

Fact = dict[str, Any]


def find(normal: Normal) -> dict[str, list[Fact]]:
    """Return the facts of a text by kind, spans in the text as given; kinds that are not looked for have no key."""
    phones, ids = list(_phones(normal)), list(_ids(normal))
    taken = [(fact["start"], fact["end"]) for fact in (*phones, *ids)]
    amounts = [
        fact for fact in _amounts(normal) if not any(low < fact["end"] and fact["start"] < high for low, high in taken)
    ]
    return {"amounts": amounts, "phones": phones, "ids": ids, "areas": list(_areas(normal))}


def number(text: str) -> Decimal | None:
    """Return the value of 3,500 · 1.2 · 三千五 · 一万二 · 半, or None when it is no number."""
    if text == "半":
        return Decimal("0.5")
    if text[:1].isascii():
        return Decimal(text.replace(",", ""))
    return _spoken(text)


def _spoken(text: str) -> Decimal | None:
    if not any(char in _UNITS for char in text):
        # Digits said one by one (二〇一六); without any unit more than one digit is a year or a number of a thing.
        return Decimal(_DIGITS[text]) if text in _DIGITS else None
    total, section, digit, last = 0, 0, 0, 1
    for char in text:
        if char in _DIGITS:
            digit, last = _DIGITS[char], (1 if _DIGITS[char] == 0 else last)
        elif (unit := _UNITS[char]) >= 10_000:
            total, section, digit, last = (total + section + digit) * unit, 0, 0, unit
        else:
            section, digit, last = section + (digit or 1) * unit, 0, unit
    # 三千五 is 3,500: a last digit without unit counts tenths of the unit before it.
    tail = digit * (last // 10 if last > 10 else 1)
    return Decimal(total + section + tail)


def _amounts(normal: Normal) -> Iterator[Fact]:
    found: dict[int, tuple[int, Decimal]] = {}
    readers = (_vague, _units, _scaled, _rounds, _bare)
    for start, end, yuan in chain.from_iterable(reader(normal.text) for reader in readers):
        if (
            yuan is not None
            and yuan > 0
            and not any(start < other_end and other < end for other, (other_end, _) in found.items())
        ):
            found[start] = end, yuan
    for start, (end, yuan) in sorted(found.items()):
        low, high = normal.span(start, end)
        yield {"start": low, "end": high, "yuan": _plain(yuan)}


def _units(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _WITH_UNIT.finditer(text):
        value = number(hit.group(1))
        if value is not None:
            tail = Decimal(_DIGITS[hit.group(3)]) / 10 if hit.group(3) else Decimal(0)  # 五块五
            yield hit.start(), hit.end(), value * _UNITS.get(hit.group(2) or "", 1) + tail


def _scaled(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _SCALED.finditer(text):
        value, scale = number(hit.group(1)), Decimal(_UNITS[hit.group(2)])
        if value is not None:
            yield (
                hit.start(),
                hit.end(),
                value * scale + _rest(hit.group(4), Decimal(1) if hit.group(3) else scale / 10),
            )


def _rest(rest: str | None, tenth: Decimal) -> Decimal:
    value = number(rest) if rest else None
    if value is None or rest is None:
        return Decimal(0)
    return value * tenth if len(rest) == 1 else value  # 2万3 is 23,000, 十万零一 is 100,001


def _rounds(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _ROUND.finditer(text):
        if hit.start() == 0 or text[hit.start() - 1] not in _SMALL + "万亿第":
            yield hit.start(), hit.end(), number(hit.group())


def _bare(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _AFTER_MONEY.finditer(text):
        value = number(hit.group(1))
        if value is not None and value >= 10:
            yield hit.start(1), hit.end(1), value


def _vague(text: str) -> Iterator[tuple[int, int, Decimal | None]]:
    for hit in _VAGUE.finditer(text):  # 几千块: the lowest round sum that it can mean
        yield hit.start(), hit.end(), Decimal(_UNITS[hit.group(1) or hit.group(2)])


def _areas(normal: Normal) -> Iterator[Fact]:
    for hit in _AREA.finditer(normal.text):
        value = number(hit.group(1))
        if value is None:
            continue
        more = (
            Decimal("0.5")
            if hit.group(3)
            else (number(hit.group(4)) or Decimal(0)) / 10
            if hit.group(4)
            else Decimal(0)
        )
        factor = {"亩": Decimal(1), "分": Decimal("0.1"), "公顷": Decimal(15)}.get(hit.group(2), MU_OF_SQUARE_METRE)
        low, high = normal.span(hit.start(), hit.end())
        yield {"start": low, "end": high, "mu": _plain((value * factor).quantize(Decimal("0.0001")) + more)}


def _phones(normal: Normal) -> Iterator[Fact]:
    for pattern in (_PHONE, _LANDLINE):
        for hit in pattern.finditer(normal.text):
            low, high = normal.span(hit.start(), hit.end())
            yield {"start": low, "end": high, "text": "".join(hit.groups())}


def _ids(normal: Normal) -> Iterator[Fact]:
    for hit in _ID.finditer(normal.text):
        low, high = normal.span(hit.start(), hit.end())
        yield {"start": low, "end": high, "text": hit.group(1).upper(), "valid": valid_id(hit.group(1))}


def valid_id(text: str) -> bool:
    """Tell whether an 18-character identity number has the right check character (GB 11643-1999)."""
    rest = sum(int(digit) * weight for digit, weight in zip(text[:17], _ID_WEIGHTS, strict=True)) % 11
    return "10x98765432"[rest] == text[17].lower()


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
