"""Reading a quarrel: its kind, what bars it from mediation, its risk colour, its hard facts. Never raises on a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from matching.facts import Fact, find
from matching.features import Features, extract
from matching.gates import Hit, colour, find_gates, find_signs
from matching.text import LONGEST, Normal, cut, normalise
from matching.weights import Evidence, Rows, Vectors, Weights, shipped
from talent_pool.taxonomy import gates

MISSING = "missing"
_CLAUSE = re.compile(r"[^,。!?;:、\s][^,。!?;:\n]*")  # of a normalised text


@dataclass(frozen=True)
class Risk:
    """The colour of a case (never of a person) and the signs that gave it."""

    colour: str = "green"
    signs: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What the service reads in a text. Spans are half-open offsets in code points of the text as given."""

    type: str | None  # best guess even while `abstain`; None without words or without a model
    subtype: str | None
    probability: float
    probabilities: dict[str, float]
    abstain: bool  # too unsure: ask the officer
    evidence: tuple[Evidence, ...]
    gates: tuple[Hit, ...]
    risk: Risk
    asks: tuple[Hit, ...] = ()  # gates and signs that may be there: asked, neither raised nor dropped
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    model: str = MISSING  # version of the model that spoke
    region: str | None = None  # as given; carried along for what is suggested next

    def as_json(self) -> dict[str, Any]:
        """Return the reading as `diandan read` prints it."""
        return {
            "type": self.type,
            "subtype": self.subtype,
            "probability": round(self.probability, 4),
            "probabilities": {code: round(p, 4) for code, p in self.probabilities.items()},
            "abstain": self.abstain,
            "evidence": [{"start": e.start, "end": e.end, "weight": round(e.weight, 4)} for e in self.evidence],
            "gates": [{"code": h.code, "start": h.start, "end": h.end, "article": h.article} for h in self.gates],
            "risk": {
                "colour": self.risk.colour,
                "signs": [{"code": h.code, "start": h.start, "end": h.end} for h in self.risk.signs],
            },
            "asks": [{"code": h.code, "start": h.start, "end": h.end} for h in self.asks],
            "facts": self.facts,
        }


def barring_gate(reading: Reading) -> str | None:
    """Return the gravest gate for which no shortlist may be made (data/taxonomy/gates.toml), or None."""
    found = {hit.code for hit in reading.gates}
    return next((gate.code for gate in gates().values() if gate.bars_shortlist and gate.code in found), None)


@dataclass(frozen=True)
class _Seen:
    """A text as the model sees it."""

    features: Features
    rows: Rows  # of each feature, -1 where it was never learnt
    vectors: Vectors


@dataclass(frozen=True)
class _Kind:
    type: str | None = None
    subtype: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    abstain: bool = True
    evidence: tuple[Evidence, ...] = ()

    @property
    def probability(self) -> float:
        return self.probabilities[self.type] if self.type else 0.0


_SHIPPED = object()


def read(
    text: str, region: str | None = None, model: Weights | object | None = _SHIPPED, *, today: date | None = None
) -> Reading:
    """Read a text as an officer or a villager wrote it; of more than 10,000 code points the first 10,000 are read.

    `model` is the shipped one unless another (or None) is given.
    """
    weights = shipped() if model is _SHIPPED else model
    assert weights is None or isinstance(weights, Weights)
    normal = normalise(text[:LONGEST])
    seen = _seen(normal, weights) if weights else None
    kind = _kind(normal, weights, seen) if weights and seen else _Kind()
    raised, asks = _judged(normal, weights, seen)
    signs = tuple(hit for hit in raised if hit.code not in gates())
    return Reading(
        type=kind.type,
        subtype=kind.subtype,
        probability=kind.probability,
        probabilities=kind.probabilities,
        abstain=kind.abstain,
        evidence=kind.evidence,
        gates=tuple(hit for hit in raised if hit.code in gates()),
        risk=Risk(colour({hit.code for hit in signs}, kind.type, kind.subtype), signs),
        asks=asks,
        facts=find(normal, text, region, today),
        model=weights.version if weights else MISSING,
        region=region,
    )


def _seen(normal: Normal, weights: Weights) -> _Seen | None:
    features = extract([normal.text])
    rows = weights.rows_of(features.key)
    vectors = weights.vectors(features, rows=rows)
    return _Seen(features, rows, vectors) if len(vectors.rows) else None


def _kind(normal: Normal, weights: Weights, seen: _Seen) -> _Kind:
    given = weights.probabilities(weights.scores(seen.vectors))[0]
    best = int(given.argmax())
    type_ = weights.types[best]
    order, shares = given.argsort()[::-1].tolist(), given.tolist()
    evidence = weights.evidence(seen.features, seen.rows, seen.vectors, cut(normal.text), type_)
    return _Kind(
        type=type_,
        subtype=weights.subtype(seen.vectors, type_),
        probabilities={weights.types[i]: shares[i] for i in order},
        abstain=bool(given[best] < weights.threshold),
        evidence=tuple(Evidence(*normal.span(e.start, e.end), e.weight) for e in evidence),
    )


def _judged(normal: Normal, weights: Weights | None, seen: _Seen | None) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """Return the gates and signs that are raised and those that are asked about, each in the order of the text.

    A rule that is sure raises. What another rule says is raised if the judge, who hears the rule, is sure as well, and
    asked about if not: no rule is silently dropped. What no rule says the judge may raise or ask about alone. A sign
    bars nothing: that rule and judge both think it likely is enough.
    """
    rules = {hit.code: hit for hit in (*find_gates(normal), *find_signs(normal))}
    if weights is None or weights.flags is None or seen is None:
        return _ordered(rules.values()), ()
    flags = weights.flags
    witness = np.array([code in rules for code in flags.codes], dtype=bool)
    scores = flags.scores(seen.vectors, witness)[0]
    likely = scores >= flags.asked
    raised = (scores >= flags.raised) | (witness & likely & flags.light)
    told = np.flatnonzero(raised | witness | likely)
    hits = rules | _heard(normal, weights, seen, told[~witness[told]])
    sure = {code for code, hit in rules.items() if hit.sure} | {flags.codes[at] for at in np.flatnonzero(raised)}
    found = [hits[flags.codes[at]] for at in told.tolist()]
    return _ordered(hit for hit in found if hit.code in sure), _ordered(hit for hit in found if hit.code not in sure)


def _heard(normal: Normal, weights: Weights, seen: _Seen, flags: Rows) -> dict[str, Hit]:
    """Return what the judge alone found, each with the clause that speaks loudest for it."""
    if not len(flags):
        return {}
    assert weights.flags is not None
    clauses = [clause.span() for clause in _CLAUSE.finditer(normal.text)] or [(0, len(normal.text))]
    starts = np.array([start for start, _ in clauses], dtype=np.intp)
    loudest = weights.loudest(seen.features, seen.rows, seen.vectors, starts, flags)
    codes = [weights.flags.codes[at] for at in flags.tolist()]
    spans = [normal.span(*clauses[at]) for at in loudest]
    return {code: _with_article(Hit(code, *span)) for code, span in zip(codes, spans, strict=True)}


def _with_article(hit: Hit) -> Hit:
    return hit._replace(article=gates()[hit.code].article.zh) if hit.code in gates() else hit


def _ordered(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.code)))
