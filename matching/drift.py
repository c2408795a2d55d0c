"""How far the texts of today are from those on which a model was measured: types, sureness, abstentions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any, Protocol

from matching.weights import Floats

COUNTY = "county"  # the register of texts that a county's officers confirmed
ENOUGH = 100  # texts of the county, from which they themselves are what is compared with
STEADY, SHIFTED = 0.1, 0.25  # the usual marks of the population stability index
_TENTHS = 10
_FLOOR = 0.005  # a share of nothing would make the index infinite


class Registered(Protocol):
    """Anything that says from which register it comes."""

    @property
    def register(self) -> str:
        """Return the register."""


@dataclass(frozen=True)
class Reference:
    """Shares of the types that a model gave, of the tenths of its top probability, and of abstentions."""

    n: int
    types: dict[str, float]
    top: tuple[float, ...]
    abstained: float
    of: str = "corpus"  # or COUNTY

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Reference":
        """Read it back."""
        return cls(**{**given, "top": tuple(given["top"])})


def shares(answers: Iterable[tuple[str, float, bool]], of: str = "corpus") -> Reference:
    """Return the shares of answers (type, top probability, abstained)."""
    found = list(answers)
    n = max(1, len(found))
    tenths = Counter(min(_TENTHS - 1, int(top * _TENTHS)) for _, top, _ in found)
    return Reference(
        n=len(found),
        types={name: round(count / n, 4) for name, count in sorted(Counter(name for name, _, _ in found).items())},
        top=tuple(round(tenths[at] / n, 4) for at in range(_TENTHS)),
        abstained=round(sum(abstained for _, _, abstained in found) / n, 4),
        of=of,
    )


def reference(given: Floats, names: Sequence[str], threshold: float, rows: Sequence[Registered]) -> Reference:
    """Return what a model answers on texts left out, probabilities (texts, types): of the county, if there are enough.

    The corpus has every type alike often, a county has not: compared with it, every county would seem to have shifted.
    """
    own = [at for at, row in enumerate(rows) if row.register == COUNTY]
    chosen, of = (own, COUNTY) if len(own) >= ENOUGH else (range(len(rows)), "corpus")
    best, top = given.argmax(axis=1), given.max(axis=1)
    return shares(((names[best[at]], float(top[at]), bool(top[at] < threshold)) for at in chosen), of)


def stability(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the population stability index of two lists of shares over the same classes."""
    pairs = [(max(a, _FLOOR), max(b, _FLOOR)) for a, b in zip(before, after, strict=True)]
    return sum((b - a) * log(b / a) for a, b in pairs)


def types_shift(before: Reference, after: Reference) -> float:
    """Return the index over the types."""
    names = sorted({*before.types, *after.types})
    return stability([before.types.get(name, 0.0) for name in names], [after.types.get(name, 0.0) for name in names])
