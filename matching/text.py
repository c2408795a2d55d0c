"""Text as it is matched: normalised with a way back to the text as given, cut into words, masked for training.

Nothing here is ever shown: NFKC turns full-width brackets into half-width ones, so only offsets travel back.
"""

import sys
import threading
import unicodedata
import warnings
from collections.abc import Callable
from functools import lru_cache
from tempfile import TemporaryDirectory
from typing import NamedTuple

from talent_pool.files import data_dir

LONGEST = 10_000  # code points that are read; what follows is left alone
_JOIN = 4  # at most so many neighbouring words are tried as one entry of the lexicon


class Word(NamedTuple):
    """A word with its half-open span in the text that was cut."""

    text: str
    start: int
    end: int


class Normal(NamedTuple):
    """A normalised text; `origin[i]` is the code point of the given text from which character i came."""

    text: str
    origin: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the given text that [start, end) of the normalised one stands for; needs start < end."""
        return self.origin[start], self.origin[end - 1] + 1


class _Table(dict[int, str]):
    """One code point → what it is matched as; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        value = _plain(chr(code))
        if len(self) < 50_000:  # Unicode is finite, memory is not free
            self[code] = value
        return value


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):  # bidi controls, zero-width joiners, accents: invisible to the matcher
        return ""
    if category in ("Cc", "Cs", "Zs", "Zl", "Zp"):  # NUL and lone surrogates break encoders: a blank is safe everywhere
        return "\n" if char == "\n" else " "
    folded = unicodedata.normalize("NFKC", char).lower()
    return "".join(_simplified().get(c, c) for c in folded if unicodedata.category(c) not in ("Mn", "Cs"))


@lru_cache(maxsize=1)
def _simplified() -> dict[str, str]:
    """Read the frequent traditional characters: each line holds pairs such as 來来."""
    lines = (data_dir() / "lexicon" / "traditional.txt").read_text(encoding="utf-8").splitlines()
    return {pair[0]: pair[1] for line in lines if not line.startswith("#") for pair in line.split()}


_TABLE = _Table()


def normalise(text: str) -> Normal:
    """Return the text as it is matched: NFKC, lower case, simplified, nothing invisible, at most LONGEST long."""
    pieces = [_TABLE[ord(char)] for char in text[:LONGEST]]
    return Normal("".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece])


def plain(text: str) -> str:
    """Return only the words of `normalise`, several times as fast: for texts to which nothing has to travel back."""
    return text[:LONGEST].translate(_TABLE)


# --- words ---

Cutter = Callable[[str], list[str]]
_lock = threading.Lock()


@lru_cache(maxsize=1)
def cutter() -> Cutter:
    """Return the quick cutter (rjieba) where its wheel exists, else jieba itself: both give the same words."""
    try:
        import rjieba
    except ImportError:
        return jieba_cutter()
    return lambda text: list(rjieba.cut(text))


@lru_cache(maxsize=1)
def jieba_cutter() -> Cutter:
    """Return jieba's cutter, built from its own dictionary (half a second, once)."""
    with _lock, warnings.catch_warnings(), TemporaryDirectory() as private:
        warnings.simplefilter("ignore")  # invalid escapes in jieba's sources, pkg_resources
        import jieba

        jieba.setLogLevel("WARNING")
        tokenizer = jieba.Tokenizer()
        # jieba would load a marshal file that anybody may have left in the shared temp folder; here it finds none.
        tokenizer.tmp_dir = private
        tokenizer.initialize()
    return lambda text: list(tokenizer.cut(text))


@lru_cache(maxsize=1)
def lexicon() -> frozenset[str]:
    """Return the words of farm, land, kin, money and dialect which the cutters' dictionary does not know."""
    lines = (data_dir() / "lexicon" / "words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=1)
def _beginnings() -> frozenset[str]:
    """Return what a word of the lexicon can begin with: few pieces of a text are among it."""
    return frozenset(word[:size] for word in lexicon() for size in range(1, len(word)))


def cut(text: str, engine: Cutter | None = None) -> list[Word]:
    """Cut a normalised text into words with spans; neighbours that form a word of the lexicon are joined."""
    at = 0
    return [Word(piece, at, at := at + len(piece)) for piece in _joined((engine or cutter())(text))]


def _joined(pieces: list[str]) -> list[str]:
    # Joined after cutting, not fed to the engines' dictionaries: both engines agree, no process-wide state changes.
    begins = _beginnings()
    if begins.isdisjoint(pieces):
        return pieces
    out: list[str] = []
    at = 0
    while at < len(pieces):
        size = _longest(pieces, at) if pieces[at] in begins else 1
        out.append("".join(pieces[at : at + size]))
        at += size
    return out


def _longest(pieces: list[str], at: int) -> int:
    known, joined, best = lexicon(), pieces[at], 1
    for size, piece in enumerate(pieces[at + 1 : at + _JOIN], start=2):
        joined += piece
        if joined in known:
            best = size
    return best


# --- personal data ---


def redact(text: str, *, names: bool = True) -> str:
    """Return the text with all personal data masked (see `matching.redaction`), for keeping it; `names` as there."""
    from matching.redaction import masked  # here, since finding names rests on this module

    return masked(text, names=names)


def engine_name() -> str:
    """Return which cutter is at work."""
    cutter()
    return "rjieba" if "rjieba" in sys.modules else "jieba"
