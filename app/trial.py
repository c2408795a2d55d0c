"""Who would get what now: everything that the clock would write at a moment, worked out and not written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import case_clock, reminders
from app.models import Account, Station
from app.reminders import Letter
from talent_pool import regions


@dataclass(frozen=True)
class Would:
    """One message that would go out: by which way, to whom, about what."""

    channel: str
    to: str
    subject: str
    body: str


def messages(session: Session, now: datetime, *, area: int | None = None, link: str = "") -> list[Would]:
    """Return what would be written at `now`: lists for the people of an area (None: all), reminders in scope."""
    letters = [
        *(
            letter
            for each in reminders.due_stations(session, now)
            if _inside(session.get_one(Station, each).area, area)
            for letter in reminders.station_letters(session, each, now, link)
        ),
        *(
            letter
            for each in reminders.due_areas(session, now)
            if _inside(session.get_one(Account, each).area, area)
            for letter in reminders.area_letters(session, each, now, link)
        ),
    ]
    told = [each.told for each in case_clock.pending(session, now)]
    return [would for letter in letters for would in _of(letter)] + [
        Would(each.channel, each.name, each.subject, each.body) for each in told
    ]


def station_of(session: Session, station_id: int) -> int:
    """Return the area of a station."""
    return int(session.execute(select(col(Station.area)).where(col(Station.id) == station_id)).scalar_one())


def _inside(place: int, area: int | None) -> bool:
    return area is None or regions.contains(area, place)


def _of(letter: Letter) -> list[Would]:
    ways = reminders.ways_of(letter.reader)
    return [Would(way, letter.reader.name, letter.subject, letter.body) for way, _ in ways]
