"""A narrative cut into pieces, so that a page marks in their place the words on which the reading rests."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# What a mark tells, the gravest first: words under a gate are shown as such even where they also speak for the type.
KINDS = ("gate", "sign", "fact", "type")


@dataclass(frozen=True)
class Piece:
    """A run of the text and why it is marked, '' when it is not."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Span:
    """Marked words, by half-open offsets in code points."""

    start: int
    end: int
    kind: str


def spans_of(reading: dict[str, Any]) -> list[Span]:
    """Return the spans of a reading as it is kept (see `matching.Reading.as_json`)."""
    found = (
        [("type", each) for each in reading.get("evidence", ())]
        + [("gate", each) for each in reading.get("gates", ())]
        + [("sign", each) for each in reading.get("risk", {}).get("signs", ())]
        + [("fact", each) for facts in reading.get("facts", {}).values() for each in facts]
    )
    return [Span(each["start"], each["end"], kind) for kind, each in found]


def pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """Cut the text at the ends of all spans; the pieces joined give the text again, whatever the spans are."""
    inside = [Span(max(0, s.start), min(len(text), s.end), s.kind) for s in spans]
    cuts = sorted({0, len(text), *(at for s in inside if s.start < s.end for at in (s.start, s.end))})
    runs: list[Piece] = []
    for start, end in pairwise(cuts):
        kinds = {s.kind for s in inside if s.start <= start and end <= s.end}
        kind = next((kind for kind in KINDS if kind in kinds), "")
        if runs and runs[-1].kind == kind:
            runs[-1] = Piece(runs[-1].text + text[start:end], kind)
        else:
            runs.append(Piece(text[start:end], kind))
    return runs


def words_of(text: str, spans: Iterable[Span], kind: str) -> list[str]:
    """Return the marked words of one kind, each once, in the order of the text."""
    chosen = sorted((s for s in spans if s.kind == kind), key=lambda s: s.start)
    return list(dict.fromkeys(text[s.start : s.end].strip() for s in chosen if text[s.start : s.end].strip()))
