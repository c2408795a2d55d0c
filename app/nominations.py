"""A side's own wish for the next list: one name from the full roll, through the same filters as every other name."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import ballot_box, cases, shortlists, suggesting
from app.cases import lock, note
from app.errors import N_, Conflict, NotFound
from app.lifecycle import CHOOSING_STATES, State
from app.models import Dispute, Listing, Nomination, Side
from talent_pool.models import Mediator, Status

NOT_THIS_ONE = N_("这位不能放到名单上,请另选一位")


def nominate(session: Session, dispute: Dispute, side: Side, mediator_id: int, *, by: str, now: datetime) -> None:
    """Keep whom a side wants on the next list, should there be one; a second wish takes the place of the first.

    Raises Conflict when no list can follow any more and for a name that must not stand there. It is not said why: that
    would tell what somebody else has struck.
    """
    lock(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in (*CHOOSING_STATES, State.PROVISIONAL, State.AWAITING_MEDIATOR, State.DESIGNATING):
        raise Conflict(N_("现在不能再往名单上放人"))
    mediator = session.get(Mediator, mediator_id)
    if mediator is None:
        raise NotFound()
    if mediator.status is not Status.ACTIVE or mediator_id in _not_again(session, dispute):
        raise Conflict(NOT_THIS_ONE)
    newest = shortlists.current_round(session, dispute)
    number = newest.round + 1 if newest else 1
    query = select(Nomination).where(col(Nomination.side_id) == side.id, col(Nomination.round) == number)
    wish = session.execute(query).scalar_one_or_none()
    if wish is None:
        assert side.id is not None, "a side of a case is a row"
        wish = Nomination(**dispute.owns(), side_id=side.id, round=number, mediator_id=mediator_id, at=now)
        session.add(wish)
    wish.mediator_id, wish.at = mediator_id, now
    note(session, dispute, "nominated", by, now, side=side.letter, round=number)
    session.flush()


def _not_again(session: Session, dispute: Dispute) -> set[int]:
    listed = session.execute(select(col(Listing.mediator_id)).where(col(Listing.dispute_id) == dispute.id)).scalars()
    return {*listed, *suggesting.recused(session, dispute), *ballot_box.struck(session, dispute)}


def wished_for(session: Session, dispute: Dispute, round_no: int) -> set[int]:
    """Return whom the sides want on the list of this number."""
    query = select(col(Nomination.mediator_id)).where(
        col(Nomination.dispute_id) == dispute.id, col(Nomination.round) == round_no
    )
    return set(session.execute(query).scalars())


def wish_of(session: Session, side: Side, round_no: int) -> int | None:
    """Return whom one side wants on the list of this number."""
    query = select(col(Nomination.mediator_id)).where(
        col(Nomination.side_id) == side.id, col(Nomination.round) == round_no
    )
    found: int | None = session.execute(query).scalar_one_or_none()
    return found


def all_have_wished(session: Session, dispute: Dispute, round_no: int) -> bool:
    """Tell whether nobody has to be waited for."""
    query = select(col(Nomination.side_id)).where(
        col(Nomination.dispute_id) == dispute.id, col(Nomination.round) == round_no
    )
    return set(session.execute(query).scalars()) == {side.id for side in cases.sides_of(session, dispute)}
