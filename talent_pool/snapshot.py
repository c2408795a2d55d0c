"""One unchanging state of the pool as columns, and how rows become columns.

Codes of regions order the tree depth first, so the column of served regions, sorted, holds every region's mediators as
one run and everything inside a region as one range: who may take a case is a handful of binary searches, whatever the
size of the pool.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talent_pool import regions, taxonomy
from talent_pool.models import Kind, Sex
from talent_pool.roster import Skill

Slots = NDArray[np.int32]  # places in the columns
KINDS = tuple(Kind)
YEARS = (3, 10)  # the years from which expertise counts as seasoned and as veteran
TYPES_A_BYTE = 4  # a type's level (0 none, 1 … 3) takes two bits
MOST = 255  # the largest load that a byte holds; more open cases rank alike


@dataclass(frozen=True, slots=True)
class RosterRow:
    """All that the index knows of one mediator."""

    id: int
    name: str
    kind: Kind
    home: int
    load_cap: int = 3
    open_cases: int = 0
    active: bool = True
    skills: tuple[Skill, ...] = ()
    areas: tuple[int, ...] = ()
    leave: tuple[tuple[date, date], ...] = ()  # first and last day, both included
    dialects: tuple[str, ...] = ()
    sex: Sex = Sex.UNKNOWN
    birth_year: int | None = None
    title: str = ""
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """One state of the pool. Columns of mediators are indexed by slot; `served_*` and `leave_*` point to slots.

    Bytes: 42 a mediator with the 19 types of today, 12 for each region served, 12 for each leave; `aside` (name and
    what else a card shows) is read for the few who are listed.
    """

    version: int
    id: NDArray[np.int64]
    home: NDArray[np.int64]
    kind: NDArray[np.uint8]
    load: NDArray[np.uint8]
    cap: NDArray[np.uint8]
    dialects: NDArray[np.uint16]  # one bit each
    subtypes: NDArray[np.uint64]  # one bit each
    expertise: NDArray[np.uint8]  # (bytes, slots): four types a byte, in the order of the taxonomy
    by_id: Slots  # slots in the order of ids
    served_region: NDArray[np.int64]  # sorted
    served_slot: Slots
    leave_slot: Slots
    leave_first: NDArray[np.int32]  # ordinals of days
    leave_last: NDArray[np.int32]
    aside: list[bytes]

    def __len__(self) -> int:
        return len(self.id)

    def serving(self, region: int) -> Slots:
        """Return the slots of those whose service area contains the place, each once."""
        # No slot comes twice: a mediator's areas are kept disjoint, and those that contain one place are nested.
        codes = np.array([region, *regions.ancestors(region)], dtype=np.int64)
        low, high = self.served_region.searchsorted((codes, codes + 1)).tolist()
        runs = [self.served_slot[a:b] for a, b in zip(low, high, strict=True) if a < b]
        return np.concatenate(runs) if runs else self.served_slot[:0]

    def overlapping(self, region: int) -> Slots:
        """Return the slots of those who serve the region, all of it or a part, each once."""
        low, high = regions.bounds(region)
        inside = self.served_slot[slice(*self.served_region.searchsorted([low, high + 1]).tolist())]
        return np.unique(np.concatenate([self.serving(region), inside]))

    def away(self, today: date) -> Slots:
        """Return the slots of those on leave that day."""
        day = today.toordinal()
        return self.leave_slot[(self.leave_first <= day) & (self.leave_last >= day)]

    def slots_of(self, ids: Collection[int]) -> Slots:
        """Return the slots of those ids that the pool has."""
        if not ids or not len(self):
            return self.by_id[:0]
        wanted = np.fromiter(ids, dtype=np.int64, count=len(ids))
        places = self.id.searchsorted(wanted, sorter=self.by_id).clip(max=len(self) - 1)
        slots = self.by_id[places]
        found: Slots = slots[self.id[slots] == wanted]
        return found

    def row(self, slot: int) -> RosterRow:
        """Return the same as `rows` for one slot."""
        return self.rows(np.array([slot], dtype=np.int32))[0]

    def rows(self, slots: Slots) -> list[RosterRow]:
        """Return what is known of the mediators in some slots (whether active is told by the areas; without leave)."""
        numbers = (column[slots].tolist() for column in (self.id, self.kind, self.home, self.cap, self.load))
        return [_row(*each, self.aside[slot]) for slot, *each in zip(slots.tolist(), *numbers, strict=True)]

    def nbytes(self) -> int:
        """Return the bytes of all columns, without what is kept aside."""
        return sum(column.nbytes for name in self.__slots__ if isinstance(column := getattr(self, name), np.ndarray))


# --- rows into columns ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which bit or byte stands for which code."""

    types: Mapping[str, int]
    subtypes: Mapping[str, int]
    dialects: Mapping[str, int]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the places of the taxonomy's codes; raise ValueError when a list has outgrown its column."""
    lists = taxonomy.types(), taxonomy.all_subtypes(), taxonomy.dialects()
    found = Vocabulary(*({code: place for place, code in enumerate(codes)} for codes in lists))
    if len(found.subtypes) > 64 or len(found.dialects) > 16:
        raise ValueError("the index holds at most 64 sub-types and 16 dialects")
    return found


def level(skill: Skill) -> int:
    """Return 1 able, 2 seasoned, 3 veteran; who knows a sub-type only stands one lower for the rest of the type."""
    reached = 1 + sum(skill.years >= years for years in YEARS)
    return max(1, reached - 1) if skill.subtype else reached


def make_columns(given: Iterable[RosterRow], version: int = 0) -> Columns:
    """Return the columns of some rows; raise ValueError for an id twice or one that does not fit into 32 bits."""
    # In the order of what they serve, so that those who are scanned together lie together.
    rows = sorted(given, key=lambda row: (min(row.areas, default=0), row.home, row.id))
    ids = np.array([row.id for row in rows], dtype=np.int64)
    if len(np.unique(ids)) != len(ids) or (len(ids) and not 0 <= ids.min() <= ids.max() < 2**32):
        raise ValueError("ids must be unique and fit into 32 bits")
    words = vocabulary()
    served = sorted((area, slot) for slot, row in enumerate(rows) for area in _served(row))
    leave = [(slot, *days) for slot, row in enumerate(rows) for days in row.leave]
    return Columns(
        version=version,
        id=ids,
        home=np.array([row.home for row in rows], dtype=np.int64),
        kind=np.array([KINDS.index(row.kind) for row in rows], dtype=np.uint8),
        load=np.array([min(row.open_cases, MOST) for row in rows], dtype=np.uint8),
        cap=np.array([min(row.load_cap, MOST) for row in rows], dtype=np.uint8),
        dialects=np.array([_bits(row.dialects, words.dialects) for row in rows], dtype=np.uint16),
        subtypes=np.array([_bits([s.subtype for s in row.skills], words.subtypes) for row in rows], dtype=np.uint64),
        expertise=_expertise(rows, words.types),
        by_id=np.argsort(ids).astype(np.int32),
        served_region=np.array([area for area, _ in served], dtype=np.int64),
        served_slot=np.array([slot for _, slot in served], dtype=np.int32),
        leave_slot=np.array([slot for slot, _, _ in leave], dtype=np.int32),
        leave_first=np.array([first.toordinal() for _, first, _ in leave], dtype=np.int32),
        leave_last=np.array([last.toordinal() for _, _, last in leave], dtype=np.int32),
        aside=[_aside(row) for row in rows],
    )


def _served(row: RosterRow) -> list[int]:
    """Return the areas of an active mediator without those that lie inside another one."""
    kept: list[int] = []
    for area in sorted(row.areas) if row.active else ():
        # Sorted codes are the tree depth first: only the last one kept can hold the next.
        if not kept or not regions.contains(kept[-1], area):
            kept.append(area)
    return kept


def _bits(codes: Iterable[str], places: Mapping[str, int]) -> int:
    return sum(1 << places[code] for code in set(codes) if code in places)


def _expertise(rows: Sequence[RosterRow], places: Mapping[str, int]) -> NDArray[np.uint8]:
    packed = np.zeros((-(-len(places) // TYPES_A_BYTE), len(rows)), dtype=np.uint8)
    for slot, row in enumerate(rows):
        levels: dict[str, int] = {}
        for skill in row.skills:
            levels[skill.type] = max(levels.get(skill.type, 0), level(skill))
        for code, reached in levels.items():
            if code in places:
                byte, place = divmod(places[code], TYPES_A_BYTE)
                packed[byte, slot] |= reached << (2 * place)
    return packed


def _aside(row: RosterRow) -> bytes:
    words: dict[str, Any] = {"name": row.name, "title": row.title, "intro": row.intro, "birth_year": row.birth_year}
    words |= {"sex": row.sex, "dialects": row.dialects}
    words["skills"] = [(skill.type, skill.subtype, skill.years) for skill in row.skills]
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()


@lru_cache(maxsize=4096)  # those who are listed are listed again
def _row(id_: int, kind: int, home: int, cap: int, load: int, aside: bytes) -> RosterRow:
    words: dict[str, Any] = json.loads(aside.decode())
    words["skills"] = tuple(Skill(*skill) for skill in words["skills"])
    words |= {"dialects": tuple(words["dialects"]), "sex": Sex(words["sex"])}
    return RosterRow(id=id_, kind=KINDS[kind], home=home, load_cap=cap, open_cases=load, **words)


def with_changes(old: Columns, rows: Sequence[RosterRow], version: int) -> Columns:
    """Return the columns with some mediators written over and the new ones behind."""
    patch = make_columns(rows, version)
    at = _places(old, patch)
    stays = np.ones(max(len(old), int(at.max(initial=-1)) + 1), dtype=bool)
    stays[at] = False
    aside = old.aside + [b""] * (len(stays) - len(old))
    for slot, words in zip(at.tolist(), patch.aside, strict=True):
        aside[slot] = words
    return replace(
        _merged_runs(old, patch, at, stays),
        version=version,
        by_id=np.argsort(ids := _over(old.id, patch.id, at)).astype(np.int32),
        id=ids,
        aside=aside,
        **{
            name: _over(getattr(old, name), getattr(patch, name), at)
            for name in ("home", "kind", "load", "cap", "dialects", "subtypes", "expertise")
        },
    )


def _places(old: Columns, patch: Columns) -> Slots:
    """Return for each row of the patch the slot that it has, or the next free one."""
    at = np.full(len(patch), -1, dtype=np.int32)
    if len(old) and len(patch):
        slots = old.by_id[old.id.searchsorted(patch.id, sorter=old.by_id).clip(max=len(old) - 1)]
        at = np.where(old.id[slots] == patch.id, slots, at)
    new = at < 0
    at[new] = len(old) + np.arange(new.sum(), dtype=np.int32)
    return at


def _over(old: NDArray[Any], patch: NDArray[Any], at: Slots) -> NDArray[Any]:
    size = max(old.shape[-1], int(at.max(initial=-1)) + 1)
    column = np.zeros((*old.shape[:-1], size), dtype=old.dtype)
    column[..., : old.shape[-1]] = old
    column[..., at] = patch
    return column


def _merged_runs(old: Columns, patch: Columns, at: Slots, stays: NDArray[np.bool_]) -> Columns:
    """Return the old columns with the served regions and leaves of the changed mediators taken out and put in anew."""
    kept, away = stays[old.served_slot], stays[old.leave_slot]
    region = np.concatenate([old.served_region[kept], patch.served_region])
    slot = np.concatenate([old.served_slot[kept], at[patch.served_slot]])
    order = region.argsort(kind="stable")  # two sorted runs: a merge
    return replace(
        old,
        served_region=region[order],
        served_slot=slot[order],
        leave_slot=np.concatenate([old.leave_slot[away], at[patch.leave_slot]]),
        leave_first=np.concatenate([old.leave_first[away], patch.leave_first]),
        leave_last=np.concatenate([old.leave_last[away], patch.leave_last]),
    )
