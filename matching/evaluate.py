"""Measures of a reading model: how often it is right, how well its probabilities mean what they say."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

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
