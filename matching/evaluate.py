"""Measures of a reading model: how often it is right, how well its probabilities mean what they say."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.reading import Reading
from matching.weights import Floats

BINS = 15
COVERAGE = 0.8


@dataclass(frozen=True)
class Figures:
    """Figures of labelled texts; a type in a line's `also` counts as right, abstention does not change accuracy."""

    n: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    accuracy_at_80_coverage: float
    ms_per_text: float = 0.0

    def as_json(self) -> dict[str, float]:
        """Return the figures under their names, rounded to four places."""
        return {name: value if isinstance(value, int) else round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Share:
    """A share of hits with its 95 % interval (Wilson's)."""

    hits: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Return the lower and the upper bound; everything is possible when nothing was counted."""
        if not self.n:
            return 0.0, 1.0
        p, z = self.hits / self.n, 1.96
        half = z * sqrt(p * (1 - p) / self.n + z * z / (4 * self.n**2))
        middle, whole = p + z * z / (2 * self.n), 1 + z * z / self.n
        return (middle - half) / whole, (middle + half) / whole

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.hits / max(1, self.n):.3f} ({low:.3f}-{high:.3f}, n={self.n})"


@dataclass(frozen=True)
class Flagged:
    """How well one gate or sign is seen: of the texts that show it and of those that raise it, how many do both."""

    recall: Share
    precision: Share
    asked: int  # of the texts that show it without its being raised: how many are at least asked about
    traps: Share  # of the texts that only look like it: how many raise it


def flagged(code: str, gold: Sequence[dict[str, Any]], readings: Sequence[Reading]) -> Flagged:
    """Measure one gate or sign on lines with `gates`, `signs` and `traps`."""
    shows = [any(mark["code"] == code for mark in (*row["gates"], *row["signs"])) for row in gold]
    raised = [code in {hit.code for hit in (*reading.gates, *reading.risk.signs)} for reading in readings]
    asked = [code in {hit.code for hit in reading.asks} for reading in readings]
    both = sum(a and b for a, b in zip(shows, raised, strict=True))
    traps = [r for row, r in zip(gold, raised, strict=True) if code in row["traps"]]
    return Flagged(
        Share(both, sum(shows)),
        Share(both, sum(raised)),
        sum(a and b for a, b in zip(shows, asked, strict=True)),
        Share(sum(traps), len(traps)),
    )


def shares(groups: Sequence[str], hits: Sequence[bool]) -> dict[str, Share]:
    """Return the share of hits of each group, the weakest first."""
    found: dict[str, list[bool]] = {}
    for group, hit in zip(groups, hits, strict=True):
        found.setdefault(group, []).append(bool(hit))
    each = {group: Share(sum(some), len(some)) for group, some in found.items()}
    return dict(sorted(each.items(), key=lambda item: item[1].hits / item[1].n))


def measure(
    probabilities: Floats,
    names: Sequence[str],
    types: Sequence[str],
    also: Sequence[Sequence[str]],
    ms_per_text: float = 0.0,
) -> Figures:
    """Measure probabilities, shape (texts, len(names)), against the right types; raise ValueError without texts."""
    if not len(types):
        raise ValueError("no texts to measure")
    right = [{main, *more} for main, more in zip(types, also, strict=True)]
    order = np.argsort(-probabilities, axis=1, kind="stable")
    best = [names[i] for i in order[:, 0]]
    hit = np.array([name in set_ for name, set_ in zip(best, right, strict=True)])
    top = probabilities.max(axis=1)
    return Figures(
        n=len(types),
        accuracy=float(hit.mean()),
        macro_f1=macro_f1(best, types, right),
        top3=float(np.mean([any(names[i] in set_ for i in row[:3]) for row, set_ in zip(order, right, strict=True)])),
        ece=calibration_error(top, hit),
        accuracy_at_80_coverage=float(
            hit[np.argsort(-top, kind="stable")[: max(1, round(COVERAGE * len(hit)))]].mean()
        ),
        ms_per_text=ms_per_text,
    )


def macro_f1(predicted: Sequence[str], types: Sequence[str], right: Sequence[set[str]]) -> float:
    """Return the mean F1 over the types present; any of a text's right types counts as its main type."""
    counted = [main if name in set_ else name for name, main, set_ in zip(predicted, types, right, strict=True)]
    return float(np.mean([_f1(counted, types, name) for name in sorted(set(types))]))


def _f1(predicted: Sequence[str], types: Sequence[str], name: str) -> float:
    both = sum(p == t == name for p, t in zip(predicted, types, strict=True))
    either = sum(p == name for p in predicted) + sum(t == name for t in types)
    return 2 * both / either


def calibration_error(top: Floats, hit: NDArray[np.bool_]) -> float:
    """Return the expected calibration error of the top probability over 15 bins of equal width."""
    bins = np.clip(np.ceil(top * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = [
        abs(float(hit[bins == b].mean()) - float(top[bins == b].mean())) * float((bins == b).mean())
        for b in np.unique(bins)
    ]
    return float(sum(gaps))
