"""DisputeClassifier learns which kind of dispute a text is about; what it learnt is served by `matching.weights`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC

from matching.features import extract, lexicon
from matching.text import plain, redact
from matching.weights import NONE, Floats, Vectors, Weights, softmax
from talent_pool.taxonomy import subtypes as subtypes_of
from talent_pool.taxonomy import types

Labels = Sequence[str]
_DOZEN = 12
_SEEN_TOGETHER = 2  # a sub-type may stand under a type when the corpus shows it so often


@dataclass(frozen=True)
class Counted:
    """Texts as counts of features: `counts` (texts, keys), `keys` ascending, `block` of each key."""

    counts: csr_matrix
    keys: NDArray[np.uint32]
    block: NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.counts.shape[0])

    def take(self, chosen: Sequence[int] | NDArray[np.intp]) -> "Counted":
        """Return some of the texts, in the order given."""
        return Counted(self.counts[np.asarray(chosen, dtype=np.intp)], self.keys, self.block)

    def and_(self, other: "Counted") -> "Counted":
        """Return these texts and then the other ones, over the keys of both."""
        keys = np.union1d(self.keys, other.keys)
        block = np.zeros(len(keys), dtype=np.uint8)
        for part in (self, other):
            block[np.searchsorted(keys, part.keys)] = part.block
        return Counted(vstack([self._over(keys), other._over(keys)], format="csr"), keys, block)

    def _over(self, keys: NDArray[np.uint32]) -> csr_matrix:
        columns = np.searchsorted(keys, self.keys)[self.counts.indices]
        return csr_matrix((self.counts.data, columns, self.counts.indptr), shape=(len(self), len(keys)))


def count(texts: Sequence[str]) -> Counted:
    """Return the features of texts as given; numbers of persons are masked before anything is learnt from them.

    Names in the words of real cases are masked where such words are kept, not here: serving does not mask either.
    """
    found = extract([plain(redact(text, names=False)) for text in texts])
    keys, first, columns = np.unique(found.key, return_index=True, return_inverse=True)
    ones = np.ones(len(columns), dtype=np.float32)
    counts = csr_matrix((ones, (found.text, columns)), shape=(len(texts), len(keys)))
    counts.sum_duplicates()
    return Counted(counts, keys, found.block[first])


class DisputeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear support vectors over hashed tf-idf blocks, temperature-scaled on texts that were left out.

    `min_df`: a feature must occur in so many texts; `C`: inverse regularisation; `also_weight`: how much a second right
    type counts; `coverage`: share of left-out texts that must be answered, which sets the abstention threshold;
    `folds`: for calibration; `lesson_weight`: how much a dozen words of the lexicon count beside a text of the corpus;
    `doubt`: what is taken off the score of kinds of which a rural station sees none (their share is 0): the corpus has
    them far oftener than life, and the guide of types puts most such texts under consumer or other.
    """

    def __init__(
        self,
        min_df: int = 2,
        C: float = 0.5,  # noqa: N803 - the name that scikit-learn uses
        also_weight: float = 0.75,
        coverage: float = 0.8,
        folds: int = 5,
        lesson_weight: float = 1.5,
        doubt: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.min_df = min_df
        self.C = C
        self.also_weight = also_weight
        self.coverage = coverage
        self.folds = folds
        self.lesson_weight = lesson_weight
        self.doubt = doubt
        self.seed = seed

    def fit(
        self,
        X: Sequence[str],  # noqa: N803
        y: Labels,
        *,
        also: Sequence[Labels] | None = None,
        subtypes: Labels | None = None,
        groups: Labels | None = None,
        sample_weight: Sequence[float] | None = None,
    ) -> Self:
        """Learn from texts, their types, further right types and sub-types ('' where none fits)."""
        return self.fit_counted(count(X), y, also=also, subtypes=subtypes, groups=groups, sample_weight=sample_weight)

    def fit_counted(
        self,
        seen: Counted,
        y: Labels,
        *,
        also: Sequence[Labels] | None = None,
        subtypes: Labels | None = None,
        groups: Labels | None = None,
        sample_weight: Sequence[float] | None = None,
    ) -> Self:
        """Learn from texts that are already counted (`count`).

        `groups`: where each text comes from (a register, a source). Calibration then leaves out whole groups: a new
        county writes as no group of the corpus does, and probabilities are to hold there.
        """
        rows = _Rows(
            seen,
            list(y),
            also or [()] * len(y),
            list(subtypes or [NONE] * len(y)),
            np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64),
        )
        self.weights_ = self._learn(rows)
        self.classes_ = np.array(self.weights_.types)
        scores = self._left_out(rows, list(groups) if groups else None)
        right = _right(self.classes_.tolist(), rows.y, rows.also)
        self.temperature_ = calibrate(scores, right)
        self.left_out_ = softmax((scores / self.temperature_).astype(np.float32))
        self.threshold_ = float(np.quantile(self.left_out_.max(axis=1), 1 - self.coverage))
        self.weights_ = _with(self.weights_, temperature=self.temperature_, threshold=self.threshold_)
        return self

    def predict_proba(self, X: Sequence[str]) -> Floats:  # noqa: N803
        """Return calibrated probabilities, shape (texts, types)."""
        return self.weights_.probabilities(self.weights_.scores(vectors_of(self.weights_, X)))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:  # noqa: N803
        """Return the most probable type of each text."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _left_out(self, rows: "_Rows", groups: list[str] | None) -> Floats:
        names = list(self.weights_.types)
        scores = np.full((len(rows.y), len(names)), -3.0, dtype=np.float32)  # a type that a fold never saw
        for train, test in by_group(groups) if groups else deal(rows.y, self.folds, self.seed):
            part = self._learn(rows.take(train))
            columns = np.array([names.index(name) for name in part.types])
            scores[np.ix_(test, columns)] = _score(part, rows.seen.take(test))
        return scores

    def _learn(self, rows: "_Rows") -> Weights:
        lessons, kinds = _lessons() if self.lesson_weight else (None, ())
        everything = rows.seen.and_(lessons) if lessons else rows.seen
        chosen, idf = _vocabulary(everything.counts, self.min_df)
        keys, block = everything.keys[chosen], everything.block[chosen]
        matrix = weigh(everything.counts[:, chosen], block, idf)
        at, labels, weight = _repeated(rows.y, rows.also, self.also_weight)
        at, labels = [*at, *range(len(rows.y), len(everything))], [*labels, *kinds]
        weight = np.concatenate([weight * rows.weight[at[: len(weight)]], np.full(len(kinds), self.lesson_weight)])
        names, coef, intercept = self._linear(matrix[at], labels, weight)
        unseen = np.array([name in types() and not types()[name].share for name in names])
        intercept = intercept - (self.doubt * unseen).astype(np.float32)
        sub_names, sub_coef, sub_intercept = self._linear(matrix[: len(rows.y)], rows.subtypes, rows.weight)
        return Weights(
            types=names,
            subtypes=sub_names,
            allowed=_allowed(rows.y, rows.also, rows.subtypes),
            keys=keys,
            block=block,
            idf=idf,
            coef=coef,
            intercept=intercept,
            sub_coef=sub_coef,
            sub_intercept=sub_intercept,
            temperature=1.0,
            threshold=0.0,
        )

    def _linear(
        self, matrix: csr_matrix, labels: list[str], weight: NDArray[np.float64]
    ) -> tuple[tuple[str, ...], Floats, Floats]:
        names = tuple(sorted(set(labels)))
        if len(names) == 1:
            return names, np.zeros((matrix.shape[1], 1), dtype=np.float32), np.zeros(1, dtype=np.float32)
        model = LinearSVC(C=self.C, random_state=self.seed).fit(matrix, labels, sample_weight=weight)
        coef, intercept = model.coef_, model.intercept_
        if len(names) == 2:  # scikit-learn keeps one row for two classes
            coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
        return names, np.ascontiguousarray(coef.T, dtype=np.float32), intercept.astype(np.float32)


@dataclass(frozen=True)
class _Rows:
    """Texts with their labels and how much each counts."""

    seen: Counted
    y: list[str]
    also: Sequence[Labels]
    subtypes: list[str]
    weight: NDArray[np.float64]

    def take(self, chosen: NDArray[np.intp]) -> "_Rows":
        return _Rows(
            self.seen.take(chosen),
            [self.y[at] for at in chosen],
            [self.also[at] for at in chosen],
            [self.subtypes[at] for at in chosen],
            self.weight[chosen],
        )


@lru_cache(maxsize=1)
def _lessons() -> tuple[Counted, tuple[str, ...]]:
    # The lexicon's words as short lists: they carry the formal words of files and letters, rare in the corpus.
    groups, texts, kinds = lexicon()["groups"], [], []
    for kind, names in sorted(lexicon()["teaches"].items()):
        for name in names:
            words = groups[name].split()
            dozens = ["，".join(words[at : at + _DOZEN]) for at in range(0, len(words), _DOZEN)]
            texts += dozens
            kinds += [kind] * len(dozens)
    return count(texts), tuple(kinds)


def _vocabulary(counts: csr_matrix, min_df: int) -> tuple[NDArray[np.intp], Floats]:
    """Return the columns that occur in at least `min_df` texts, and their idf."""
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    chosen = np.flatnonzero(df >= min_df)
    idf = np.log((1 + counts.shape[0]) / (1 + df[chosen])) + 1
    return chosen, idf.astype(np.float16).astype(np.float32)


def weigh(counts: csr_matrix, block: NDArray[np.uint8], idf: Floats) -> csr_matrix:
    """Return the tf-idf matrix (texts, keys), exactly as `Weights.vectors` makes its rows."""
    text = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    group = text * (int(block.max(initial=0)) + 1) + block[counts.indices]
    norms = np.sqrt(np.bincount(group, weights=values * values))
    values = (values / np.maximum(norms, 1e-9)[group]).astype(np.float32)
    return csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def _score(weights: Weights, seen: Counted) -> Floats:
    """Return the scores (texts, types) of counted texts."""
    rows = weights.rows_of(seen.keys)
    known = np.flatnonzero(rows >= 0)
    counts = seen.counts[:, known]
    counts = csr_matrix((counts.data, rows[known][counts.indices], counts.indptr), (len(seen), len(weights.keys)))
    return np.asarray(weigh(counts, weights.block, weights.idf) @ weights.coef + weights.intercept, dtype=np.float32)


def vectors_of(weights: Weights, texts: Sequence[str]) -> Vectors:
    """Return texts as given in the form that `Weights.scores` takes."""
    return weights.vectors(extract([plain(text) for text in texts]), len(texts))


def by_group(groups: Labels) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (train, test) rows, each group left out in turn."""
    names = np.array(groups)
    for name in sorted(set(groups)):
        yield np.flatnonzero(names != name), np.flatnonzero(names == name)


def deal(labels: Labels, folds: int, seed: int = 0) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (train, test) rows, each label dealt out evenly; raise ValueError with fewer rows than folds.

    Rare labels are dealt as well: some fold then learns without them, as it must in life.
    """
    if len(labels) < folds:
        raise ValueError(f"{len(labels)} < {folds}")
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(np.array(labels)[order], kind="stable")]
    fold = np.empty(len(labels), dtype=np.intp)
    fold[order] = np.arange(len(labels)) % folds
    for number in range(folds):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _repeated(y: Labels, also: Sequence[Labels], weight: float) -> tuple[list[int], list[str], NDArray[np.float64]]:
    # A second right type is a second, lighter example of the same text.
    rows, labels, counts = list(range(len(y))), list(y), [1.0] * len(y)
    for row, names in enumerate(also):
        rows += [row] * len(names)
        labels += names
        counts += [weight] * len(names)
    return rows, labels, np.array(counts)


def _allowed(y: Labels, also: Sequence[Labels], subtypes: Labels) -> dict[str, tuple[str, ...]]:
    pairs = Counter(
        (type_, sub) for main, more, sub in zip(y, also, subtypes, strict=True) if sub for type_ in (main, *more)
    )
    found: dict[str, list[str]] = {}
    for (type_, sub), count in sorted(pairs.items()):
        if count >= _SEEN_TOGETHER and type_ in types() and sub in subtypes_of(type_):
            found.setdefault(type_, []).append(sub)
    return {type_: tuple(names) for type_, names in found.items()}


def _right(names: list[str], y: Labels, also: Sequence[Labels]) -> NDArray[np.bool_]:
    right = np.zeros((len(y), len(names)), dtype=bool)
    for row, (main, more) in enumerate(zip(y, also, strict=True)):
        for name in {main, *more}:
            right[row, names.index(name)] = True
    return right


def calibrate(scores: Floats, right: NDArray[np.bool_]) -> float:
    """Return the temperature under which the right types are most likely; any of several right types counts."""

    def loss(log_temperature: float) -> float:
        given = (softmax((scores / np.exp(log_temperature)).astype(np.float32)) * right).sum(axis=1)
        return float(-np.log(np.maximum(given, 1e-9)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 3), method="bounded").x))


def _with(weights: Weights, **changes: Any) -> Weights:
    return Weights(**{name: getattr(weights, name) for name in weights.__dataclass_fields__} | changes)
