"""What the classifier looks at: words, pairs of words, runs of characters and groups of meaning, with their spans."""

import re
import tomllib
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from matching.text import Word
from talent_pool.files import data_dir

BLOCKS = ("words", "characters", "concepts")  # each is scaled to unit length by itself
NGRAMS = (1, 2, 3)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_BREAK = re.compile(r"[\W_]+")
_LONGEST_CONCEPT = 8


class Feature(NamedTuple):
    """One thing seen in a text: a stable 32-bit key, its half-open span and the number of its block."""

    key: int
    start: int
    end: int
    block: int


def key(name: str) -> int:
    """Return the key of a feature's name: CRC-32, the same on every machine; nobody's words are kept."""
    return zlib.crc32(name.encode("utf-8"))


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Any]:
    """Read data/lexicon/concepts.toml: `groups` of words, and which kind of dispute they speak of (`teaches`)."""
    with (data_dir() / "lexicon" / "concepts.toml").open("rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=1)
def concepts() -> dict[str, tuple[int, ...]]:
    """Return word → keys of the groups of meaning that it belongs to."""
    found: dict[str, list[int]] = {}
    for group, words in lexicon()["groups"].items():
        for word in dict.fromkeys(words.split()):
            found.setdefault(word, []).append(key(f"c:{group}"))
    return {word: tuple(keys) for word, keys in found.items()}


def extract(text: str, words: list[Word]) -> list[Feature]:
    """Return every feature of a normalised text that was cut into `words`."""
    return [*_of_words(words), *_of_characters(text), *_of_concepts(text)]


def _of_words(words: list[Word]) -> Iterator[Feature]:
    before: Word | None = None
    for word in words:
        shown = _NUMBER.sub("0", word.text)
        if _BREAK.fullmatch(shown):
            before = None
            continue
        yield Feature(key(f"w:{shown}"), word.start, word.end, 0)
        if before is not None:
            yield Feature(key(f"b:{_NUMBER.sub('0', before.text)} {shown}"), before.start, word.end, 0)
        before = word


def _of_characters(text: str) -> Iterator[Feature]:
    # Digits look alike, so that an amount does not become a word of its own; the length of the text stays.
    flat = _NUMBER.sub(lambda hit: "0" * len(hit.group()), text)
    for size in NGRAMS:
        for start in range(len(flat) - size + 1):
            gram = flat[start : start + size]
            if gram.isalnum():
                yield Feature(key(gram), start, start + size, 1)


def _of_concepts(text: str) -> Iterator[Feature]:
    known = concepts()
    for size in range(1, _LONGEST_CONCEPT + 1):
        for start in range(len(text) - size + 1):
            for found in known.get(text[start : start + size], ()):
                yield Feature(found, start, start + size, 2)
