"""The trained model as it is served: plain NumPy arrays, no scikit-learn, no pickle."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.features import BLOCKS, Features
from matching.text import Word
from talent_pool.files import data_dir
from talent_pool.taxonomy import signs

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]
FEW = 2_000  # so many keys are looked up by a binary search each
FORMAT = 2
NONE = ""  # the sub-type of a text to which none fits


class Evidence(NamedTuple):
    """A stretch of text that speaks for the chosen type; weights of one reading add up to at most 1."""

    start: int
    end: int
    weight: float


class ModelError(Exception):
    """The model files are missing, damaged or of another version; the message names the file."""


class Vectors(NamedTuple):
    """Texts as the model sees them, laid end to end: text i has the entries bounds[i]:bounds[i + 1]."""

    rows: Rows
    values: Floats
    bounds: Rows


@dataclass(frozen=True)
class Flags:
    """Judges of gates and signs on the same vectors. Shapes: coef (n, codes), the others (codes,)."""

    codes: tuple[str, ...]
    coef: Floats
    intercept: Floats
    rule: Floats  # what it adds when the rule of the same code speaks up
    raised: Floats  # score from which the flag is raised
    asked: Floats  # score from which somebody is asked

    @cached_property
    def light(self) -> NDArray[np.bool_]:
        """Which codes are signs: they colour a case and bar nothing."""
        return np.array([code in signs() for code in self.codes], dtype=bool)

    def scores(self, vectors: Vectors, rules: NDArray[np.bool_]) -> Floats:
        """Return a score per text and code; `rules`: where the code's rule speaks up, shape (texts, codes)."""
        return _sums(vectors, self.coef) + self.intercept + self.rule * rules


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
    flags: Flags | None = None
    version: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)

    def rows_of(self, keys: NDArray[np.uint32]) -> Rows:
        """Return the row of each key, -1 for one that was never learnt."""
        if len(keys) <= FEW:
            rows = self.keys.searchsorted(keys)
            rows[self.keys.take(rows, mode="clip") != keys] = -1
            return rows
        at = self._slots[keys >> np.uint32(32 - self._slot_bits)]
        rows = np.full(len(keys), -1, dtype=np.intp)
        for step in range(self._fullest_slot):
            here = np.minimum(at + step, len(self.keys) - 1)
            same = self.keys[here] == keys
            rows[same] = here[same]
        return rows

    @cached_property
    def _slot_bits(self) -> int:
        return max(1, len(self.keys).bit_length() + 1)

    @cached_property
    def _slots(self) -> Rows:
        # Where the keys begin that share their first bits: one look-up instead of a binary search through all keys.
        firsts = np.arange(1 << self._slot_bits, dtype=np.uint64) << np.uint64(32 - self._slot_bits)
        return np.searchsorted(self.keys, firsts.astype(np.uint32))

    @cached_property
    def _fullest_slot(self) -> int:
        return int(np.diff(self._slots, append=len(self.keys)).max(initial=0))

    def vectors(self, features: Features, texts: int = 1, rows: Rows | None = None) -> Vectors:
        """Return rows and values of texts: log counts × idf, each block of unit length; `rows` if known already."""
        rows = self.rows_of(features.key) if rows is None else rows
        known, size = rows >= 0, max(1, len(self.keys))
        code, counts = _counted(rows[known] if texts == 1 else features.text[known] * size + rows[known])
        text, rows = (0, code) if texts == 1 else np.divmod(code, size)
        values = (1 + np.log(counts.astype(np.float32))) * self.idf[rows]
        group = self.block[rows] + text * len(BLOCKS)
        norms = np.sqrt(np.bincount(group, weights=values * values, minlength=texts * len(BLOCKS)))
        values = (values / np.maximum(norms, 1e-9)[group]).astype(np.float32)
        bounds = np.array([0, len(rows)]) if texts == 1 else np.searchsorted(text, np.arange(texts + 1))
        return Vectors(rows, values, bounds)

    def scores(self, vectors: Vectors) -> Floats:
        """Return one score per text and type."""
        return _sums(vectors, self.coef) + self.intercept

    def probabilities(self, scores: Floats) -> Floats:
        """Return calibrated probabilities of the types."""
        return softmax(scores / self.temperature)

    def subtype(self, vectors: Vectors, type_: str) -> str | None:
        """Return the sub-type of one text among those that may stand under `type_`, or None."""
        allowed = {*self.allowed.get(type_, ()), NONE}
        scores = (_sums(vectors, self.sub_coef) + self.sub_intercept)[0].tolist()
        best = max((score, name) for score, name in zip(scores, self.subtypes, strict=True) if name in allowed)[1]
        return best or None

    def evidence(
        self, features: Features, rows: Rows, vectors: Vectors, words: Sequence[Word], type_: str, limit: int = 5
    ) -> tuple[Evidence, ...]:
        """Return the words of one text that moved the choice of `type_` most, heaviest first."""
        own = vectors.rows
        moved = vectors.values * (self.coef[:, self.types.index(type_)][own] - self._means[own])
        return _heaviest(_per_character(features, rows, own, moved), words, limit)

    def loudest(self, features: Features, rows: Rows, vectors: Vectors, starts: Rows, flags: Rows) -> list[int]:
        """Return which stretch of one text speaks most for each of some flags; stretches begin at `starts`."""
        assert self.flags is not None
        known = rows >= 0
        at = vectors.rows.searchsorted(rows[known])
        moved = (vectors.values / np.bincount(at))[:, np.newaxis] * self.flags.coef[np.ix_(vectors.rows, flags)]
        # No feature reaches from one stretch into the next: it belongs where it begins.
        owner = np.maximum(starts.searchsorted(features.start[known], side="right") - 1, 0)
        return [int(np.bincount(owner, weights=column).argmax()) for column in moved[at].T]

    @cached_property
    def _means(self) -> Floats:
        return np.asarray(self.coef.mean(axis=1), dtype=np.float32)


def _counted(codes: Rows) -> tuple[Rows, Rows]:
    """Return the different codes in ascending order and how often each stands there; sorts `codes` itself."""
    codes.sort()
    new = np.ones(len(codes) + 1, dtype=np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=new[1:-1])
    first = new.nonzero()[0]
    return codes[first[:-1]], first[1:] - first[:-1]


def _sums(vectors: Vectors, coef: Floats) -> Floats:
    if len(vectors.bounds) == 2:
        return np.asarray(vectors.values @ coef[vectors.rows], dtype=np.float32)[np.newaxis]
    sums = np.zeros((len(vectors.bounds) - 1, coef.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(np.diff(vectors.bounds))  # reduceat gives a neighbour's entry for an empty text
    if len(filled):
        sums[filled] = np.add.reduceat(vectors.values[:, np.newaxis] * coef[vectors.rows], vectors.bounds[filled])
    return sums


def _per_character(features: Features, rows: Rows, own: Rows, moved: Floats) -> Floats:
    # What a feature moved is spread evenly over its occurrences and their characters: a running sum over `steps`.
    known = rows >= 0
    at, start, end = own.searchsorted(rows[known]), features.start[known], features.end[known]
    each = moved[at] / (np.bincount(at)[at] * (end - start))
    size = int(end.max(initial=0)) + 1
    steps = np.bincount(start, weights=each, minlength=size) - np.bincount(end, weights=each, minlength=size)
    return steps.cumsum(dtype=np.float32)


def softmax(scores: Floats) -> Floats:
    """Return exp(scores) scaled to a sum of one along the last axis."""
    exp = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=-1, keepdims=True), dtype=np.float32)


def _heaviest(weight: Floats, words: Sequence[Word], limit: int) -> tuple[Evidence, ...]:
    running = [0.0, *weight.cumsum().tolist()]
    # Nothing was moved behind the last feature.
    running += running[-1:] * (words[-1].end + 1 - len(running) if words else 0)
    sums = [(running[word.end] - running[word.start], word) for word in words]
    positive = [pair for pair in sums if pair[0] > 0 and _is_word(pair[1].text)]
    positive.sort(key=lambda pair: (-pair[0], pair[1].start))
    total = sum(value for value, _ in positive)
    return tuple(
        Evidence(word.start, word.end, value / total) for value, word in positive[:limit] if value >= total * 0.05
    )


def _is_word(text: str) -> bool:
    # A telephone number speaks for nothing that an officer could check.
    return any(char.isalnum() and not char.isdigit() for char in text)


# --- files ---

_ARRAYS = ("keys", "block", "idf", "coef", "intercept", "sub_coef", "sub_intercept")
_FLAGS = ("coef", "intercept", "rule", "raised", "asked")
_HALF = {"idf", "coef", "sub_coef", "flag_coef"}  # three digits suffice, at half the size


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
    arrays = {name: getattr(weights, name) for name in _ARRAYS}
    if weights.flags:
        arrays |= {f"flag_{name}": getattr(weights.flags, name).astype(np.float32) for name in _FLAGS}
    arrays = {name: array.astype(np.float16) if name in _HALF else array for name, array in arrays.items()}
    np.savez_compressed(folder / "reading.npz", **arrays)
    kept = {
        "format": FORMAT,
        "arrays_sha256": digest(arrays),
        "types": weights.types,
        "subtypes": weights.subtypes,
        "flags": weights.flags.codes if weights.flags else [],
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
        names = [*_ARRAYS, *(f"flag_{name}" for name in _FLAGS if manifest["flags"])]
        # Opened here: NumPy leaves a file that it cannot read open.
        with (folder / "reading.npz").open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
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
    codes = tuple(manifest["flags"])
    flags = Flags(codes, **{name: full.pop(f"flag_{name}") for name in _FLAGS}) if codes else None
    return Weights(
        types=tuple(manifest["types"]),
        subtypes=tuple(manifest["subtypes"]),
        allowed={type_: tuple(names) for type_, names in manifest["allowed"].items()},
        temperature=float(manifest["temperature"]),
        threshold=float(manifest["threshold"]),
        flags=flags,
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
