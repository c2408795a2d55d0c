"""Invented people: surnames as frequent as in the province, given names of their time, numbers that ring nobody."""

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Any

from talent_pool import regions
from talent_pool.files import data_dir
from talent_pool.models import Sex

TOGETHER = 0.7  # share of given names that are put together rather than taken whole
PHONE_PREFIX = "1990000"
PHONES = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    name: str
    surname: str
    sex: Sex
    birth_year: int
    home: int
    phone: str


class Weighted:
    """Draws from a table of weights; the sums are made once."""

    def __init__(self, weights: dict[str, float]) -> None:
        self.names, self.sums = list(weights), list(accumulate(weights.values()))

    def draw(self, rng: Random) -> str:
        """Return one name."""
        return self.names[bisect_right(self.sums, rng.random() * self.sums[-1])]


class Phones:
    """Hands out each demo number once, in a mixed order; '' when all are gone."""

    def __init__(self, rng: Random) -> None:
        self._free = list(range(PHONES))
        rng.shuffle(self._free)

    def next(self) -> str:
        """Return a number that nobody has yet."""
        return f"{PHONE_PREFIX}{self._free.pop():04d}" if self._free else ""


class Town:
    """Where people live: draws villages and people of one place."""

    def __init__(self, rng: Random, phones: Phones) -> None:
        self.rng, self.phones = rng, phones

    def person(self, home: int, sex: Sex, birth_year: int, *, surname: str = "", phone: bool = True) -> Person:
        """Invent somebody who lives at `home`; kin bear the `surname` given."""
        last = surname or surnames(regions.zone(home) or "").draw(self.rng)
        first = given_name(self.rng, sex, birth_year)
        number = self.phones.next() if phone else ""
        return Person(last + first, last, sex, birth_year, home, number)


def given_name(rng: Random, sex: Sex, birth_year: int) -> str:
    """Return a given name of the time and sex."""
    names = _names()["given"]
    time = max((year for year in names if int(year) <= birth_year), default=min(names))
    table = names[time]["female" if sex is Sex.FEMALE else "male"]
    if rng.random() >= TOGETHER:
        return str(rng.choice(table["whole"]))
    first, second = rng.choice(table["first"]), rng.choice(table["second"])
    return str(first + second) if first != second else str(second)


@lru_cache(maxsize=4)
def surnames(zone: str) -> Weighted:
    """Return the surnames of a zone with their frequencies."""
    names = _names()
    more = names["zone_surnames"].get(zone, {})
    return Weighted(
        {name: weight + more.get(name, 0) for name, weight in (dict.fromkeys(more, 0) | names["surnames"]).items()}
    )


@lru_cache(maxsize=1)
def _names() -> dict[str, Any]:
    return tomllib.loads((data_dir() / "pool" / "names.toml").read_text(encoding="utf-8"))
