"""The quarrels of the demo: written for it one by one, with the names of the case's own people filled in."""

import csv
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from app.demo.people import Person, Town, Weighted
from talent_pool import regions, taxonomy
from talent_pool.files import data_dir
from talent_pool.models import Sex

_WHO = re.compile(r"([AB]):([mf])(\d+)")


@dataclass(frozen=True)
class Quarrel:
    """A written quarrel: its type, who the two are, and what they settle on ('' when it is not for mediation)."""

    type: str
    subtype: str
    gate: str
    to: str
    text: str
    terms: str
    people: tuple[tuple[str, Sex, int], ...]
    kin: bool

    def cast(self, town: Town, place: int, year: int, taken: set[tuple[str, int]]) -> tuple[Person, Person]:
        """Invent the two people, neither of them somebody in `taken` (name, village)."""
        first = self._person(town, place, year, taken, 0, "")
        return first, self._person(town, place, year, taken, 1, first.surname if self.kin else "")

    def _person(
        self, town: Town, place: int, year: int, taken: set[tuple[str, int]], number: int, surname: str
    ) -> Person:
        _, sex, age = self.people[number]
        birth_year = year - age + town.rng.randint(-3, 3)
        while True:
            person = town.person(place, sex, birth_year, surname=surname, phone=False)
            if (person.name, place) not in taken:
                phone = town.phones.next() if town.rng.random() < (0.9 if age < 60 else 0.6) else ""
                return Person(person.name, person.surname, sex, birth_year, place, phone)

    def tell(self, words: str, people: tuple[Person, Person]) -> str:
        """Return the text or the terms with the people's names in it."""
        return words.replace("{A}", people[0].name).replace("{B}", people[1].name)


class Deck:
    """Deals quarrels in the mix of the field, each written one before any comes twice."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.left: dict[str, list[Quarrel]] = {}
        self.mix = Weighted({code: float(max(each.share, 0.2)) for code, each in taxonomy.types().items()})

    def deal(self) -> Quarrel:
        """Return the next quarrel."""
        code = self.mix.draw(self.rng)
        pile = self.left.get(code)
        if not pile:
            pile = self.left[code] = self.rng.sample(by_type()[code], k=len(by_type()[code]))
        return pile.pop()


@lru_cache(maxsize=1)
def by_type() -> dict[str, list[Quarrel]]:
    """Return every quarrel under its type; each type has one at least."""
    found: dict[str, list[Quarrel]] = defaultdict(list)
    for quarrel in quarrels():
        found[quarrel.type].append(quarrel)
    return dict(found)


@lru_cache(maxsize=1)
def quarrels() -> tuple[Quarrel, ...]:
    """Return the quarrels in the order of the file."""
    with (data_dir() / "demo" / "quarrels.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_quarrel(row) for row in csv.DictReader(file))


def _quarrel(row: dict[str, str]) -> Quarrel:
    taxonomy.check_type(row["type"], row["subtype"])
    people = tuple(
        (letter, Sex.FEMALE if sex == "f" else Sex.MALE, int(age)) for letter, sex, age in _WHO.findall(row["people"])
    )
    written = {name: row[name] for name in ("type", "subtype", "gate", "to", "text", "terms")}
    return Quarrel(**written, people=people, kin=row["people"].endswith("kin"))


@lru_cache(maxsize=1)
def words() -> dict[str, list[str]]:
    """Return what people write in records, by occasion."""
    return tomllib.loads((data_dir() / "demo" / "words.toml").read_text(encoding="utf-8"))


def a_village(rng: Random, town: int) -> int:
    """Return a village of the town to quarrel in."""
    return rng.choice(regions.children(town))
