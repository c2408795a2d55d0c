"""DisputeClassifier learns which kind of dispute a text is about; what it learnt is served by `matching.weights`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC

from matching.features import Feature, extract, lexicon
from matching.text import cut, normalise, redact
from matching.weights import NONE, Floats, Weights, softmax
from talent_pool.taxonomy import subtypes as subtypes_of
from talent_pool.taxonomy import types

Labels = Sequence[str]
Extracted = list[Feature]
_DOZEN = 12
_SEEN_TOGETHER = 2  # a sub-type may stand under a type when the corpus shows it so often


def features_of(text: str) -> Extracted:
    """Return the features of a text as given; personal data is masked before anything is learnt from it."""
    normal = normalise(redact(text)).text
    return extract(normal, cut(normal))


class DisputeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear support vectors over hashed tf-idf blocks, temperature-scaled on out-of-fold scores.

    `min_df`: a feature must occur in so many texts; `C`: inverse regularisation; `also_weight`: how much a second right
    type counts; `coverage`: share of out-of-fold texts that must be answered, which sets the abstention threshold;
    `folds`: for calibration; `lesson_weight`: how much a dozen words of the lexicon count beside a text of the corpus.
    """

    def __init__(
        self,
        min_df: int = 2,
        C: float = 1.0,  # noqa: N803 - the name that scikit-learn uses
        also_weight: float = 0.5,
        coverage: float = 0.8,
        folds: int = 5,
        lesson_weight: float = 0.6,
        seed: int = 0,
    ) -> None:
        self.min_df = min_df
        self.C = C
        self.also_weight = also_weight
        self.coverage = coverage
        self.folds = folds
        self.lesson_weight = lesson_weight
        self.seed = seed

    def fit(
        self,
        X: Sequence[str],  # noqa: N803
        y: Labels,
        *,
        also: Sequence[Labels] | None = None,
        subtypes: Labels | None = None,
    ) -> Self:
        """Learn from texts, their types, further right types and sub-types ('' where none fits)."""
        return self.fit_features([features_of(text) for text in X], y, also=also, subtypes=subtypes)

    def fit_features(
        self,
        seen: Sequence[Extracted],
        y: Labels,
        *,
        also: Sequence[Labels] | None = None,
        subtypes: Labels | None = None,
    ) -> Self:
        """Learn from texts whose features are already extracted (`features_of`)."""
        also, subtypes = also or [()] * len(y), subtypes or [NONE] * len(y)
        self.weights_ = self._learn(seen, y, also, subtypes)
        scores = self._out_of_fold(seen, y, also, subtypes)
        self.classes_ = np.array(self.weights_.types)
        right = _right(self.classes_.tolist(), y, also)
        self.temperature_ = calibrate(scores, right)
        self.out_of_fold_ = softmax((scores / self.temperature_).astype(np.float32))
        self.threshold_ = float(np.quantile(self.out_of_fold_.max(axis=1), 1 - self.coverage))
        self.weights_ = _with(self.weights_, temperature=self.temperature_, threshold=self.threshold_)
        return self

    def predict_proba(self, X: Sequence[str]) -> Floats:  # noqa: N803
        """Return calibrated probabilities, shape (texts, types)."""
        return self.predict_proba_features([features_of(text) for text in X])

    def predict_proba_features(self, seen: Sequence[Extracted]) -> Floats:
        """Return calibrated probabilities of texts whose features are already extracted."""
        weights = self.weights_
        return np.stack([weights.probabilities(weights.score(features)) for features in seen])

    def predict(self, X: Sequence[str]) -> NDArray[Any]:  # noqa: N803
        """Return the most probable type of each text."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _out_of_fold(self, seen: Sequence[Extracted], y: Labels, also: Sequence[Labels], subtypes: Labels) -> Floats:
        names = list(self.weights_.types)
        scores = np.full((len(y), len(names)), -3.0, dtype=np.float32)  # a type that a fold never saw
        for train, test in deal(y, self.folds, self.seed):
            part = self._learn(*(_take(rows, train) for rows in (seen, y, also, subtypes)))
            columns = [names.index(name) for name in part.types]
            for i in test:
                scores[i, columns] = part.score(seen[i])
        return scores

    def _learn(self, seen: Sequence[Extracted], y: Labels, also: Sequence[Labels], subtypes: Labels) -> Weights:
        taught, kinds = _lessons() if self.lesson_weight else ((), ())
        everything = [*seen, *taught]
        keys, block, idf = _vocabulary(everything, self.min_df)
        matrix = vectorise(everything, keys, block, idf)
        rows, labels, counts = _repeated(y, also, self.also_weight)
        rows, labels = [*rows, *range(len(seen), len(everything))], [*labels, *kinds]
        counts = np.concatenate([counts, np.full(len(kinds), self.lesson_weight)])
        names, coef, intercept = self._linear(matrix[rows], labels, counts)
        sub_names, sub_coef, sub_intercept = self._linear(matrix[: len(seen)], list(subtypes), np.ones(len(y)))
        return Weights(
            types=names,
            subtypes=sub_names,
            allowed=_allowed(y, also, subtypes),
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
        self, matrix: csr_matrix, labels: list[str], counts: NDArray[np.float64]
    ) -> tuple[tuple[str, ...], Floats, Floats]:
        names = tuple(sorted(set(labels)))
        if len(names) == 1:
            return names, np.zeros((matrix.shape[1], 1), dtype=np.float32), np.zeros(1, dtype=np.float32)
        model = LinearSVC(C=self.C, random_state=self.seed).fit(matrix, labels, sample_weight=counts)
        coef, intercept = model.coef_, model.intercept_
        if len(names) == 2:  # scikit-learn keeps one row for two classes
            coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
        return names, np.ascontiguousarray(coef.T, dtype=np.float32), intercept.astype(np.float32)


@lru_cache(maxsize=1)
def _lessons() -> tuple[tuple[Extracted, ...], tuple[str, ...]]:
    # The lexicon's words as short lists: they carry the formal words of files and letters, rare in the corpus.
    groups, found = lexicon()["groups"], []
    for kind, names in sorted(lexicon()["teaches"].items()):
        for name in names:
            words = groups[name].split()
            found += [(features_of("，".join(words[at : at + _DOZEN])), kind) for at in range(0, len(words), _DOZEN)]
    return tuple(features for features, _ in found), tuple(kind for _, kind in found)


def _vocabulary(seen: Sequence[Extracted], min_df: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8], Floats]:
    df: Counter[int] = Counter()
    block: dict[int, int] = {}
    for features in seen:
        own = {feature.key: feature.block for feature in features}
        df.update(own.keys())
        block.update(own)
    keys = np.array(sorted(key for key, count in df.items() if count >= min_df), dtype=np.uint32)
    counts = np.array([df[key] for key in keys.tolist()], dtype=np.float64)
    idf = np.log((1 + len(seen)) / (1 + counts)) + 1
    return (
        keys,
        np.array([block[key] for key in keys.tolist()], dtype=np.uint8),
        idf.astype(np.float16).astype(np.float32),
    )


def vectorise(seen: Sequence[Extracted], keys: NDArray[np.uint32], block: NDArray[np.uint8], idf: Floats) -> csr_matrix:
    """Return the tf-idf matrix (texts, keys), exactly as `Weights.vector` makes its rows."""
    empty = np.zeros((len(keys), 1), dtype=np.float32)
    none = np.zeros(1, dtype=np.float32)
    maker = Weights((), (), {}, keys, block, idf, empty, none, empty, none, 1.0, 0.0)
    pairs = [maker.vector(maker.known(features)) for features in seen]
    bounds = np.cumsum([0, *(len(rows) for rows, _ in pairs)])
    return csr_matrix(
        (np.concatenate([v for _, v in pairs]), np.concatenate([r for r, _ in pairs]), bounds),
        shape=(len(seen), len(keys)),
    )


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


def _take(rows: Sequence[Any], chosen: NDArray[np.intp]) -> list[Any]:
    return [rows[at] for at in chosen]


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
