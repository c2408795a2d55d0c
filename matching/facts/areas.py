"""Measures of land, in mu."""

import re
from collections.abc import Iterator
from decimal import Decimal

from matching.facts.identity import Fact, normal_span
from matching.facts.numbers import DIGITS, ONE, SPOKEN, number, plain
from matching.text import Normal

_ARABIC = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.[0-9]{1,4})?"
_NUMBER = rf"(?<![0-9.{SPOKEN}第])({_ARABIC}万?|[{ONE}十百][{SPOKEN}]{{0,9}}|半)[多来余]?"
_END = r"(?=[的地田林园坡,。;、)]|$)"
_DIGIT = rf"[{ONE}]|[0-9](?:\.[0-9]{{1,2}})?"
_MU = re.compile(
    rf"(?!一亩地?[要给是收补才就的得能打产]|一亩地?[0-9]){_NUMBER}(?<![百千万]一)亩(?!产)(?:(半)|({_DIGIT})分(?!之)(?:([{ONE}])厘?{_END}|(半))?|([{ONE}]){_END})?"
)
_FEN = re.compile(rf"{_NUMBER}分(?![之钱别开成给手红家期摊明享析歧没不都也未钟])(?:(半)|([{ONE}])厘?)?")
_OTHER = re.compile(rf"{_NUMBER}(公顷|平方米|平米|m2|平方(?!公里))")
_LAND = ("地", "田", "园", "林", "亩", "占", "宅", "庄基", "院")
_LEFT = ("剩", "剩下", "少了", "多了", "少", "多占", "量出", "只有")
_HECTARE, _SQUARE_METRE = Decimal(15), Decimal(3) / 2000


def areas(normal: Normal) -> Iterator[Fact]:
    """Find 三亩半 · 一亩二分 · 二分五 · 6000平方米 · 1公顷 with their value in mu."""
    text = normal.text
    if "亩" in text:
        for hit in _MU.finditer(text):
            yield from _fact(normal, hit, Decimal(1), _tenths(hit[3] or hit[6]) + _half(hit) + _tenths(hit[4]) / 10)
    if "分" in text:
        for hit in _FEN.finditer(text):
            if _of_land(text, hit):
                yield from _fact(normal, hit, Decimal("0.1"), (_half(hit) + _tenths(hit[3])) / 10)
    if any(sign in text for sign in ("顷", "平", "m2")):
        for hit in _OTHER.finditer(text):
            yield from _fact(normal, hit, _HECTARE if hit[2] == "公顷" else _SQUARE_METRE, Decimal(0))


def _fact(normal: Normal, hit: re.Match[str], unit: Decimal, more: Decimal) -> Iterator[Fact]:
    value = number(hit[1])
    if value is not None:
        yield normal_span(normal, *hit.span()) | {"mu": plain((value * unit).quantize(Decimal("0.0001")) + more)}


def _tenths(digit: str | None) -> Decimal:
    if not digit:
        return Decimal(0)
    return (Decimal(DIGITS[digit]) if digit in DIGITS else Decimal(digit)) / 10


def _half(hit: re.Match[str]) -> Decimal:
    if hit[2]:
        return Decimal("0.5")
    # 一亩二分半: half of a 分
    return Decimal("0.05") if hit.re is _MU and hit[5] else Decimal(0)


def _of_land(text: str, hit: re.Match[str]) -> bool:
    """Tell whether a 分 measures land: land is named right before or behind; 二分 behind 亩 was read with it."""
    before, behind = text[max(0, hit.start() - 6) : hit.start()], text[hit.end() : hit.end() + 4]
    if before.endswith("亩"):
        return False
    if any(word in behind or word in before for word in _LAND):
        return True
    return before.endswith(_LEFT) and any(word in text for word in ("亩", "界", "畔", "地", "田", "园"))
