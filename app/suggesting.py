"""Who fits a case, asked with everything the database knows: the people on its sides, who is recused, who was listed before."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

import matching
from app import cases
from app.models import Dispute, Recusal
from app.policies import policy_for
from app.workdays import calendar
from talent_pool import roster
from talent_pool.index import RosterIndex


def recused(session: Session, dispute: Dispute) -> set[int]:
    """Return every mediator who must not have the case: tied to a person on a side, or declared for this case."""
    declared = session.execute(select(Recusal.mediator_id).where(col(Recusal.dispute_id) == dispute.id)).scalars()
    return {*declared, *roster.recused(session, cases.parties_of(session, dispute))}


def for_dispute(session: Session, dispute: Dispute, index: RosterIndex, now: datetime, exclude: Collection[int] = ()) -> matching.Suggestion:
    """Return the names for a case as it stands: the officer's word on the type, else the machine's probabilities; nobody while a barring gate stands."""
    from app.disputes import gates_of, standing

    people = cases.parties_of(session, dispute)
    reading = dispute.reading
    agrees = reading.get("type") == dispute.type
    query = matching.Query(
        probabilities=reading["probabilities"] if agrees else {dispute.type: 1.0},
        subtype=dispute.subtype or None,
        region=dispute.place,
        villages=tuple(person.village for person in people if person.village),
        recused=frozenset(recused(session, dispute)),
        exclude=frozenset(exclude),
        today=calendar().day(now),
        n=_size(dispute, len({person.side_id for person in people})),
    )
    barred = next((gate.code for gate in standing(gates_of(session, dispute))), None)
    return matching.Suggestion.barring(barred) if barred else matching.suggest(query, index)


def for_text(
    session: Session, reading: matching.Reading, index: RosterIndex, now: datetime, *, region: int, people: Iterable[roster.Identity] = (), chosen: str = "", subtype: str = "", n: int = 6
) -> matching.Suggestion:
    """Return the names for words that are not a case yet: the form while it is typed, the JSON API, the command line."""
    people = list(people)
    barred = matching.barring_gate(reading)
    if barred:
        return matching.Suggestion.barring(barred)
    query = matching.Query(
        probabilities={chosen: 1.0} if chosen and chosen != reading.type else reading.probabilities,
        subtype=subtype or reading.subtype,
        region=region,
        villages=tuple(person.village for person in people if person.village),
        recused=frozenset(roster.recused(session, people)) if people else frozenset(),
        today=calendar().day(now),
        n=n,
    )
    return matching.suggest(query, index)


def _size(dispute: Dispute, sides: int) -> int:
    policy = policy_for(dispute.area)
    return policy.shortlist_size if sides <= 2 else policy.shortlist_size_many


