"""The invented talent pool: who the mediators are, what they are good at, where they serve, when they are away."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from sqlmodel import Session

from app.demo.people import Person, Town
from talent_pool import regions, roster, taxonomy
from talent_pool.entries import term_end
from talent_pool.files import data_dir
from talent_pool.models import Kind, Mediator, MediatorBase, RelationKind, Sex, Status
from talent_pool.profiles import Consent, ProfileBase

# per hundred of the pool, as in a county of 400: 60, 90, 250
SHARES = {Kind.ADMINISTRATIVE: 0.15, Kind.INDUSTRY: 0.225, Kind.LOCAL_ELDER: 0.625}
CAPS = {Kind.ADMINISTRATIVE: (4, 6), Kind.INDUSTRY: (2, 4), Kind.LOCAL_ELDER: (2, 3)}
LEAVES = ("外出看病", "家里过事", "外出务工", "下乡培训", "照看孙子", "疏果套袋正忙")
AWAY_NOW, AWAY_OTHERWISE = 0.05, 0.08
STATES = {Status.RETIRED: 0.02, Status.SUSPENDED: 0.02, Status.PENDING: 0.007, Status.LAPSED: 0.007}
NEIGHBOURS = 3  # villages or towns beside one's own that are served too


@dataclass(frozen=True)
class Calling:
    """What a kind of mediator does for a living, and what that makes him or her good at."""

    title: str
    share: float
    ages: tuple[int, int]
    women: float
    scope: str
    good_at: tuple[tuple[str, str], ...]
    intros: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """An invented mediator before enrolment, with what happens to him or her besides."""

    enrolment: roster.Enrolment
    leave: tuple[date, date, str] | None
    status: Status


def invent(town: Town, counties: Sequence[int], size: int, today: date) -> list[Plan]:
    """Return `size` mediators, spread evenly over the counties' towns and villages."""
    return [
        _plan(town, kind, counties[number % len(counties)], number // len(counties), today)
        for kind, share in SHARES.items()
        for number in range(round(size * share))
    ]


def enrol(session: Session, plans: Sequence[Plan]) -> list[Mediator]:
    """Take them into the pool, note their leave, and suspend or retire a few, or have them wait."""
    mediators = roster.enrol_all(session, [plan.enrolment for plan in plans])
    for plan, mediator in zip(plans, mediators, strict=True):
        assert mediator.id is not None
        if plan.leave:
            roster.take_leave(session, mediator.id, *plan.leave)
        if plan.status is not Status.ACTIVE:
            roster.set_status(session, mediator.id, plan.status)
    return mediators


def relate(session: Session, town: Town, mediator: Mediator) -> None:
    """Declare a tie between a mediator and somebody of the same village."""
    rng, home = town.rng, mediator.home
    sex = rng.choice((Sex.MALE, Sex.FEMALE))
    person = town.person(home, sex, rng.randint(1950, 1995))
    assert mediator.id is not None
    known = roster.Person(person.name, person.phone, home)
    roster.declare_relation(session, mediator.id, rng.choice(list(RelationKind)), known)


def _plan(town: Town, kind: Kind, county: int, number: int, today: date) -> Plan:
    rng, calling = town.rng, _draw(town.rng, kind)
    home = _home(rng, county, number)
    sex = Sex.FEMALE if rng.random() < calling.women else Sex.MALE
    age = rng.randint(*calling.ages)
    who = town.person(home, sex, today.year - age)
    years = max(2, min(age - 24, rng.randint(3, 40)))
    base, skills = _base(rng, who, kind, calling, years), _skills(rng, calling, years)
    areas, chance = tuple(_areas(calling.scope, home)), rng.random()
    status = _status(chance)
    enrolment = roster.Enrolment(base, skills, areas, _profile(chance, status, today))
    return Plan(enrolment, _leave(rng, today), status)


def _status(chance: float) -> Status:
    for status, share in STATES.items():
        if chance < share:
            return status
        chance -= share
    return Status.ACTIVE


def _profile(chance: float, status: Status, today: date) -> ProfileBase:
    """Return a term of three years that began at some time, or ended lately, and whether the person agreed."""
    begun = today - timedelta(days=int(chance * 10**6) % 1000)
    if status is Status.LAPSED:
        begun = today - timedelta(days=1110)
    consent = Consent.UNKNOWN if status is Status.PENDING else Consent.GIVEN
    return ProfileBase(term_from=begun, term_to=term_end(begun), consent=consent)


def _base(rng: Random, who: Person, kind: Kind, calling: Calling, years: int) -> MediatorBase:
    return MediatorBase(
        name=who.name,
        kind=kind,
        sex=who.sex,
        birth_year=who.birth_year,
        home=who.home,
        phone=who.phone,
        title=calling.title,
        intro=rng.choice(calling.intros).format(years=years),
        dialects=_dialects(rng, who, kind),
        load_cap=rng.randint(*CAPS[kind]),
    )


def _dialects(rng: Random, who: Person, kind: Kind) -> str:
    zone = regions.zone(who.home)
    local = [code for code, dialect in taxonomy.dialects().items() if dialect.extra["zone"] == zone]
    standard = 0.3 if kind is Kind.LOCAL_ELDER else 0.9
    return ",".join([*local, *(["putonghua"] if rng.random() < standard else [])])


def _skills(rng: Random, calling: Calling, years: int) -> tuple[roster.Skill, ...]:
    first, *others = calling.good_at
    taken = [first, *rng.sample(others, k=min(len(others), rng.randint(1, 3)))]
    return tuple(roster.Skill(type_code, subtype, rng.randint(1, years)) for type_code, subtype in taken)


def _home(rng: Random, county: int, number: int) -> int:
    towns = _towns(county)
    return rng.choice(villages(towns[number % len(towns)]))


def _areas(scope: str, home: int) -> list[int]:
    town, county = regions.ancestors(home)[:2]
    if scope == "county":
        return [county]
    if scope == "town":
        return [town]
    return _beside(town, _towns(county)) if scope == "towns" else _beside(home, villages(town))


def _beside(own: int, places: Sequence[int]) -> list[int]:
    at = places.index(own)
    return sorted({places[(at + step) % len(places)] for step in range(NEIGHBOURS)})


def _leave(rng: Random, today: date) -> tuple[date, date, str] | None:
    chance, days = rng.random(), rng.randint(3, 25)
    if chance < AWAY_NOW:
        first = today - timedelta(days=rng.randint(0, days - 1))
    elif chance < AWAY_NOW + AWAY_OTHERWISE:
        first = today + timedelta(days=rng.choice((-60, -30, 10, 20, 45)))
    else:
        return None
    return first, first + timedelta(days=days), rng.choice(LEAVES)


def _draw(rng: Random, kind: Kind) -> Calling:
    callings = _callings()[kind]
    return rng.choices(callings, weights=[each.share for each in callings])[0]


@lru_cache(maxsize=1)
def _callings() -> dict[Kind, list[Calling]]:
    table = tomllib.loads((data_dir() / "pool" / "callings.toml").read_text(encoding="utf-8"))
    return {Kind(kind): [_calling(fields) for fields in callings] for kind, callings in table.items()}


def _calling(fields: dict[str, Any]) -> Calling:
    skills = tuple((code, subtype) for code, _, subtype in (skill.partition(".") for skill in fields["good_at"]))
    for skill in skills:
        taxonomy.check_type(*skill)
    low, high = fields["ages"]
    return Calling(**(fields | {"ages": (low, high), "good_at": skills, "intros": tuple(fields["intros"])}))


@lru_cache(maxsize=200)
def _towns(county: int) -> list[int]:
    return [town for town in regions.children(county) if villages(town)]


@lru_cache(maxsize=2000)
def villages(town: int) -> list[int]:
    """Return a town's villages; communities of the town itself count as well."""
    return regions.children(town)
