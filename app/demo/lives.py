"""What becomes of a quarrel, step by step, until the present cuts it off.

The same life is led by two kinds of cases: `played` ones call the use cases, `written` ones write the same rows in
bulk. Because each stops where its next step would lie in the future, ages, states and overdue clocks come out right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from app.demo.quarrels import Quarrel
from app.lifecycle import CHOOSING_STATES, State
from app.orders import Marks
from app.workdays import is_workday, shanghai

OPENS, CLOSES = 8, 18  # o'clock at the station
MEETINGS = 4


OUTCOMES = {"agreed_written": 62, "agreed_oral": 10, "continued": 26, "failed": 6, "withdrawn": 2}


class NotYetError(Exception):
    """The next step lies in the future."""


@dataclass(frozen=True)
class Plot:
    """How likely each turn is; `until` stops the case where it has come to that state."""

    consent: float = 0.15
    early_end: float = 0.05
    refuse: float = 0.03
    silent: float = 0.03
    strict: float = 0.06  # a side that finds nobody suitable
    second_list: float = 0.8
    lapse: float = 0  # the second side says nothing until the time is up
    decline: float = 0.16
    outcomes: Mapping[str, float] = field(default_factory=lambda: OUTCOMES)
    court: float = 0.08
    perform: float = 0.88
    relapse: float = 0.02
    until: State | None = None


USUAL = Plot()


class Clock:
    """The moment of a case; moves on in office hours, never beyond `now`."""

    def __init__(self, rng: Random, at: datetime, now: datetime, pace: float = 1.0) -> None:
        self.rng, self.at, self.now, self.pace = rng, at, now, pace

    def forward(self, least: float, most: float) -> datetime:
        """Move on by some hours between the two, to office hours; raise NotYetError when that is not yet."""
        self.at = office_hours(self.at + timedelta(hours=self.pace * self.rng.uniform(least, most)), self.rng)
        if self.at > self.now:
            raise NotYetError
        return self.at


def office_hours(moment: datetime, rng: Random) -> datetime:
    """Return the moment, or one on the next working morning when offices are closed (a few work on)."""
    local = shanghai(moment)
    while not OPENS <= local.hour < CLOSES or (not is_workday(local.date()) and rng.random() < 0.85):
        local = local + timedelta(days=0 if local.hour < OPENS else 1)
        local = local.replace(hour=OPENS, minute=rng.randint(0, 59)) + timedelta(minutes=rng.randint(0, 150))
    return local


class Case(Protocol):
    """A case to which things happen. Every step takes its moment."""

    quarrel: Quarrel

    @property
    def state(self) -> State: ...  # noqa: D102
    def log(self, at: datetime) -> None: ...  # noqa: D102
    def clear_gates(self, at: datetime) -> None: ...  # noqa: D102
    def hand_over(self, at: datetime) -> None: ...  # noqa: D102
    def seek_consent(self, at: datetime) -> None: ...  # noqa: D102
    def order(self, at: datetime) -> None: ...  # noqa: D102
    def seal(self, letter: str, at: datetime, rng: Random, *, strict: bool) -> None: ...  # noqa: D102
    def lapse(self, at: datetime) -> bool: ...  # noqa: D102
    def end(self, why: str, at: datetime) -> None: ...  # noqa: D102
    def answer(self, at: datetime, *, accept: bool) -> None: ...  # noqa: D102
    def designate(self, at: datetime) -> None: ...  # noqa: D102
    def meet(self, at: datetime, outcome: str) -> None: ...  # noqa: D102
    def extend(self, at: datetime) -> None: ...  # noqa: D102
    def confirm(self, at: datetime, *, done: bool) -> None: ...  # noqa: D102
    def perform(self, at: datetime, how: str) -> None: ...  # noqa: D102
    def visit(self, at: datetime, *, performed: str, relapsed: bool) -> None: ...  # noqa: D102
    def close(self, at: datetime, *, archive: bool) -> None: ...  # noqa: D102


def lead(case: Case, clock: Clock, plot: Plot = USUAL) -> None:
    """Let the case live up to the present."""
    try:
        _Life(case, clock, plot).live()
    except NotYetError:
        return


class _Life:
    """One way through the states."""

    def __init__(self, case: Case, clock: Clock, plot: Plot) -> None:
        self.case, self.clock, self.plot, self.rng = case, clock, plot, clock.rng

    def live(self) -> None:
        self.case.log(self.clock.at)
        if self.case.quarrel.to:
            self.case.hand_over(self._in(0.3, 20))
        else:
            self._mediation()
        self._close()

    def _in(self, least: float, most: float) -> datetime:
        if self.plot.until is not None and self.case.state is self.plot.until:
            raise NotYetError
        return self.clock.forward(least, most)

    def _happens(self, chance: float) -> bool:
        return self.rng.random() < chance

    def _mediation(self) -> None:
        if self.case.state is State.BARRED:
            self.case.clear_gates(self._in(0.5, 6))
        if self._happens(self.plot.early_end):
            self.case.end(self.rng.choice(("self_settled", "withdrawn", "unreachable")), self._in(4, 90))
            return
        self._choose()
        self._accept()
        self._mediate()
        if self.case.state is State.PERFORMING:
            self._settle()

    def _choose(self) -> None:
        if self._happens(self.plot.consent):
            self.case.seek_consent(self._in(1, 12))
            self._in(4, 60)
        self.case.order(self._in(0.3, 26))
        self._seal()
        if self.case.state is State.DESIGNATING and self._happens(self.plot.second_list):
            self.case.order(self._in(2, 30))
            self._seal()

    def _seal(self) -> None:
        for place, letter in enumerate(self.rng.sample("AB", k=2)):
            if self.case.state not in CHOOSING_STATES:
                return
            if place and self.plot.lapse and self._happens(self.plot.lapse):
                while not self.case.lapse(self._in(20, 28)):
                    pass
                return
            chance = self.rng.random()
            if chance < self.plot.refuse:
                self.case.end("refused", self._in(3, 50))
            elif chance < self.plot.refuse + self.plot.silent:
                self.case.end("unreachable", self._in(150, 400))
            else:
                strict = self._happens(self.plot.strict)
                self.case.seal(letter, self._in(1, 28), self.rng, strict=strict)

    def _accept(self) -> None:
        for _ in range(8):
            if self.case.state is State.DESIGNATING:
                self.case.designate(self._in(6, 70))
            elif self.case.state is State.AWAITING_MEDIATOR:
                self.case.answer(self._in(0.5, 30), accept=not self._happens(self.plot.decline))

    def _mediate(self) -> None:
        for number in range(MEETINGS):
            if self.case.state not in (State.SCHEDULED, State.MEDIATING, State.EXTENDED):
                return
            outcomes = dict(self.plot.outcomes)
            if number == MEETINGS - 1:
                outcomes |= {"continued": 0, "failed": 1}
            outcome = self.rng.choices(list(outcomes), weights=list(outcomes.values()))[0]
            self.case.meet(self._in(10, 80) if number == 0 else self._in(90, 260), outcome)
            if self.case.state is State.MEDIATING and number == 1:
                self.case.extend(self._in(20, 40))

    def _settle(self) -> None:
        if self._happens(self.plot.court):
            self.case.confirm(self._in(40, 300), done=False)
            self.case.confirm(self._in(120, 400), done=True)
        how = "performed" if self._happens(self.plot.perform) else "partly"
        self.case.perform(self._in(40, 600), how)
        for days in (7, 23, 60, 90)[: self.rng.choice((2, 2, 3, 4))]:
            how = self._visit(days, how)

    def _visit(self, days: int, how: str) -> str:
        at = self._in(24 * days - 10, 24 * days + 60)
        if self.case.state is State.RELAPSED:
            return how
        if self._happens(self.plot.relapse):
            self.case.visit(at, performed="not_performed", relapsed=True)
            return how
        how = "performed" if self._happens(0.9) else how
        self.case.visit(at, performed=how, relapsed=False)
        return how

    def _close(self) -> None:
        over = (State.FAILED, State.TERMINATED, State.TRANSFERRED, State.PERFORMED, State.FOLLOWING_UP, State.RELAPSED)
        if self.case.state in over:
            self.case.close(self._in(20, 200), archive=False)
            self.case.close(self._in(700, 1500), archive=True)


def mark(rng: Random, listed: Sequence[int], *, strict: bool) -> Marks:
    """Return how a side marks the names: some wanted, a few struck; a `strict` side strikes them all."""
    draws = {each: rng.random() for each in listed}
    strike = tuple(each for each in listed if strict or draws[each] < 0.12)
    want = [each for each in listed if each not in strike and rng.random() < 0.4]
    rng.shuffle(want)
    return Marks(tuple(want), tuple(each for each in listed if each not in (*want, *strike)), strike)
