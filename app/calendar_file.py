"""A calendar file (RFC 5545) for what is next in a case: a day or an hour, what is to be done, where. Pure.

It holds a case's number and what is next, no names and no story: calendars are shared and synchronised elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.workdays import shanghai

WIDTH = 75  # octets of a line, RFC 5545 3.1
HOUR = timedelta(hours=1)
MORNING_BEFORE, HOURS_BEFORE = "-PT15H", "-PT2H"  # of a day that begins at midnight, 09:00 of the day before


@dataclass(frozen=True)
class Entry:
    """One entry. A moment that is the last second of a day in Shanghai means that day. `key` finds it again."""

    key: str
    at: datetime
    title: str
    place: str = ""
    link: str = ""


def calendar(entries: Sequence[Entry], host: str, now: datetime) -> bytes:
    """Return the file. The same key gives the same UID, so that a second download moves the entry and adds none."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//diandan//diandan//ZH", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for entry in entries:
        lines += _event(entry, host, now)
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _fold(line)).encode()


def _event(entry: Entry, host: str, now: datetime) -> Iterable[str]:
    whole_day = (shanghai(entry.at) + timedelta(seconds=1)).strftime("%H:%M:%S") == "00:00:00"
    yield from ("BEGIN:VEVENT", f"UID:{_text(entry.key)}@{host}", f"DTSTAMP:{_utc(now)}")
    if whole_day:
        day = shanghai(entry.at).date()
        yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    else:
        yield from (f"DTSTART:{_utc(entry.at)}", f"DTEND:{_utc(entry.at + HOUR)}")
    yield f"SUMMARY:{_text(entry.title)}"
    if entry.place:
        yield f"LOCATION:{_text(entry.place)}"
    if entry.link:
        yield f"URL:{''.join(entry.link.split())}"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{_text(entry.title)}")
    yield from (f"TRIGGER:{MORNING_BEFORE if whole_day else HOURS_BEFORE}", "END:VALARM", "END:VEVENT")


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    for sign in ("\\", ";", ","):
        words = words.replace(sign, f"\\{sign}")
    return "\\n".join("".join(sign for sign in line if sign.isprintable()) for line in words.splitlines())


def _fold(line: str) -> Iterable[str]:
    """Yield a line in pieces of at most 75 octets, none of which ends within a character."""
    rest, lead = line, ""
    while len((lead + rest).encode()) > WIDTH:
        head = (lead + rest).encode()[:WIDTH].decode("utf-8", "ignore")
        yield head
        rest, lead = (lead + rest)[len(head) :], " "
    yield lead + rest
