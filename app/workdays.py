"""Working days and ages of cases, as they are counted in Shaanxi. Pure: moments in, moments out.

Inside, a moment is aware and in UTC; a day is a day of Asia/Shanghai. A deadline "within n days" ends with the last
second of the n-th day after the day on which it began (民法典 art. 201, 203): the day of the event is not counted.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from talent_pool.files import data_dir

SHANGHAI = ZoneInfo("Asia/Shanghai")
AGE_BANDS = ("0-7", "8-15", "16-30", "30+")
_BAND_ENDS = (7, 15, 30)
_LAST_SECOND = time(23, 59, 59)
_DAY = timedelta(days=1)
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class SpecialDay:
    """A day off or a weekend day at work; `notice`: the State Council's document, empty where only the law fixes it."""

    day: date
    works: bool
    name: str
    notice: str


class Calendar:
    """Which days are worked. Days that no table names follow the week: Monday to Friday."""

    def __init__(self, special: Iterable[SpecialDay]) -> None:
        self._special: Mapping[date, SpecialDay] = {each.day: each for each in special}

    def day(self, moment: datetime) -> date:
        """Return the day on which a moment falls in Shanghai."""
        return shanghai(moment).date()

    def is_workday(self, day: date) -> bool:
        """Tell whether offices are open on a day."""
        special = self._special.get(day)
        return special.works if special else day.weekday() < 5

    def name(self, day: date) -> str:
        """Return the holiday's name (with 调休 on a make-up working day); empty on ordinary days."""
        special = self._special.get(day)
        return special.name if special else ""

    def add_workdays(self, moment: datetime, n: int) -> datetime:
        """Return the end of the n-th working day after the day of `moment`, in UTC; n = 0 gives the end of that day."""
        _check_count(n)
        day = shanghai(moment).date()
        while n:
            day += _DAY
            n -= self.is_workday(day)
        return _end_of(day)

    def workdays_between(self, start: datetime, end: datetime) -> int:
        """Return how many working days lie after `start`'s day up to `end`'s day; negative if `end` is before."""
        first, last = shanghai(start).date(), shanghai(end).date()
        if last < first:
            return -self.workdays_between(end, start)
        days = (first + step * _DAY for step in range(1, (last - first).days + 1))
        return sum(self.is_workday(day) for day in days)

    def known_until(self) -> int:
        """Return the last year for which the State Council's notice is in the table; 0 if there is none.

        Later years know the holidays that the law fixes, but neither bridge days nor make-up working days.
        """
        return max((each.day.year for each in self._special.values() if each.notice), default=0)


@lru_cache(maxsize=1)
def _table() -> tuple[SpecialDay, ...]:
    return tuple(read_days(data_dir() / "holidays" / "china.csv"))


_replaced: dict[int, Sequence[SpecialDay]] = {}


@lru_cache(maxsize=1)
def calendar() -> Calendar:
    """Return China's calendar: data/holidays/china.csv, and in its place the years that were set (replace_years)."""
    days = [day for day in _table() if _belongs_to(day) not in _replaced]
    return Calendar([*days, *(day for year in _replaced.values() for day in year)])


def _belongs_to(day: SpecialDay) -> int:
    # A notice may begin or end in its neighbours' years: its number names the year before the one that it is for.
    found = re.search(r"\d{4}", day.notice)
    return int(found[0]) + 1 if found else day.day.year


def replace_years(years: Mapping[int, Sequence[SpecialDay]]) -> None:
    """Use these days for these years from now on, in this process; other years are the table's again."""
    if dict(years) != _replaced:
        _replaced.clear()
        _replaced.update(years)
        calendar.cache_clear()


def read_days(path: Path) -> list[SpecialDay]:
    """Read a table date,kind,name,notice; raise ValueError with file and line on a slip or a day named twice."""
    days: dict[date, SpecialDay] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            try:
                special = _special_day(row)
            except (KeyError, TypeError, ValueError) as problem:
                raise ValueError(f"{path.name}, line {line}: {problem}") from problem
            if special.day in days:
                raise ValueError(f"{path.name}, line {line}: {special.day} stands there twice")
            days[special.day] = special
    return list(days.values())


def is_workday(day: date) -> bool:
    """Tell whether offices in China are open on a day."""
    return calendar().is_workday(day)


def add_workdays(moment: datetime, n: int) -> datetime:
    """Return the end of the n-th working day after (see Calendar.add_workdays)."""
    return calendar().add_workdays(moment, n)


def workdays_between(start: datetime, end: datetime) -> int:
    """Return the number of working days between two moments (see Calendar.workdays_between)."""
    return calendar().workdays_between(start, end)


def known_until() -> int:
    """Return the last year with an official notice (see Calendar.known_until)."""
    return calendar().known_until()


def add_days(moment: datetime, n: int) -> datetime:
    """Return the end of the n-th calendar day after the day of `moment`, in UTC; n = 0 gives the end of that day."""
    _check_count(n)
    return _end_of(shanghai(moment).date() + n * _DAY)


def add_hours(moment: datetime, n: float) -> datetime:
    """Return the moment n hours later to the second, in UTC; hours run through nights and holidays."""
    _check_count(n)
    return shanghai(moment).astimezone(UTC) + timedelta(hours=n)


def age_days(opened: datetime, now: datetime) -> int:
    """Return how many midnights of Shanghai lie between; 0 on the first day and when a clock was set back."""
    return max(0, (shanghai(now).date() - shanghai(opened).date()).days)


def age_band(days: int) -> str:
    """Return the band of the weekly list: 0-7, 8-15, 16-30 or 30+ (31 days and more)."""
    return next((band for band, end in zip(AGE_BANDS, _BAND_ENDS, strict=False) if days <= end), AGE_BANDS[-1])


def monday_period(now: datetime) -> str:
    """Return the ISO week of the Shanghai date, like 2026-W48: it changes at Monday 00:00 there."""
    year, week, _ = shanghai(now).isocalendar()
    return f"{year}-W{week:02d}"


def shanghai(moment: datetime) -> datetime:
    """Return the moment on Shanghai's clock; raise ValueError for a naive one, whose zone nobody knows."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(SHANGHAI)


def show_date(moment: datetime | date, locale: str = "zh") -> str:
    """Return the day as a promise is worded: 11月27日(周五), Fri 27 Nov. Moments are shown as Shanghai's day."""
    day = shanghai(moment) if isinstance(moment, datetime) else moment
    if locale.startswith("en"):
        return f"{_WEEKDAYS['en'][day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return f"{day.month}月{day.day}日(周{_WEEKDAYS['zh'][day.weekday()]})"


def _end_of(day: date) -> datetime:
    return datetime.combine(day, _LAST_SECOND, SHANGHAI).astimezone(UTC)


def _check_count(n: float) -> None:
    if n < 0:
        raise ValueError(f"a deadline lies ahead, not {n} back")


def _special_day(row: Mapping[str, str]) -> SpecialDay:
    if row["kind"] not in ("off", "work"):
        raise ValueError(f"kind is off or work, not {row['kind']!r}")
    return SpecialDay(date.fromisoformat(row["date"]), row["kind"] == "work", row["name"], row["notice"])
