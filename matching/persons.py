"""The same person spelt twice: 李建国, 李健国, 老李. Names are compared by sound, by slips, by what is left of them."""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from matching.sounds import fold, syllables
from talent_pool.files import data_dir

_COMPOUND = frozenset(
    "欧阳 令狐 呼延 鲜于 司马 诸葛 上官 尉迟 皇甫 东方 慕容 司徒 夏侯 宇文 长孙 公孙 端木 独孤".split()  # noqa: SIM905
)
_TITLES = (
    "某某|某甲|某乙|某|老汉|老太|老师|师傅|大嫂|大爷|大妈|大婶|婶子|嫂子|叔|婶|嫂|姨|爷|家|姓|氏|总|老板|队长|支书|主任"
)
_AFTER = re.compile(rf"^(.|{'|'.join(sorted(_COMPOUND))})(?:{_TITLES})$")
_BEFORE = re.compile(r"^[老小阿](.)$")
_AFAR = 1  # letters that two syllables may differ in


class Degree(IntEnum):
    """How surely two spellings mean one person."""

    NONE = 0
    SURNAME = 1  # 老李, 李某 and 李建国
    NEAR = 2  # 李建国 and 李建刚 sound much alike; 建国 is what is left of 李建国
    SOUND = 3  # 李建国 and 李健国
    EXACT = 4


class Person(NamedTuple):
    """A name ready to be compared. `heard`: its characters by sound; `full`: surname and given name are there."""

    name: str
    heard: str
    family: str  # the surname as written
    surname: str  # by sound
    given: str  # by sound
    full: bool


# --- sounds ---


@lru_cache(maxsize=1)
def _ears() -> dict[int, str]:
    # One character stands for all that sound alike, so that sounds are compared as fast as words.
    first: dict[str, str] = {}
    return {ord(char): first.setdefault(fold(syllable), char) for char, syllable in syllables().items()}


def heard(text: str) -> str:
    """Return the text with each character replaced by the first one of its sound; the length stays."""
    return text.translate(_ears())


def _slip(one: str, other: str) -> bool:
    """Tell whether two characters sound much alike: jian and jiang, gang and guang."""
    known = syllables()
    if one not in known or other not in known:
        return False
    return Levenshtein.distance(fold(known[one]), fold(known[other]), score_cutoff=_AFAR) <= _AFAR


# --- names ---


@lru_cache(maxsize=1 << 16)
def person(name: str) -> Person:
    """Take a name apart."""
    bare = "".join(name.split()).replace("·", "")
    titled = _AFTER.match(bare) or _BEFORE.match(bare)
    if titled:
        return Person(bare, heard(bare), titled[1], heard(titled[1]), "", full=False)
    size = 2 if bare[:2] in _COMPOUND and len(bare) > 2 else 1
    sound = heard(bare)
    if len(bare) == 2 and not _is_surname(bare[0]):
        return Person(bare, sound, "", "", sound, full=False)  # 满仓: a given name alone
    return Person(bare, sound, bare[:size], sound[:size], sound[size:], full=len(bare) > size)


@lru_cache(maxsize=1)
def _surname_lines() -> list[frozenset[str]]:
    lines = (data_dir() / "lexicon" / "surnames.txt").read_text(encoding="utf-8").splitlines()
    return [frozenset(line) for line in lines if not line.startswith("#")]


def _frequent() -> frozenset[str]:
    return _surname_lines()[0]


def _is_surname(char: str) -> bool:
    return any(char in line for line in _surname_lines())


def degree(one: Person, other: Person) -> Degree:
    """Return how surely two names mean one person."""
    if one.full and other.full:
        return _both_full(one, other)
    if not one.full and not other.full:
        return Degree.NEAR if one.heard == other.heard and one.given else _by_surname(one, other)
    whole, part = (one, other) if one.full else (other, one)
    if part.given:
        return Degree.NEAR if len(part.given) > 1 and whole.given == part.given else Degree.NONE
    return _by_surname(whole, part)


def _by_surname(one: Person, other: Person) -> Degree:
    return Degree.SURNAME if one.surname and one.surname == other.surname else Degree.NONE


def _both_full(one: Person, other: Person) -> Degree:
    if one.name == other.name:
        return Degree.EXACT
    if one.heard == other.heard:
        return Degree.SOUND
    if len(one.name) != len(other.name) or len(one.name) < 3:
        return Degree.NONE
    # One character off: only where it sounds alike, since brothers share all of their names but one character.
    odd = [(a, b) for a, b, c, d in zip(one.name, other.name, one.heard, other.heard, strict=True) if c != d]
    return Degree.NEAR if len(odd) == 1 and _slip(*odd[0]) else Degree.NONE


def persons(names: Iterable[str]) -> list[Person]:
    """Return the names taken apart, in a steady order."""
    return [person(name) for name in sorted(names) if name.strip()]


def align(ours: Sequence[Person], theirs: Sequence[Person]) -> list[tuple[int, int, Degree]]:
    """Return which of ours is which of theirs, best pairs first; nobody twice."""
    ranked = [(-degree(one, other), at, to) for at, one in enumerate(ours) for to, other in enumerate(theirs)]
    taken: tuple[set[int], set[int]] = set(), set()
    pairs = []
    for found, at, to in sorted(each for each in ranked if each[0]):
        if at not in taken[0] and to not in taken[1]:
            taken[0].add(at)
            taken[1].add(to)
            pairs.append((at, to, Degree(-found)))
    return pairs


def mentioned(one: Person, text: str, sounds: str) -> Degree:
    """Return how surely a text speaks of a person; `sounds` is `heard(text)`."""
    if one.full and len(one.name) > 1:
        if one.name in text:
            return Degree.EXACT
        if len(one.heard) > 2 and one.heard in sounds:
            return Degree.SOUND
    if len(one.given) > 1 and _given_alone(one, text, sounds):
        return Degree.NEAR
    if one.family and _family(one.family).search(text):
        return Degree.SURNAME
    return Degree.NONE


def _given_alone(one: Person, text: str, sounds: str) -> bool:
    # 建国 in 把建国打了, but not in 王建国 when 李建国 is asked for.
    at = sounds.find(one.given)
    while at >= 0:
        if at == 0 or text[at - 1] not in _frequent() or sounds[at - 1] == one.surname:
            return True
        at = sounds.find(one.given, at + 1)
    return False


@lru_cache(maxsize=1024)
def _family(family: str) -> re.Pattern[str]:
    # As written: 养老钱 sounds like old 强.
    return re.compile(f"[姓老]{re.escape(family)}|{re.escape(family)}[家某]")
