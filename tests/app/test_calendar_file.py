"""The calendar file: days and hours of Shanghai, RFC 5545's lines, nothing but a number and what is next."""

from datetime import UTC, datetime

import pytest

from app.calendar_file import Entry, calendar
from app.db import Database
from app.lifecycle import State
from tests.app.web.people import a_site, signed_in
from tests.builders import a_case
from tests.page import BASE

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
HOUR = Entry("610629102-2026-0001-scheduled", datetime(2026, 11, 27, 1, 30, tzinfo=UTC), "开调解会", "a, b; c")
DAY = Entry(
    "k",
    datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC),
    "点单 610629102-2026-0001 约好时间开调",
    link="https://d.example/x",
)


def lines(*entries: Entry) -> list[str]:
    """Unfold as RFC 5545 3.1 says."""
    raw = calendar(entries, "d.example", NOW).decode()
    assert raw.endswith("\r\n") and "\n" not in raw.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    return raw.replace("\r\n ", "").split("\r\n")[:-1]


def test_an_hour_is_an_hour_anywhere() -> None:
    found = lines(HOUR)
    assert {"DTSTART:20261127T013000Z", "DTEND:20261127T023000Z", "DTSTAMP:20261124T010000Z", "TRIGGER:-PT2H"} <= set(
        found
    )
    assert r"LOCATION:a\, b\; c" in found
    assert f"UID:{HOUR.key}@d.example" in found


def test_the_end_of_a_day_is_the_day() -> None:
    found = lines(DAY)
    assert {
        "DTSTART;VALUE=DATE:20261127",
        "DTEND;VALUE=DATE:20261128",
        "TRIGGER:-PT15H",
        "URL:https://d.example/x",
    } <= set(found)


def test_words_cannot_make_lines_of_their_own() -> None:
    nasty = Entry("k", DAY.at, "a;b,c\\d\nEND:VCALENDAR\r\nX\x00\x85Y" + "字" * 200)
    found = lines(nasty)
    assert found.count("END:VCALENDAR") == 1
    assert found[[line[:8] for line in found].index("SUMMARY:")].startswith(
        "SUMMARY:a\\;b\\,c\\\\d\\nEND:VCALENDAR\\nX"
    )


def test_a_case_gives_its_next_day_and_nothing_of_its_people(sqlite_db: Database) -> None:
    app = a_site(sqlite_db)
    with sqlite_db.write() as session:
        made = a_case(session, state=State.SCHEDULED, due_at=DAY.at)
        without = a_case(session, officer=made.officer)
    officer = signed_in(app, sqlite_db, made.officer)
    answer = officer.client.get(f"/disputes/{made.dispute.no}/calendar.ics", base_url=BASE)
    words = answer.get_data(as_text=True).replace("\r\n ", "")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert f"{made.dispute.no} 约好时间开调" in words and "DTSTART;VALUE=DATE:20261127" in words
    assert not any(secret in words for secret in ("童大山", "邱有田", made.dispute.narrative[:6]))
    assert officer.client.get(f"/disputes/{without.dispute.no}/calendar.ics", base_url=BASE).status_code == 409


@pytest.mark.parametrize("length", range(60, 90))
def test_lines_are_folded_between_characters(length: int) -> None:
    entry = Entry("k", DAY.at, "字" * length + "a" * (length % 3))
    assert f"SUMMARY:{entry.title}" in lines(entry)
