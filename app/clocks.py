"""The clocks of a case as one table of rules (data/policies/clocks.toml), computed from what has happened. Pure.

A clock runs from a moment of the case until its end; it stops when the case moves on or one of its `until` moments
comes. Its steps say who is told when: ahead of the end, and when it has run out, level by level.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import SettingsError
from app.lifecycle import State
from app.policies import Policy
from app.workdays import SHANGHAI, add_days, add_hours, add_workdays, shanghai
from talent_pool.files import data_dir

OFFICER, HEAD, COORDINATOR, MEDIATOR, SIDES = "officer", "head", "coordinator", "mediator", "sides"
LATE = "late"  # the steps after the end are called late-officer, late-head, late-coordinator
LEVELS = (HEAD, COORDINATOR)  # who hears next, in the order of the policy's escalate_* values
MOMENT = timedelta(seconds=1)
MORNING = time(9)

Moment = Literal[
    "taken_up", "contacted", "asked_consent", "listed", "entered", "asked", "accepted", "first_session",
    "second_session", "agreed", "agreed_in_writing", "performed",
]  # fmt: skip
Whom = Literal["officer", "coordinator", "mediator", "sides"]
StateCode = Annotated[State, Field(strict=False)]


class Rule(BaseModel):
    """One clock, as its table in clocks.toml says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    zh: str
    en: str
    begins: Moment = Field(alias="from")
    until: Annotated[tuple[Moment, ...], Field(strict=False)]
    value: str
    red: str = ""
    unit: Literal["hours", "workdays", "days", "own"]
    states: Annotated[frozenset[StateCode], Field(strict=False)]
    only: Literal["", "public_security"] = ""
    not_subtypes: Annotated[frozenset[str], Field(strict=False)] = frozenset()
    before: Annotated[tuple[Annotated[int, Field(ge=1, le=24 * 60)], ...], Field(strict=False)]
    after_days: str = ""
    to: Annotated[tuple[Whom, ...], Field(strict=False)]
    late: bool


@dataclass(frozen=True)
class Facts:
    """What the clocks ask of a case: its state and date, its colour and kind, and when what has happened."""

    state: State
    subtype: str
    red: bool
    public_security: bool
    due_at: datetime | None
    moments: Mapping[Moment, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Running:
    """A clock that runs: since when, until when, and which value of the policy says so, set where."""

    code: str
    rule: Rule
    begun: datetime
    due: datetime
    value: str
    origin: str

    def label(self, locale: str) -> str:
        """Return the clock's name."""
        return self.rule.en if locale.startswith("en") else self.rule.zh


@dataclass(frozen=True)
class Step:
    """Somebody is told something at a moment. `name` is the same whenever it is worked out: ahead-15, late-head …"""

    code: str
    name: str
    to: str
    at: datetime
    due: datetime

    @property
    def late(self) -> bool:
        """Tell whether the clock has run out by then."""
        return self.name.startswith(LATE)


@lru_cache(maxsize=4)
def _read(path: str) -> Mapping[str, Rule]:
    tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    found: dict[str, Rule] = {}
    for code, table in tables.items():
        try:
            found[code] = Rule.model_validate(table)
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(str(part) for part in (code, *first["loc"]))
            raise SettingsError(f"clocks.toml: {place}: {first['msg']}") from None
        for name in filter(None, (found[code].value, found[code].red, found[code].after_days)):
            if name not in Policy.model_fields:
                raise SettingsError(f"clocks.toml: {code}: no policy has the value {name}")
    return found


def rules() -> Mapping[str, Rule]:
    """Return every clock by its code; raise SettingsError that names a bad table."""
    return _read(str(data_dir() / "policies" / "clocks.toml"))


def running(facts: Facts, policy: Policy) -> list[Running]:
    """Return the clocks that run on a case, the nearest end first."""
    found = (_running(code, rule, facts, policy) for code, rule in rules().items())
    return sorted((each for each in found if each is not None), key=lambda each: (each.due, each.code))


def _running(code: str, rule: Rule, facts: Facts, policy: Policy) -> Running | None:
    begun = facts.moments.get(rule.begins)
    if begun is None or not _applies(rule, facts):
        return None
    if any(facts.moments.get(each, begun - MOMENT) >= begun for each in rule.until):
        return None
    value = rule.red if rule.red and facts.red else rule.value
    due = facts.due_at if rule.unit == "own" else _end(begun, rule.unit, getattr(policy, value))
    return None if due is None else Running(code, rule, begun, due, value, policy.origin(value))


def _applies(rule: Rule, facts: Facts) -> bool:
    if rule.only == "public_security" and not facts.public_security:
        return False
    return facts.state in rule.states and facts.subtype not in rule.not_subtypes


def _end(begun: datetime, unit: str, length: int) -> datetime:
    match unit:
        case "hours":
            return add_hours(begun, length)
        case "workdays":
            return add_workdays(begun, length)
    return add_days(begun, length)


# --- who is told when -------------------------------------------------------------------------------------------------


def steps(clocks: Iterable[Running], facts: Facts, policy: Policy) -> list[Step]:
    """Return every step of these clocks, the earliest first; quiet hours put a step off to the morning."""
    found = [step for clock in clocks for step in (*_ahead(clock, policy), *_late(clock, facts, policy))]
    heard = [_heard(step, facts, policy) for step in found]
    return sorted(heard, key=lambda step: (step.at, step.code, step.name, step.to))


def _ahead(clock: Running, policy: Policy) -> Iterable[Step]:
    hours = [(f"ahead-{each}", clock.due - timedelta(hours=each)) for each in clock.rule.before]
    days = getattr(policy, clock.rule.after_days) if clock.rule.after_days else ()
    after = [(f"after-{each}", _morning(add_days(clock.begun, each))) for each in days]
    for name, at in (*hours, *after):
        if at > clock.begun:  # a clock shorter than its warning has just been heard of
            for to in clock.rule.to:
                yield Step(clock.code, name, to, at, clock.due)


def _late(clock: Running, facts: Facts, policy: Policy) -> Iterable[Step]:
    if not clock.rule.late:
        return
    yield Step(clock.code, f"{LATE}-{OFFICER}", OFFICER, clock.due + MOMENT, clock.due)
    for place, level in enumerate(LEVELS):
        if facts.red:
            at = clock.due + timedelta(hours=policy.escalate_red_hours[place])
        else:
            at = _morning(add_workdays(clock.due, policy.escalate_workdays[place]))
        yield Step(clock.code, f"{LATE}-{level}", level, at, clock.due)


def _morning(end_of_day: datetime) -> datetime:
    return datetime.combine(shanghai(end_of_day).date(), MORNING, SHANGHAI)


def _heard(step: Step, facts: Facts, policy: Policy) -> Step:
    """Put a step off to the end of the quiet hours; those who answer for a red case are woken."""
    if facts.red and step.to in (OFFICER, *LEVELS):
        return step
    at = awake(step.at, policy)
    return step if at == step.at else Step(step.code, step.name, step.to, at, step.due)


def awake(moment: datetime, policy: Policy) -> datetime:
    """Return the moment itself, or the end of the quiet hours that it falls into."""
    here = shanghai(moment)
    if policy.quiet_until <= here.hour < policy.quiet_from:
        return moment
    day = here.date() + timedelta(days=1 if here.hour >= policy.quiet_from else 0)
    return datetime.combine(day, time(policy.quiet_until), SHANGHAI)


def latest(passed: Iterable[Step]) -> list[Step]:
    """Return of the steps of each clock that lie behind, the last one for each who is told: older ones say less."""
    newest: dict[tuple[str, str], Step] = {}
    for step in sorted(passed, key=lambda step: step.at):
        newest[step.code, step.to] = step
    return list(newest.values())
