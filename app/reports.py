"""Figures about the open cases in the session's scope."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from app.lifecycle import OPEN
from app.models import Account, Dispute
from app.workdays import AGE_BANDS, SHANGHAI, shanghai

_YOUNGER = (7, 15, 30)  # days: the upper ends of all bands but the last


@dataclass(frozen=True)
class Ageing:
    """One officer's open cases by age; `bands` has every band of `workdays.AGE_BANDS`."""

    officer_id: int
    officer: str
    bands: dict[str, int]
    overdue: int

    @property
    def total(self) -> int:
        """Return all of them."""
        return sum(self.bands.values())


def ageing(session: Session, now: datetime) -> list[Ageing]:
    """Return the open cases of each officer by age, by name. Counted by the database: a province has many."""
    today = shanghai(now).date()
    starts = [datetime.combine(today - timedelta(days=days), time(), SHANGHAI) for days in _YOUNGER]
    since = [func.sum(case((col(Dispute.opened_at) >= start, 1), else_=0)) for start in starts]
    overdue = func.sum(case((col(Dispute.due_at) < now, 1), else_=0))
    query = select(col(Dispute.officer_id), col(Account.name), *since, func.count(col(Dispute.id)), overdue)
    query = query.join(Account, col(Dispute.officer_id) == col(Account.id)).where(col(Dispute.state).in_(OPEN))
    rows = session.execute(query.group_by(col(Dispute.officer_id), col(Account.name)).order_by(col(Account.name)))
    return [_one(officer_id, name, counts) for officer_id, name, *counts in rows]


def _one(officer_id: int, name: str, counts: list[int]) -> Ageing:
    *younger, overdue = map(int, counts)
    steps = [number - before for number, before in zip(younger, [0, *younger], strict=False)]
    return Ageing(officer_id, name, dict(zip(AGE_BANDS, steps, strict=True)), overdue)
