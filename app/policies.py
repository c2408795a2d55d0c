"""The clocks and numbers that a province, a city, a county or a station may set for itself.

default.toml names every value; data/policies/61.toml, 6106.toml, 610629.toml, 610629102.toml change some of them;
the nearest wins.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from app.errors import SettingsError
from talent_pool.files import data_dir
from talent_pool.regions import tree

DEFAULT = "default"
_FILE_DIGITS = (2, 4, 6, 9)  # province, city, county, station (the town of its seat): the nearer later

_NO_MORE_THAN = (
    ("accept_workdays", "accept_workdays_max"),
    ("naming_workdays", "designate_workdays"),
    ("answer_workdays", "designate_workdays"),
    ("first_contact_red_hours", "first_contact_hours"),
    ("widen_below", "shortlist_size"),
    ("shortlist_size", "shortlist_size_many"),
    ("outsiders_min", "shortlist_size"),
)

Hours = Annotated[int, Field(ge=1, le=240)]
Workdays = Annotated[int, Field(ge=1, le=60)]
Days = Annotated[int, Field(ge=1, le=365)]
# A tuple, because a policy is shared; TOML's list is taken for it, what stands in the list stays strict.
Hour = Annotated[int, Field(ge=0, le=23)]
RisingDays = Annotated[tuple[Days, ...], Field(strict=False)]
RisingHours = Annotated[tuple[Hours, ...], Field(strict=False)]
Rhythm = Literal["weekly", "half_monthly", "monthly"]


class Policy(BaseModel):
    """What holds in one place. Days end at midnight in Shanghai; "workdays" follow China's calendar."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    first_contact_red_hours: Hours = Field(description="a red case: first contact with the sides")
    first_contact_hours: Hours = Field(description="any other case: first contact with the sides")
    consent_workdays: Workdays = Field(description="the other side is asked whether it agrees to mediation")
    ballot_workdays: Workdays = Field(description="the sides choose (在线调解规则 art. 10)")
    yes_workdays: Workdays = Field(description="a side that was silent says yes to the result, or the order ends")
    designate_workdays: Workdays = Field(
        description="without a common choice someone is designated (在线调解规则 art. 12)"
    )
    naming_workdays: Workdays = Field(description="of these: the coordinator names one")
    answer_workdays: Workdays = Field(description="of these: each side accepts whom the coordinator named, or refuses")
    declines: Annotated[int, Field(ge=1, le=10)] = Field(
        description="mediators of one list who decline before a fresh list is drawn"
    )
    accept_workdays: Workdays = Field(description="the mediator accepts or declines")
    accept_workdays_max: Workdays = Field(description="the longest time that an officer may grant for it")
    first_session_workdays: Workdays = Field(description="first session after acceptance")
    mediation_days: Days = Field(description="the mediation ends (人民调解工作若干规定 art. 33)")
    extension_days: Days = Field(description="longer by consent of all sides")
    replacements: Annotated[int, Field(ge=0, le=5)] = Field(description="changes of mediator at the sides' wish")

    public_security_workdays: Workdays = Field(
        description="a public-security case is mediated, from acceptance or appraisal"
    )
    public_security_second_workdays: Workdays = Field(description="its second session after the first")
    public_security_sessions: Annotated[int, Field(ge=1, le=5)] = Field(description="its sessions at most")
    public_security_choose_hours: Hours = Field(description="its sides choose, when not at the desk")

    confirmation_days: Days = Field(
        description="joint application to the court after the agreement (民事诉讼法 art. 205)"
    )
    confirmation_warn_days: RisingDays = Field(
        description="days after the agreement on which the sides are reminded of it"
    )
    revisit_days: RisingDays = Field(min_length=1, description="days after performance on which the officer asks again")

    quiet_from: Hour = Field(
        description="nobody is reminded from this hour of the evening on, red cases' officers aside"
    )
    quiet_until: Hour = Field(description="until this hour of the morning")
    escalate_workdays: RisingDays = Field(
        min_length=2,
        max_length=2,
        description="days after a clock has run out on which station head and county hear of it",
    )
    escalate_red_hours: RisingHours = Field(min_length=2, max_length=2, description="the same for red cases, in hours")

    station_digest: Rhythm = Field(description="list of ageing cases to the station")
    justice_office_digest: Rhythm = Field(description="the same to the justice office")
    county_digest: Rhythm = Field(description="the same to the county")

    shortlist_size: Annotated[int, Field(ge=2, le=20)] = Field(description="names put before two sides")
    shortlist_size_many: Annotated[int, Field(ge=2, le=20)] = Field(description="names put before three or more sides")
    widen_below: Annotated[int, Field(ge=1, le=20)] = Field(
        description="with fewer eligible names the next larger region is asked"
    )
    outsiders_min: Annotated[int, Field(ge=0, le=20)] = Field(
        description="names from outside the sides' villages, where there are such"
    )
    rounds: Annotated[int, Field(ge=1, le=3)] = Field(description="shortlists before someone is designated")
    representatives_max: Annotated[int, Field(ge=1, le=20)] = Field(description="people who speak for a numerous side")

    link_days: Days = Field(description="a side's or mediator's link stays open, unless revoked")

    duplicate_days: Days = Field(description="how far back the same quarrel is looked for")
    colour_days: Days = Field(description="a risk colour expires without a new sign")
    guardian_below_age: Annotated[int, Field(ge=1, le=18)] = Field(description="younger parties need a guardian")

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for smaller, larger in _NO_MORE_THAN:
            if getattr(self, smaller) > getattr(self, larger):
                raise ValueError(f"{smaller} is more than {larger}")
        for name in ("confirmation_warn_days", "revisit_days", "escalate_workdays", "escalate_red_hours"):
            days = getattr(self, name)
            if days != tuple(sorted(set(days))):
                raise ValueError(f"{name} must rise")
        if self.quiet_from <= self.quiet_until:
            raise ValueError("quiet_from is an hour of the evening, quiet_until one of the morning after")
        if self.confirmation_warn_days and self.confirmation_warn_days[-1] >= self.confirmation_days:
            raise ValueError("confirmation_warn_days must lie before confirmation_days")
        return self

    def origin(self, name: str) -> str:
        """Return which file set a value: default, 61, 6106, 610629 …; raise KeyError for a name that is no value."""
        return self._origins[name]


def policy_for(area: int) -> Policy:
    """Return what holds in a region (12-digit code of any level); raise SettingsError that names a bad file."""
    return _policies(data_dir()).at(area)


def check_policies() -> None:
    """Read every file now, so that a bad one stops the start and not a Monday morning; raise SettingsError."""
    _policies(data_dir())


class Policies:
    """All files of one folder, read and checked."""

    def __init__(self, folder: Path) -> None:
        files = {path.stem: _read(path) for path in sorted(folder.glob("*.toml")) if _is_policy(path)}
        if DEFAULT not in files:
            raise SettingsError(f"{DEFAULT}.toml: not in {folder}")
        self._by_code: dict[str, Policy] = {}
        # Sorted by length: what a county changes is checked together with what its city and province have changed.
        for stem in sorted(files, key=lambda stem: (stem != DEFAULT, len(stem), stem)):
            above = self._nearest(stem)
            self._by_code[stem] = _overlaid(above, stem, files[stem])

    def at(self, area: int) -> Policy:
        """Return what holds in a region."""
        nearest = self._nearest(f"{area:012d}")
        assert nearest is not None, "there is always a default"
        return nearest

    def _nearest(self, code: str) -> Policy | None:
        stems = [code[:digits] for digits in reversed(_FILE_DIGITS) if code[:digits] in self._by_code]
        return self._by_code.get(stems[0] if stems else DEFAULT)


@lru_cache(maxsize=4)
def _policies(data: Path) -> Policies:
    return Policies(data / "policies")


def _is_policy(path: Path) -> bool:
    # Other tables lie in the folder too; a file named by digits means a region and must be one.
    if not path.stem.isdigit():
        return path.stem == DEFAULT
    if len(path.stem) not in _FILE_DIGITS or int(path.stem.ljust(12, "0")) not in tree():
        raise SettingsError(f"{path.name}: no province, city, county or town has this code")
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path.name}: {problem}") from None


def _overlaid(above: Policy | None, stem: str, values: dict[str, Any]) -> Policy:
    try:
        policy = Policy.model_validate((above.model_dump() if above else {}) | values)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{stem}.toml: {name + ': ' if name else ''}{first['msg']}") from None
    policy._origins = (above._origins if above else {}) | dict.fromkeys(values, stem)
    return policy
