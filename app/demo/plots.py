"""The main station's cases that are played: one for each state in which a case can rest, more where work waits."""

from dataclasses import dataclass, replace

from app.demo.lives import Plot
from app.lifecycle import State

QUIET = Plot(
    consent=0,
    early_end=0,
    refuse=0,
    silent=0,
    strict=0,
    decline=0,
    outcomes={"agreed_written": 1},
    court=0,
    perform=1,
    relapse=0,
)
DIFFICULT = {"continued": 1}


@dataclass(frozen=True)
class Scene:
    """A state to come to: opened so many working days ago, led at a pace (1 = usual, less = brisker), about a type."""

    state: State
    workdays: int
    type: str
    plot: Plot
    pace: float = 0.2
    gate: str = ""


def _scene(state: State, workdays: int, type_code: str, pace: float = 0.2, gate: str = "", **turns: object) -> Scene:
    return Scene(state, workdays, type_code, replace(QUIET, until=state, **turns), pace, gate)  # type: ignore[arg-type]


SCENES = (
    _scene(State.TRIAGED, 0, "neighbor"),
    _scene(State.TRIAGED, 1, "forest_land"),
    _scene(State.BARRED, 0, "marriage_family", gate="domestic_violence"),
    _scene(State.SEEKING_CONSENT, 1, "contract", consent=1),
    _scene(State.CHOOSING, 1, "neighbor"),
    _scene(State.CHOOSING, 1, "marriage_family"),
    _scene(State.CHOOSING, 6, "housing_homestead"),
    _scene(State.CHOOSING_ROUND2, 3, "forest_land", strict=1, second_list=1),
    _scene(State.PROVISIONAL, 5, "neighbor", lapse=1),
    _scene(State.DESIGNATING, 3, "neighbor", strict=1, second_list=0),
    _scene(State.AWAITING_MEDIATOR, 2, "damages"),
    _scene(State.AWAITING_MEDIATOR, 3, "labor"),
    _scene(State.AWAITING_MEDIATOR, 7, "production_business"),
    _scene(State.SCHEDULED, 3, "marriage_family"),
    _scene(State.SCHEDULED, 12, "forest_land"),
    _scene(State.MEDIATING, 10, "neighbor", outcomes=DIFFICULT),
    _scene(State.MEDIATING, 36, "housing_homestead", outcomes=DIFFICULT),
    _scene(State.EXTENDED, 34, "marriage_family", pace=0.7, outcomes=DIFFICULT),
    _scene(State.PERFORMING, 12, "contract"),
    _scene(State.CONFIRMING, 16, "contract", court=1),
    _scene(State.CONFIRMED, 30, "labor", pace=0.4, court=1),
    _scene(State.PERFORMED, 20, "damages"),
    _scene(State.FOLLOWING_UP, 30, "neighbor", pace=0.5),
    _scene(State.RELAPSED, 40, "forest_land", pace=0.5, relapse=1),
    _scene(State.FAILED, 20, "village_affairs", outcomes={"failed": 1}),
    _scene(State.TERMINATED, 9, "consumer", early_end=1),
    _scene(State.TRANSFERRED, 5, "damages", gate="crime_suspected"),
)
