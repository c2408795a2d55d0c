"""Is this quarrel on the books already? The scope's cases of the last months that look like the one at hand."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.lifecycle import State
from app.models import Dispute, Party
from app.policies import policy_for
from app.workdays import shanghai
from matching.duplicates import REASONS, Case, similar
from talent_pool.roster import Identity

MOST_CASES = 2000  # the newest ones; a station has some 500 a year


@dataclass(frozen=True)
class Twin:
    """A case that is probably the same quarrel, and for which reasons (keys of `matching.duplicates.REASONS`)."""

    no: str
    opened_at: datetime
    state: State
    same: float
    reasons: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """Return the reasons as msgids."""
        return [REASONS[reason] for reason in self.reasons]


def find(
    session: Session, *, text: str, place: int, people: Iterable[Identity], now: datetime, but: int | None = None
) -> list[Twin]:
    """Return the likely twins among the cases that the session may see, most likely first; `but` is the case itself."""
    days = policy_for(place).duplicate_days
    rows = {str(row.id): row for row in _recent(session, now, days) if row.id != but}
    known = list(people)
    new = Case("new", text, place, shanghai(now).date(), _names(known), _phones(known))
    found = similar(new, _cases(session, rows), days=days)
    return [Twin(rows[m.id].no, rows[m.id].opened_at, rows[m.id].state, m.same, m.reasons) for m in found]


def _recent(session: Session, now: datetime, days: int) -> list[Any]:
    columns = (Dispute.id, Dispute.no, Dispute.narrative, Dispute.place, Dispute.opened_at, Dispute.state)
    query = select(*(col(column) for column in columns)).where(col(Dispute.opened_at) > now - timedelta(days=days))
    return list(session.execute(query.order_by(col(Dispute.opened_at).desc()).limit(MOST_CASES)))


def _cases(session: Session, rows: dict[str, Any]) -> list[Case]:
    people: dict[int, list[Any]] = defaultdict(list)
    if rows:
        oldest = min(row.opened_at for row in rows.values())
        named = select(col(Party.dispute_id), col(Party.name), col(Party.phone)).join(
            Dispute, col(Party.dispute_id) == col(Dispute.id)
        )
        for each in session.execute(named.where(col(Dispute.opened_at) >= oldest)):
            people[each.dispute_id].append(each)
    return [
        Case(
            key,
            row.narrative,
            row.place,
            shanghai(row.opened_at).date(),
            _names(people[row.id]),
            _phones(people[row.id]),
        )
        for key, row in rows.items()
    ]


def _names(people: Iterable[Any]) -> frozenset[str]:
    return frozenset(person.name for person in people if person.name)


def _phones(people: Iterable[Any]) -> frozenset[str]:
    return frozenset(person.phone for person in people if person.phone)
