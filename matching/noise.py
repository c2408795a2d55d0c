"""Typing slips, seeded: what a hurried thumb does to a text, to measure how well reading bears it."""

from collections.abc import Callable
from functools import lru_cache
from random import Random

from matching.sounds import alike

Slip = Callable[[str, int, Random], str]


@lru_cache(maxsize=1)
def sounds_like() -> dict[str, str]:
    """Return character → the characters that are said alike, itself among them."""
    return {char: chars for chars in alike().values() if len(chars) > 1 for char in chars}


def homophone(text: str, at: int, random: Random) -> str:
    """Return the character at a place as another one that is said alike."""
    others = sounds_like().get(text[at], text[at]).replace(text[at], "") or text[at]
    return random.choice(others)


def _drop(text: str, at: int, random: Random) -> str:  # noqa: ARG001
    return ""


def _twice(text: str, at: int, random: Random) -> str:  # noqa: ARG001
    return text[at] * 2


def _stray(text: str, at: int, random: Random) -> str:
    return text[at] + random.choice("的了啊呢吧、 ")


KINDS: dict[str, tuple[Slip, ...]] = {
    "homophone": (homophone,),
    "mixed": (homophone, homophone, _drop, _twice, _stray),
}


def noisy(text: str, kind: str, share: float, seed: int = 0) -> str:
    """Return the text with slips at about `share` of its Han characters; the same seed makes the same slips.

    Raises KeyError for a kind that is not in KINDS.
    """
    slips, random = KINDS[kind], Random(f"{seed} {kind} {text}")  # noqa: S311 - slips are no secret
    return "".join(
        random.choice(slips)(text, at, random) if "\u4e00" <= char <= "\u9fff" and random.random() < share else char
        for at, char in enumerate(text)
    )


def parse(words: str) -> tuple[str, float]:
    """Return kind and share of «homophone:0.1»; raise ValueError for anything else."""
    kind, _, share = words.partition(":")
    if kind not in KINDS or not 0 <= float(share) <= 1:
        raise ValueError(words)
    return kind, float(share)
