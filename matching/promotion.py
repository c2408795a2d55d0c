"""May a challenger speak? Not if it is worse on the frozen gold texts: overall, on any type, or in calibration."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.evaluate import Figures, measure
from matching.train import Example, examples, probabilities
from matching.weights import Floats, Weights
from talent_pool import taxonomy
from talent_pool.files import data_dir

GOLD = "rural.jsonl"


class GoldChanged(Exception):
    """The gold texts are not those whose hash was written down."""


@dataclass(frozen=True)
class Tolerance:
    """What counts as not worse: each figure is compared on the same texts, so that most of the noise cancels out."""

    accuracy: float = 0.005
    macro_f1: float = 0.005
    sure: float = 0.01  # accuracy at 80 % coverage
    calibration: float = 0.01
    texts_of_a_type: int = 1  # right before, wrong now, less those the other way round
    share_of_a_type: float = 0.05


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger may speak, why not, and both models' figures on the same texts."""

    reasons: tuple[str, ...]  # 'accuracy', 'macro_f1', 'sure', 'calibration', 'type:<code>'
    before: dict[str, float]
    after: dict[str, float]
    won: int  # texts that only the challenger has right
    lost: int
    against: str = ""
    by_type: dict[str, int] = field(default_factory=dict)  # type → right texts more (or fewer) than before

    @property
    def passed(self) -> bool:
        """Tell whether it is not worse."""
        return not self.reasons

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "against": self.against, "reasons": list(self.reasons), "before": self.before, "after": self.after,
            "won": self.won, "lost": self.lost, "by_type": self.by_type,
        }  # fmt: skip


def gold(folder: Path | None = None) -> list[Example]:
    """Return the frozen texts; raise GoldChanged unless the file is the one whose hash stands beside it."""
    folder = folder or data_dir() / "gold"
    lines = (line.split() for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines())
    sums = {name: digest for digest, name in lines}
    if hashlib.sha256((folder / GOLD).read_bytes()).hexdigest() != sums.get(GOLD):
        raise GoldChanged(GOLD)
    return examples([folder / GOLD], frozenset(taxonomy.types()))


def judge(
    challenger: Weights, champions: dict[str, Weights], rows: Sequence[Example], tolerance: Tolerance | None = None
) -> list[Verdict]:
    """Compare a challenger with each champion; it may speak if all verdicts pass.

    The shipped model stands beside the last champion, so that small losses of many nights do not add up.
    """
    names = sorted(
        {*taxonomy.types(), *challenger.types, *(name for each in champions.values() for name in each.types)}
    )
    texts = [row.text for row in rows]
    after = probabilities(challenger, names, texts)
    return [
        compare(probabilities(weights, names, texts), after, names, rows, tolerance or Tolerance(), name)
        for name, weights in champions.items()
    ]


def compare(
    before: Floats,
    after: Floats,
    names: Sequence[str],
    rows: Sequence[Example],
    tolerance: Tolerance,
    against: str = "",
) -> Verdict:
    """Compare probabilities (texts, names) of two models on the same texts."""
    old, new = _figures(before, names, rows), _figures(after, names, rows)
    was, now = _right(before, names, rows), _right(after, names, rows)
    types = np.array([row.type for row in rows])
    sizes = Counter(row.type for row in rows)
    gained = {type_: int(now[types == type_].sum()) - int(was[types == type_].sum()) for type_ in sorted(sizes)}
    falls = {
        "accuracy": old.accuracy - new.accuracy > tolerance.accuracy,
        "macro_f1": old.macro_f1 - new.macro_f1 > tolerance.macro_f1,
        "sure": old.accuracy_at_80_coverage - new.accuracy_at_80_coverage > tolerance.sure,
        "calibration": new.ece - old.ece > tolerance.calibration,
    } | {
        f"type:{type_}": -more > max(tolerance.texts_of_a_type, tolerance.share_of_a_type * sizes[type_])
        for type_, more in gained.items()
    }
    return Verdict(
        reasons=tuple(name for name, fell in falls.items() if fell),
        before=_rounded(old),
        after=_rounded(new),
        won=int((now & ~was).sum()),
        lost=int((was & ~now).sum()),
        against=against,
        by_type={type_: more for type_, more in gained.items() if more},
    )


def _figures(given: Floats, names: Sequence[str], rows: Sequence[Example]) -> Figures:
    return measure(given, names, [row.type for row in rows], [row.also for row in rows])


def _rounded(figures: Figures) -> dict[str, float]:
    return {name: value for name, value in figures.as_json().items() if name != "ms_per_text"}


def _right(given: Floats, names: Sequence[str], rows: Sequence[Example]) -> NDArray[np.bool_]:
    best = given.argmax(axis=1)
    return np.array([names[at] in (row.type, *row.also) for at, row in zip(best, rows, strict=True)], dtype=bool)
