"""Stations and accounts of the demo: a county's nine, or the whole province's."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from app.accounts import hash_password
from app.demo.people import Town
from app.demo.rows import Ledger
from app.demo.station import DemoStation
from app.models import Account, Station, StationTown
from app.scope import Role
from talent_pool import regions
from talent_pool.files import data_dir
from talent_pool.models import Sex

PASSWORD = "diandan-demo"  # noqa: S105 - printed at every start of the demo; it opens invented cases only
STATIONS = 1130  # of the province
OFFICERS, CASES = 3, 12  # of a station that no file describes


@dataclass(frozen=True)
class Plan:
    """A station before it has people."""

    name: str
    towns: tuple[int, ...]
    login: str
    officers: int
    cases: int


def county() -> int:
    """Return the county that the demo is about."""
    return regions.parse(_county()["code"])


def main_town() -> int:
    """Return the town of the station that the demo's printed accounts belong to."""
    return regions.parse(_county()["main"])


def county_plans() -> list[Plan]:
    """Return the county's stations as the file has them."""
    return [
        Plan(each["name"], (regions.parse(each["town"]),), each["login"], each["officers"], each["cases"])
        for each in _county()["stations"]
    ]


def province_plans() -> list[Plan]:
    """Return 1,130 stations over all towns: the demo county's own, elsewhere some serve two neighbouring towns."""
    plans = county_plans()
    counties = [code for code in regions.inside(regions.ancestors(county())[-1], 6) if code != county()]
    towns = {code: regions.children(code) for code in counties}
    spare = sum(map(len, towns.values())) - (STATIONS - len(plans))
    for code in counties:
        pairs = min(2, len(towns[code]) // 2, spare)
        spare -= pairs
        plans += [_plain(group) for group in _grouped(towns[code], pairs)]
    return plans


def settle(ledger: Ledger, plans: Iterable[Plan], town: Town, now: datetime) -> list[DemoStation]:
    """Add stations, the towns that they serve, officers and heads, the county's coordinator and an administrator."""
    hashed = hash_password(PASSWORD)
    since = now - timedelta(days=400)
    people = _Accounts(ledger, town, hashed, since)
    people.add("xietiao", Role.COORDINATOR, county())
    people.add("guanli", Role.ADMIN, county())
    return [_station(ledger, people, plan, number) for number, plan in enumerate(plans, start=1)]


class _Accounts:
    def __init__(self, ledger: Ledger, town: Town, hashed: str, since: datetime) -> None:
        self.ledger, self.town, self.hashed, self.since = ledger, town, hashed, since

    def add(self, login: str, role: Role, area: int, station_id: int | None = None) -> tuple[int, str]:
        rng = self.town.rng
        sex = Sex.FEMALE if rng.random() < 0.2 else Sex.MALE
        name = self.town.person(area, sex, rng.randint(1970, 1998), phone=False).name
        key = self.ledger.add(
            Account,
            login=login,
            name=name,
            role=role,
            station_id=station_id,
            area=area,
            password_hash=self.hashed,
            email="",
            locale="zh",
            disabled_at=None,
            enabled_at=self.since,
        )
        return key, name


def _station(ledger: Ledger, people: _Accounts, plan: Plan, number: int) -> DemoStation:
    area = plan.towns[0]
    phone = f"0911-{number:07d}"  # no subscriber's number begins with 0
    key = ledger.add(Station, name=plan.name, area=area, phone=phone, address=f"{regions.short_name(area)}中心街1号")
    for region in plan.towns:
        ledger.put(StationTown, region=region, station_id=key)
    officers = tuple(
        people.add(f"{plan.login}{place}", Role.OFFICER, area, key) for place in range(1, plan.officers + 1)
    )
    head = people.add(f"{plan.login}0", Role.STATION_HEAD, area, key)
    return DemoStation(key, plan.name, area, plan.towns, officers, head, plan.cases)


def _plain(towns: tuple[int, ...]) -> Plan:
    name = regions.short_name(towns[0])
    for ending in ("街道", "镇", "乡"):
        name = name.removesuffix(ending) or name
    return Plan(f"{name}派出所", towns, f"s{towns[0] // 1000}-", OFFICERS, CASES)


def _grouped(towns: list[int], pairs: int) -> Iterable[tuple[int, ...]]:
    paired = towns[: 2 * pairs]
    yield from zip(paired[::2], paired[1::2], strict=True)
    yield from ((town,) for town in towns[2 * pairs :])


@lru_cache(maxsize=1)
def _county() -> dict[str, Any]:
    return tomllib.loads((data_dir() / "demo" / "county.toml").read_text(encoding="utf-8"))
