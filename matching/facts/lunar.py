"""The farmers' calendar: new years, leap months and lengths of months from data/lexicon/lunar.csv (1990-2060)."""

import csv
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from talent_pool.files import data_dir


class Year(NamedTuple):
    """A lunar year: its first day, the month that is doubled (0 for none), days of each month in order."""

    first: date
    leap: int
    lengths: tuple[int, ...]


@lru_cache(maxsize=1)
def years() -> dict[int, Year]:
    """Return the table by year."""
    with (data_dir() / "lexicon" / "lunar.csv").open(encoding="utf-8", newline="") as file:
        return {
            int(row["year"]): Year(
                date.fromisoformat(row["new_year"]),
                int(row["leap"]),
                tuple(30 if sign == "x" else 29 for sign in row["months"]),
            )
            for row in csv.DictReader(file)
        }


def day(year: int, month: int, number: int = 1, *, leap: bool = False) -> date | None:
    """Return the day of a lunar date, None outside the table or for a day that the month has not."""
    known = years().get(year)
    if known is None or not 1 <= month <= 12 or (leap and known.leap != month):
        return None
    at = month - 1 + (1 if leap or (known.leap and month > known.leap) else 0)
    if not 1 <= number <= known.lengths[at]:
        return None
    return known.first + timedelta(days=sum(known.lengths[:at]) + number - 1)


def year_of(today: date) -> int:
    """Return the lunar year in which a day lies."""
    known = years().get(today.year)
    return today.year if known is None or today >= known.first else today.year - 1
