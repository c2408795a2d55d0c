"""A million past cases from which the few that may be one quarrel are taken out in a millisecond or two.

Every case stands in lists (postings) of hashed keys: rare pairs of characters of its words within its county, its
people by sound, its telephones, its household, parcel and village. A query adds up what the lists say, within its
window of days, and only the best rows are read and compared with care (`matching.quarrels`). Sealed segments of NumPy
arrays hold the bulk, a small open list the newest; segments are merged as they grow, so that adding stays cheap.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.persons import persons
from matching.quarrels import READ, Case, label, pairs_of
from matching.spans import keys_of
from matching.text import plain

Rows = NDArray[np.int32]
Floats = NDArray[np.float32]

CANDIDATES = 24  # rows that are compared with care
OPEN = 2048  # cases that wait unsealed
_CHUNK = 50_000  # cases that are hashed at once: bounds the memory of a build
_MOST = 10_000  # entries of word lists that a query reads, shortest lists first
_COUNTY = 10**6
_FIELD, _ITEM = "\x1f", "\x1e"
_UNDATED = -1

# Kinds of keys and what a hit of each is worth beside a rare pair of characters, which is worth 1.
_WORDS, _NAME, _PART, _FAMILY, _PHONE, _PARCEL, _HOUSEHOLD, _VILLAGE = range(8)
_WORTH = np.array([1.0, 9.0, 4.0, 2.5, 14.0, 9.0, 9.0, 1.5], dtype=np.float32)
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Keys(NamedTuple):
    """Hashed keys of some cases, one entry a key and case: 32-bit key, number of the case, kind."""

    key: NDArray[np.uint32]
    row: Rows
    kind: NDArray[np.uint8]


def keys_for(cases: Sequence[Case], counties: Sequence[int] | None = None) -> Keys:
    """Return the keys of cases. `counties`: a query without a place asks for its words in each of them."""
    rows: list[int] = []
    counts: list[int] = []
    kinds: list[int] = []
    words: list[str] = []
    for at, case in enumerate(cases):
        for county in counties if counties is not None and case.region is None else (_county(case),):
            for kind, names in _names(case, county):
                rows.append(at)
                kinds.append(kind)
                counts.append(len(names))
                words.extend(names)
    return Keys(_hash(words), np.repeat(np.array(rows, np.int32), counts), np.repeat(np.array(kinds, np.uint8), counts))


def _hash(words: list[str]) -> NDArray[np.uint32]:
    if not words:
        return np.zeros(0, np.uint32)
    return ((keys_of(words) * _MIX) >> np.uint64(32)).astype(np.uint32)


def _county(case: Case) -> int:
    return 0 if case.region is None else case.region // _COUNTY


def _names(case: Case, county: int) -> Iterator[tuple[int, list[str]]]:
    """Yield kind and keys as words; each carries what it holds within (chr of the county), so that lists stay short."""
    mark = chr(0x10000 + county % 0xF0000)
    yield _WORDS, [mark + pair for pair in dict.fromkeys(pairs_of(plain(case.text[:READ])))]
    whole, parts, families = [], [], []
    place = f"{case.region or 0}"
    for one in persons(case.people):
        if one.full:
            whole.append(f"n{one.heard}")
        if len(one.given) > 1:
            parts.append(f"g{mark}{one.given}")
        if one.full and len(one.heard) > 2:
            parts += [f"h{mark}{one.heard[:2]}", f"t{mark}{one.surname}{one.heard[-1]}"]
        if one.surname:
            families.append(f"s{place}{one.surname}")
    yield _NAME, whole
    yield _PART, list(dict.fromkeys(parts))
    yield _FAMILY, list(dict.fromkeys(families))
    yield _PHONE, [f"p{phone}" for phone in sorted(case.phones)]
    yield _PARCEL, [f"l{mark}{label(case.parcel)}"] if label(case.parcel) else []
    yield _HOUSEHOLD, [f"u{mark}{label(case.household)}"] if label(case.household) else []
    yield _VILLAGE, [f"v{place}"] if case.region is not None and case.region % 1000 else []


class _Segment:
    """Some cases, sealed: rows in order of days, those without a day first."""

    def __init__(self, cases: Iterable[Case]) -> None:
        ordered = sorted(cases, key=lambda case: _day(case.day))
        self.days = np.array([_day(case.day) for case in ordered], np.int32)
        self.alive = np.ones(len(ordered), np.bool_)
        self.counties = sorted({_county(case) for case in ordered})
        packed = [_pack(case) for case in ordered]
        self.offsets = np.zeros(len(ordered) + 1, np.int64)
        np.cumsum([len(each) for each in packed], out=self.offsets[1:])
        self.blob = b"".join(packed)
        self._post(ordered)
        names = _id_keys([case.id for case in ordered])
        self._by_id = np.argsort(names, kind="stable").astype(np.int32)
        self._ids = names[self._by_id]

    def _post(self, ordered: Sequence[Case]) -> None:
        found = [keys_for(ordered[at : at + _CHUNK]) for at in range(0, len(ordered), _CHUNK)]
        size = sum(len(part.key) for part in found)
        self.shift = np.uint32(32 - min(26, max(8, (size // 4).bit_length())))
        # Bucket, then row, in one number: sorting it sorts both.
        both = np.empty(size, np.uint64)
        at = 0
        for number, part in enumerate(found):
            bucket = (part.key >> self.shift).astype(np.uint64)
            both[at : at + len(part.key)] = (bucket << np.uint64(32)) | (part.row + number * _CHUNK).astype(np.uint64)
            at += len(part.key)
        found.clear()
        both.sort()
        self.rows = (both & np.uint64(0xFFFFFFFF)).astype(np.int32)
        buckets = np.arange((1 << (32 - int(self.shift))) + 1, dtype=np.uint64) << np.uint64(32)
        self.starts = np.searchsorted(both, buckets).astype(np.uint32)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.alive))

    def nbytes(self) -> int:
        """Return the bytes held."""
        arrays = (self.days, self.alive, self.offsets, self.rows, self.starts, self._by_id, self._ids)
        return len(self.blob) + sum(each.nbytes for each in arrays)

    def case(self, row: int) -> Case:
        """Return one case."""
        return _unpack(self.blob[self.offsets[row] : self.offsets[row + 1]], int(self.days[row]))

    def cases(self) -> Iterator[Case]:
        """Yield the cases that have not been removed."""
        for row in np.flatnonzero(self.alive):
            yield self.case(int(row))

    def row_of(self, name: str) -> int | None:
        """Return the row of a case that has not been removed."""
        key = _id_keys([name])[0]
        at = int(np.searchsorted(self._ids, key))
        while at < len(self._ids) and self._ids[at] == key:
            row = int(self._by_id[at])
            if self.alive[row] and self.case(row).id == name:
                return row
            at += 1
        return None

    def best(self, keys: Keys, day: date | None, days: int) -> tuple[Rows, Floats]:
        """Return the rows for which the lists speak loudest, and how loudly."""
        bucket = keys.key >> self.shift
        low = self.starts[bucket].astype(np.int64)
        size = self.starts[bucket + np.uint32(1)].astype(np.int64) - low
        worth = _WORTH[keys.kind] / np.log2(2.0 + size).astype(np.float32)
        low, size, worth = _affordable(low, size, worth, keys.kind)
        rows = self.rows[np.repeat(low - np.cumsum(size) + size, size) + np.arange(size.sum())]
        said = np.repeat(worth, size)
        near = self._near(rows, day, days) & self.alive[rows]
        rows, at = np.unique(rows[near], return_inverse=True)
        total = np.bincount(at, said[near], len(rows)).astype(np.float32)
        if len(rows) > CANDIDATES:
            top = np.argpartition(total, -CANDIDATES)[-CANDIDATES:]
            rows, total = rows[top], total[top]
        return rows, total

    def _near(self, rows: Rows, day: date | None, days: int) -> NDArray[np.bool_]:
        if day is None:
            return np.ones(len(rows), np.bool_)
        undated = np.searchsorted(self.days, _UNDATED, side="right")
        low = np.searchsorted(self.days, _day(day) - days)
        high = np.searchsorted(self.days, _day(day) + days, side="right")
        return (rows < undated) | ((rows >= low) & (rows < high))


def _affordable(
    low: NDArray[np.int64], size: NDArray[np.int64], worth: Floats, kind: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    # Shortest lists first: a frequent pair of characters costs most and tells least. Other keys are always read.
    order = np.lexsort((size, kind == _WORDS))
    words = kind[order] == _WORDS
    kept = order[~words | (np.cumsum(np.where(words, size[order], 0)) <= _MOST)]
    kept = kept[size[kept] > 0]
    return low[kept], size[kept], worth[kept]


class DuplicateIndex:
    """Past cases by everything by which one quarrel is known again. Not safe for writers in several threads."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []
        self._open: dict[str, Case] = {}
        self._lists: dict[int, list[str]] = {}

    @classmethod
    def build(cls, cases: Iterable[Case]) -> "DuplicateIndex":
        """Return an index of all these cases; ids are distinct."""
        index = cls()
        given = list(cases)
        if given:
            index._segments.append(_Segment(given))
        return index

    def __len__(self) -> int:
        return len(self._open) + sum(map(len, self._segments))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._open or any(s.row_of(name) is not None for s in self._segments))

    def nbytes(self) -> int:
        """Return the bytes held by sealed segments."""
        return sum(segment.nbytes() for segment in self._segments)

    def add(self, case: Case) -> None:
        """Take a case in; one of the same id is replaced."""
        self.remove(case.id)
        self._open[case.id] = replace(case, text=plain(case.text[:READ]))
        for key in keys_for([case]).key.tolist():
            self._lists.setdefault(key, []).append(case.id)
        if len(self._open) >= OPEN:
            self._seal()

    def remove(self, name: str) -> bool:
        """Forget a case; tell whether it was there."""
        case = self._open.pop(name, None)
        if case is not None:
            for key in keys_for([case]).key.tolist():
                self._lists[key].remove(name)
            return True
        for segment in self._segments:
            row = segment.row_of(name)
            if row is not None:
                segment.alive[row] = False
                return True
        return False

    def _seal(self) -> None:
        cases = list(self._open.values())
        # A segment is merged into the one before it when it has grown to a quarter of it: few segments, few merges.
        while self._segments and len(self._segments[-1]) <= 4 * len(cases):
            cases = [*self._segments.pop().cases(), *cases]
        self._segments.append(_Segment(cases))
        self._open, self._lists = {}, {}

    def candidates(self, new: Case, days: int) -> list[Case]:
        """Return the cases that are worth a careful look, at most CANDIDATES, the likeliest first."""
        counties = sorted({county for segment in self._segments for county in segment.counties})
        counties = sorted({*counties, *(_county(case) for case in self._open.values())}) if new.region is None else []
        keys = self._keys(new, counties)
        found: list[tuple[float, int, int]] = []
        for number, segment in enumerate(self._segments):
            rows, said = segment.best(keys, new.day, days)
            found += [(-total, number, row) for total, row in zip(said.tolist(), rows.tolist(), strict=True)]
        cases = [self._segments[number].case(row) for _, number, row in sorted(found)[:CANDIDATES]]
        cases += self._among_open(keys, new, days)
        return [case for case in cases if case.id != new.id]

    def _keys(self, new: Case, counties: list[int]) -> Keys:
        keys = keys_for([new], counties if new.region is None else None)
        if new.region is None:
            return keys
        # Cases without a place stand in a county of their own.
        words = keys_for([Case(new.id, new.text)])
        return Keys(
            np.concatenate((keys.key, words.key)),
            np.concatenate((keys.row, words.row)),
            np.concatenate((keys.kind, words.kind)),
        )

    def _among_open(self, keys: Keys, new: Case, days: int) -> list[Case]:
        said: dict[str, float] = {}
        for key, kind in zip(keys.key.tolist(), keys.kind.tolist(), strict=True):
            for name in self._lists.get(key, ()):
                said[name] = said.get(name, 0.0) + float(_WORTH[kind])
        near = [name for name in said if within(new, self._open[name], days)]
        return [self._open[name] for name in sorted(near, key=lambda name: (-said[name], name))[:CANDIDATES]]


def within(new: Case, case: Case, days: int) -> bool:
    """Tell whether two cases lie at most so many days apart; one without a day lies near all."""
    return new.day is None or case.day is None or abs((new.day - case.day) // timedelta(1)) <= days


# --- a case in few bytes ---


def _day(day: date | None) -> int:
    return _UNDATED if day is None else day.toordinal()


def _id_keys(names: list[str]) -> NDArray[np.uint64]:
    return keys_of(names) if names else np.zeros(0, np.uint64)


def _pack(case: Case) -> bytes:
    people, phones = _ITEM.join(sorted(case.people)), _ITEM.join(sorted(case.phones))
    region = "" if case.region is None else str(case.region)
    fields = (case.id, region, people, phones, case.parcel, case.household, plain(case.text[:READ]))
    # The words are kept as they are compared. Two bytes a Chinese character, where UTF-8 takes three; what separates
    # cannot stand in a field.
    return _FIELD.join(each.replace(_FIELD, " ") for each in fields).encode("utf-16-le", "surrogatepass")


def _unpack(packed: bytes, day: int) -> Case:
    name, region, people, phones, parcel, household, text = packed.decode("utf-16-le", "surrogatepass").split(_FIELD)
    return Case(
        name,
        text,
        int(region) if region else None,
        None if day == _UNDATED else date.fromordinal(day),
        frozenset(filter(None, people.split(_ITEM))),
        frozenset(filter(None, phones.split(_ITEM))),
        parcel,
        household,
    )
