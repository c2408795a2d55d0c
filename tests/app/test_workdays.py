"""Working days, deadlines and ages: the official calendars day for day, and properties over half a century."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import workdays
from app.workdays import (
    SHANGHAI,
    Calendar,
    SpecialDay,
    add_days,
    add_hours,
    add_workdays,
    age_band,
    age_days,
    calendar,
    is_workday,
    monday_period,
    read_days,
    shanghai,
    show_date,
    workdays_between,
)
from talent_pool.files import data_dir

steady = settings(derandomize=True, database=None, deadline=None, max_examples=300)

# The State Council's notices as a reader writes them down: days off, and weekend days at work.
NOTICES = {
    2024: (
        "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: ("01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08", "01-26 02-08 04-27 09-28 10-11"),
    2026: (
        "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}
WORKDAYS_OF_THE_YEAR = {2024: 251, 2025: 248, 2026: 248}

# 1950 to 2069, with China's daylight-saving years in it; the lowest second of a minute too.
moments = st.datetimes(datetime(1950, 1, 1), datetime(2069, 12, 31), timezones=st.just(UTC))
summer_time = st.datetimes(datetime(1986, 1, 1), datetime(1991, 12, 31), timezones=st.just(UTC))
counts = st.integers(0, 40)


def at(text: str) -> datetime:
    """Read a moment on Shanghai's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def days(year: int, text: str) -> set[date]:
    """Read 01-28..02-04 as days."""
    found = set()
    for part in text.split():
        first, last = (date.fromisoformat(f"{year}-{end}") for end in (part.split("..") * 2)[:2])
        found |= {first + timedelta(step) for step in range((last - first).days + 1)}
    return found


def all_days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(step) for step in range((date(year + 1, 1, 1) - first).days)]


class TestOfficialCalendar:
    @pytest.mark.parametrize("year", NOTICES)
    def test_every_day_of_the_year_is_as_the_notice_says(self, year: int) -> None:
        off, work = (days(year, text) for text in NOTICES[year])
        for day in all_days(year):
            assert is_workday(day) == (day not in off and (day.weekday() < 5 or day in work)), day

    @pytest.mark.parametrize("year", NOTICES)
    def test_the_year_has_its_number_of_working_days(self, year: int) -> None:
        assert sum(map(is_workday, all_days(year))) == WORKDAYS_OF_THE_YEAR[year]

    def test_make_up_days_are_weekend_days_and_cite_a_notice(self) -> None:
        special = read_days(data_dir() / "holidays" / "china.csv")
        assert all(each.day.weekday() >= 5 and each.notice for each in special if each.works)
        assert {each.notice for each in special if each.day.year == 2026} == {"国办发明电〔2025〕7号"}

    def test_later_years_know_what_the_law_fixes_and_say_that_it_is_not_all(self) -> None:
        assert workdays.known_until() == 2026
        assert (
            not is_workday(date(2027, 10, 1)) and not is_workday(date(2030, 6, 5)) and not is_workday(date(2031, 1, 22))
        )
        assert is_workday(date(2027, 10, 4))  # a bridge day perhaps, but no notice says so yet

    def test_days_that_no_table_names_follow_the_week(self) -> None:
        assert is_workday(date(2019, 7, 1)) and not is_workday(date(2019, 7, 6))

    def test_a_holiday_has_its_name(self) -> None:
        assert calendar().name(date(2026, 2, 17)) == "春节"
        assert calendar().name(date(2026, 2, 14)) == "春节调休"
        assert calendar().name(date(2026, 7, 1)) == ""


class TestDeadlines:
    @pytest.mark.parametrize(
        ("begun", "n", "ends"),
        [
            ("2026-11-23T09:00", 1, "2026-11-24"),  # Monday → Tuesday
            ("2026-11-27T18:00", 2, "2026-12-01"),  # Friday evening → Tuesday
            ("2026-11-23T00:00", 0, "2026-11-23"),
            ("2026-11-23T23:59", 0, "2026-11-23"),
            ("2026-11-28T10:00", 0, "2026-11-28"),  # nothing is added: also on a Saturday
            ("2026-11-28T10:00", 1, "2026-11-30"),  # begun on a Saturday
            ("2026-02-13T10:00", 1, "2026-02-14"),  # a Saturday at work before 春节
            ("2026-02-13T10:00", 2, "2026-02-24"),  # … and the long holiday after it
            ("2026-09-30T16:00", 3, "2026-10-10"),  # 国庆节, then Thursday, Friday, and a Saturday at work
            ("2025-12-31T12:00", 1, "2026-01-04"),  # over the year's end, onto a Sunday at work
            ("2024-02-28T12:00", 1, "2024-02-29"),  # leap day
            ("2028-02-29T12:00", 1, "2028-03-01"),
        ],
    )
    def test_working_days_end_with_the_day(self, begun: str, n: int, ends: str) -> None:
        assert add_workdays(at(begun), n) == at(f"{ends}T23:59:59")

    def test_the_day_begins_at_midnight_of_shanghai(self) -> None:
        # 16:30 UTC on Monday is half past midnight on Tuesday there.
        assert add_workdays(datetime(2026, 11, 23, 16, 30, tzinfo=UTC), 1) == at("2026-11-25T23:59:59")
        assert add_workdays(datetime(2026, 11, 23, 15, 30, tzinfo=UTC), 1) == at("2026-11-24T23:59:59")

    def test_answers_are_in_utc(self) -> None:
        for answer in (
            add_workdays(at("2026-11-23T09:00"), 1),
            add_days(at("2026-11-23T09:00"), 1),
            add_hours(at("2026-11-23T09:00"), 1),
        ):
            assert answer.tzinfo is UTC

    def test_calendar_days_and_hours_run_through_holidays(self) -> None:
        assert add_days(at("2026-02-13T10:00"), 30) == at("2026-03-15T23:59:59")
        assert add_days(at("2026-02-13T10:00"), 0) == at("2026-02-13T23:59:59")
        assert add_hours(at("2026-02-14T22:00"), 24) == at("2026-02-15T22:00")

    def test_a_deadline_never_lies_behind(self) -> None:
        for add in (add_workdays, add_days, add_hours):
            with pytest.raises(ValueError, match="ahead"):
                add(at("2026-11-23T09:00"), -1)

    def test_a_moment_needs_a_zone(self) -> None:
        naive = datetime(2026, 11, 23, 9)
        with pytest.raises(ValueError, match="zone"):
            add_workdays(naive, 1)
        with pytest.raises(ValueError, match="zone"):
            shanghai(naive)

    @given(moments, counts)
    @steady
    def test_a_deadline_is_a_last_second_on_a_working_day_ahead(self, moment: datetime, n: int) -> None:
        end = add_workdays(moment, n)
        local = shanghai(end)
        assert (local.hour, local.minute, local.second) == (23, 59, 59)
        assert end >= moment.replace(microsecond=0) and (n == 0 or is_workday(local.date()))
        assert workdays_between(moment, end) == n

    @given(moments, counts, counts)
    @steady
    def test_deadlines_add_up(self, moment: datetime, a: int, b: int) -> None:
        assert add_workdays(add_workdays(moment, a), b) == add_workdays(moment, a + b)
        assert add_days(add_days(moment, a), b) == add_days(moment, a + b)

    @given(moments, moments, counts)
    @steady
    def test_who_begins_later_ends_no_earlier(self, one: datetime, other: datetime, n: int) -> None:
        first, second = sorted((one, other))
        assert add_workdays(first, n) <= add_workdays(second, n)
        assert add_days(first, n) <= add_days(second, n)
        assert add_days(first, n) <= add_workdays(first, n)

    @given(summer_time, st.integers(0, 400))
    @steady
    def test_chinas_summer_time_moves_no_deadline_off_its_day(self, moment: datetime, n: int) -> None:
        end = shanghai(add_days(moment, n))
        assert end.date() == shanghai(moment).date() + timedelta(n)
        assert (end.hour, end.minute, end.second) == (23, 59, 59)

    def test_summer_time_was_an_hour_ahead(self) -> None:
        assert add_days(datetime(1988, 7, 1, tzinfo=UTC), 0) == datetime(1988, 7, 1, 14, 59, 59, tzinfo=UTC)
        assert add_days(datetime(1988, 1, 1, tzinfo=UTC), 0) == datetime(1988, 1, 1, 15, 59, 59, tzinfo=UTC)


class TestCounting:
    def test_working_days_between(self) -> None:
        assert workdays_between(at("2026-09-30T09:00"), at("2026-10-10T09:00")) == 3
        assert workdays_between(at("2026-10-10T09:00"), at("2026-09-30T09:00")) == -3
        assert workdays_between(at("2026-11-23T09:00"), at("2026-11-23T18:00")) == 0

    def test_a_moment_falls_on_shanghais_day(self) -> None:
        assert calendar().day(datetime(2026, 11, 23, 16, tzinfo=UTC)) == date(2026, 11, 24)
        assert calendar().day(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == date(2026, 11, 23)

    def test_the_first_day_is_day_zero(self) -> None:
        assert age_days(at("2026-11-23T00:00"), at("2026-11-23T23:59:59")) == 0
        assert age_days(at("2026-11-23T23:59:59"), at("2026-11-24T00:00")) == 1
        assert age_days(at("2024-02-28T12:00"), at("2024-03-01T12:00")) == 2

    @given(moments, moments)
    @steady
    def test_age_is_never_negative(self, opened: datetime, now: datetime) -> None:
        assert age_days(opened, now) >= 0
        assert min(age_days(opened, now), age_days(now, opened)) == 0

    @given(moments, st.timedeltas(timedelta(0), timedelta(days=500)), st.timedeltas(timedelta(0), timedelta(days=500)))
    @steady
    def test_a_case_never_grows_younger(self, opened: datetime, first: timedelta, more: timedelta) -> None:
        assert age_days(opened, opened + first) <= age_days(opened, opened + first + more)

    @given(summer_time, st.integers(0, 2000))
    @steady
    def test_age_counts_days_through_summer_time(self, opened: datetime, n: int) -> None:
        assert age_days(opened, add_days(opened, n)) == n

    @pytest.mark.parametrize(
        ("days_old", "band"),
        [(0, "0-7"), (7, "0-7"), (8, "8-15"), (15, "8-15"), (16, "16-30"), (30, "16-30"), (31, "30+"), (4000, "30+")],
    )
    def test_bands(self, days_old: int, band: str) -> None:
        assert age_band(days_old) == band


class TestShowing:
    @pytest.mark.parametrize(
        ("moment", "period"),
        [
            ("2026-11-23T00:00", "2026-W48"),
            ("2026-11-22T23:59:59", "2026-W47"),
            ("2026-12-31T12:00", "2026-W53"),
            ("2027-01-03T23:59", "2026-W53"),
            ("2027-01-04T00:00", "2027-W01"),
            ("2025-12-29T08:30", "2026-W01"),
        ],
    )
    def test_the_week_changes_on_monday_in_shanghai(self, moment: str, period: str) -> None:
        assert monday_period(at(moment)) == period
        assert monday_period(at(moment).astimezone(UTC)) == period

    def test_a_promise_is_a_date(self) -> None:
        assert show_date(at("2026-11-27T23:59:59")) == "11月27日(周五)"
        assert show_date(at("2026-11-27T23:59:59").astimezone(UTC), "en") == "Fri 27 Nov"
        assert show_date(date(2026, 3, 1), "zh_CN") == "3月1日(周日)"
        assert show_date(date(2026, 3, 1), "en_GB") == "Sun 1 Mar"

    @given(moments)
    @steady
    def test_every_moment_shows_shanghais_day(self, moment: datetime) -> None:
        local = shanghai(moment)
        assert show_date(moment).startswith(f"{local.month}月{local.day}日(周")
        assert show_date(moment, "en").split()[1] == str(local.day)


class TestTable:
    def write(self, folder: Path, *lines: str) -> Path:
        path = folder / "mine.csv"
        path.write_text("\n".join(("date,kind,name,notice", *lines)) + "\n", encoding="utf-8")
        return path

    def test_an_edited_table_counts(self, tmp_path: Path) -> None:
        mine = Calendar(
            read_days(self.write(tmp_path, "2027-10-04,off,国庆节,通知", "2027-10-09,work,国庆节调休,通知"))
        )
        assert not mine.is_workday(date(2027, 10, 4)) and mine.is_workday(date(2027, 10, 9))
        assert mine.known_until() == 2027

    def test_without_a_table_only_the_week_counts(self) -> None:
        assert Calendar([]).known_until() == 0
        assert Calendar([SpecialDay(date(2027, 10, 1), False, "国庆节", "")]).known_until() == 0

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("2027-13-01,off,元旦,", "line 3"),
            ("2027-01-01,free,元旦,", "line 3: kind is off or work, not 'free'"),
            ("2027-10-01,off,国庆节,", "line 3: 2027-10-01 stands there twice"),
            ("2027-01-01", "line 3"),
        ],
    )
    def test_a_slip_is_named_with_its_line(self, tmp_path: Path, line: str, says: str) -> None:
        with pytest.raises(ValueError, match=f"mine.csv, {says}"):
            read_days(self.write(tmp_path, "2027-10-01,off,国庆节,", line))
