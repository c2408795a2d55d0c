"""The course of an order as a table: what may follow what, and after how many working days at the latest. Pure.

It answers one question before anybody is asked anything: does every pattern of answers, and of silence, come to an end,
and when? The use cases of the service walk the same course (a test walks both).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache


class Phase(StrEnum):
    """Whose turn it is."""

    CHOOSING = "choosing"  # the sides mark a list
    YES = "yes"  # a silent side is asked for its yes
    ASKING = "asking"  # a mediator is asked
    NAMING = "naming"  # the coordinator names somebody
    ANSWERING = "answering"  # each side says yes or no to whom the coordinator named
    ASKING_NAMED = "asking_named"  # that one is asked
    ACCEPTED = "accepted"  # the end: a mediator has the case
    REFUSED = "refused"  # the end: a side does not want mediation
    UNREACHABLE = "unreachable"  # the end: a side was not reached
    NO_CHOICE = "no_choice"  # the end: nobody was found; the other routes in writing


ENDS = frozenset({Phase.ACCEPTED, Phase.REFUSED, Phase.UNREACHABLE, Phase.NO_CHOICE})


@dataclass(frozen=True)
class Clocks:
    """Working days of each step, and how often: the numbers of a policy."""

    ballots: int = 2
    yes: int = 3
    accept: int = 1
    naming: int = 1
    answers: int = 2
    rounds: int = 2
    declines: int = 3


@dataclass(frozen=True)
class Place:
    """Where an order stands. `left`: names that may still be asked; `declined`: of this list."""

    phase: Phase
    round: int = 1
    left: int = 0
    declined: int = 0

    @property
    def ended(self) -> bool:
        """Tell whether nothing follows."""
        return self.phase in ENDS


@dataclass(frozen=True)
class Step:
    """What can happen at a place, after how many working days at the latest, and where it leads."""

    what: str
    days: int
    to: Place


def steps(here: Place, clocks: Clocks, names: int = 6) -> Iterator[Step]:
    """Yield everything that can happen. A side may refuse at any time (人民调解法 art. 17, 23)."""
    if here.ended:
        return
    yield Step("refused", _days(here.phase, clocks), replace(here, phase=Phase.REFUSED))
    match here.phase:
        case Phase.CHOOSING:
            yield from _chosen(here, clocks, names)
        case Phase.YES:
            yield Step("yes", clocks.yes, replace(here, phase=Phase.ASKING))
            yield Step("no_yes", clocks.yes, replace(here, phase=Phase.UNREACHABLE))
        case Phase.ASKING:
            yield Step("accepted", clocks.accept, replace(here, phase=Phase.ACCEPTED))
            yield Step("declined", clocks.accept, _after_decline(here, clocks))
        case Phase.NAMING:
            yield Step("named", clocks.naming, replace(here, phase=Phase.ANSWERING))
            yield Step("nobody_named", clocks.naming, replace(here, phase=Phase.NO_CHOICE))
        case Phase.ANSWERING:
            yield Step("all_yes", clocks.answers, replace(here, phase=Phase.ASKING_NAMED))
            yield Step("a_no", clocks.answers, replace(here, phase=Phase.NO_CHOICE))
            yield Step("no_answer", clocks.answers, replace(here, phase=Phase.UNREACHABLE))
        case Phase.ASKING_NAMED:
            yield Step("accepted", clocks.accept, replace(here, phase=Phase.ACCEPTED))
            yield Step("declined", clocks.accept, replace(here, phase=Phase.NO_CHOICE))


def _chosen(here: Place, clocks: Clocks, names: int) -> Iterator[Step]:
    yield Step("all_silent", clocks.ballots, replace(here, phase=Phase.UNREACHABLE))
    yield Step("no_common_name", clocks.ballots, _fresh(here, clocks))
    for left in range(1, names + 1):
        yield Step(f"firm_{left}", clocks.ballots, replace(here, phase=Phase.ASKING, left=left))
        yield Step(f"provisional_{left}", clocks.ballots, replace(here, phase=Phase.YES, left=left))


def _after_decline(here: Place, clocks: Clocks) -> Place:
    left, declined = here.left - 1, here.declined + 1
    if left and declined < clocks.declines:
        return replace(here, left=left, declined=declined)
    return _fresh(here, clocks)


def _fresh(here: Place, clocks: Clocks) -> Place:
    """Return the next list, drawn on the same day, or the coordinator."""
    if here.round < clocks.rounds:
        return Place(Phase.CHOOSING, here.round + 1)
    return Place(Phase.NAMING, here.round)


def _days(phase: Phase, clocks: Clocks) -> int:
    match phase:
        case Phase.CHOOSING:
            return clocks.ballots
        case Phase.YES:
            return clocks.yes
        case Phase.NAMING:
            return clocks.naming
        case Phase.ANSWERING:
            return clocks.answers
    return clocks.accept


@lru_cache(maxsize=4096)
def longest(here: Place, clocks: Clocks) -> int:
    """Return after how many working days, at the latest, an order that stands here has come to its end."""
    return max((step.days + longest(step.to, clocks) for step in steps(here, clocks)), default=0)


def longest_after_consent(clocks: Clocks) -> int:
    """Return the same, counted from the moment when the last side has said yes to mediation on the first list."""
    return max(longest(Place(Phase.ASKING, left=clocks.declines), clocks), longest(_fresh(_FIRST, clocks), clocks))


_FIRST = Place(Phase.CHOOSING)
