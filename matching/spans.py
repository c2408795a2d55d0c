"""Keys of stretches of text: texts are laid end to end, and the key of any stretch costs two look-ups."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Offsets = NDArray[np.intp]

BREAK = "\x01"  # stands for whatever is no letter and no digit, and between two texts
_BASE = 0x9E3779B97F4A7C15  # odd: it has an inverse modulo 2**64, so that a key does not depend on where a stretch lies
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


class Sheet(NamedTuple):
    """Texts laid end to end, a BREAK after each. `codes` (n,), `sums` (n + 1,), `starts` (texts + 1,)."""

    codes: Keys
    sums: Keys
    starts: Offsets

    @property
    def solid(self) -> NDArray[np.bool_]:
        """Tell for each code point whether it is a letter or a digit."""
        return self.codes > ord(BREAK)

    def keys(self, start: Offsets, end: Offsets) -> Keys:
        """Return the 64-bit keys of the stretches [start, end): the same characters have the same key anywhere."""
        return (self.sums[end] - self.sums[start]) * _powers(len(self.codes)).inverse[start]

    def owners(self, at: Offsets) -> Offsets:
        """Return for each position the number of the text that it belongs to."""
        return np.searchsorted(self.starts, at, side="right") - 1


def lay(texts: Sequence[str]) -> Sheet:
    """Lay out texts in which every character that breaks a word is already a BREAK."""
    flat = (BREAK.join(texts) + BREAK).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(flat, dtype=np.uint32).astype(np.uint64)
    sums = np.empty(len(codes) + 1, dtype=np.uint64)
    sums[0] = 0
    np.multiply(codes, _powers(len(codes)).base[: len(codes)]).cumsum(out=sums[1:])
    starts = np.array([0, *accumulate(len(text) + 1 for text in texts)], dtype=np.intp)
    return Sheet(codes, sums, starts)


def keys_of(words: Sequence[str]) -> Keys:
    """Return the keys of whole words, as `Sheet.keys` gives them for the same characters inside a text."""
    sheet = lay(words)
    return sheet.keys(sheet.starts[:-1], sheet.starts[1:] - 1)


def folded(keys: Keys, salt: int | Keys) -> NDArray[np.uint32]:
    """Return 32-bit keys; another `salt` gives the same characters another key (a word is not a run of characters)."""
    salts = salt if isinstance(salt, np.ndarray) else np.uint64(salt)
    return (((keys ^ salts) * _MIX) >> _HALF).astype(np.uint32)


def among(known: Keys, keys: Keys) -> NDArray[np.bool_]:
    """Tell for each key whether it is in `known`, which is sorted and not empty."""
    at = known.searchsorted(keys)
    return np.asarray(known.take(at, mode="clip") == keys)


class _Powers(NamedTuple):
    base: Keys
    inverse: Keys


_grown = _Powers(np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64))


def _powers(size: int) -> _Powers:
    """Return the powers of the base and of its inverse up to at least `size`; kept and grown by doubling."""
    global _grown
    found = _grown
    if len(found.base) <= size:
        length = max(1 << 12, 1 << size.bit_length())
        found = _grown = _Powers(_powers_of(_BASE, length), _powers_of(_INVERSE, length))
    return found


def _powers_of(base: int, length: int) -> Keys:
    powers = np.full(length + 1, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)
