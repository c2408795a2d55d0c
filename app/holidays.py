"""The State Council's yearly notice on holidays, pasted by whoever keeps the calendar: read, checked, then used.

A year that was set here takes the place of the table's (data/holidays/china.csv) in every process of the house.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.claims import put
from app.errors import N_, InvalidInput
from app.models import CalendarYear
from app.workdays import SpecialDay, replace_years

LONGEST = 6_000  # characters; a notice has some hundred
_WEEK = "一二三四五六日"
_DAY = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日"
_WORD = r"(?:[(（]([^)）]*)[)）])?"
_ITEM = re.compile(
    r"[一二三四五六七八九十]+、([^:\uff1a\n]{2,12})[:\uff1a](.*?)(?=[一二三四五六七八九十]+、[^:\uff1a\n]{2,12}[:\uff1a]|\Z)",
    re.DOTALL,
)
_OFF = re.compile(rf"{_DAY}{_WORD}(?:(?:至|—|-|到){_DAY}{_WORD})?(?:放假|补休)")
_COUNT = re.compile(r"共(\d{1,2})天|放假(\d{1,2})天")
_TITLE = re.compile(r"关于(\d{4})年部分节假日安排")
_NUMBER = re.compile(r"国办发(?:明电)?[〔\[(（]\d{4}[〕\])）]\d+号")


@dataclass(frozen=True)
class Notice:
    """What a notice says: its year, its number, every special day, and what does not add up in it (msgids filled)."""

    year: int
    number: str
    days: tuple[SpecialDay, ...]
    problems: tuple[tuple[str, dict[str, str]], ...]


def read_notice(text: str, year: int | None = None) -> Notice:
    """Read a pasted notice; `year` is taken when its title is missing. Raises InvalidInput when it is no notice.

    Each day's weekday, each holiday's number of days and the make-up days' weekends are checked against the calendar.
    """
    text = re.sub(r"[ \t\u3000]+", "", text[:LONGEST])
    title, number = _TITLE.search(text), _NUMBER.search(text)
    named = int(title[1]) if title else year
    if named is None or not 2000 <= named <= 2100:
        raise InvalidInput({"text": N_("没有找到年份:请连标题一起粘贴,或填上年份")})
    found: dict[date, SpecialDay] = {}
    problems: list[tuple[str, dict[str, str]]] = []
    called = number[0] if number else str(named)
    for item in _ITEM.finditer(text):
        for day in _Item(item[1], item[2], named, called, problems).days():
            found.setdefault(day.day, day)
    if not any(not day.works for day in found.values()):
        raise InvalidInput({"text": N_("没有读到放假的日子:请粘贴国务院办公厅通知的原文")})
    return Notice(named, called, tuple(sorted(found.values(), key=lambda day: day.day)), tuple(problems))


class _Item:
    """One numbered item of a notice: a holiday, when it is, which days are worked for it."""

    def __init__(
        self, name: str, words: str, year: int, number: str, problems: list[tuple[str, dict[str, str]]]
    ) -> None:
        self.name, self.words, self.year, self.number = name, words, year, number
        self.problems, self.month = problems, 0

    def days(self) -> Iterator[SpecialDay]:
        """Yield the days off, then the make-up days."""
        off = list(self._off())
        self._check_count(off)
        for day in off:
            yield SpecialDay(day, False, self.name, self.number)
        for day in self._worked():
            yield SpecialDay(day, True, f"{self.name}调休", self.number)

    def _off(self) -> Iterator[date]:
        for found in _OFF.finditer(self.words):
            first = self._date(found[1], found[2], found[3], found[4])
            last = self._date(found[5], found[6], found[7], found[8]) if found[7] else first
            if first is None or last is None:
                continue
            if not timedelta(0) <= last - first <= timedelta(days=15):
                self._wrong(N_("%(name)s:到%(day)s的日子不对"), last)
                continue
            yield from (first + timedelta(days=step) for step in range((last - first).days + 1))
            if "与周末连休" in self.words:
                yield from _weekend_at(first, last)

    def _worked(self) -> Iterator[date]:
        for sentence in re.split(r"[。;\uff1b\n]", self.words):
            if not sentence.endswith("上班"):
                continue
            for found in re.finditer(rf"{_DAY}{_WORD}", sentence):
                day = self._date(found[1], found[2], found[3], found[4])
                if day is None:
                    continue
                if day.weekday() < 5:
                    self._wrong(N_("%(name)s:%(day)s本来就上班"), day)
                yield day

    def _date(self, year: str | None, month: str | None, day: str, words: str | None) -> date | None:
        self.month = int(month) if month else self.month
        try:
            made = date(int(year) if year else self.year, self.month, int(day))
        except ValueError:
            self.problems.append((N_("%(name)s:没有%(day)s这一天"), {"name": self.name, "day": f"{month}月{day}日"}))
            return None
        said = re.search(rf"(?:周|星期)([{_WEEK}天])", words or "")
        if said and _WEEK.index(said[1].replace("天", "日")) != made.weekday():
            self._wrong(N_("%(name)s:%(day)s不是通知里写的星期"), made)
        return made

    def _check_count(self, off: Sequence[date]) -> None:
        counted = _COUNT.search(self.words)
        wanted = int(counted[1] or counted[2]) if counted else None
        if wanted is not None and off and wanted != len(set(off)):
            words = {"name": self.name, "said": str(wanted), "read": str(len(set(off)))}
            self.problems.append((N_("%(name)s:通知说%(said)s天,读到%(read)s天"), words))

    def _wrong(self, words: str, day: date) -> None:
        self.problems.append((words, {"name": self.name, "day": day.isoformat()}))


def _weekend_at(first: date, last: date) -> Iterator[date]:
    """Yield the weekend days that touch a holiday of a day or two: "joined with the weekend"."""
    day = last + timedelta(days=1)
    while day.weekday() >= 5:
        yield day
        day += timedelta(days=1)
    day = first - timedelta(days=1)
    while day.weekday() >= 5:
        yield day
        day -= timedelta(days=1)


# --- kept ------------------------------------------------------------------------------------------------------------


def set_year(session: Session, notice: Notice, *, by: str, now: datetime) -> CalendarYear:
    """Put a notice's days in the place of its year's, and use them here at once."""
    if notice.problems:
        raise InvalidInput({"text": N_("通知里有对不上的地方,先改好再用")})
    days = [{"day": each.day.isoformat(), "works": each.works, "name": each.name} for each in notice.days]
    row = {"year": notice.year, "notice": notice.number, "days": days, "set_by": by, "set_at": now}
    put(session, CalendarYear, ("year",), row, update=("notice", "days", "set_by", "set_at"))
    return session.get_one(CalendarYear, notice.year, populate_existing=True)


def years(session: Session) -> list[CalendarYear]:
    """Return the years that were set by hand, the newest first."""
    return list(session.execute(select(CalendarYear).order_by(col(CalendarYear.year).desc())).scalars())


def version(session: Session) -> tuple[int, datetime | None]:
    """Return what changes whenever a year is set."""
    count, newest = session.execute(select(func.count(), func.max(col(CalendarYear.set_at)))).one()
    return count, newest


def refresh(session: Session) -> None:
    """Let this process count by the years that are set in the database."""
    replace_years({row.year: list(_days(row)) for row in years(session)})


def _days(row: CalendarYear) -> Iterator[SpecialDay]:
    for each in row.days:
        yield SpecialDay(date.fromisoformat(each["day"]), each["works"], each["name"], row.notice)
