"""Reading a quarrel: its kind, what bars it from mediation, its risk colour, its hard facts. Never raises on a text."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from matching.facts import Fact, find
from matching.features import extract
from matching.gates import Hit, colour, find_gates, find_signs
from matching.text import LONGEST, Normal, cut, normalise
from matching.weights import Evidence, Weights, shipped
from talent_pool.taxonomy import gates

MISSING = "missing"


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
            "facts": self.facts,
        }


def barring_gate(reading: Reading) -> str | None:
    """Return the gravest gate for which no shortlist may be made (data/taxonomy/gates.toml), or None."""
    found = {hit.code for hit in reading.gates}
    return next((gate.code for gate in gates().values() if gate.bars_shortlist and gate.code in found), None)


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
    kind = _kind(normal, weights) if weights else _Kind()
    signs = find_signs(normal)
    return Reading(
        type=kind.type,
        subtype=kind.subtype,
        probability=kind.probability,
        probabilities=kind.probabilities,
        abstain=kind.abstain,
        evidence=kind.evidence,
        gates=find_gates(normal),
        risk=Risk(colour({hit.code for hit in signs}, kind.type, kind.subtype), signs),
        facts=find(normal, text, region, today),
        model=weights.version if weights else MISSING,
        region=region,
    )


def _kind(normal: Normal, weights: Weights) -> _Kind:
    features = extract([normal.text])
    rows = weights.rows_of(features.key)
    vectors = weights.vectors(features, rows=rows)
    if not len(vectors.rows):
        return _Kind()
    given = weights.probabilities(weights.scores(vectors))[0]
    best = int(given.argmax())
    type_ = weights.types[best]
    order, shares = given.argsort()[::-1].tolist(), given.tolist()
    evidence = weights.evidence(features, rows, vectors, cut(normal.text), type_)
    return _Kind(
        type=type_,
        subtype=weights.subtype(vectors, type_),
        probabilities={weights.types[i]: shares[i] for i in order},
        abstain=bool(given[best] < weights.threshold),
        evidence=tuple(Evidence(*normal.span(e.start, e.end), e.weight) for e in evidence),
    )
