"""What may be written down about a mediator, and in which form: checked before anything is written."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from talent_pool import regions, taxonomy
from talent_pool.models import Kind, MediatorBase, Status
from talent_pool.profiles import ProfileBase

MOST_YEARS = 70  # as the table says
TERM_YEARS = 3


class Identity(Protocol):
    """What is known of a person on a side; the case's own rows fit as they are."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def phone(self) -> str: ...  # noqa: D102
    @property
    def village(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Person:
    """A person on a side, for callers that have no row."""

    name: str
    phone: str = ""
    village: int | None = None


@dataclass(frozen=True, slots=True)
class Skill:
    """A kind of quarrel and the years spent on it; `subtype` empty means the whole type."""

    type: str
    subtype: str = ""
    years: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """All that makes a new mediator."""

    base: MediatorBase
    skills: tuple[Skill, ...] = ()
    service_areas: tuple[int, ...] = ()
    profile: ProfileBase | None = None
    status: Status = Status.ACTIVE


def plain_phone(text: str) -> str:
    """Return the digits of a phone number without the country's 86, so that one person has one number."""
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"^(?:00)?86(?=1[0-9]{10}$)", "", digits)


def plain_name(text: str) -> str:
    """Return a name without the blanks that forms like to put between its characters."""
    return "".join(text.split())


def checked(fields: dict[str, Any]) -> dict[str, Any]:
    """Validate all fields of a mediator and bring them into their stored form."""
    base = MediatorBase.model_validate(fields)
    spoken = [code for code in base.dialects.split(",") if code]
    if strange := set(spoken) - taxonomy.dialects().keys():
        raise ValueError(f"unknown dialect: {min(strange)}")
    stored = {"name": plain_name(base.name), "phone": plain_phone(base.phone), "home": checked_region(base.home)}
    return {**base.model_dump(), **stored, "dialects": ",".join(spoken)}


def checked_profile(profile: ProfileBase, kind: Kind) -> dict[str, Any]:
    """Check the paper of a mediator of a kind; raise ValueError for a code that the lists do not have."""
    fields = profile.model_dump()
    known = taxonomy.groups()
    if profile.subkind and (found := taxonomy.item("subkinds", profile.subkind)).extra["kind"] != kind:
        raise ValueError(f"{found.code} does not stand under {kind}")
    if profile.grade and profile.grade not in known["grades"]:
        raise ValueError(f"unknown grade: {profile.grade}")
    if profile.term_from and profile.term_to and profile.term_to < profile.term_from:
        raise ValueError(f"the term ends ({profile.term_to}) before it begins ({profile.term_from})")
    return fields


def checked_region(code: int) -> int:
    """Return a region's code; raise ValueError when the tree has none."""
    if code not in regions.tree():
        raise ValueError(f"no region {code}")
    return code


def checked_skills(skills: Iterable[Skill]) -> list[dict[str, Any]]:
    """Return rows of the expertise table; raise ValueError for unknown types, impossible years, one given twice."""
    rows = []
    for skill in skills:
        taxonomy.check_type(skill.type, skill.subtype)
        if not 0 <= skill.years <= MOST_YEARS:
            raise ValueError(f"years of expertise must be 0 to {MOST_YEARS}, not {skill.years}")
        rows.append({"type": skill.type, "subtype": skill.subtype, "years": skill.years})
    named = [(row["type"], row["subtype"]) for row in rows]
    if twice := {str(name) for name in named if named.count(name) > 1}:
        raise ValueError(f"expertise given twice: {min(twice)}")
    return rows


def term_end(first: date) -> date:
    """Return the last day of a term of three years."""
    try:
        return first.replace(year=first.year + TERM_YEARS) - timedelta(days=1)
    except ValueError:  # begun on 29 February
        return first.replace(year=first.year + TERM_YEARS, day=28)
