"""The same quarrel logged twice: a new case against past ones, by people, place, time and words.

`similar` looks through some hundred or thousand cases at hand; `DuplicateIndex` through a million (`find`).
"""

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from matching.case_index import CANDIDATES, DuplicateIndex, within
from matching.persons import person
from matching.quarrels import REASONS, Case, Look, Match, look, match, words_alike
from matching.text import plain

__all__ = ["DAYS", "LEAST", "REASONS", "Case", "DuplicateIndex", "Match", "find", "likeness", "pairs", "similar"]

DAYS = 180
LEAST = 0.5  # pairs below are not shown
_HEAD = 200  # code points that the quick look compares
_BY_WORDS, _BY_VILLAGE = 30, 40  # candidates that are looked at with care


def find(new: Case, index: DuplicateIndex, *, days: int = DAYS, least: float = LEAST, limit: int = 5) -> list[Match]:
    """Return the indexed cases that are probably the same quarrel, most probable first."""
    return _best(look(new), (look(case, case.text) for case in index.candidates(new, days)), least)[:limit]


def similar(
    new: Case, candidates: Sequence[Case], *, days: int = DAYS, least: float = LEAST, limit: int = 5
) -> list[Match]:
    """Return the past cases that are probably the same quarrel, most probable first.

    Cases more than `days` apart are not compared; a case without a day is compared with all.
    """
    near = [case for case in candidates if case.id != new.id and within(new, case, days)]
    return _best(look(new), map(look, _worth_a_look(new, near)), least)[:limit]


def pairs(cases: Sequence[Case], *, days: int = DAYS, least: float = LEAST) -> Iterable[tuple[Case, Match]]:
    """Yield each probable pair once: a case and its match among the cases before it. Ids may repeat."""
    numbered = [_renamed(case, str(at)) for at, case in enumerate(cases)]
    index = DuplicateIndex.build(numbered)
    for at, case in enumerate(numbered):
        before = [past for past in index.candidates(case, days) if int(past.id) < at]
        for found in _best(look(case), (look(past, past.text) for past in before), least):
            yield cases[at], Match(cases[int(found.id)].id, found.same, found.reasons)


def _renamed(case: Case, name: str) -> Case:
    return Case(name, case.text, case.region, case.day, case.people, case.phones, case.parcel, case.household)


def _best(new: Look, past: Iterable[Look], least: float) -> list[Match]:
    scored = (match(new, each) for each in past)
    return sorted((each for each in scored if each.same >= least), key=lambda each: (-each.same, each.id))


def _worth_a_look(new: Case, cases: Sequence[Case]) -> list[Case]:
    # Quick passes keep 2,000 cases within milliseconds: shared people by sets, then the nearest texts by RapidFuzz.
    families = {person(name).surname for name in new.people} - {""}
    chosen = {at for at, case in enumerate(cases) if _share_somebody(new, case)}
    village = [
        at
        for at, case in enumerate(cases)
        if case.region is not None and case.region == new.region and (_of_families(case, families) or not case.people)
    ]
    chosen.update(village[-_BY_VILLAGE:])
    head = plain(new.text[:_HEAD])
    if head:
        heads = [case.text[:_HEAD] for case in cases]
        found = process.extract(head, heads, scorer=fuzz.ratio, score_cutoff=15, limit=_BY_WORDS)
        chosen.update(at for _, _, at in found)
    return [cases[at] for at in sorted(chosen)][-4 * CANDIDATES :]


def _share_somebody(new: Case, case: Case) -> bool:
    return bool(
        new.phones & case.phones
        or new.people & case.people
        or (new.parcel and new.parcel == case.parcel)
        or (new.household and new.household == case.household)
    )


def _of_families(case: Case, families: set[str]) -> bool:
    return any(person(name).surname in families for name in case.people)


def likeness(one: str, other: str) -> float:
    """Return how alike two descriptions are, 0 to 1, by shared pairs of characters; rare pairs tell more.

    The order is left aside; a short telling that is contained in a long one counts nearly in full.
    """
    return words_alike(look(Case("", one)), look(Case("", other)))
