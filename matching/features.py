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
# Of words, pairs, joined words, runs and groups, as they stand one behind the other.
_SALTS = np.array([_WORD, _PAIR, _WORD, _RUN, _CONCEPT], dtype=np.uint64)
_BLOCKS = np.array([0, 0, 0, 1, 2], dtype=np.uint8)
_LONGER = np.arange(3, 9)  # the sizes of longer words of groups
_MOST_JOINED = 4  # neighbouring words that may form one entry of the lexicon


Places = tuple[Offsets, Offsets]  # where stretches begin and end


class Features(NamedTuple):
    """Every feature of some texts, an entry an occurrence: its key, its span in its text, its block, its text."""

    key: NDArray[np.uint32]
    start: Offsets
    end: Offsets
    block: NDArray[np.uint8]
    text: Offsets


class _Stretches(NamedTuple):
    start: Offsets
    end: Offsets
    key: Keys


def extract(texts: Sequence[str]) -> Features:
    """Return every feature of normalised texts (`matching.text.normalise`)."""
    flat = [text.translate(_FLAT) for text in texts]
    sheet = lay(flat)
    words = _solid_words(sheet, *_words(BREAK.join(flat)))
    runs = _runs(sheet)
    # The keys of all stretches in one go: for a single text the time lies in the number of calls.
    places = [words, _pairs(*words), _joinable(*words), *runs]
    start, end = (np.concatenate(each) for each in zip(*places, strict=True))
    key = sheet.keys(start, end)
    pairs_end, joined_end, ones_end, twos_end = np.cumsum([len(each) for each, _ in places]).tolist()[1:5]
    joined = pairs_end + among(_joined_keys(), key[pairs_end:joined_end]).nonzero()[0]
    kept = np.concatenate([np.arange(pairs_end), joined, np.arange(joined_end, len(key))])
    groups = _groups(sheet, _Stretches(start, end, key), joined_end, ones_end, twos_end)
    sizes = [len(words[0]), pairs_end - len(words[0]), len(joined), len(key) - joined_end, len(groups.key)]
    start, end = np.concatenate([start[kept], groups.start]), np.concatenate([end[kept], groups.end])
    folds, block = folded(np.concatenate([key[kept], groups.key]), _SALTS.repeat(sizes)), _BLOCKS.repeat(sizes)
    if len(texts) == 1:
        return Features(folds, start, end, block, np.zeros(len(start), dtype=np.intp))
    owner = sheet.owners(start)
    return Features(folds, start - sheet.starts[owner], end - sheet.starts[owner], block, owner)


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
    end = lengths.cumsum()
    return end - lengths, end


def _solid_words(sheet: Sheet, start: Offsets, end: Offsets) -> Places:
    solid = sheet.solid[start]
    return start[solid], end[solid]


def _pairs(start: Offsets, end: Offsets) -> Places:
    next_to = end[:-1] == start[1:]
    return start[:-1][next_to], end[1:][next_to]


def _joinable(start: Offsets, end: Offsets) -> Places:
    # Two to four neighbouring words may be one entry of the lexicon (塄坎, 退耕还林): a word of their own.
    low = np.concatenate([start[:-more] for more in range(1, _MOST_JOINED)])
    high = np.concatenate([end[more:] for more in range(1, _MOST_JOINED)])
    near = high - low <= _longest_joined()
    return low[near], high[near]


@lru_cache(maxsize=1)
def _joined_keys() -> Keys:
    return np.sort(keys_of([word.translate(_FLAT) for word in sorted(joined_words())]))


@lru_cache(maxsize=1)
def _longest_joined() -> int:
    return max(map(len, joined_words()))


# --- runs of characters ---


def _runs(sheet: Sheet) -> list[Places]:
    """Return the runs of one, of two and of three letters or digits."""
    whole = solid = sheet.solid
    found = []
    for size in NGRAMS:
        if size > 1:
            whole = whole[:-1] & solid[size - 1 :]
        start = whole.nonzero()[0]
        found.append((start, start + size))
    return found


# --- groups of meaning ---


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """Read data/lexicon/concepts.toml: `groups` of words, and which kind of dispute they speak of (`teaches`)."""
    with (data_dir() / "lexicon" / "concepts.toml").open("rb") as file:
        return tomllib.load(file)


class _Concepts(NamedTuple):
    """Words of the groups: word `key[i]` is in `group[first[i]:first[i] + size[i]]`; `head`: first pairs."""

    key: Keys
    first: Offsets
    size: Offsets
    group: Keys
    head: Keys


@lru_cache(maxsize=1)
def _concepts() -> _Concepts:
    groups = lexicon()["groups"]
    words = [[word.translate(_FLAT) for word in dict.fromkeys(groups[name].split())] for name in sorted(groups)]
    names = keys_of([f"group {name}" for name in sorted(groups)])
    every = keys_of(list(chain.from_iterable(words)))
    order = np.argsort(every, kind="stable")
    key, first, count = np.unique(every[order], return_index=True, return_counts=True)
    head = keys_of([word[:2] for word in chain.from_iterable(words) if len(word) > 2])
    group = np.repeat(names, [len(each) for each in words])[order]
    return _Concepts(key, first, count, group, np.unique(head))


def _groups(sheet: Sheet, seen: _Stretches, ones: int, twos: int, end: int) -> _Stretches:
    """Return the groups of meaning; runs of one and of two begin in `seen` at `ones` and `twos`, the latter `end`."""
    known = _concepts()
    two = seen.start[twos:end]
    longer = two[among(known.head, seen.key[twos:end])]  # only there can a word of three or more begin
    size = _LONGER.repeat(len(longer))
    low = np.concatenate([longer] * len(_LONGER))
    fits = low + size <= len(sheet.codes)
    low, high = low[fits], (low + size)[fits]
    return _groups_at(
        np.concatenate([seen.start[ones:end], low]),
        np.concatenate([seen.end[ones:end], high]),
        np.concatenate([seen.key[ones:end], sheet.keys(low, high)]),
    )


def _groups_at(start: Offsets, end: Offsets, keys: Keys) -> _Stretches:
    known = _concepts()
    at = known.key.searchsorted(keys)
    hit = known.key.take(at, mode="clip") == keys
    at, start, end = at[hit], start[hit], end[hit]
    first, count = known.first[at], known.size[at]
    # The entries first, first + 1 … of each hit, one after another.
    entry = (first - count.cumsum() + count).repeat(count) + np.arange(count.sum())
    return _Stretches(start.repeat(count), end.repeat(count), known.group[entry])
