"""Who of the pool is free while cases are written in bulk."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from talent_pool.index import RosterIndex, RosterRow

REFRESH = 64  # the index learns of taken slots after so many


class Slots:
    """Who of the pool is free, counted while cases are written; the index is told now and then."""

    def __init__(self, index: RosterIndex, rows: Iterable[RosterRow]) -> None:
        self.index = index
        self.rows = {row.id: row for row in rows}
        self._changed: set[int] = set()

    def take(self, mediator_id: int, day: date) -> bool:
        """Take a slot unless the mediator is full or away."""
        row = self.rows[mediator_id]
        if row.open_cases >= row.load_cap or any(first <= day <= last for first, last in row.leave):
            return False
        return self._set(row, row.open_cases + 1)

    def give_back(self, mediator_id: int) -> None:
        """Give a slot back."""
        row = self.rows[mediator_id]
        self._set(row, row.open_cases - 1)

    def settle(self) -> None:
        """Let the index know, once enough has changed."""
        if len(self._changed) >= REFRESH:
            self.index.apply(self.rows[key] for key in self._changed)
            self._changed.clear()

    def _set(self, row: RosterRow, open_cases: int) -> bool:
        self.rows[row.id] = replace(row, open_cases=open_cases)
        self._changed.add(row.id)
        return True
