"""Who fits a case, asked with all that the database knows: the people on its sides, who is recused, who was listed."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

import matching
from app import cases, gates
from app.models import Dispute, Recusal
from app.policies import policy_for
from app.workdays import shanghai
from talent_pool import roster
from talent_pool.index import RosterIndex, read_rows


def recused(session: Session, dispute: Dispute) -> set[int]:
    """Return every mediator who must not have the case: tied to a person on a side, or declared for this case."""
    declared = session.execute(select(col(Recusal.mediator_id)).where(col(Recusal.dispute_id) == dispute.id)).scalars()
    return {*declared, *roster.recused(session, cases.parties_of(session, dispute))}


def for_dispute(
    session: Session,
    dispute: Dispute,
    index: RosterIndex,
    now: datetime,
    exclude: Collection[int] = (),
    *,
    wished: Collection[int] = (),
    wider: bool = False,
) -> matching.Suggestion:
    """Return the names for a case as it stands: the officer's word on the type, else the machine's probabilities.

    Nobody is named while a gate stands; the suggestion then says which one. `wished`: names that the sides want on the
    list, through the same filters; `wider`: ask around until the list is full, not only until it has a few names.
    """
    barred = next((gate.code for gate in gates.standing(gates.of(session, dispute))), None)
    if barred:
        return matching.Suggestion.barring(barred)
    people = cases.parties_of(session, dispute)
    agrees = dispute.reading.get("type") == dispute.type
    policy = policy_for(dispute.area)
    query = matching.Query(
        probabilities=dispute.reading["probabilities"] if agrees else {dispute.type: 1.0},
        subtype=dispute.subtype or None,
        region=dispute.place,
        villages=tuple(person.village for person in people if person.village),
        recused=frozenset(recused(session, dispute)),
        exclude=frozenset(exclude),
        today=shanghai(now).date(),
        n=size_for(dispute.area, len({person.side_id for person in people})),
        widen_below=policy.widen_below,
        outsiders=policy.outsiders_min,
    )
    if wider:
        query = replace(query, widen_below=query.n)
    found = matching.suggest(query, index)
    return _with_wishes(session, query, found, wished) if wished else found


def _with_wishes(
    session: Session, query: matching.Query, found: matching.Suggestion, wished: Collection[int]
) -> matching.Suggestion:
    """Put the sides' own wishes on the list, in the place of the last names; whoever must not or cannot is left out."""
    rows = [row for row in read_rows(session, wished) if row.active]
    theirs = matching.suggest(replace(query, widen_below=query.n), RosterIndex.build(rows)).shortlist
    ids = {each.id for each in theirs}
    others = [each for each in found.shortlist if each.id not in ids]
    kept = (*theirs, *others[: query.n - len(theirs)])
    return replace(found, shortlist=tuple(sorted(kept, key=lambda each: (-each.fit, each.open_cases, each.id))))


def for_text(
    session: Session | None,
    reading: matching.Reading,
    index: RosterIndex,
    now: datetime,
    *,
    region: int,
    people: Iterable[roster.Identity] = (),
    chosen: str = "",
    subtype: str = "",
    n: int = 6,
) -> matching.Suggestion:
    """Return the names for words that are not a case yet: of the form while it is typed, of the JSON API.

    The session is asked who must step aside for `people`; without them none is needed.
    """
    people, policy = list(people), policy_for(region)
    assert session is not None or not people
    if barred := matching.barring_gate(reading):
        return matching.Suggestion.barring(barred)
    query = matching.Query(
        probabilities={chosen: 1.0} if chosen and chosen != reading.type else reading.probabilities,
        subtype=subtype or reading.subtype,
        region=region,
        villages=tuple(person.village for person in people if person.village),
        recused=frozenset(roster.recused(session, people)) if session and people else frozenset(),
        today=shanghai(now).date(),
        n=n,
        widen_below=policy.widen_below,
        outsiders=policy.outsiders_min,
    )
    return matching.suggest(query, index)


def size_for(area: int, sides: int) -> int:
    """Return how many names a list holds: more for a quarrel of many sides."""
    policy = policy_for(area)
    return policy.shortlist_size if sides <= 2 else policy.shortlist_size_many
