"""Each reason to prefer someone: one registered function that gives points, and one that puts them into words.

Points are whole numbers from 0 to 1000 for each mediator at once; fit = sum of weight x points / 100, so that every
machine comes to the same list. Weights, tables and words are data/policies/signals.toml. A new signal is one function
under `@signal` here (and its words there).
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.query import Query
from talent_pool import regions, taxonomy
from talent_pool.files import data_dir
from talent_pool.models import Kind
from talent_pool.roster import Skill
from talent_pool.snapshot import KINDS, TYPES_A_BYTE, Columns, RosterRow, Slots, level, vocabulary
from talent_pool.taxonomy import Words

Points = NDArray[np.int64]
Scorer = Callable[[Query, Columns, Slots], Points]
Speaker = Callable[[Query, RosterRow], Words | None]

LONGEST = 25  # characters of a reason in Chinese
MOST_REASONS = 3
LOCALES = ("zh", "en")
FILE = "signals.toml"


@dataclass(frozen=True, slots=True)
class Signal:
    """A reason to prefer someone. `points` scores all slots at once, `says` words it for one mediator, if it can."""

    name: str
    points: Scorer
    says: Speaker
    weight: int


class Reason(NamedTuple):
    """Why somebody is on the list, in one short line."""

    signal: str
    zh: str
    en: str

    def as_json(self) -> dict[str, str]:
        """Return the form in which a list keeps it."""
        return {"signal": self.signal, "zh": self.zh, "en": self.en}


SIGNALS: dict[str, Signal] = {}


def signal(name: str, *, says: Speaker, weight: int | None = None) -> Callable[[Scorer], Scorer]:
    """Register a signal. Its weight stands in signals.toml; `weight` serves until it does."""

    def register(points: Scorer) -> Scorer:
        given = settings()["weights"].get(name, weight)
        if not isinstance(given, int) or given < 0:
            raise ValueError(f"{FILE}: no weight for the signal {name}")
        SIGNALS[name] = Signal(name, points, says, given)
        return points

    return register


@dataclass(frozen=True, slots=True)
class Score:
    """The fit of each slot and what each signal put into it."""

    fit: Points
    parts: Mapping[str, Points]


def score(query: Query, columns: Columns, slots: Slots) -> Score:
    """Return the fit of mediators for a quarrel, exact whole numbers."""
    parts = {each.name: each.weight * each.points(query, columns, slots) for each in SIGNALS.values() if each.weight}
    total = sum(parts.values(), start=np.zeros(len(slots), dtype=np.int64))
    return Score(total // 100, parts)


def reasons(query: Query, row: RosterRow, parts: Mapping[str, int]) -> tuple[Reason, ...]:
    """Return up to three reasons for one mediator, what weighed most first; `parts` as `score` gave them."""
    found: list[Reason] = []
    for name in sorted((name for name in parts if parts[name] > 0), key=parts.__getitem__, reverse=True):
        if words := SIGNALS[name].says(query, row):
            found.append(Reason(name, words.zh, words.en))
            if len(found) == MOST_REASONS:
                break
    return tuple(found)


# --- the tables ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def settings() -> dict[str, Any]:
    """Return signals.toml; raise ValueError with the file's name when a table does not fit the taxonomy."""
    table = tomllib.loads((data_dir() / "policies" / FILE).read_text(encoding="utf-8"))
    kinds, known = set(KINDS), set(taxonomy.types())
    fits = [table["kind_fit"]["unknown"], *table["kind_fit"]["types"].values()]
    fits += [fit for zone in table["kind_fit"]["zones"].values() for fit in zone.values()]
    named = set(table["kind_fit"]["types"]).union(*table["kind_fit"]["zones"].values())
    if len(table["expertise"]["levels"]) != 4 or len(table["proximity"]["points"]) != 6:
        raise ValueError(f"{FILE}: four levels of expertise and six distances are needed")
    zones = set(table["kind_fit"]["zones"])
    if any(set(fit) != kinds for fit in fits) or named - known or zones - set(regions.zones()):
        raise ValueError(f"{FILE}: kind_fit names a kind, type or zone that is not in the taxonomy")
    return table


def _words(
    name: str, key: str, zh: Mapping[str, object] | None = None, en: Mapping[str, object] | None = None
) -> Words:
    """Fill one of a signal's phrases; what is not given in English stands as in Chinese."""
    phrase, fields = settings()[name]["words"][key], dict(zh or {})
    return Words(phrase["zh"].format(**fields), phrase["en"].format(**{**fields, **(en or {})}))


# --- expertise -------------------------------------------------------------------------------------------------------


def _says_expertise(query: Query, row: RosterRow) -> Words | None:
    skill = _best_skill(query, row.skills)
    return _expertise_words(skill) if skill else None


@lru_cache(maxsize=4096)
def _expertise_words(skill: Skill) -> Words:
    zh, en = _skill_words(skill)
    key, years = ("years", {"years": skill.years}) if skill.years else ("skill", {})
    return _words("expertise", key, {"skill": zh, **years}, {"skill": en})


def _best_skill(query: Query, skills: Sequence[Skill]) -> Skill | None:
    """Return the skill to name: the sub-type itself, or the best one of a type that is likely enough to be named."""
    exact = [skill for skill in skills if query.subtype and skill.subtype == query.subtype]
    if exact:
        return max(exact, key=lambda skill: skill.years)
    enough = settings()["expertise"]["say_from"]
    likely = [skill for skill in skills if query.likely.get(skill.type, 0) >= enough]
    order = vocabulary().types
    # The likeliest first, of one type the whole before a part, then the longer years; the rest makes it certain.
    return min(
        likely,
        key=lambda s: (-query.likely[s.type] * level(s), bool(s.subtype), -s.years, order[s.type], s.subtype),
        default=None,
    )


def _skill_words(skill: Skill) -> tuple[str, str]:
    if skill.subtype:
        zh, en = (taxonomy.label("subtypes", skill.subtype, to) for to in LOCALES)
        return zh, en
    return _type_words(skill.type)


def _type_words(code: str) -> tuple[str, str]:
    zh, en = (taxonomy.label("types", code, to) for to in LOCALES)
    return zh if zh.endswith("争议") else f"{zh}纠纷", en


@lru_cache(maxsize=1)
def _levels_of_bytes() -> NDArray[np.int64]:
    """Return the points of the four types that each of 256 bytes holds: (4, 256)."""
    levels = np.array(settings()["expertise"]["levels"], dtype=np.int64)
    places = 2 * np.arange(TYPES_A_BYTE)
    table: Points = levels[(np.arange(256) >> places[:, None]) & 3]
    return table


_PLACES = 256 * np.arange(64)[:, None]  # where the bytes' tables begin when they stand one behind the other


@signal("expertise", says=_says_expertise)
def expertise(query: Query, columns: Columns, slots: Slots) -> Points:
    """Prefer who is good at the likely types, more so with years, and who knows the very sub-type."""
    held = columns.expertise[:, slots]  # (bytes, slots)
    shares = np.zeros((len(held), TYPES_A_BYTE), dtype=np.int64)
    shares.ravel()[: len(query.shares)] = query.shares
    worth = shares @ _levels_of_bytes()  # (bytes, 256)
    places = held + _PLACES[: len(held)]  # in the flat table
    points: Points = np.add.reduce(worth.ravel()[places]) // 1000
    if query.subtype:
        knows = columns.subtypes[slots] & np.uint64(1 << vocabulary().subtypes[query.subtype])
        points += settings()["expertise"]["subtype"] * (knows != 0)
    return points


# --- proximity -------------------------------------------------------------------------------------------------------

NEAR = ("village", "town", "county")  # worded; farther is no reason to name


def _says_proximity(query: Query, row: RosterRow) -> Words | None:
    far = next((far for low, high, far in query.rings if low <= row.home <= high), len(NEAR))
    return _home_words(row.home, NEAR[far]) if far < len(NEAR) else None


@lru_cache(maxsize=4096)
def _home_words(home: int, near: str) -> Words | None:
    if home not in regions.tree():
        return None
    return _words("proximity", near, {"home": regions.short_name(home)})


@signal("proximity", says=_says_proximity)
def proximity(query: Query, columns: Columns, slots: Slots) -> Points:
    """Prefer who lives near the place, by the tree of regions (`regions.distance` for all at once)."""
    *_, outside = settings()["proximity"]["points"]
    rings = [(low, high + 1, settings()["proximity"]["points"][far]) for low, high, far in query.rings]
    # Rings lie in each other: their lower ends from the widest to the narrowest, then their upper ends back again.
    # A home known only as a town lies in no village's ring.
    edges = [low for low, _, _ in reversed(rings)] + [end for _, end, _ in rings]
    worth = [outside, *(points for _, _, points in reversed(rings)), *(points for _, _, points in rings[1:]), outside]
    at = np.array(edges, dtype=np.int64).searchsorted(columns.home[slots], side="right")
    found: Points = np.array(worth, dtype=np.int64)[at]
    return found


# --- kind ------------------------------------------------------------------------------------------------------------


def _says_kind(query: Query, row: RosterRow) -> Words | None:
    return _kind_words(row.kind, query.type, query.zone) if query.type else None


@lru_cache(maxsize=1024)
def _kind_words(kind: Kind, type_: str, zone: str) -> Words | None:
    fit = _kind_table(zone)[type_]
    if fit[kind] < max(fit.values()):
        return None
    kinds = (taxonomy.label("kinds", kind, to) for to in LOCALES)
    zh, en = ({"kind": kind, "type": of} for kind, of in zip(kinds, _type_words(type_), strict=True))
    return _words("kind_fit", "suits", zh, en)


@lru_cache(maxsize=8)
def _kind_table(zone: str) -> dict[str, dict[str, int]]:
    """Return type → kind → points, as it holds in a zone; types without a line fit as when nothing is known."""
    table = settings()["kind_fit"]
    usual: dict[str, dict[str, int]] = {code: table["types"].get(code, table["unknown"]) for code in taxonomy.types()}
    usual |= table["zones"].get(zone, {})
    return usual


@lru_cache(maxsize=8)
def _kind_points(zone: str) -> NDArray[np.int64]:
    """Return the same as numbers: (types, kinds)."""
    return np.array([[fit[kind] for kind in KINDS] for fit in _kind_table(zone).values()], dtype=np.int64)


@signal("kind_fit", says=_says_kind)
def kind_fit(query: Query, columns: Columns, slots: Slots) -> Points:
    """Prefer the kind of mediator that the likely types call for in this part of the province."""
    unknown = np.array([settings()["kind_fit"]["unknown"][kind] for kind in KINDS], dtype=np.int64)
    rest = max(0, 1000 - sum(query.likely.values()))
    of_kind = (rest * unknown + query.shares @ _kind_points(query.zone)) // 1000
    points: Points = of_kind[columns.kind[slots]]
    return points


# --- dialect and load ------------------------------------------------------------------------------------------------


def _says_dialect(query: Query, row: RosterRow) -> Words | None:
    if query.dialect is None or query.dialect not in row.dialects:
        return None
    zh, en = ({"dialect": taxonomy.label("dialects", query.dialect, to)} for to in LOCALES)
    return _words("dialect", "speaks", zh, en)


@signal("dialect", says=_says_dialect)
def dialect(query: Query, columns: Columns, slots: Slots) -> Points:
    """Prefer who speaks as the sides do."""
    if query.dialect is None:
        return np.zeros(len(slots), dtype=np.int64)
    bit = np.uint16(1 << vocabulary().dialects[query.dialect])
    points: Points = 1000 * ((columns.dialects[slots] & bit) != 0).astype(np.int64)
    return points


def _says_load(_query: Query, row: RosterRow) -> Words | None:
    return _load_words(row.open_cases, row.load_cap - row.open_cases)


@lru_cache(maxsize=1024)
def _load_words(cases: int, room: int) -> Words:
    return _words("load", "room", {"open": cases, "room": room}) if cases else _words("load", "idle")


@signal("load", says=_says_load)
def load(_query: Query, columns: Columns, slots: Slots) -> Points:
    """Prefer who has room: the free share of the cap."""
    cap = columns.cap[slots].astype(np.int64)
    free = np.maximum(cap - columns.load[slots], 0)
    points: Points = 1000 * free // np.maximum(cap, 1)
    return points
