"""Is this quarrel on the books already? The scope's cases of the last months that look like the one at hand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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
from matching.persons import Degree, align, persons
from talent_pool.regions import distance
from talent_pool.roster import Identity

MOST_CASES = 2000  # the newest ones; a station has some 500 a year
MOST_NAMESAKES = 5


@dataclass(frozen=True)
class Twin:
    """A case that is probably the same quarrel, and for which reasons (keys of `matching.duplicates.REASONS`)."""

    no: str
    opened_at: datetime
    state: State
    same: float
    reasons: tuple[str, ...]
    narrative: str
    place: int
    people: tuple[str, ...]
    household: str
    parcel: str

    @property
    def words(self) -> list[str]:
        """Return the reasons as msgids."""
        return [REASONS[reason] for reason in self.reasons]


@dataclass(frozen=True)
class Namesake:
    """Somebody of this case who may stand in another one under another spelling."""

    ours: str
    theirs: str
    no: str


@dataclass(frozen=True)
class Found:
    """What is on the books: likely twins, most likely first, and people who may be spelt in two ways."""

    twins: list[Twin]
    namesakes: list[Namesake]


def look(
    session: Session,
    *,
    text: str,
    place: int,
    people: Iterable[Identity],
    now: datetime,
    household: str = "",
    parcel: str = "",
    but: int | None = None,
) -> Found:
    """Look through the cases that the session may see; `but` is the case itself."""
    days = policy_for(place).duplicate_days
    rows = {str(row.id): row for row in _recent(session, now, days) if row.id != but}
    known = list(people)
    new = Case("new", text, place, shanghai(now).date(), _names(known), _phones(known), parcel, household)
    cases = _cases(session, rows)
    by_id = {case.id: case for case in cases}
    twins = [_twin(rows[m.id], by_id[m.id], m.same, m.reasons) for m in similar(new, cases, days=days)]
    return Found(twins, [_named(each, rows) for each in _namesakes(new, cases)])


def _twin(row: Any, case: Case, same: float, reasons: tuple[str, ...]) -> Twin:
    return Twin(
        row.no,
        row.opened_at,
        row.state,
        same,
        reasons,
        row.narrative,
        row.place,
        tuple(sorted(case.people)),
        row.household,
        row.parcel,
    )


def _namesakes(new: Case, cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Return our name, theirs and the case's id, where two whole names sound alike and both cases lie in one town."""
    ours = persons(new.people)
    found: dict[tuple[str, str], str] = {}
    for case in cases:
        if case.region is None or new.region is None or distance(new.region, case.region) > 1:
            continue
        theirs = persons(case.people)
        for at, to, degree in align(ours, theirs):
            alike = degree in (Degree.SOUND, Degree.NEAR) and ours[at].full and theirs[to].full
            if alike:
                found.setdefault((ours[at].name, theirs[to].name), case.id)
    return [(our, their, case) for (our, their), case in found.items()][:MOST_NAMESAKES]


def _named(found: tuple[str, str, str], rows: dict[str, Any]) -> Namesake:
    return Namesake(found[0], found[1], rows[found[2]].no)


def _recent(session: Session, now: datetime, days: int) -> list[Any]:
    columns = (
        *(Dispute.id, Dispute.no, Dispute.narrative, Dispute.place, Dispute.opened_at, Dispute.state),
        *(Dispute.household, Dispute.parcel),
    )
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
            row.parcel,
            row.household,
        )
        for key, row in rows.items()
    ]


def _names(people: Iterable[Any]) -> frozenset[str]:
    return frozenset(person.name for person in people if person.name)


def _phones(people: Iterable[Any]) -> frozenset[str]:
    return frozenset(person.phone for person in people if person.phone)
