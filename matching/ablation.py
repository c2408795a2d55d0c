"""What each part of the reader brings: the same learning without it, measured on registers that were left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from matching.classify import Counted, by_group, calibrate, count, deal
from matching.evaluate import measure
from matching.features import BLOCKS
from matching.train import Example, fit
from matching.weights import Floats, softmax

Calibrator = Callable[[Floats, list[str], Floats], Floats]


@dataclass(frozen=True)
class Line:
    """One line of the table: what was left out or put in its place, and how well it reads then."""

    name: str
    accuracy: float
    macro_f1: float
    ece: float

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a manifest."""
        return {"name": self.name, "accuracy": self.accuracy, "macro_f1": self.macro_f1, "ece": self.ece}


def ablate(rows: Sequence[Example]) -> list[dict[str, Any]]:
    """Return the table: everything, without each family of features, without the lexicon, other calibrations.

    The calibrations are fitted on all registers but the one that they are measured on, so that none sees its own test.
    """
    seen = count([row.text for row in rows])
    whole = fit(rows, seen)
    names, registers = whole.classes_.tolist(), [row.register for row in rows]
    lines = [_line("everything", whole.left_out_, names, rows)]
    for block, name in enumerate(BLOCKS):
        part = fit(rows, without(seen, block))
        lines.append(_line(f"without {name}", part.left_out_, part.classes_.tolist(), rows))
    bare = fit(rows, seen, lesson_weight=0)
    lines.append(_line("without the lexicon's lessons", bare.left_out_, bare.classes_.tolist(), rows))
    # Left-out probabilities are softmax(scores / temperature): up to a constant of each row, these are the scores.
    scores = (np.log(np.maximum(whole.left_out_, 1e-30)) * whole.temperature_).astype(np.float32)
    for name, calibrator in CALIBRATIONS.items():
        given = _in_turn(scores, names, rows, registers, calibrator)
        lines.append(_line(f"calibration: {name}", given, names, rows))
    return [line.as_json() for line in lines]


def without(seen: Counted, block: int) -> Counted:
    """Return counted texts without one family of features."""
    kept = np.flatnonzero(seen.block != block)
    return Counted(seen.counts[:, kept], seen.keys[kept], seen.block[kept])


def _line(name: str, given: Floats, names: list[str], rows: Sequence[Example]) -> Line:
    found = measure(given, names, [row.type for row in rows], [row.also for row in rows])
    return Line(name, round(found.accuracy, 4), round(found.macro_f1, 4), round(found.ece, 4))


def _in_turn(
    scores: Floats, names: list[str], rows: Sequence[Example], registers: list[str], calibrator: Calibrator
) -> Floats:
    given = np.zeros_like(scores)
    types = [row.type for row in rows]
    for train, test in by_group(registers) if len(set(registers)) > 1 else deal(types, 5):
        labels = [types[at] for at in train]
        known = np.isin(names, labels)
        given[np.ix_(test, known)] = calibrator(scores[train][:, known], labels, scores[test][:, known])
    return given


class _Identity(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Takes scores for what it is given, so that scikit-learn calibrates scores of texts that were left out."""

    def fit(self, _scores: Floats, labels: list[str]) -> Self:
        self.classes_ = np.unique(labels)
        return self

    def decision_function(self, scores: Floats) -> Floats:
        return scores

    def predict(self, scores: Floats) -> NDArray[Any]:
        return np.asarray(self.classes_[scores.argmax(axis=1)])


def _none(_scores: Floats, _labels: list[str], test: Floats) -> Floats:
    return softmax(test)


def _temperature(scores: Floats, labels: list[str], test: Floats) -> Floats:
    names = np.unique(labels)
    return softmax((test / calibrate(scores, np.array(labels)[:, np.newaxis] == names)).astype(np.float32))


def _of_scikit_learn(method: str) -> Calibrator:
    def calibrator(scores: Floats, labels: list[str], test: Floats) -> Floats:
        model = CalibratedClassifierCV(FrozenEstimator(_Identity().fit(scores, labels)), method=method)
        return np.asarray(model.fit(scores, labels).predict_proba(test), dtype=np.float32)

    return calibrator


CALIBRATIONS: dict[str, Calibrator] = {
    "none": _none,
    "one temperature (in use)": _temperature,
    "scikit-learn, sigmoid": _of_scikit_learn("sigmoid"),
    "scikit-learn, isotonic": _of_scikit_learn("isotonic"),
}
