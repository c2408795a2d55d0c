"""The trained model as it is served: plain NumPy arrays, no scikit-learn, no pickle."""

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.features import BLOCKS, Feature
from matching.text import Word
from talent_pool.files import data_dir

Floats = NDArray[np.float32]
Known = tuple[int, Feature]  # the row of a feature, and the feature
FORMAT = 1
NONE = ""  # the sub-type of a text to which none fits


class Evidence(NamedTuple):
    """A stretch of text that speaks for the chosen type; weights of one reading add up to at most 1."""

    start: int
    end: int
    weight: float


class ModelError(Exception):
    """The model files are missing, damaged or of another version; the message names the file."""


@dataclass(frozen=True)
class Text:
    """A text as the model sees it: its words, its known features, and its vector."""

    words: list[Word]
    known: list[Known]
    rows: NDArray[np.intp]
    values: Floats


@dataclass(frozen=True)
class Weights:
    """A linear model over hashed tf-idf features.

    Shapes: keys, idf, block (n,), coef (n, types), intercept (types,), sub_coef and sub_intercept likewise.
    """

    types: tuple[str, ...]
    subtypes: tuple[str, ...]
    allowed: dict[str, tuple[str, ...]]  # type → sub-types that were seen under it
    keys: NDArray[np.uint32]
    block: NDArray[np.uint8]
    idf: Floats
    coef: Floats
    intercept: Floats
    sub_coef: Floats
    sub_intercept: Floats
    temperature: float
    threshold: float  # top probabilities below it abstain
    version: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def index(self) -> dict[int, int]:
        """Return key → row."""
        return {key: row for row, key in enumerate(self.keys.tolist())}

    def known(self, features: Iterable[Feature]) -> list[Known]:
        """Return the features that the model has learnt about, each with its row."""
        index = self.index
        return [(row, feature) for feature in features if (row := index.get(feature.key)) is not None]

    def vector(self, known: list[Known]) -> tuple[NDArray[np.intp], Floats]:
        """Return rows and values of a text: log counts × idf, each block of unit length."""
        counts = Counter([row for row, _ in known])
        rows = np.fromiter(counts, dtype=np.intp, count=len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self.idf[rows]
        block = self.block[rows]
        norms = np.sqrt(np.bincount(block, weights=values * values, minlength=len(BLOCKS)))
        return rows, (values / np.maximum(norms, 1e-9)[block]).astype(np.float32)

    def scores(self, rows: NDArray[np.intp], values: Floats) -> Floats:
        """Return one score per type."""
        return np.asarray(values @ self.coef[rows] + self.intercept, dtype=np.float32)

    def score(self, features: Iterable[Feature]) -> Floats:
        """Return one score per type of a text's features."""
        return self.scores(*self.vector(self.known(features)))

    def probabilities(self, scores: Floats) -> Floats:
        """Return calibrated probabilities of the types."""
        return softmax(scores / self.temperature)

    def subtype(self, rows: NDArray[np.intp], values: Floats, type_: str) -> str | None:
        """Return the sub-type among those that may stand under `type_`, or None."""
        allowed = {*self.allowed.get(type_, ()), NONE}
        scores = values @ self.sub_coef[rows] + self.sub_intercept
        best = max((float(score), name) for score, name in zip(scores, self.subtypes, strict=True) if name in allowed)[
            1
        ]
        return best or None

    def evidence(self, text: Text, type_: str, limit: int = 5) -> tuple[Evidence, ...]:
        """Return the words that moved the choice of `type_` most, heaviest first."""
        coef = self.coef[text.rows]
        moved = text.values * (coef[:, self.types.index(type_)] - coef.mean(axis=1))
        share = dict(zip(text.rows.tolist(), moved.tolist(), strict=True))
        return _heaviest(_per_character(text.known, share), text.words, limit)


def _per_character(known: list[Known], share: dict[int, float]) -> Floats:
    # What a feature moved is spread evenly over its occurrences and their characters: a running sum over `steps`.
    times = Counter([row for row, _ in known])
    steps = [0.0] * (max(feature.end for _, feature in known) + 1)
    for row, feature in known:
        each = share[row] / (times[row] * (feature.end - feature.start))
        steps[feature.start] += each
        steps[feature.end] -= each
    return np.cumsum(steps, dtype=np.float32)


def softmax(scores: Floats) -> Floats:
    """Return exp(scores) scaled to a sum of one along the last axis."""
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True), dtype=np.float32)


def _heaviest(weight: Floats, words: list[Word], limit: int) -> tuple[Evidence, ...]:
    sums = [(float(weight[word.start : word.end].sum()), word) for word in words if any(c.isalnum() for c in word.text)]
    positive = sorted(((value, word) for value, word in sums if value > 0), key=lambda pair: (-pair[0], pair[1].start))
    total = sum(value for value, _ in positive)
    return tuple(
        Evidence(word.start, word.end, value / total) for value, word in positive[:limit] if value >= total * 0.05
    )


# --- files ---

_ARRAYS = ("keys", "block", "idf", "coef", "intercept", "sub_coef", "sub_intercept")


def digest(arrays: dict[str, NDArray[Any]]) -> str:
    """Return the SHA-256 over names, types, shapes and bytes of the arrays."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def save(weights: Weights, folder: Path, manifest: dict[str, Any]) -> None:
    """Write reading.npz and reading.json; the same weights give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {"idf", "coef", "sub_coef"}  # three digits suffice, at half the size
    arrays = {
        name: getattr(weights, name).astype(np.float16) if name in half else getattr(weights, name) for name in _ARRAYS
    }
    np.savez_compressed(folder / "reading.npz", **arrays)
    kept = {
        "format": FORMAT,
        "arrays_sha256": digest(arrays),
        "types": weights.types,
        "subtypes": weights.subtypes,
        "allowed": weights.allowed,
        "temperature": round(weights.temperature, 6),
        "threshold": round(weights.threshold, 6),
        **manifest,
    }
    text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / "reading.json").write_text(text, encoding="utf-8")


def load(folder: Path) -> Weights:
    """Read the model back; raise ModelError when a file is missing, damaged or not the one that the manifest names."""
    try:
        manifest = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
        # Opened here: NumPy leaves a file that it cannot read open.
        with (folder / "reading.npz").open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
        return _checked(manifest, arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as problem:
        raise ModelError(f"{folder}: {problem}") from problem


def _checked(manifest: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Weights:
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}, wanted {FORMAT}")
    if digest(arrays) != manifest["arrays_sha256"]:
        raise ValueError("reading.npz is not the one that reading.json describes")
    full: dict[str, Any] = {
        name: array.astype(np.float32) if array.dtype == np.float16 else array for name, array in arrays.items()
    }
    return Weights(
        types=tuple(manifest["types"]),
        subtypes=tuple(manifest["subtypes"]),
        allowed={type_: tuple(names) for type_, names in manifest["allowed"].items()},
        temperature=float(manifest["temperature"]),
        threshold=float(manifest["threshold"]),
        version=str(manifest["arrays_sha256"])[:12],
        manifest=manifest,
        **full,
    )


@lru_cache(maxsize=1)
def shipped() -> Weights | None:
    """Return the model that travels with the code, or None when its files cannot be used."""
    try:
        return load(data_dir() / "models")
    except ModelError:
        return None
