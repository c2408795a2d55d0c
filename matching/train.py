"""From labelled texts to the served model: reading, learning, measuring, writing model, manifest and card."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from matching.classify import Counted, DisputeClassifier, by_group, count, deal, vectors_of
from matching.drift import COUNTY, reference
from matching.evaluate import Figures, measure
from matching.flagging import Judged, marks, with_flags, witnessed
from matching.shelf import LEXICON, features_id
from matching.weights import NONE, Floats, Weights, load, save
from talent_pool import taxonomy
from talent_pool.files import data_dir

LARGEST = 8_000_000  # bytes of the model files
BATCH = 256  # texts that are read in one go


class CorpusError(ValueError):
    """A line of a corpus file cannot be taken; `where` is 'file:line'."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


@dataclass(frozen=True)
class Example:
    """One labelled text."""

    text: str
    type: str
    also: tuple[str, ...] = ()
    subtype: str = NONE
    register: str = ""
    flags: tuple[str, ...] = ()  # gates and signs


def shipped_corpus() -> list[Path]:
    """Return the corpus files that travel with the code, in the order of their names."""
    return sorted((data_dir() / "corpus").glob("*.jsonl"))


def examples(paths: Sequence[Path], known: frozenset[str]) -> list[Example]:
    """Read labelled texts; raise CorpusError for a line that is no object with a text and a known type."""
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
            if line.strip():
                found.append(example(line, f"{path}:{number}", known))
    return found


def example(line: str, where: str, known: frozenset[str]) -> Example:
    """Read one labelled line; raise CorpusError as `examples` does."""
    try:
        row = json.loads(line)
        text, type_ = row["text"], row["type"]
        found = Example(
            text,
            type_,
            _also(row.get("also")),
            row.get("subtype") or NONE,
            str(row.get("register", "")),
            tuple(dict.fromkeys(mark["code"] for mark in [*row.get("gates", ()), *row.get("signs", ())])),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise CorpusError(where, f"{type(problem).__name__}: {problem}") from None
    if not isinstance(text, str) or not text.strip() or not isinstance(type_, str):
        raise CorpusError(where, "text, type")
    unknown = [name for name in (type_, *found.also) if name not in known]
    if unknown:
        raise CorpusError(where, f"type {unknown[0]!r}")
    return found


def _also(value: object) -> tuple[str, ...]:
    # One code or a list of codes.
    return (
        (value,)
        if isinstance(value, str) and value
        else tuple(str(name) for name in value)
        if isinstance(value, list)
        else ()
    )


def fit(
    rows: Sequence[Example],
    seen: Counted | None = None,
    sample_weight: Sequence[float] | None = None,
    **settings: Any,
) -> DisputeClassifier:
    """Return a classifier that learnt from the rows; `seen`: the same rows already counted."""
    registers = [row.register for row in rows]
    seen = seen or count([row.text for row in rows])
    return DisputeClassifier(**settings).fit_counted(
        seen,
        [row.type for row in rows],
        also=[row.also for row in rows],
        subtypes=[row.subtype for row in rows],
        groups=registers if len(set(registers)) > 1 else None,
        sample_weight=sample_weight,
    )


def fit_flags(weights: Weights, rows: Sequence[Example], seen: Counted | None = None, **settings: Any) -> Judged:
    """Return the weights with judges of gates and signs that learnt from the rows' marks, and their figures."""
    texts = [row.text for row in rows]
    return with_flags(weights, seen or count(texts), witnessed(texts), marks([row.flags for row in rows]), **settings)


# --- measuring ---


def probabilities(weights: Weights, names: Sequence[str], texts: Sequence[str]) -> Floats:
    """Return the probabilities of texts over `names`; a name that the model does not know gets none."""
    out = np.zeros((len(texts), len(names)), dtype=np.float32)
    columns = [names.index(name) for name in weights.types]
    for low in range(0, len(texts), BATCH):
        some = texts[low : low + BATCH]
        out[low : low + BATCH, columns] = weights.probabilities(weights.scores(vectors_of(weights, some)))
    return out


def evaluate(weights: Weights, rows: Sequence[Example]) -> Figures:
    """Measure a model on labelled texts that it has not learnt from, with the time from text to answer."""
    names = sorted({*weights.types, *(row.type for row in rows)})
    began = time.perf_counter()
    given = probabilities(weights, names, [row.text for row in rows])
    spent = (time.perf_counter() - began) * 1000 / max(1, len(rows))
    return _figures(given, names, rows, spent)


def cross_validate(rows: Sequence[Example], folds: int, base: Sequence[Example] = (), seed: int = 0) -> Figures:
    """Measure by turns: each fold of `rows` by a model which learnt from the other folds and from all of `base`."""
    names = sorted({*taxonomy.types(), *(row.type for row in (*rows, *base))})
    everything = [*base, *rows]
    seen = count([row.text for row in everything])
    given = np.zeros((len(rows), len(names)), dtype=np.float32)
    spent = 0.0
    for train, test in deal([row.type for row in rows], folds, seed):
        chosen = [*range(len(base)), *(len(base) + train)]
        model = fit([everything[at] for at in chosen], seen.take(chosen))
        began = time.perf_counter()
        given[test] = probabilities(model.weights_, names, [rows[at].text for at in test])
        spent += time.perf_counter() - began
    return _figures(given, names, rows, spent * 1000 / len(rows))


def by_register(rows: Sequence[Example], given: Floats, names: Sequence[str]) -> dict[str, Figures]:
    """Measure each register; `given`: probabilities (texts, names) from models that had not seen a text's register."""
    found = {}
    for _, test in by_group([row.register for row in rows]):
        left = [rows[at] for at in test]
        found[left[0].register] = _figures(given[test], names, left, 0.0)
    return found


def _figures(given: Floats, names: Sequence[str], rows: Sequence[Example], ms: float) -> Figures:
    return measure(given, names, [row.type for row in rows], [row.also for row in rows], ms)


# --- writing ---


def corpus_hashes(paths: Sequence[Path]) -> dict[str, str]:
    """Return file name → SHA-256."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def train(paths: Sequence[Path], folder: Path, known: frozenset[str]) -> dict[str, Any]:
    """Learn from the files, write reading.npz, reading.json and CARD.md into `folder` and return the manifest."""
    return learn(examples(paths, known), more={"corpus": corpus_hashes(paths)}).write(folder)


@dataclass(frozen=True)
class Learnt:
    """A model with its manifest, not yet written."""

    weights: Weights
    manifest: dict[str, Any]

    def write(self, folder: Path) -> dict[str, Any]:
        """Write reading.npz, reading.json and CARD.md into `folder` and return the whole manifest."""
        save(self.weights, folder, self.manifest)
        written = load(folder)
        (folder / "CARD.md").write_text(card(written.manifest), encoding="utf-8")
        return written.manifest


def learn(
    rows: Sequence[Example],
    seen: Counted | None = None,
    sample_weight: Sequence[float] | None = None,
    more: dict[str, Any] | None = None,
) -> Learnt:
    """Learn from rows, measure on what was left out, and return the model; `more` goes into its manifest."""
    seen = seen or count([row.text for row in rows])
    model = fit(rows, seen, sample_weight)
    # Officers say which gates there are, not which signs: the judges learn from texts that were marked whole.
    marked = [at for at, row in enumerate(rows) if row.register != COUNTY]
    weights, flags = fit_flags(model.weights_, [rows[at] for at in marked], seen.take(marked))
    names = model.classes_.tolist()
    left_out = replace(_figures(model.left_out_, names, rows, 0.0), ms_per_text=0.0)
    apart = len({row.register for row in rows}) > 1  # then whole registers were left out, else five parts in turn
    registers = by_register(rows, model.left_out_, names) if apart else {}
    manifest = {
        "lexicon": corpus_hashes([data_dir() / "lexicon" / name for name in LEXICON]),
        "features_id": features_id(),
        "texts": len(rows),
        "features": len(weights.keys),
        "figures": {
            "left_out": _timeless(left_out),
            "by_register": {name: _timeless(f) for name, f in registers.items()},
            "flags": flags,
        },
        "settings": model.get_params(),
        "types_in_corpus": dict(sorted(Counter(row.type for row in rows).items())),
        "reference": reference(model.left_out_, names, model.threshold_, rows).as_json(),
        **(more or {}),
    }
    return Learnt(weights, manifest)


def _timeless(figures: Figures) -> dict[str, float]:
    return {name: value for name, value in figures.as_json().items() if name != "ms_per_text"}


def card(manifest: dict[str, Any]) -> str:
    """Return the model card in Markdown."""
    figures = manifest["figures"]
    others = figures["by_register"].items()
    rows = [
        ("every register left out in turn" if others else "5-fold cross-validation", figures["left_out"]),
        *((f"without register {name}", f) for name, f in others),
    ]
    return _CARD.format(
        texts=manifest["texts"],
        features=manifest["features"],
        temperature=manifest["temperature"],
        threshold=manifest["threshold"],
        counts=", ".join(f"{name} {n}" for name, n in manifest["types_in_corpus"].items()),
        table="\n".join([_HEAD, *(_line(name, row) for name, row in rows)]),
        flags="\n".join([_FLAG_HEAD, *(_flag_line(code, row) for code, row in figures["flags"].items())]),
        version=manifest["arrays_sha256"][:12],
        county=_county(manifest),
        ablation=_ablation(manifest.get("ablation", ())),
        c=manifest["settings"]["C"],
    )


def _county(manifest: dict[str, Any]) -> str:
    labels = manifest.get("labels", 0)
    said = f"- **And from**: {labels} readings that {manifest.get('accounts', 0)} officers of this house confirmed or"
    return f"{said}\n  corrected, redacted; no account has more than 2 % of the weight.\n" if labels else ""


def _ablation(lines: Sequence[dict[str, Any]]) -> str:
    shown = [f"| {x['name']} | {x['accuracy']:.3f} | {x['macro_f1']:.3f} | {x['ece']:.3f} |" for x in lines]
    return "\n".join([_ABLATION_HEAD, *shown, ""]) if lines else ""


def _line(name: str, row: dict[str, float]) -> str:
    shown = [f"{row[key]:.3f}" for key in ("accuracy", "macro_f1", "top3", "ece", "accuracy_at_80_coverage")]
    return f"| {name} | {row['n']} | {' | '.join(shown)} |"


def _flag_line(code: str, row: dict[str, float]) -> str:
    shown = [f"{row[key]:.3f}" for key in ("raised", "asked", "precision", "asked_in_vain")]
    return f"| {code} | {row['n']} | {' | '.join(shown)} |"


_FLAG_HEAD = """| gate or sign | n | raised | only asked about | right when raised | others asked about |
|---|---|---|---|---|---|"""
_HEAD = """| measured on | n | accuracy | macro-F1 | top 3 | ECE | accuracy at 80 % coverage |
|---|---|---|---|---|---|---|"""

_ABLATION_HEAD = """
## What each part brings

Learnt anew without the part, whole registers left out in turn; calibrations are fitted on the other registers.

| | accuracy | macro-F1 | ECE |
|---|---|---|---|"""

_CARD = """# Model card: which kind of dispute

Written by `diandan train`; do not edit by hand.

- **For**: suggesting to an officer which of 19 kinds a described quarrel is. The officer decides; both are kept.
  Beside it one linear judge for each gate (crime, violence …) and risk sign hears what the rules say: it lowers a
  doubtful rule to a question and adds what no rule says. A rule that leaves no doubt raises its gate without it.
- **Not for**: deciding anything about a person. What is not sure is asked, and an officer's word stands over all of it.
- **Version**: {version}. Linear support vectors (C = {c}) over {features} hashed features: words, pairs of words, runs
  of one to three characters, groups of meaning (data/lexicon/concepts.toml). Temperature {temperature}; below a top
  probability of {threshold} it abstains, so that four fifths of unseen texts are answered.
- **Learnt from**: {texts} invented descriptions written for this project (data/corpus) and, lightly, the lexicon's own
  words; no real case, no real person. Telephone and identity numbers and names after a cue are masked before learning.
{county}- **Texts per kind**: {counts}.

## Figures on texts that the model had not seen

A second right kind of a text (`also`) counts as right. Temperature and threshold, two numbers, were set on the same
out-of-fold scores as the first row.

{table}

Gates and signs, five parts left out in turn; n texts show it. From where on flags are raised and asked about was set on
the same scores. Many texts that do not show a gate were written to look like it: of everyday texts fewer are raised.

{flags}
{ablation}
## Known limits

- Crime and violence told obliquely are the hardest, and some are neither raised nor asked about. The officer can always
  set a gate that the machine did not see.

- The corpus is invented by few writers: real texts differ, and figures on them are lower (about ten points of accuracy
  on texts of legal advice). A county should measure on its own decided cases: `diandan evaluate FILE --folds 5`.
- Rare kinds (tourism, intellectual property, internet) rest on few texts. Kinds that shade into each other are mixed
  up most: neighbour and homestead, contract and business, damages and neighbour.
- The speech and crops of Shaanxi are well represented, other regions are not.
"""
