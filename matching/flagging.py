"""FlagClassifier learns which gates and risk signs a text shows: linear judges, with the rules as witnesses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator
from sklearn.svm import LinearSVC

from matching.classify import Counted, weigh
from matching.gates import Hit, find_gates, find_signs
from matching.text import normalise
from matching.weights import Flags, Floats, Weights
from talent_pool import taxonomy

Bools = NDArray[np.bool_]


def flag_codes() -> tuple[str, ...]:
    """Return the codes that are judged: the gates, then the signs, in the order of the taxonomy."""
    return (*taxonomy.gates(), *taxonomy.signs())


def witnessed(texts: Sequence[str]) -> Bools:
    """Return which rules speak up, shape (texts, codes)."""
    return marks([_codes(text) for text in texts])


def _codes(text: str) -> list[str]:
    normal = normalise(text)
    hits: tuple[Hit, ...] = (*find_gates(normal), *find_signs(normal))
    return [hit.code for hit in hits]


def marks(found: Sequence[Sequence[str]]) -> Bools:
    """Return codes as a table, shape (texts, codes)."""
    codes = flag_codes()
    return np.array([[code in row for code in codes] for row in found], dtype=bool).reshape(len(found), len(codes))


@dataclass(frozen=True)
class Bars:
    """Scores from which a flag is raised, and from which it is at least asked about. Shapes (codes,)."""

    raised: Floats
    asked: Floats


class Judged(NamedTuple):
    """Weights with judges, and how well these did on texts left out: code → `FlagClassifier.figures`."""

    weights: Weights
    figures: dict[str, dict[str, float]]


class FlagClassifier(BaseEstimator):  # type: ignore[misc]
    """One linear support vector machine a code over tf-idf vectors and one column for the rule of the same code.

    `C`: inverse regularisation; `positive_weight`: how much a marked text counts beside an unmarked one; `beta`: how
    much recall counts beside precision when a flag is raised; `asked_share`: share of unmarked texts that may be asked
    about, one for all codes or one for each; `folds`: the bars are set on texts left out.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 - the name that scikit-learn uses
        positive_weight: float = 3.0,
        beta: float = 1.0,
        asked_share: float | tuple[float, ...] = 0.05,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.positive_weight = positive_weight
        self.beta = beta
        self.asked_share = asked_share
        self.folds = folds
        self.seed = seed

    def fit(self, vectors: csr_matrix, rules: Bools, marked: Bools) -> Self:
        """Learn from tf-idf vectors (texts, keys), the rules' word and the marks, both (texts, codes)."""
        shown = [self._learn(vectors, rules[:, at], marked[:, at]) for at in range(marked.shape[1])]
        self.coef_ = np.stack([coef[:-1] for coef, _ in shown], axis=1).astype(np.float32)
        self.rule_ = np.array([coef[-1] for coef, _ in shown], dtype=np.float32)
        self.intercept_ = np.array([intercept for _, intercept in shown], dtype=np.float32)
        self.left_out_ = self._left_out(vectors, rules, marked)
        shares = np.broadcast_to(self.asked_share, marked.shape[1]).tolist()
        pairs = list(zip(self.left_out_.T, marked.T, strict=True))
        self.bars_ = Bars(
            np.array([best_bar(scores, shown, self.beta) for scores, shown in pairs]),
            np.array([_asking_bar(*pair, share) for pair, share in zip(pairs, shares, strict=True)]),
        )
        return self

    def _learn(self, vectors: csr_matrix, rule: Bools, marked: Bools) -> tuple[NDArray[np.float64], float]:
        if not marked.any() or marked.all():
            return np.zeros(vectors.shape[1] + 1), -1.0
        seen = hstack([vectors, rule[:, np.newaxis].astype(np.float32)], format="csr")
        weight = {True: self.positive_weight, False: 1.0}
        model = LinearSVC(C=self.C, class_weight=weight, random_state=self.seed).fit(seen, marked)
        return model.coef_[0], float(model.intercept_[0])

    def _left_out(self, vectors: csr_matrix, rules: Bools, marked: Bools) -> Floats:
        scores = np.zeros(marked.shape, dtype=np.float32)
        for train, test in self._dealt(len(marked)):
            for at in range(marked.shape[1]):
                coef, intercept = self._learn(vectors[train], rules[train, at], marked[train, at])
                scores[test, at] = vectors[test] @ coef[:-1] + coef[-1] * rules[test, at] + intercept
        return scores

    def _dealt(self, texts: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        fold = np.random.default_rng(self.seed).permutation(texts) % self.folds
        for number in range(self.folds):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)

    def figures(self, rules: Bools, marked: Bools) -> list[dict[str, float]]:
        """Return how many of the left-out texts of each code are raised and asked about, and how often rightly.

        A rule that speaks up is at least asked about; that some rules are sure enough alone is not counted.
        """
        raised = self.left_out_ >= self.bars_.raised
        told = raised | rules | (self.left_out_ >= self.bars_.asked)
        return [
            {
                "n": int(shown.sum()),
                "raised": _share(up & shown, shown),
                "asked": _share(said & ~up & shown, shown),
                "precision": _share(up & shown, up),
                "asked_in_vain": _share(said & ~up & ~shown, ~shown),
            }
            for shown, up, said in zip(marked.T, raised.T, told.T, strict=True)
        ]


def best_bar(scores: Floats, marked: Bools, beta: float) -> float:
    """Return the score from which raising a flag gives the highest F-beta; infinity when nothing is marked."""
    if not marked.any():
        return float("inf")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(marked[order])
    raised = np.arange(1, len(order) + 1)
    f = (1 + beta**2) * hits / (raised + beta**2 * marked.sum())
    return float(scores[order[int(f.argmax())]])


def _share(part: Bools, whole: Bools) -> float:
    return round(float(part.sum()) / max(1, int(whole.sum())), 4)


def _asking_bar(scores: Floats, marked: Bools, share: float) -> float:
    return float(np.quantile(scores[~marked], 1 - share)) if marked.any() else float("inf")


def asked_shares() -> tuple[float, ...]:
    """Return the share of unmarked texts that may be asked about, for each code.

    Crime and violence are asked about twice as readily: to miss one is worse than a tap on 没有.
    """
    barring = {code for code, gate in taxonomy.gates().items() if gate.bars_shortlist}
    return tuple(0.10 if code in barring else 0.05 for code in flag_codes())


def with_flags(weights: Weights, seen: Counted, rules: Bools, marked: Bools, **settings: Any) -> Judged:
    """Return the weights with judges of gates and signs, learnt over the same keys from the same texts."""
    rows = weights.rows_of(seen.keys)
    known = np.flatnonzero(rows >= 0)
    counts = seen.counts[:, known]
    counts = csr_matrix((counts.data, rows[known][counts.indices], counts.indptr), (len(seen), len(weights.keys)))
    judges = FlagClassifier(**{"asked_share": asked_shares(), **settings})
    learnt = judges.fit(weigh(counts, weights.block, weights.idf), rules, marked)
    flags = Flags(flag_codes(), learnt.coef_, learnt.intercept_, learnt.rule_, learnt.bars_.raised, learnt.bars_.asked)
    return Judged(replace(weights, flags=flags), dict(zip(flag_codes(), learnt.figures(rules, marked), strict=True)))
