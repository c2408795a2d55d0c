"""`diandan bench read`: how long it takes to read a quarrel, alone and in bulk, beside the usual ways."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import matching
from app.bench.http import texts
from matching.classify import vectors_of
from matching.train import BATCH, Example, examples, shipped_corpus
from matching.weights import Weights, shipped
from talent_pool import taxonomy

DEFAULT = 500
TURNS = 5  # of which the median is quoted
START = "import time; t = time.perf_counter(); import matching; matching.read({text!r}); print(time.perf_counter() - t)"
Classify = Callable[[Sequence[str]], object]


def measure(size: tuple[int, ...] = (), peers: bool = False) -> dict[str, Any]:
    """Return milliseconds per text (p50, p99), texts a second in bulk (type alone) and seconds to the first answer."""
    told = [json.loads(body)["text"] for body in texts(max(size or (DEFAULT,)))]
    took = [_milliseconds(text) for text in ["热身", *told]][1:]
    cuts = statistics.quantiles(took, n=100)
    found: dict[str, Any] = {
        "texts": len(told),
        "characters_median": statistics.median(map(len, told)),
        "ms_per_text_p50": round(cuts[49], 3),
        "ms_per_text_p99": round(cuts[98], 3),
        "first_answer_seconds": round(_cold(told[0]), 2),
    }
    return found | in_bulk(told, peers)


def _milliseconds(text: str) -> float:
    began = time.perf_counter()
    matching.read(text)
    return 1000 * (time.perf_counter() - began)


def _cold(text: str) -> float:
    command = [sys.executable, "-c", START.format(text=text)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return float(done.stdout)


# --- the type alone, in bulk ---


def in_bulk(told: Sequence[str], peers: bool) -> dict[str, Any]:
    """Return texts a second of the type alone, ours and the peers' in turns, and how many times each peer's ours is."""
    weights = shipped()
    if weights is None:
        return {"bulk": "no model"}
    runners: dict[str, Classify] = {"bulk": lambda some: _types(weights, some)}
    missing: dict[str, str] = {}
    if peers:
        rows = examples(shipped_corpus(), frozenset(taxonomy.types()))
        for name, make in PEERS.items():
            try:
                runners[name] = make(rows)
            except ImportError as absent:
                missing[name] = f"not installed: {absent.name}"
    speeds: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(TURNS):
        for name, run in runners.items():
            speeds[name].append(_speed(run, told))
    figures: dict[str, Any] = {
        f"{name}_texts_per_second": round(statistics.median(each)) for name, each in speeds.items()
    }
    ours = figures["bulk_texts_per_second"]
    ratios = {
        f"times_{name}": round(ours / figures[f"{name}_texts_per_second"], 1) for name in runners if name != "bulk"
    }
    return figures | ratios | missing


def _types(weights: Weights, some: Sequence[str]) -> list[str]:
    found: list[str] = []
    for low in range(0, len(some), BATCH):
        batch = some[low : low + BATCH]
        best = weights.probabilities(weights.scores(vectors_of(weights, batch))).argmax(axis=1)
        found += [weights.types[at] for at in best.tolist()]
    return found


def _speed(run: Classify, told: Sequence[str]) -> float:
    began = time.perf_counter()
    run(told)
    return len(told) / (time.perf_counter() - began)


# --- peers: the textbook ways, trained on the same corpus ---


def _jieba_tfidf_sgd(rows: Sequence[Example]) -> Classify:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier

    return _pipeline(TfidfVectorizer, SGDClassifier(loss="modified_huber", random_state=0), rows)


def _jieba_counts_complement_nb(rows: Sequence[Example]) -> Classify:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import ComplementNB

    return _pipeline(CountVectorizer, ComplementNB(), rows)


def _pipeline(vectoriser: Any, classifier: Any, rows: Sequence[Example]) -> Classify:
    from sklearn.pipeline import make_pipeline

    from matching.text import jieba_cutter

    made = make_pipeline(vectoriser(tokenizer=jieba_cutter(), token_pattern=None, lowercase=False), classifier)
    made.fit([row.text for row in rows], [row.type for row in rows])
    return lambda some: made.predict_proba(some).argmax(axis=1)


def _fasttext(rows: Sequence[Example]) -> Classify:
    from tempfile import NamedTemporaryFile

    import fasttext

    from matching.text import cutter

    cut = cutter()
    with NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        for row in rows:
            file.write(f"__label__{row.type} {' '.join(cut(row.text)).replace(chr(10), ' ')}\n")
        file.flush()
        model = fasttext.train_supervised(file.name, epoch=25, lr=0.5, wordNgrams=2, verbose=0)
    return lambda some: [
        model.f.predict(" ".join(cut(text)).replace("\n", " ") + "\n", 1, 0.0, "strict") for text in some
    ]


PEERS: dict[str, Callable[[Sequence[Example]], Classify]] = {
    "jieba_tfidf_sgd": _jieba_tfidf_sgd,
    "jieba_complement_nb": _jieba_counts_complement_nb,
    "rjieba_fasttext": _fasttext,
}
