"""A station of the demo with its people, as the cases need it."""

from dataclasses import dataclass
from random import Random

from app.accounts import Viewer
from app.scope import Role


@dataclass(frozen=True)
class DemoStation:
    """Where cases are logged, and by whom."""

    id: int
    name: str
    area: int
    towns: tuple[int, ...]
    officers: tuple[tuple[int, str], ...]  # (account, name)
    head: tuple[int, str]
    cases: int

    def officer(self, rng: Random) -> Viewer:
        """Return one of the officers as whoever looks."""
        return self._viewer(rng.choice(self.officers), Role.OFFICER)

    def the_head(self) -> Viewer:
        """Return the station head."""
        return self._viewer(self.head, Role.STATION_HEAD)

    def _viewer(self, who: tuple[int, str], role: Role) -> Viewer:
        return Viewer(who[0], who[1], role, self.id, self.name, self.area, "zh")
