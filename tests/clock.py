"""The moment at which the tests' story happens: a Monday morning in November."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)


class Clock:
    """A clock that moves only when it is told to: call it for the moment."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> datetime:
        """Move on by `timedelta(**step)` and return the new moment."""
        self.now += timedelta(**step)
        return self.now
