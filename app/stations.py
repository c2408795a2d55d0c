"""Stations: found by their town, added when the first account of one is made."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.errors import N_, Conflict, InvalidInput
from app.models import Station, StationTown
from talent_pool import regions

TOWN = 9  # digits


def find_at(session: Session, town: int) -> Station | None:
    """Return the station that serves a town."""
    served = select(Station).join(StationTown, col(StationTown.station_id) == col(Station.id))
    return session.execute(served.where(col(StationTown.region) == town)).scalar_one_or_none()


def open_at(session: Session, town: int, name: str, phone: str = "", address: str = "") -> Station:
    """Add a station that serves one town; raise Conflict when it has one, InvalidInput for another kind of place."""
    if regions.level(town) != TOWN:
        raise InvalidInput({"region": N_("派出所要设在一个镇或街道")})
    if find_at(session, town) is not None:
        raise Conflict(N_("这个镇已经有派出所了"))
    station = Station(name=name.strip()[:60], area=town, phone=phone, address=address)
    session.add(station)
    session.flush()
    session.add(StationTown(region=town, station_id=station.id or 0))
    session.flush()
    return station
