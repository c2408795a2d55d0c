"""The invented quarrels of retellings.txt: which accounts tell one quarrel."""

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from matching.duplicates import Case
from talent_pool import regions

FIRST_DAY = date(2026, 1, 10)
# Letters of towns: A and B lie in one county, the others each in one of their own; C is in southern Shaanxi.
_COUNTIES = {"A": "610629", "B": "610629", "C": "610802", "D": "610581", "E": "610722", "F": "610924"}


class Told(NamedTuple):
    """One account and the number of the quarrel that it tells."""

    case: Case
    quarrel: int


def place(code: str) -> int | None:
    """Return the region of A3 (a village) or A (a town); None for -."""
    if code == "-":
        return None
    towns = regions.children(regions.parse(_COUNTIES[code[0]]))
    town = towns[1 if code[0] == "B" else 0]
    return regions.children(town)[int(code[1:]) - 1] if code[1:] else town


def told() -> list[Told]:
    """Return every account, in the order of the file."""
    found: list[Told] = []
    quarrel = 0
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        if not line:
            quarrel += 1
        elif not line.startswith("#"):
            found.append(Told(_case(f"{len(found):03d}", *line.split("|")), quarrel))
    return found


def _case(name: str, where: str, day: str, parties: str, parcel: str, words: str) -> Case:
    people = [each.partition("@") for each in parties.split()]
    return Case(
        name,
        words,
        place(where),
        FIRST_DAY + timedelta(int(day)),
        frozenset(name for name, _, _ in people),
        frozenset(f"1990000{phone}" for _, _, phone in people if phone),
        parcel,
    )
