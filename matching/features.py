"""What the classifier looks at: words, pairs of words, runs of characters and groups of meaning, each with its span.

Many texts are looked at in one go. Every feature is the key of a stretch (`matching.spans`), no Python object.
"""

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.spans import BREAK, Keys, Offsets, Sheet, among, folded, keys_of, lay
from matching.text import cutter
from matching.text import lexicon as joined_words
from talent_pool.files import data_dir

BLOCKS = ("words", "characters", "concepts")  # each is scaled to unit length by itself
NGRAMS = (1, 2, 3)
_WORD, _PAIR, _RUN, _CONCEPT = 0x89ABCDEF01, 0x55AA55AA77, 0x1234567, 0x3333333
_LONGEST_CONCEPT = 8
_MOST_JOINED = 4  # neighbouring words that may form one entry of the lexicon


class Features(NamedTuple):
    """Every feature of some texts, an entry an occurrence: its key, its span in its text, its block, its text."""

    key: NDArray[np.uint32]
    start: Offsets
    end: Offsets
    block: NDArray[np.uint8]
    text: Offsets


class _Found(NamedTuple):
    stretch: Keys
    salt: int
    start: Offsets
    end: Offsets
    block: int


def extract(texts: Sequence[str]) -> Features:
    """Return every feature of normalised texts (`matching.text.normalise`)."""
    flat = [text.translate(_FLAT) for text in texts]
    sheet = lay(flat)
    found = [*_of_words(sheet, *_words(BREAK.join(flat))), _of_characters(sheet), _of_concepts(sheet)]
    sizes = [len(part.start) for part in found]
    salts = np.repeat(np.array([part.salt for part in found], dtype=np.uint64), sizes)
    key = folded(np.concatenate([part.stretch for part in found]), salts)
    start, end = (np.concatenate(places) for places in ([part.start for part in found], [part.end for part in found]))
    block = np.repeat(np.array([part.block for part in found], dtype=np.uint8), sizes)
    if len(texts) == 1:
        return Features(key, start, end, block, np.zeros(len(start), dtype=np.intp))
    owner = sheet.owners(start)
    return Features(key, start - sheet.starts[owner], end - sheet.starts[owner], block, owner)


class _Flat(dict[int, str]):
    """A normalised character → what features see of it: digits look alike, whatever breaks a word is a BREAK."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        value = "0" if char.isdigit() else char if char.isalnum() else BREAK
        if len(self) < 50_000:  # Unicode is finite, memory is not free
            self[code] = value
        return value


_FLAT = _Flat()


# --- words and pairs of words ---


def _words(text: str) -> tuple[Offsets, Offsets]:
    pieces = cutter()(text)
    lengths = np.fromiter(map(len, pieces), dtype=np.intp, count=len(pieces))
    end = np.cumsum(lengths)
    return end - lengths, end


def _of_words(sheet: Sheet, start: Offsets, end: Offsets) -> list[_Found]:
    solid = sheet.solid[start]
    start, end = start[solid], end[solid]
    next_to = end[:-1] == start[1:]
    pairs = start[:-1][next_to], end[1:][next_to]
    return [
        _Found(sheet.keys(start, end), _WORD, start, end, 0),
        _Found(sheet.keys(*pairs), _PAIR, *pairs, 0),
        _joined(sheet, start, end),
    ]


def _joined(sheet: Sheet, start: Offsets, end: Offsets) -> _Found:
    # Two to four neighbouring words that are one entry of the lexicon (塄坎, 退耕还林): a word of their own.
    low = np.concatenate([start[:-more] for more in range(1, _MOST_JOINED)])
    high = np.concatenate([end[more:] for more in range(1, _MOST_JOINED)])
    near = high - low <= _longest_joined()
    low, high = low[near], high[near]
    keys = sheet.keys(low, high)
    known = among(_joined_keys(), keys)
    return _Found(keys[known], _WORD, low[known], high[known], 0)


@lru_cache(maxsize=1)
def _joined_keys() -> Keys:
    return np.sort(keys_of([word.translate(_FLAT) for word in sorted(joined_words())]))


@lru_cache(maxsize=1)
def _longest_joined() -> int:
    return max(map(len, joined_words()))


# --- runs of characters ---


def _of_characters(sheet: Sheet) -> _Found:
    whole = solid = sheet.solid
    starts = []
    for size in NGRAMS:
        if size > 1:
            whole = whole[:-1] & solid[size - 1 :]
        starts.append(np.flatnonzero(whole))
    start = np.concatenate(starts)
    end = start + np.repeat(NGRAMS, [len(each) for each in starts])
    return _Found(sheet.keys(start, end), _RUN, start, end, 1)


# --- groups of meaning ---


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """Read data/lexicon/concepts.toml: `groups` of words, and which kind of dispute they speak of (`teaches`)."""
    with (data_dir() / "lexicon" / "concepts.toml").open("rb") as file:
        return tomllib.load(file)


class _Concepts(NamedTuple):
    """Words of the groups by key: entry i says that the word of `key[i]` belongs to `group[i]`; `head`: first pairs."""

    key: Keys
    group: Keys
    head: Keys


@lru_cache(maxsize=1)
def _concepts() -> _Concepts:
    groups = lexicon()["groups"]
    words = [[word.translate(_FLAT) for word in dict.fromkeys(groups[name].split())] for name in sorted(groups)]
    names = keys_of([f"group {name}" for name in sorted(groups)])
    key = keys_of(list(chain.from_iterable(words)))
    group = np.repeat(names, [len(each) for each in words])
    order = np.lexsort((group, key))
    head = keys_of([word[:2] for word in chain.from_iterable(words) if len(word) > 2])
    return _Concepts(key[order], group[order], np.unique(head))


def _of_concepts(sheet: Sheet) -> _Found:
    known, solid = _concepts(), sheet.solid
    one = np.flatnonzero(solid)
    two = np.flatnonzero(solid[:-1] & solid[1:])
    longer = two[among(known.head, sheet.keys(two, two + 2))]  # only there can a word of three or more begin
    starts = [one, two]
    for size in range(3, _LONGEST_CONCEPT + 1):
        longer = longer[longer + size <= len(solid)]
        starts.append(longer)
    start = np.concatenate(starts)
    end = start + np.repeat(np.arange(1, _LONGEST_CONCEPT + 1), [len(each) for each in starts])
    return _groups_at(sheet, start, end)


def _groups_at(sheet: Sheet, start: Offsets, end: Offsets) -> _Found:
    known, keys = _concepts(), sheet.keys(start, end)
    low = known.key.searchsorted(keys)
    hit = known.key.take(low, mode="clip") == keys
    low, start, end = low[hit], start[hit], end[hit]
    count = known.key.searchsorted(keys[hit], side="right") - low
    # The entries low, low + 1 … of each hit, one after another.
    entry = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
    return _Found(known.group[entry], _CONCEPT, np.repeat(start, count), np.repeat(end, count), 2)
