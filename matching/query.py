"""What is asked of the pool: a quarrel, read, with its place and its people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from talent_pool import regions, taxonomy

MOST_NAMES = 20
FAR = {digits: far for far, digits in enumerate(reversed(regions.LEVELS))}  # level of a shared region → distance


@dataclass(frozen=True)
class Query:
    """A quarrel for which names are sought.

    `probabilities`: of the types, none when nobody knows; `region`: where it happened, a village or a wider region;
    `villages`: the homes of the people on all sides; `recused`: mediators who must not have it; `exclude`: names put
    before the sides already; `dialect`: what the sides speak. Raises ValueError for an unknown code or a bad number.
    """

    region: int
    today: date
    probabilities: Mapping[str, float] = field(default_factory=dict)
    subtype: str | None = None
    villages: tuple[int, ...] = ()
    recused: frozenset[int] = frozenset()
    exclude: frozenset[int] = frozenset()
    dialect: str | None = None
    n: int = 6
    widen_below: int = 3  # with fewer eligible mediators the next wider region is asked
    outsiders: int = 2  # so many, when there are, live outside all `villages`

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MOST_NAMES:
            raise ValueError(f"n must be 1 to {MOST_NAMES}, not {self.n}")
        types = taxonomy.types()
        for code, probability in self.probabilities.items():
            if code not in types or not 0 <= probability <= 1:  # false for NaN as well
                raise ValueError(f"no probability of a type: {code}: {probability}")
        if self.subtype and self.subtype not in taxonomy.all_subtypes():
            raise ValueError(f"unknown sub-type: {self.subtype}")
        if self.dialect and self.dialect not in taxonomy.dialects():
            raise ValueError(f"unknown dialect: {self.dialect}")
        for place in (self.region, *self.villages):
            if not 10**11 <= place < 10**12:
                raise ValueError(f"not a region code of 12 digits: {place}")

    @cached_property
    def likely(self) -> dict[str, int]:
        """Return the types in thousandths, rounded to nothing ones left out: whole numbers add up alike everywhere."""
        thousandths = {code: round(1000 * probability) for code, probability in self.probabilities.items()}
        return {code: share for code, share in thousandths.items() if share}

    @cached_property
    def shares(self) -> NDArray[np.int64]:
        """Return the same for every type, in the order of the taxonomy."""
        return np.array([self.likely.get(code, 0) for code in taxonomy.types()], dtype=np.int64)

    @cached_property
    def type(self) -> str | None:
        """Return the likeliest type, the first of the taxonomy among equals; None when nothing is known."""
        known = (code for code in taxonomy.types() if code in self.likely)
        return max(known, key=self.likely.__getitem__, default=None)

    @cached_property
    def zone(self) -> str:
        """Return the zone of the place, '' outside of all."""
        return regions.zone(self.region) or ""

    @cached_property
    def rings(self) -> tuple[tuple[int, int, int], ...]:
        """Return (lowest code, highest code, distance) of the place and of the regions around it, the nearest first."""
        around = (self.region, *regions.ancestors(self.region))
        return tuple((*regions.bounds(each), FAR[regions.level(each)]) for each in around)
