"""A quarrel and the pool in, a short list with reasons out: hard filters, exact best fit, a fair mix.

Hard filters first: whoever is recused, on leave or full is left out and counted. Then fit (`matching.signals`), ties by
fewer open cases, then by the smaller id. Then the mix: names are taken in that order, and one is passed over only when
its place is needed for a kind of mediator, or for somebody from outside the sides' villages, not yet on the list.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.query import Query
from matching.signals import Reason, Score, reasons, score
from talent_pool import regions
from talent_pool.index import RosterIndex
from talent_pool.models import Kind
from talent_pool.snapshot import KINDS, MOST, Columns, RosterRow, Slots

__all__ = ["Candidate", "Query", "Suggestion", "compose", "suggest"]

WIDER = (9, 6, 4)  # town, county, city: how far the search widens
FEW = 500  # so many are sorted sooner than sifted


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name on the short list. `fit` and `open_cases` as they stood at that moment."""

    row: RosterRow
    fit: int
    reasons: tuple[Reason, ...]

    @property
    def id(self) -> int:
        """Return the mediator's id."""
        return self.row.id

    @property
    def name(self) -> str:
        """Return the name."""
        return self.row.name

    @property
    def kind(self) -> Kind:
        """Return the kind of mediator."""
        return self.row.kind

    @property
    def region(self) -> int:
        """Return the home."""
        return self.row.home

    @property
    def open_cases(self) -> int:
        """Return how many open cases he or she had."""
        return self.row.open_cases

    def card(self) -> dict[str, Any]:
        """Return the facts that the card shows; every reason rests on one of them."""
        row = self.row
        return {
            "home": str(row.home),
            "home_name": regions.short_name(row.home) if row.home in regions.tree() else "",
            "title": row.title,
            "intro": row.intro,
            "sex": row.sex.value,
            "birth_year": row.birth_year,
            "dialects": list(row.dialects),
            "expertise": [{"type": s.type, "subtype": s.subtype, "years": s.years} for s in row.skills],
            "open_cases": row.open_cases,
            "load_cap": row.load_cap,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the name as `diandan suggest` prints it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "kind": self.kind.value,
            "region": str(self.region),
            "fit": self.fit,
            "open_cases": self.open_cases,
            "reasons": [reason.zh for reason in self.reasons],
            "reasons_en": [reason.en for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The short list in the order of fit, who was left out, and how far the search had to go."""

    shortlist: tuple[Candidate, ...]
    widened_to: int | None
    excluded: dict[str, int]
    barred: str | None = None

    @classmethod
    def barring(cls, gate: str) -> "Suggestion":
        """Return the empty list of a case that must not be mediated."""
        return cls((), None, {"recusal": 0, "leave": 0, "full": 0}, gate)

    def as_json(self) -> dict[str, Any]:
        """Return what `diandan suggest` prints, without the reading."""
        return {
            "shortlist": [candidate.as_json() for candidate in self.shortlist],
            "widened_to": None if self.widened_to is None else str(self.widened_to),
            "excluded": self.excluded,
            "barred": self.barred,
        }


def suggest(query: Query, index: RosterIndex | Columns) -> Suggestion:
    """Return the names for a quarrel, each with reasons. Pure: one state of the pool and one query, one answer."""
    columns = index.columns if isinstance(index, RosterIndex) else index
    slots, excluded, widened_to = _available(query, columns)
    found = score(query, columns, slots)
    chosen = _choose(query, columns, slots, found)
    return Suggestion(_candidates(query, columns, slots[chosen], found, chosen), widened_to, excluded)


# --- who is there ----------------------------------------------------------------------------------------------------


def _available(query: Query, columns: Columns) -> tuple[Slots, dict[str, int], int | None]:
    """Return the slots of those who can take the case, the counts of those left out, and the wider region, if any."""
    slots, excluded = _filtered(query, columns, columns.serving(query.region))
    widened_to = None
    for region in _wider(query.region):
        if len(slots) >= query.widen_below:
            break
        widened_to = region
        slots, excluded = _filtered(query, columns, columns.overlapping(region))
    return slots, excluded, widened_to


def _wider(region: int) -> list[int]:
    """Return the town, county and city of a place, as far as they are not narrower than itself."""
    return [each for each in (region, *regions.ancestors(region)) if regions.level(each) in WIDER]


def _filtered(query: Query, columns: Columns, slots: Slots) -> tuple[Slots, dict[str, int]]:
    slots = _without(columns, slots, columns.slots_of(query.exclude))
    excluded = {"recusal": len(slots)}
    slots = _without(columns, slots, columns.slots_of(query.recused))
    excluded |= {"recusal": excluded["recusal"] - len(slots), "leave": len(slots)}
    slots = _without(columns, slots, columns.away(query.today))
    excluded |= {"leave": excluded["leave"] - len(slots), "full": len(slots)}
    slots = slots[columns.load[slots] < columns.cap[slots]]
    return slots, excluded | {"full": excluded["full"] - len(slots)}


def _without(columns: Columns, slots: Slots, out: Slots) -> Slots:
    if not len(out):
        return slots
    stays = np.ones(len(columns), dtype=bool)
    stays[out] = False
    return slots[stays[slots]]


# --- who is best, and the mix ----------------------------------------------------------------------------------------


def _choose(query: Query, columns: Columns, slots: Slots, found: Score) -> list[int]:
    """Return the places, within `slots`, of the names to list, best first."""
    keys = _order(columns, slots, found.fit)
    cells = 2 * columns.kind[slots] + _outside(query, columns.home[slots])
    size = np.bincount(cells, minlength=2 * len(KINDS)).tolist()
    ranked = _ranked(keys, _contenders(keys, cells, query.n))
    places: list[int] = ranked.tolist()
    cells_of = cells[ranked].tolist()
    if _is_mixed(cells_of[: query.n], size, query):
        return places[: query.n]
    # No more than n of each cell (a kind, outside or not) can be listed.
    room = [query.n] * len(size)
    left: list[int] = []
    mix: list[tuple[int, bool]] = []
    for place, cell in zip(places, cells_of, strict=True):
        if room[cell]:
            room[cell] -= 1
            left.append(place)
            mix.append((cell >> 1, bool(cell & 1)))
    return [left[at] for at in compose(mix, query.n, query.outsiders)]


def _contenders(keys: NDArray[np.int64], cells: NDArray[np.uint8], n: int) -> NDArray[np.intp]:
    """Return the places among which those to list are: of many the best n of each cell, of few all."""
    if len(keys) <= FEW:
        return np.arange(len(keys))
    return np.concatenate([_best(keys, np.flatnonzero(cells == cell), n) for cell in np.unique(cells)])


def _is_mixed(best: list[int], size: list[int], query: Query) -> bool:
    """Tell whether the best names by rank alone have every kind and enough from outside, as far as there are any."""
    kinds = {cell >> 1 for cell, many in enumerate(size) if many}
    outsiders = sum(cell & 1 for cell in best)
    return len({cell >> 1 for cell in best}) == min(query.n, len(kinds)) and outsiders >= min(
        query.outsiders, sum(size[1::2])
    )


def _ranked(keys: NDArray[np.int64], places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[(-keys[places]).argsort()]


def _order(columns: Columns, slots: Slots, fit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for each slot, unique, higher is better: fit, then fewer open cases, then the smaller id."""
    return (fit << 40) | ((MOST - columns.load[slots].astype(np.int64)) << 32) | (2**32 - 1 - columns.id[slots])


def _best(keys: NDArray[np.int64], places: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    return places if len(places) <= n else places[np.argpartition(-keys[places], n - 1)[:n]]


def _outside(query: Query, homes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each home whether it lies outside all villages of the sides; one that may lie inside is inside."""
    outside = np.ones(len(homes), dtype=bool)
    for village in set(query.villages):
        low, high = regions.bounds(village)
        outside &= (homes < low) | (homes > high)
        if low == high:  # a home known only as the town of that village
            outside &= homes != low - low % 1000
    return outside


def compose(ranked: Sequence[tuple[int, bool]], n: int, outsiders: int = 2) -> list[int]:
    """Return the places of the n names to take from `ranked`, (kind, lives outside) best first.

    As many kinds as can be, then as many from outside as can be (up to `outsiders`), then in the order of rank: the
    first name that can be on such a list is taken, and so on.
    """
    left, size = Counter(ranked), min(n, len(ranked))
    kinds = min(size, len({kind for kind, _ in left}))
    enough = next(many for many in range(outsiders, -1, -1) if _can_fill(left, size, set(), kinds, many))
    taken: list[int] = []
    covered: set[int] = set()
    refused: set[tuple[int, bool]] = set()  # until somebody is taken, who is like them cannot be either
    for at, alike in enumerate(ranked):
        if len(taken) == size:
            break
        left[alike] -= 1
        if alike in refused:
            continue
        then, still = covered | {alike[0]}, enough - alike[1]
        if _can_fill(left, size - len(taken) - 1, then, kinds - len(then), still):
            taken.append(at)
            covered, enough, refused = then, still, set()
        else:
            refused.add(alike)
    return taken


def _can_fill(left: Counter[tuple[int, bool]], seats: int, covered: set[int], kinds: int, outsiders: int) -> bool:
    """Tell whether the seats can be filled from `left` with so many kinds not yet covered and so many from outside."""
    if kinds <= 0 >= outsiders:
        return True
    fresh = {kind for (kind, _), many in left.items() if many} - covered
    fresh_outside = {kind for (kind, outside), many in left.items() if outside and many} - covered
    kinds = max(kinds, 0)
    # A seat for a new kind may be somebody's from outside as well, if that kind has one; a free seat may always.
    room = min(len(fresh_outside), kinds) + seats - kinds
    away = sum(many for (_, outside), many in left.items() if outside)
    return kinds <= min(seats, len(fresh)) and outsiders <= min(room, away)


def _candidates(query: Query, columns: Columns, slots: Slots, found: Score, places: list[int]) -> tuple[Candidate, ...]:
    """Return those at `places` of the score, who stand in `slots`, with their reasons."""
    fits, parts = found.fit[places].tolist(), {name: points[places].tolist() for name, points in found.parts.items()}
    return tuple(
        Candidate(row, fits[at], reasons(query, row, {name: points[at] for name, points in parts.items()}))
        for at, row in enumerate(columns.rows(slots))
    )
