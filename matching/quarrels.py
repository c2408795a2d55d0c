"""Two accounts of quarrels side by side: what of them is compared, and how probable it is that they are one quarrel.

The odds are those of a logistic regression; its weights stand in data/models/duplicates.toml with how they were won.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import repeat
from math import exp, log
from operator import add
from typing import NamedTuple

from rapidfuzz import fuzz

from matching.facts import number
from matching.features import lexicon
from matching.persons import Degree, Person, align, heard, mentioned, persons
from matching.text import plain
from talent_pool.files import data_dir
from talent_pool.regions import distance, known, level

READ = 400  # code points of a text that are compared; a quarrel is named in its first sentences
_A_SENTENCE = 60.0  # nats that a telling of a dozen characters tells
_SHOWN = 0.3  # from here on like words are a reason

# Chinese msgids of the reasons; their English is with the reading's other words.
REASONS = {
    "phone": "电话相同",
    "person": "当事人相同",
    "spelling": "姓名音近",
    "mentioned": "说到同一个人",
    "household": "同一户",
    "parcel": "地块相同",
    "village": "同一个村",
    "town": "同一个镇",
    "sum": "金额相近",
    "words": "说法相近",
}


@dataclass(frozen=True)
class Case:
    """What of a case is compared. `people`: names of its parties; `phones`: digits only; `region`: 12-digit code."""

    id: str
    text: str
    region: int | None = None
    day: date | None = None
    people: frozenset[str] = field(default_factory=frozenset)
    phones: frozenset[str] = field(default_factory=frozenset)
    parcel: str = ""
    household: str = ""


@dataclass(frozen=True)
class Match:
    """A past case that may be the same quarrel: how probable, and for which reasons (keys of REASONS)."""

    id: str
    same: float
    reasons: tuple[str, ...]

    @property
    def why(self) -> str:
        """Return the reasons in Chinese."""
        return "、".join(REASONS[reason] for reason in self.reasons)


class Look(NamedTuple):
    """A case made ready. `matter`: its words without its people; `pairs`, `chars`, `groups` of these."""

    case: Case
    text: str
    sounds: str
    matter: str
    pairs: frozenset[str]
    chars: frozenset[str]
    groups: frozenset[str]
    weights: tuple[float, float, float]  # what pairs, chars and groups tell
    sums: tuple[float, ...]
    people: list[Person]
    parcel: str
    household: str
    place: int | None


def look(case: Case, text: str | None = None) -> Look:
    """Make a case ready to be compared; `text`: its words if they are normalised already."""
    text = plain(case.text[:READ]) if text is None else text
    people = persons(case.people)
    # Who it was is compared by itself: the same two people quarrel about many a thing.
    bare = _without(text, people)
    pairs = frozenset(pairs_of(bare))
    chars = frozenset(bare.translate(_things()[0])) - _BLANK | _things_named(bare, pairs)
    groups = _groups(bare, pairs)
    place = case.region if case.region is not None and known(case.region) else None
    return Look(
        case,
        text,
        heard(text),
        bare,
        pairs,
        chars,
        groups,
        (_told(pairs), _told(chars), _told(groups)),
        _sums(text),
        people,
        label(case.parcel),
        label(case.household),
        place,
    )


def _without(text: str, people: list[Person]) -> str:
    for one in people:
        text = text.replace(one.name, "\n")
        if one.full and len(one.given) > 1:
            text = text.replace(one.name[-len(one.given) :], "\n")
    return text


_BLANK = frozenset(" \n,，.。;；:：!！?？、\"'“”‘’()（）的了是我他")


def pairs_of(text: str) -> Iterator[str]:
    """Yield the pairs of neighbouring letters and digits of a normalised text."""
    for run in _SOLID.findall(text):
        yield from map(add, run, run[1:])


_SOLID = re.compile(r"[^\W_]+")


# --- words ---


@lru_cache(maxsize=1)
def tells() -> Mapping[str, float]:
    """Read what frequent characters, pairs of them and groups tell: the logarithm of how seldom they are, in nats."""
    lines = (data_dir() / "lexicon" / "tells.txt").read_text(encoding="utf-8").splitlines()
    return {each: float(told) for each, told in (line.split() for line in lines if not line.startswith("#"))}


_RARE = 6.0  # nats that anything else tells


def _told(found: Iterable[str]) -> float:
    return sum(map(tells().get, found, repeat(_RARE)))


@lru_cache(maxsize=1)
def _meanings() -> tuple[frozenset[str], Mapping[str, list[tuple[str, str]]]]:
    # First two characters → the words of the lexicon that begin so, with their groups of meaning.
    found: dict[str, list[tuple[str, str]]] = {}
    for group, words in lexicon()["groups"].items():
        for word in words.split():
            if len(word) > 1:
                found.setdefault(word[:2], []).append((word, group))
    return frozenset(found), found


def _groups(text: str, pairs: frozenset[str]) -> frozenset[str]:
    heads, words = _meanings()
    return frozenset(
        f"@{group}" for head in pairs & heads for word, group in words[head] if len(word) == 2 or word in text
    )


@lru_cache(maxsize=1)
def _things() -> tuple[Mapping[int, str], frozenset[str], Mapping[str, list[tuple[str, str]]]]:
    # Words that speak of one thing: single characters → the first of their line; longer ones by their first two.
    lines = (data_dir() / "lexicon" / "alike.txt").read_text(encoding="utf-8").splitlines()
    single: dict[int, str] = {}
    longer: dict[str, list[tuple[str, str]]] = {}
    for words in (line.split() for line in lines if not line.startswith("#")):
        thing = words[0] if len(words[0]) == 1 else f"={words[0]}"
        single |= {ord(word): thing for word in words if len(word) == 1}
        for word in words:
            if len(word) > 1:
                longer.setdefault(word[:2], []).append((word, thing))
    return {code: thing for code, thing in single.items() if len(thing) == 1}, frozenset(longer), longer


def _things_named(text: str, pairs: frozenset[str]) -> frozenset[str]:
    _, heads, words = _things()
    return frozenset(thing for head in pairs & heads for word, thing in words[head] if len(word) == 2 or word in text)


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?[万千百]?|[一二两三四五六七八九十][一二两三四五六七八九十百千万零]+")
_SCALE = {"万": 10_000, "千": 1_000, "百": 100}
_LEAST_SUM, _MOST_SUM = 100, 10_000_000  # below are days and acres, above are telephone numbers


def _sums(text: str) -> tuple[float, ...]:
    found = (_value(each) for each in _NUMBER.findall(text))
    return tuple(dict.fromkeys(value for value in found if _LEAST_SUM <= value <= _MOST_SUM and not _year(value)))


def _value(words: str) -> float:
    scale = _SCALE.get(words[-1], 1) if words[0].isascii() else 1
    value = number(words[:-1] if scale > 1 else words)
    return float(value) * scale if value is not None else 0.0


def _year(value: float) -> bool:
    return 1950 <= value <= 2050 and value == int(value) and value % 100 not in (0, 50)


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= 0.12 * max(one, other)


@lru_cache(maxsize=4096)
def label(name: str) -> str:
    """Return the name of a parcel or household as it is compared: 北塬三号地 like 北塬3号."""
    if not name:
        return ""
    bare = "".join(plain(name).split())
    digits = re.sub("[一二三四五六七八九十百]+", lambda found: str(number(found[0]) or found[0]), bare)
    return "".join(_SOLID.findall(digits)).removesuffix("地").removesuffix("户").removesuffix("号")


def _same_label(one: str, other: str) -> bool:
    if not one or not other:
        return False
    return one == other or (
        re.sub("[^0-9]", "", one) == re.sub("[^0-9]", "", other) and fuzz.ratio(one, other, score_cutoff=75) > 0
    )


# --- side by side ---


def compare(one: Look, other: Look) -> tuple[dict[str, float], list[str]]:
    """Return the evidence for and against one quarrel by name (see the weights), and the reasons to show."""
    found: dict[str, float] = {}
    reasons: list[str] = []
    if one.case.phones & other.case.phones:
        found["phone"] = 1
        reasons.append("phone")
    _people(one, other, found, reasons)
    ring = _place(one, other, found)
    for name, ours, theirs in (
        ("household", one.household, other.household),
        ("parcel", one.parcel, other.parcel),
    ):
        if _same_label(ours, theirs) and ring != "far":
            found[name] = 1
            reasons.append(name)
        elif ours and theirs:
            found[f"other_{name}"] = 1
    if ring in ("village", "town"):
        reasons.append(ring)
    _words(one, other, found, reasons)
    return found, reasons


def _people(one: Look, other: Look, found: dict[str, float], reasons: list[str]) -> None:
    same = align(one.people, other.people)
    left = set(range(len(one.people))) - {at for at, _, _ in same}
    right = set(range(len(other.people))) - {at for _, at, _ in same}
    degrees = [each for _, _, each in same]
    told = [mentioned(one.people[at], other.text, other.sounds) for at in left]
    told += [mentioned(other.people[at], one.text, one.sounds) for at in right]
    sure = sum(each >= Degree.NEAR for each in degrees)
    named = sum(each >= Degree.NEAR for each in told)
    weak = sum(each == Degree.SURNAME for each in (*degrees, *told))
    found["one"] = float(sure + named >= 1)
    found["two"] = float(sure + named >= 2)
    found["exact"] = float(any(each == Degree.EXACT for each in degrees))
    found["weak"] = float(weak > 0 and not sure + named)
    found["weak_other"] = float(weak > 0 and sure + named == 1)
    strangers = min(_strangers(one, left, other), _strangers(other, right, one))
    found["nameless"] = float(not ((one.people and other.people) or sure + named or "phone" in found))
    found["other_opponent"] = float(strangers > 0 and sure + named == 1)
    found["strangers"] = float(strangers > 0 and sure + named == 0)
    if sure:
        reasons.append("person" if max(degrees) == Degree.EXACT else "spelling")
    elif named or weak:
        reasons.append("mentioned")


def _strangers(one: Look, left: set[int], other: Look) -> int:
    # People with whole names of whom the other account knows nothing, not even a surname.
    return sum(
        one.people[at].full and mentioned(one.people[at], other.text, other.sounds) == Degree.NONE for at in left
    )


def _place(one: Look, other: Look, found: dict[str, float]) -> str:
    if one.place is None or other.place is None:
        found["nowhere"] = 1
        return ""
    rings = {0: "village", 1: "town", 2: "county"}
    ring = rings.get(distance(one.place, other.place), "far")
    if ring == "town" and min(level(one.place), level(other.place)) == 12:
        ring = "next_village"
    found[ring] = 1
    return "town" if ring == "next_village" else ring


def _words(one: Look, other: Look, found: dict[str, float], reasons: list[str]) -> None:
    dice, inside = _shared(one, other)
    found["dice"], found["inside"] = dice, inside
    found["order"] = fuzz.ratio(one.matter, other.matter) / 100 if one.matter and other.matter else 0.0
    found["chars"] = _share(one, other, 1)
    found["meant"] = _share(one, other, 2)
    found["mute"] = float(not one.groups or not other.groups)
    if one.sums and other.sums:
        agree = any(_near(ours, theirs) for ours in one.sums for theirs in other.sums)
        found["sum" if agree else "other_sum"] = 1
        if agree:
            reasons.append("sum")
    if words_alike(one, other) >= _SHOWN:
        reasons.append("words")
    # Who is named and what is said carry each other: the same two people do quarrel about different things.
    likely = max(dice, 0.8 * inside, found["chars"])
    found["one_and_words"] = found["one"] * likely
    found["two_and_words"] = found["two"] * likely
    found["place_and_words"] = float("village" in found) * likely
    if one.case.day and other.case.day:
        found["days"] = log(1 + abs((one.case.day - other.case.day).days)) / 5


def words_alike(one: Look, other: Look) -> float:
    """Return how alike the words are, 0 to 1; a short telling inside a long one counts nearly in full."""
    dice, inside = _shared(one, other)
    return max(dice, 0.8 * inside)


def _shared(one: Look, other: Look) -> tuple[float, float]:
    # What both tell: as a share of what the two tell on average, and of what the shorter tells if that is no mere cry.
    shared = _told(one.pairs & other.pairs)
    if not shared:
        return 0.0, 0.0
    ours, theirs = one.weights[0], other.weights[0]
    dice, least = 2 * shared / (ours + theirs), min(ours, theirs)
    return dice, shared / least if least >= _A_SENTENCE else dice


def _share(one: Look, other: Look, kind: int) -> float:
    """Return what both tell by characters (1) or groups of meaning (2), as a share of what the two tell on average."""
    shared = _told(one.chars & other.chars if kind == 1 else one.groups & other.groups)
    return 2 * shared / (one.weights[kind] + other.weights[kind]) if shared else 0.0


@lru_cache(maxsize=1)
def weights() -> Mapping[str, float]:
    """Read the weights of the evidence, log-odds; `base` is where they start."""
    with (data_dir() / "models" / "duplicates.toml").open("rb") as file:
        found: dict[str, float] = tomllib.load(file)["weights"]
    return found


def match(one: Look, other: Look) -> Match:
    """Return how probable it is that two accounts tell one quarrel, named after the second."""
    found, reasons = compare(one, other)
    weigh = weights()
    odds = weigh["base"] + sum(weigh.get(name, 0.0) * value for name, value in found.items())
    return Match(other.case.id, 1 / (1 + exp(-max(-50.0, min(50.0, odds)))), tuple(reasons))
