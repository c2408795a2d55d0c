"""People and cases of the story, with defaults: `a_dispute(session)` is a whole case. All names are invented.

Everything that is not given is made: a dispute makes its officer, the officer its station. Each name comes with a
counter, so that two of a kind never collide. Nothing here decides anything: rows are written as given.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlmodel import Session

from app.accounts import Viewer, create
from app.lifecycle import State
from app.models import Account, Dispute, Party, Side, Station, StationTown
from app.scope import Role
from talent_pool.models import Expertise, Kind, Mediator, ServiceArea, Sex
from talent_pool.profiles import Profile
from talent_pool.spelling import spell
from tests.clock import NOW

# Real codes, so that the tree of regions knows them: two towns of one county, a county of the same city, another city.
YANAN, LUOCHUAN, YICHUAN, YULIN = 610600000000, 610629000000, 610630000000, 610800000000
JIUXIAN, JIAOKOUHE = 610629101000, 610629102000
JIAOKOUHE_VILLAGE, ALSO_THERE = 610629102200, 610629102201
ELSEWHERE = 610802103000  # a town of Yulin

PASSWORD = "correct horse battery"
_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$never-verifies"  # quick; `with_password=True` for a real one
_number = count(1)


def a_station(session: Session, *, name: str = "", area: int = JIAOKOUHE, towns: tuple[int, ...] = ()) -> Station:
    """A police station that serves its own town, or `towns`."""
    station = Station(name=name or f"第{next(_number)}派出所", area=area, phone="0911-0000110", address="中心街1号")
    session.add(station)
    session.flush()
    session.add_all(StationTown(region=town, station_id=station.id) for town in towns)
    session.flush()
    return station


def an_account(
    session: Session, role: Role, *, station: Station | None, area: int, with_password: bool = False, **given: Any
) -> Account:
    """An account of any role. `with_password` spends the time for one that signs in with PASSWORD."""
    number = next(_number)
    who = {"login": f"{role.value}{number}", "name": f"{role.value.title()} {number}", "password_hash": _HASH} | given
    station_id = station.id if station else None
    if with_password:
        del who["password_hash"]
        return create(session, role=role, password=PASSWORD, area=area, station_id=station_id, **who)
    account = Account(role=role, station_id=station_id, area=area, **who)
    session.add(account)
    session.flush()
    return account


def an_officer(session: Session, station: Station | None = None, **given: Any) -> Account:
    """An officer of a station."""
    station = station or a_station(session)
    return an_account(session, Role.OFFICER, station=station, area=station.area, **({"name": "陆民警"} | given))


def a_head(session: Session, station: Station | None = None, **given: Any) -> Account:
    """The head of a station."""
    station = station or a_station(session)
    return an_account(session, Role.STATION_HEAD, station=station, area=station.area, **({"name": "高所长"} | given))


def a_coordinator(session: Session, area: int = LUOCHUAN, **given: Any) -> Account:
    """The coordinator of a county."""
    return an_account(session, Role.COORDINATOR, station=None, area=area, **({"name": "苏协调"} | given))


def an_admin(session: Session, area: int = LUOCHUAN, **given: Any) -> Account:
    """An administrator, who sees no case."""
    return an_account(session, Role.ADMIN, station=None, area=area, **({"name": "齐管理"} | given))


def viewer(account: Account, station: str = "") -> Viewer:
    """Who looks, for use cases that ask it."""
    assert account.id is not None
    return Viewer(account.id, account.name, account.role, account.station_id, station, account.area, account.locale)


def a_mediator(
    session: Session,
    *,
    name: str = "",
    kind: Kind = Kind.LOCAL_ELDER,
    home: int = JIAOKOUHE_VILLAGE,
    types: tuple[str, ...] = ("neighbor",),
    areas: tuple[int, ...] = (LUOCHUAN,),
    **given: Any,
) -> Mediator:
    """A mediator of the pool with what he or she is good at and where."""
    mediator = Mediator(
        name=name or f"调解员{next(_number)}", kind=kind, home=home, **({"phone": "13900000000", "load_cap": 3} | given)
    )
    session.add(mediator)
    session.flush()
    session.add(Profile(mediator_id=mediator.id, spelt=spell(mediator.name)))
    session.add_all(Expertise(mediator_id=mediator.id, type=each, years=5) for each in types)
    session.add_all(ServiceArea(mediator_id=mediator.id, region=each) for each in areas)
    session.flush()
    return mediator


@dataclass(frozen=True)
class Case:
    """A case with its people."""

    dispute: Dispute
    sides: tuple[Side, ...]
    parties: tuple[Party, ...]
    officer: Account


def a_case(
    session: Session,
    *,
    officer: Account | None = None,
    sides: tuple[tuple[str, ...], ...] = (("童大山",), ("邱有田",)),
    opened_at: datetime = NOW,
    **given: Any,
) -> Case:
    """A case with its sides and the people on them, the first of each side speaking for it."""
    officer = officer or an_officer(session)
    number = next(_number)
    row = {
        "no": f"{officer.area // 1000}-2026-{number:04d}",
        "narrative": "两家为院墙下的水路争了起来,谁也不让。",
        "type": "neighbor",
        "state": State.TRIAGED,
        "place": JIAOKOUHE_VILLAGE,
    }
    dispute = Dispute(**(row | _whose(officer) | {"opened_at": opened_at} | given))
    session.add(dispute)
    session.flush()
    made = tuple(_side(session, dispute, letter, names) for letter, names in zip("ABCDEFGH", sides, strict=False))
    return Case(
        dispute, tuple(side for side, _ in made), tuple(party for _, people in made for party in people), officer
    )


def _side(session: Session, dispute: Dispute, letter: str, names: tuple[str, ...]) -> tuple[Side, list[Party]]:
    side = Side(**dispute.owns(), letter=letter, applicant=letter == "A")
    session.add(side)
    session.flush()
    people = [_person(dispute, side, name, speaks=place == 0) for place, name in enumerate(names)]
    session.add_all(people)
    session.flush()
    return side, people


def _whose(officer: Account) -> dict[str, Any]:
    return {"officer_id": officer.id, "station_id": officer.station_id, "area": officer.area}


def _person(dispute: Dispute, side: Side, name: str, *, speaks: bool) -> Party:
    phone = f"1380000{next(_number):04d}"
    who = {"name": name, "sex": Sex.MALE, "birth_year": 1970, "phone": phone, "village": dispute.place}
    return Party(**dispute.owns(), side_id=side.id, spokesperson=speaks, **who)


def a_dispute(session: Session, **given: Any) -> Dispute:
    """A case, for tests that need no more than its own row."""
    return a_case(session, **given).dispute
