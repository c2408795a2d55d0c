"""Free words about where somebody lives, matched to the tree: 延安市洛川县交口河镇京兆村三组, 交口河京兆, 洛川人."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from talent_pool import regions

LONGEST = 80
# Endings that lists leave out. A stem of one character would be found everywhere.
_ENDINGS = (
    "街道办事处",
    "办事处",
    "村民委员会",
    "居民委员会",
    "街道",
    "社区",
    "地区",
    "镇",
    "乡",
    "村",
    "县",
    "区",
    "市",
    "省",
)
_NOISE = re.compile(r"[\s,，、。;；:：.·/\\-]+")
_TAIL = re.compile(
    r"^(?:人|籍|籍贯|县城|城关|本地|.{0,4}(?:组|号|队|路|街|巷|栋|室|户).*|[0-9一二三四五六七八九十]+)?$"
)


@dataclass(frozen=True)
class Place:
    """What words mean: one region, or several among which they do not decide, or none."""

    code: int | None = None
    several: tuple[int, ...] = ()


@lru_cache(maxsize=8192)  # a list names each village many times
def find_place(text: str, near: int) -> Place:
    """Return the region that the words name; what they leave out is taken from `near`, as neighbours do."""
    words = _NOISE.sub("", unicodedata.normalize("NFKC", text))[:LONGEST]
    if not words:
        return Place()
    if words.isascii() and words.isdigit():
        return _coded(words)
    province = near - near % 10**10
    return _below(province, _without(words, province), near)


def _coded(digits: str) -> Place:
    try:
        return Place(regions.parse(digits))
    except ValueError:
        return Place()


def _below(region: int, words: str, near: int) -> Place:
    """Go down the tree along the words; a level that they skip is passed where `near` lies."""
    if not words:
        return Place(region)
    for name, child in _names_below(region):
        if words.startswith(name):
            return _below(child, words[len(name) :], near)
    depth = regions.level(region)
    if depth < 6:
        return _skipped(region, words, near)
    if depth == 6:
        return _village(region, words)
    # A village that the town does not have is a slip to be told; house numbers and groups are not.
    return Place(region) if depth == 12 or _TAIL.match(words) else Place()


def _skipped(region: int, words: str, near: int) -> Place:
    if regions.level(region) == 2 and (county := _any_county(words, region)):
        name, code = county
        return _below(code, words[len(name) :], near)
    inside = [child for child in regions.children(region) if regions.contains(child, near)]
    if inside:
        return _below(inside[0], words, near)
    return Place(region) if _TAIL.match(words) else Place()


def _village(county: int, words: str) -> Place:
    """Return the village that is named without its town, if the county has one of that name."""
    longest = 0
    found: list[int] = []
    for name, code in _villages(county):
        if len(name) < longest:
            break
        if words.startswith(name):
            longest = len(name)
            found.append(code)
    if len(set(found)) == 1:
        return Place(found[0])
    if found:
        return Place(several=tuple(sorted(set(found))))
    return Place(county) if _TAIL.match(words) else Place()


def _without(words: str, region: int) -> str:
    return next((words[len(name) :] for name in _called(region) if words.startswith(name)), words)


def _called(region: int) -> list[str]:
    """Return what a region is called, the longest first: as published, as people say it, and without its ending."""
    found = {regions.name(region), regions.short_name(region)}
    for name in tuple(found):
        stem = next((name[: -len(ending)] for ending in _ENDINGS if name.endswith(ending)), name)
        if len(stem) >= 2:
            found.add(stem)
    return sorted(found, key=lambda name: (-len(name), name))


@lru_cache(maxsize=512)
def _names_below(region: int) -> Sequence[tuple[str, int]]:
    return _by_length(regions.children(region))


@lru_cache(maxsize=64)
def _villages(county: int) -> Sequence[tuple[str, int]]:
    return _by_length(regions.inside(county, 12))


def _by_length(codes: Sequence[int]) -> Sequence[tuple[str, int]]:
    named = [(name, code) for code in codes for name in _called(code)]
    return sorted(named, key=lambda each: (-len(each[0]), each[1]))


def _any_county(words: str, province: int) -> tuple[str, int] | None:
    """Return the county that the words begin with, when no other has that name."""
    found = [(name, code) for name, code in _counties(province) if words.startswith(name)]
    longest = [each for each in found if len(each[0]) == len(found[0][0])]
    return longest[0] if len(longest) == 1 else None


@lru_cache(maxsize=4)
def _counties(province: int) -> Sequence[tuple[str, int]]:
    return _by_length(regions.inside(province, 6))
