"""The lists that are put before the sides: frozen with everything that the cards show, read again in one query."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

import matching
from app.lifecycle import CHOOSING_STATES
from app.models import Ballot, Dispute, Listing, Shortlist
from talent_pool.models import Kind


def freeze(
    session: Session, dispute: Dispute, number: int, suggestion: matching.Suggestion, now: datetime
) -> Shortlist:
    """Keep a suggestion as the case's list of this number: no later change of the pool changes it."""
    widened, excluded = suggestion.widened_to, dict(suggestion.excluded)
    shortlist = Shortlist(**dispute.owns(), round=number, made_at=now, widened_to=widened, excluded=excluded)
    session.add(shortlist)
    session.flush()
    assert shortlist.id is not None, "flushed rows have ids"
    session.add_all(
        Listing(
            **dispute.owns(),
            shortlist_id=shortlist.id,
            position=position,
            mediator_id=person.id,
            fit=person.fit,
            open_cases=person.open_cases,
            name=person.name,
            kind=person.kind,
            card=person.card(),
            reasons=[reason.as_json() for reason in person.reasons],
        )
        for position, person in enumerate(suggestion.shortlist, start=1)
    )
    session.flush()
    return shortlist


def current_round(session: Session, dispute: Dispute) -> Shortlist | None:
    """Return the newest list, None before the first."""
    query = select(Shortlist).where(col(Shortlist.dispute_id) == dispute.id).order_by(col(Shortlist.round).desc())
    return session.execute(query.limit(1)).scalar_one_or_none()


def listings_of(session: Session, shortlist: Shortlist) -> list[Listing]:
    """Return the names of a list in their frozen order."""
    query = select(Listing).where(col(Listing.shortlist_id) == shortlist.id).order_by(col(Listing.position))
    return list(session.execute(query).scalars())


@dataclass(frozen=True)
class ListedName:
    """A name as it was frozen with its list."""

    mediator_id: int
    name: str
    kind: Kind
    card: dict[str, Any]
    reasons: list[dict[str, str]]


@dataclass(frozen=True)
class OpenList:
    """What a side's page needs of the newest list, read at once."""

    due_at: datetime | None
    round_no: int
    sealed: bool
    items: tuple[ListedName, ...]

    def ids(self) -> list[int]:
        """Return the names' ids in the list's order."""
        return [item.mediator_id for item in self.items]


# Built once: it runs for every look at a list, and building it takes longer than running it.
_OPEN_LIST = (
    select(
        col(Dispute.state),
        col(Dispute.due_at),
        col(Shortlist.round),
        col(Ballot.id),
        col(Listing.mediator_id),
        col(Listing.name),
        col(Listing.kind),
        col(Listing.card),
        col(Listing.reasons),
    )
    .join(Shortlist, col(Shortlist.dispute_id) == col(Dispute.id))
    .join(Listing, col(Listing.shortlist_id) == col(Shortlist.id))
    .outerjoin(
        Ballot,
        (col(Ballot.dispute_id) == col(Dispute.id))
        & (col(Ballot.round) == col(Shortlist.round))
        & (col(Ballot.side_id) == bindparam("side")),
    )
    .where(col(Dispute.id) == bindparam("dispute"))
    .order_by(col(Shortlist.round).desc(), col(Listing.position))
)


def frozen(session: Session, list_id: int) -> tuple[ListedName, ...]:
    """Return the names of a list, from memory when they were read before: a list never changes once it is frozen."""
    memory = session.info["frozen"]
    names: tuple[ListedName, ...] | None = memory.get(list_id)
    if names is None:
        columns = (col(getattr(Listing, field.name)) for field in fields(ListedName))
        query = select(*columns).where(col(Listing.shortlist_id) == list_id).order_by(col(Listing.position))
        names = tuple(ListedName(*row) for row in session.execute(query))
        memory[list_id] = names
    return names


def open_list(session: Session, dispute_id: int, side_id: int | None) -> OpenList | None:
    """Return the newest list with what a side's page shows of it; None when there is none to be marked now."""
    rows = session.execute(_OPEN_LIST, {"dispute": dispute_id, "side": side_id}).all()
    if not rows or rows[0].state not in CHOOSING_STATES:
        return None
    _, due_at, round_no, ballot = rows[0][:4]
    items = tuple(ListedName(*row[4:]) for row in rows if row.round == round_no)
    return OpenList(due_at, round_no, ballot is not None, items)
