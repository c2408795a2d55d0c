"""The tree 省-市-县-乡镇-村 and the zones 关中, 陕北, 陕南.

A code is an integer of 12 digits: 2 for the province, then 2 for the city, 2 for the county, 3 for the town, 3 for the
village, zeros behind. So a region is a range of integers, and who lies inside whom is arithmetic that needs no table.
"""

import csv
import re
import tomllib
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from talent_pool.files import data_dir

LEVELS = (2, 4, 6, 9, 12)  # the digits that count: province, city, county, town, village
LONGEST_QUERY = 60  # the longest published name has 18 characters
_UNITS = {2: 10**10, 4: 10**8, 6: 10**6, 9: 10**3, 12: 1}
_STEPS = ((12, 1), (9, 10**3), (6, 10**6), (4, 10**8), (2, 10**10))
# A committee's ending behind 社区 or 村, with the slips of the published table (社区居委, 村民委委会, 社区委会 …);
# a short mark may follow it.
_COMMITTEE = re.compile(r"(社区|村)(?:村民|居民|民|居)?(?:(?:委员?会?)+|委)会?(?=.{0,3}$)")


@lru_cache(maxsize=65_536)  # asked for many times in every suggestion
def level(code: int) -> int:
    """Return how many digits of the code count: 2 province, 4 city, 6 county, 9 town, 12 village."""
    return next(digits for digits in LEVELS if code % _UNITS[digits] == 0)


def bounds(code: int) -> tuple[int, int]:
    """Return the lowest and the highest code inside the region, both included; the lowest is the region itself."""
    return code, code + _UNITS[level(code)] - 1


def contains(outer: int, inner: int) -> bool:
    """Tell whether `inner` is `outer` or lies inside it."""
    low, high = bounds(outer)
    return low <= inner <= high


def parent(code: int) -> int | None:
    """Return the region one level up; None for the province."""
    above = LEVELS.index(level(code)) - 1
    return code - code % _UNITS[LEVELS[above]] if above >= 0 else None


def ancestors(code: int) -> list[int]:
    """Return the regions above, the nearest first, the province last."""
    return [code - code % unit for digits, unit in _STEPS if digits < level(code)]


def distance(a: int, b: int) -> int:
    """Return 0 same village, 1 same town, 2 same county, 3 same city, 4 same province, 5 else.

    A region that is known only as a town (or county …) is never nearer than 1 (2 …) to anything, itself included.
    """
    known = min(level(a), level(b))
    return next(
        (far for far, (digits, unit) in enumerate(_STEPS) if digits <= known and a // unit == b // unit), len(_STEPS)
    )


def shorten(name: str) -> str:
    """Return a published name without its committee: 交口村民委员会 → 交口村, 东街社区居委会 → 东街社区."""
    bare = name[1:-1] if name.startswith("（") and name.endswith("）") else name
    found = _COMMITTEE.search(bare)
    if found is None:
        return bare
    stem, ending, mark = bare[: found.start()], found[1], bare[found.end() :]
    return stem + ("" if stem.endswith(("村", "社区")) and ending == "村" else ending) + mark


class Tree:
    """Every region of the province by code, with names and spellings. Read once; `tree()` keeps it."""

    level, bounds, contains = staticmethod(level), staticmethod(bounds), staticmethod(contains)
    parent, ancestors, distance = staticmethod(parent), staticmethod(ancestors), staticmethod(distance)

    def __init__(self, rows: Sequence[Sequence[str]], zones: Mapping[str, Sequence[int]]) -> None:
        self._codes = [int(row[0]) for row in rows]
        self._names = [row[1] for row in rows]
        # One bar before each spelling and one at the end: "|jkh" finds beginnings, "|jkhz|" whole spellings.
        self._spelt = [f"|{row[2]}|{row[3]}|" for row in rows]
        self._at = {code: at for at, code in enumerate(self._codes)}
        self._zones = {city * _UNITS[4]: zone for zone, cities in zones.items() for city in cities}

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return code in self._at

    def codes(self) -> Sequence[int]:
        """Return every code, in order."""
        return self._codes

    def name(self, code: int) -> str:
        """Return the name as published; raise KeyError for a code that is not in the tree."""
        at = self._at.get(code)
        if at is None:
            raise KeyError(f"unknown region: {code}")
        return self._names[at]

    def short_name(self, code: int) -> str:
        """Return the name as people say it: without 村民委员会 or 居委会 behind 村 and 社区."""
        return shorten(self.name(code))

    def full_name(self, code: int, below: int | None = None) -> str:
        """Return the names from the city down, as on an address; `below` leaves out that region and those above it."""
        chain = [code, *ancestors(code)]
        skipped = {chain[-1]} if below is None else {below, *ancestors(below)}
        return "".join(self.short_name(each) for each in reversed(chain) if each not in skipped or each == code)

    def zone(self, code: int) -> str | None:
        """Return guanzhong, shanbei or shannan; None for the whole province and for codes elsewhere."""
        return self._zones.get(code - code % _UNITS[4])

    def children(self, code: int) -> list[int]:
        """Return the regions one level below, in order of codes; none for a village."""
        self.name(code)
        high, found = bounds(code)[1], []
        at = self._at[code] + 1
        while at < len(self._codes) and self._codes[at] <= high:
            found.append(self._codes[at])
            at = bisect_right(self._codes, bounds(self._codes[at])[1])
        return found

    def inside(self, code: int, digits: int) -> list[int]:
        """Return all regions of one level (2, 4, 6, 9, 12) inside a region, itself included, in order of codes."""
        return [each for each in self._codes[slice(*self._span(code))] if level(each) == digits]

    def parse(self, text: str) -> int:
        """Return the code written as 2, 4, 6, 9 or 12 digits; raise ValueError on anything else and unknown codes."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) in LEVELS):
            raise ValueError(f"not a region code of 2, 4, 6, 9 or 12 digits: {text[:20]!r}")
        code = int(digits.ljust(LEVELS[-1], "0"))
        if code not in self:
            raise ValueError(f"unknown region: {digits}")
        return code

    def search(self, text: str, within: int | None = None, limit: int = 10, *, near: int | None = None) -> list[int]:
        """Return towns and villages by a part of the name, by pinyin initials (jkh) or by how the pinyin begins.

        Whole names come first, then beginnings, then parts; among equals those nearer to `near` (default `within`),
        then by code. Anything that cannot be a name finds nothing.
        """
        query = _query(text)
        if not query or limit <= 0:
            return []
        span = range(*self._span(within)) if within is not None else range(len(self._codes))
        found = []
        for grade in (
            self._spelt_like(query, span) if query.isascii() and query.isalpha() else self._named_like(query, span)
        ):
            for at in self._nearest_first(grade, near if near is not None else within):
                if self._codes[at] % _UNITS[6]:
                    found.append(self._codes[at])
                if len(found) >= limit:
                    return found
        return found

    def _span(self, code: int) -> tuple[int, int]:
        low, high = bounds(code)
        return bisect_left(self._codes, low), bisect_right(self._codes, high)

    def _spelt_like(self, query: str, span: range) -> Iterator[list[int]]:
        spelt, begins, whole = self._spelt, f"|{query}", f"|{query}|"
        hits = [at for at in span if begins in spelt[at]]
        yield [at for at in hits if whole in spelt[at]]
        yield [at for at in hits if whole not in spelt[at]]

    def _named_like(self, query: str, span: range) -> Iterator[list[int]]:
        names = self._names
        hits = [at for at in span if query in names[at]]
        begins = [at for at in hits if names[at].startswith(query)]
        whole = {at for at in begins if query in (names[at], shorten(names[at]))}
        yield sorted(whole)
        yield [at for at in begins if at not in whole]
        yield [at for at in hits if not names[at].startswith(query)]

    def _nearest_first(self, hits: list[int], near: int | None) -> Iterator[int]:
        if near is None:
            yield from hits
            return
        # Hits stand in order of codes, so that each ring around `near` is what its range adds on both sides.
        low = high = bisect_left(hits, self._span(near)[0])
        for region in (near, *ancestors(near)):
            first, last = (bisect_left(hits, at) for at in self._span(region))
            yield from hits[first:low]
            yield from hits[high:last]
            low, high = first, last
        yield from hits[:low]
        yield from hits[high:]


def _query(text: str) -> str:
    if len(text) > 2 * LONGEST_QUERY:
        return ""
    plain = unicodedata.normalize("NFKC", text).lower().replace("ü", "v").replace("(", "（").replace(")", "）")
    plain = shorten("".join(char for char in plain if not char.isspace() and char not in "'’"))
    return plain if len(plain) <= LONGEST_QUERY else ""


@dataclass(frozen=True)
class Zone:
    """One of the three regions of Shaanxi: its names and the 4-digit codes of its cities."""

    code: str
    zh: str
    en: str
    cities: tuple[int, ...]


@lru_cache(maxsize=1)
def zones() -> dict[str, Zone]:
    """Return the zones by code, in the order of the file."""
    table = tomllib.loads((data_dir() / "regions" / "zones.toml").read_text(encoding="utf-8"))
    return {code: Zone(code, fields["zh"], fields["en"], tuple(fields["cities"])) for code, fields in table.items()}


@lru_cache(maxsize=1)
def tree() -> Tree:
    """Return the province's tree, read at the first call."""
    with (data_dir() / "regions" / "shaanxi.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return Tree(rows, {zone.code: zone.cities for zone in zones().values()})


def known(code: int) -> bool:
    """Tell whether the tree has the region."""
    return code in tree()


def name(code: int) -> str:
    """Return the name as published; raise KeyError for a code that is not in the tree."""
    return tree().name(code)


def short_name(code: int) -> str:
    """Return the name as people say it (see Tree.short_name)."""
    return tree().short_name(code)


def full_name(code: int, below: int | None = None) -> str:
    """Return the names from the city down (see Tree.full_name)."""
    return tree().full_name(code, below)


def zone(code: int) -> str | None:
    """Return the zone's code (see Tree.zone)."""
    return tree().zone(code)


def children(code: int) -> list[int]:
    """Return the regions one level below (see Tree.children)."""
    return tree().children(code)


def inside(code: int, digits: int) -> list[int]:
    """Return all regions of one level inside (see Tree.inside)."""
    return tree().inside(code, digits)


def parse(text: str) -> int:
    """Return the code written in digits (see Tree.parse)."""
    return tree().parse(text)


def search(text: str, within: int | None = None, limit: int = 10, *, near: int | None = None) -> list[int]:
    """Return towns and villages by name or pinyin (see Tree.search)."""
    return tree().search(text, within, limit, near=near)
