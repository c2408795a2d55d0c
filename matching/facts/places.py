"""Places of the tree as people name them: short, old, misspelt; ambiguous ones only where the words decide."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from operator import add
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from matching.facts.identity import Fact, normal_span
from matching.facts.syllables import spell
from matching.text import Normal, plain
from talent_pool import regions
from talent_pool.files import data_dir

Names = dict[str, tuple[int, ...]]

_TOWN = re.compile(r"(?:街道办事处|街道办|街道|地区|镇|乡)$")
_COUNTY = re.compile(r"(?:自治县|新区|县|区|市)$")
_VILLAGE = re.compile(r"(?:社区|村)$")
# What may stand behind the stem of a name instead of its published ending.
_TOWN_SAID = ("镇", "乡", "街道", "街道办", "街办", "办事处", "镇上", "街上")
LONGEST = 12
_ENDS = re.compile("[村镇乡县区]|社区|街道|街办")
_FAR = 6  # characters between a village's name and the town that is named before it
_PREFIX = frozenset('在住到去从回往由来于是至县市省镇区乡村,。;:、(“"\n 的和与家')


class Hit(NamedTuple):
    """A name found in a text, with every region that bears it; `firm` when an ending makes it a place for certain."""

    start: int
    end: int
    codes: tuple[int, ...]
    firm: bool


@dataclass
class Gazetteer:
    """Every name under which a place is known: `firm` ones with an ending, `loose` stems, villages' apart."""

    firm: Names
    loose: Names
    village_stems: Names
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # lengths of the names by first two characters


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """Return the names of the province, made once from the tree and the old names."""
    firm: defaultdict[str, list[int]] = defaultdict(list)
    loose: defaultdict[str, list[int]] = defaultdict(list)
    stems: defaultdict[str, list[int]] = defaultdict(list)
    for code, name, size in _published():
        if size == 12:
            _village(code, name, firm, stems)
        elif size == 9:
            _above(code, name, _TOWN, firm, loose)
        elif size in (4, 6):
            _above(code, name, _COUNTY, firm, loose)
    for name, code in _old_names():
        (firm if _ENDS.search(name[-2:]) else loose)[name].append(code)
    ordinary = _ordinary()
    names = [{name: _unique(codes) for name, codes in table.items()} for table in (firm, loose, stems)]
    for word in ordinary:
        names[1].pop(word, None)
        names[2].pop(word, None)
    found = Gazetteer(*names)
    sizes: defaultdict[str, set[int]] = defaultdict(set)
    for table in names:
        for name in table:
            if 2 <= len(name) <= LONGEST:
                sizes[name[:2]].add(len(name))
    found.sizes = {first: tuple(sorted(lengths, reverse=True)) for first, lengths in sizes.items()}
    return found


def _unique(codes: list[int]) -> tuple[int, ...]:
    return tuple(codes) if len(codes) == 1 else tuple(dict.fromkeys(codes))


def _published() -> Iterator[tuple[int, str, int]]:
    tree = regions.tree()
    for code in tree.codes():
        name = tree.short_name(code)
        # Only names with brackets and the like look different when they are matched.
        yield code, name if name.isalpha() else plain(name).replace(" ", ""), 12 if code % 1000 else regions.level(code)


def _village(code: int, name: str, firm: dict[str, list[int]], stems: dict[str, list[int]]) -> None:
    # 王村委会 is published for 王村: its short name ends with 村 as well.
    if not name.endswith(("村", "社区")):
        stems[name].append(code)
        if len(name) <= LONGEST - 1:
            firm[name + "村"].append(code)
        return
    firm[name].append(code)
    stem = name.removesuffix("社区").removesuffix("村")
    if name.endswith("社区"):
        firm[stem + "村"].append(code)  # many a village became a community and is still called one
    elif len(stem) >= 2:
        firm[stem + "社区"].append(code)
    if len(stem) >= 2:
        stems[stem].append(code)


def _above(
    code: int, name: str, ending: re.Pattern[str], firm: dict[str, list[int]], loose: dict[str, list[int]]
) -> None:
    stem = ending.sub("", name)
    firm[name].append(code)
    if ending is _TOWN and len(stem) >= 2:
        for said in _TOWN_SAID:
            if stem + said != name:
                firm[stem + said].append(code)
        loose[stem].append(code)
    elif len(stem) >= 2:
        loose[stem].append(code)
        if not name.endswith("县") and regions.level(code) == 6:
            firm[stem + "县"].append(code)  # 凤翔县, 横山县: districts that were counties not long ago


def _old_names() -> list[tuple[str, int]]:
    with (data_dir() / "regions" / "old_names.csv").open(encoding="utf-8", newline="") as file:
        return [(row["name"], int(row["code"])) for row in csv.DictReader(file)]


def _ordinary() -> list[str]:
    return (data_dir() / "lexicon" / "not_places.txt").read_text(encoding="utf-8").split()


# --- in a text ---


def places(text: str, region: int | None) -> tuple[list[Hit], list[Hit]]:
    """Return the places that a normalised text names, each with one region; and names of which nobody knows where."""
    hits = _candidates(text)
    settled = _settled(text, hits, region)
    known = {hit.start for hit in settled}
    return settled, [hit for hit in hits if hit.firm and hit.start not in known]


def as_facts(normal: Normal, hits: Iterable[Hit]) -> Iterator[Fact]:
    """Return places as facts: span and 12-digit code."""
    for hit in hits:
        yield normal_span(normal, hit.start, hit.end) | {"region": f"{hit.codes[0]:012d}"}


def _candidates(text: str) -> list[Hit]:
    known, found, free = gazetteer(), [], 0
    sizes = known.sizes
    for at in [at for at, pair in enumerate(map(add, text, text[1:])) if pair in sizes]:
        hit = _longest(text, at, known) if at >= free else None
        if hit is not None:
            found.append(hit)
            free = hit.end if hit.firm else at + 1
    return _without_overlaps(found) if found else found


def _longest(text: str, at: int, known: Gazetteer) -> Hit | None:
    for size in known.sizes[text[at : at + 2]]:
        word = text[at : at + size]  # shorter at the end of the text, and then no name of this length
        if word in known.firm and len(word) == size:
            codes = known.firm[word]
            return Hit(at, at + size, codes, True)
        if len(word) == size and (word in known.loose or word in known.village_stems):
            codes = known.loose.get(word, ()) + known.village_stems.get(word, ())
            return Hit(at, at + size, codes, False)
    return None


def _without_overlaps(found: list[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (not hit.firm, hit.start - hit.end, hit.start)):
        if not any(hit.start < other.end and other.start < hit.end for other in kept):
            kept.append(hit)
    return sorted(kept)


def _settled(text: str, hits: list[Hit], region: int | None) -> list[Hit]:
    """Let each name mean one region: what stands before it, what else the text names, where the case is."""
    context = _context(text, hits, region)
    found: list[Hit] = []
    for hit in hits:
        near = found[-1] if found and hit.start - found[-1].end <= _FAR else None
        code = _one(text, hit, near, context, region)
        if code is not None:
            found.append(Hit(hit.start, hit.end, (code,), hit.firm))
    return found


def _context(text: str, hits: list[Hit], region: int | None) -> list[int]:
    """Return the regions in which names are looked for first: towns and counties named for certain, then home."""
    sure = [
        hit.codes[0]
        for hit in hits
        if len(hit.codes) == 1 and _above_village(hit) and (hit.firm or _stands_free(text, hit))
    ]
    sure.sort(key=lambda code: -regions.level(code))
    if region is None:
        return sure
    # Of several towns with one name it is the one at home, so that its villages are found as well.
    home = [code for code in (region, *regions.ancestors(region)) if regions.level(code) in (9, 6, 4)]
    towns = [code for hit in hits for code in hit.codes if len(hit.codes) > 1 and regions.level(code) < 12]
    return [*sure, *(code for code in towns if any(regions.contains(area, code) for area in home)), *home]


def _one(text: str, hit: Hit, near: Hit | None, context: list[int], region: int | None) -> int | None:
    codes = hit.codes
    if near is not None:
        inside = [code for code in codes if regions.contains(near.codes[0], code) and code != near.codes[0]]
        if inside:
            return _highest(inside)
    for area in context:
        inside = [code for code in codes if regions.contains(area, code)]
        if inside and (hit.firm or _stands_free(text, hit)):
            return _highest(inside)
    above = [code for code in codes if regions.level(code) < 12]
    if not hit.firm:
        return _highest(above) if above and _stands_free(text, hit) else None
    if above:
        return _highest(above)
    return codes[0] if len(codes) == 1 and region is None and hit.end - hit.start > 2 else None


def _above_village(hit: Hit) -> bool:
    return regions.level(hit.codes[0]) < 12


def _highest(codes: list[int]) -> int | None:
    """Return the only one of the highest level; 洛川 is the county, not its town of the same name."""
    top = min(regions.level(code) for code in codes)
    best = [code for code in codes if regions.level(code) == top]
    return best[0] if len(best) == 1 else None


def _stands_free(text: str, hit: Hit) -> bool:
    before = text[hit.start - 1 : hit.start]
    if min(regions.level(code) for code in hit.codes) <= 6:
        return True  # a county's or a city's
    return not before or before in _PREFIX


# --- misspelt ---


@lru_cache(maxsize=256)
def _spelt(area: int, size: int) -> dict[str, int]:
    """Return a county's towns (9) or villages (12) by how their stems sound; those that sound alike are left out."""
    sounds: defaultdict[str, set[int]] = defaultdict(set)
    for code in regions.inside(area, size):
        stem = _stem(code)
        if len(stem) >= 2:
            sounds[spell(stem)].add(code)
    return {sound: next(iter(codes)) for sound, codes in sounds.items() if len(codes) == 1}


@lru_cache(maxsize=256)
def _stems(area: int, size: int) -> dict[int, str]:
    """Return the stems of a county's towns or villages that do not sound like another one's."""
    return {code: _stem(code) for code in _spelt(area, size).values()}


def _stem(code: int) -> str:
    return _VILLAGE.sub("", _TOWN.sub("", plain(regions.short_name(code))))


_NAMED = re.compile(
    r"(?<![一二三四五六七八九十0-9])([\u4e00-\u9fff]{2,5}?)(村(?![上里委民子干口头支])|镇(?![上政长])|乡(?![亲下村长])|社区)"
)
_TOO_LONG = re.compile("^.*(?:在|住|到|去|从|系|是|的|家|县|市|镇|乡|区|于|人|我|他|她|和|与|往|回|由)")


def misspelt(text: str, hits: list[Hit], region: int | None) -> list[Hit]:
    """Return names with an ending that sound like, or all but look like, one place of the county that is meant."""
    area = _county(hits, region)
    if area is None or not _ENDS.search(text):
        return []
    found = []
    for match in _NAMED.finditer(text):
        stem = _TOO_LONG.sub("", match[1])
        start = match.end(1) - len(stem)
        if len(stem) < 2 or any(start < hit.end and hit.start < match.end() for hit in hits):
            continue
        code = _alike(stem, area, 9 if match[2] in "镇乡" else 12)
        if code is not None:
            found.append(Hit(start, match.end(), (code,), True))
    return found


def _county(hits: list[Hit], region: int | None) -> int | None:
    named = next((hit.codes[0] for hit in hits if regions.level(hit.codes[0]) >= 6), region)
    if named is None or regions.level(named) < 6:
        return None
    return named - named % 10**6


def _alike(stem: str, area: int, size: int) -> int | None:
    """Return the only place that sounds so; else, for longer names, the only one that is a single character away."""
    sounds = _spelt(area, size)
    code = sounds.get(spell(stem))
    if code is not None or len(stem) < 3:
        return code
    near = [
        code
        for code, other in _stems(area, size).items()
        if abs(len(other) - len(stem)) <= 1 and DamerauLevenshtein.distance(stem, other, score_cutoff=1) == 1
    ]
    return near[0] if len(near) == 1 else None
