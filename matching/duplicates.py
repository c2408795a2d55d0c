"""The same quarrel logged twice: a new case against past ones, scored by people, place, time and words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import exp

from rapidfuzz import fuzz, process

from matching.text import normalise
from talent_pool.regions import distance, known

DAYS = 180
LEAST = 0.5  # pairs below are not shown
_HEAD = 200  # code points that the quick look compares; a quarrel is named in its first sentences
_LOOKED_AT = 40  # candidates by words alone that are scored with care

# Chinese msgids of the reasons; their English is with the reading's other words.
REASONS = {
    "phone": "电话相同",
    "person": "当事人相同",
    "mentioned": "说到同一个人",
    "parcel": "地块相同",
    "village": "同一个村",
    "town": "同一个镇",
    "words": "说法相近",
}

# Log-odds, set by hand on re-told pairs (tests/matching/test_duplicates.py): no station has marked real ones yet.
_BASE = -5.2
_WEIGHTS = {"phone": 3.2, "person": 2.2, "mentioned": 1.2, "parcel": 2.6, "village": 1.1, "town": 0.4}
_WORDS = 8.0  # times the similarity of the words, 0 to 1
_FAR = -1.6  # both places are known and lie in different towns


@dataclass(frozen=True)
class Case:
    """What of a case is compared. `people`: names of its parties; `phones`: digits only; `region`: 12-digit code."""

    id: str
    text: str
    region: int | None = None
    day: date | None = None
    people: frozenset[str] = field(default_factory=frozenset)
    phones: frozenset[str] = field(default_factory=frozenset)
    parcel: str = ""


@dataclass(frozen=True)
class Match:
    """A past case that may be the same quarrel: how probable, and for which reasons (keys of REASONS)."""

    id: str
    same: float
    reasons: tuple[str, ...]

    @property
    def why(self) -> str:
        """Return the reasons in Chinese."""
        return "、".join(REASONS[reason] for reason in self.reasons)


def similar(
    new: Case, candidates: Sequence[Case], *, days: int = DAYS, least: float = LEAST, limit: int = 5
) -> list[Match]:
    """Return the past cases that are probably the same quarrel, most probable first.

    Cases more than `days` apart are not compared; a case without a day is compared with all.
    """
    near = [case for case in candidates if case.id != new.id and _within(new, case, days)]
    scored = (_match(new, case) for case in _worth_a_look(new, near))
    found = sorted((match for match in scored if match.same >= least), key=lambda match: (-match.same, match.id))
    return found[:limit]


def pairs(cases: Sequence[Case], *, days: int = DAYS, least: float = LEAST) -> Iterable[tuple[Case, Match]]:
    """Yield each probable pair once: a case and its match among the cases before it."""
    for at, case in enumerate(cases):
        for match in similar(case, cases[:at], days=days, least=least, limit=len(cases)):
            yield case, match


def _within(new: Case, case: Case, days: int) -> bool:
    return new.day is None or case.day is None or abs((new.day - case.day).days) <= days


def _worth_a_look(new: Case, cases: Sequence[Case]) -> list[Case]:
    # Two quick passes keep 2,000 cases within milliseconds: shared people by sets, then the nearest texts by RapidFuzz.
    chosen = {at for at, case in enumerate(cases) if _share_somebody(new, case)}
    head = new.text[:_HEAD]
    if head:
        heads = [case.text[:_HEAD] for case in cases]
        chosen.update(
            at for _, _, at in process.extract(_safe(head), heads, scorer=fuzz.ratio, score_cutoff=20, limit=_LOOKED_AT)
        )
    return [cases[at] for at in sorted(chosen)]


def _safe(text: str) -> str:
    return text.encode("utf-8", "replace").decode(
        "utf-8"
    )  # RapidFuzz takes any code point but lone surrogates are better gone


def _share_somebody(new: Case, case: Case) -> bool:
    return bool(new.phones & case.phones or new.people & case.people or (new.parcel and new.parcel == case.parcel))


def _match(new: Case, case: Case) -> Match:
    words = likeness(new.text, case.text)
    reasons = [*_shared(new, case), *_place(new, case)]
    odds = _BASE + sum(_WEIGHTS[reason] for reason in reasons) + _WORDS * words
    if not {"village", "town"} & set(reasons) and _placed(new) and _placed(case):
        odds += _FAR
    if words >= 0.3:
        reasons.append("words")
    return Match(case.id, 1 / (1 + exp(-odds)), tuple(reasons))


def _shared(new: Case, case: Case) -> list[str]:
    found = []
    if new.phones & case.phones:
        found.append("phone")
    if new.people & case.people:
        found.append("person")
    elif any(name in case.text for name in new.people) or any(name in new.text for name in case.people):
        found.append("mentioned")
    if new.parcel and new.parcel == case.parcel:
        found.append("parcel")
    return found


def _placed(case: Case) -> bool:
    return case.region is not None and known(case.region)


def _place(new: Case, case: Case) -> list[str]:
    if new.region is None or case.region is None or not (_placed(new) and _placed(case)):
        return []
    return {0: ["village"], 1: ["town"]}.get(distance(new.region, case.region), [])


def likeness(one: str, other: str) -> float:
    """Return how alike two descriptions are, 0 to 1, by shared pairs of characters.

    The order is left aside; a short telling that is contained in a long one counts nearly in full.
    """
    a, b = _bigrams(one), _bigrams(other)
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return max(2 * shared / (len(a) + len(b)), 0.8 * shared / min(len(a), len(b)) if min(len(a), len(b)) >= 12 else 0.0)


def _bigrams(text: str) -> set[str]:
    plain = "".join(char for char in normalise(text).text if char.isalnum())
    return {plain[at : at + 2] for at in range(len(plain) - 1)}
