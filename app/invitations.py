"""Links that were handed out: made, found, revoked.

The database holds hashes; the session carries the key that makes tokens (`app.links`).
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from app.cases import lock, note, revoke_links
from app.claims import take
from app.errors import N_, Conflict, NotFound
from app.lifecycle import CHOOSING_STATES, HOLDS_SLOT, State
from app.links import Links, fingerprint
from app.models import Assignment, Dispute, Invitation, Purpose, Side
from app.policies import policy_for

TRIES = 5


def keep_side_invited(session: Session, dispute: Dispute, side: Side, now: datetime) -> Invitation:
    """Return the side's link in force, or make one."""
    return living(session, dispute, now, side_id=side.id) or invite_side(session, dispute, side, now)


def invite_side(session: Session, dispute: Dispute, side: Side, now: datetime) -> Invitation:
    """Make a side's link. An earlier one is revoked: from now on it answers like a link that never was."""
    revoke_links(session, dispute, now, side_id=side.id)
    return _make(session, dispute, Purpose.ORDER, now, side_id=side.id)


def reissue(session: Session, dispute: Dispute, side: Side, *, by: str, now: datetime) -> Invitation:
    """Give a side a new link because the old one was lost or seen by others; the old one and its browsers are shut."""
    lock(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in (*CHOOSING_STATES, *HOLDS_SLOT, State.PROVISIONAL, State.DESIGNATING):
        raise Conflict(N_("现在没有要发的链接"))
    note(session, dispute, "reissued", by, now, side=side.letter)
    return invite_side(session, dispute, side, now)


def invite_mediator(session: Session, dispute: Dispute, assignment: Assignment, now: datetime) -> Invitation:
    """Make the link on which a mediator accepts or declines."""
    return _make(session, dispute, Purpose.ASSIGNMENT, now, assignment_id=assignment.id)


def _make(session: Session, dispute: Dispute, purpose: Purpose, now: datetime, **whom: int | None) -> Invitation:
    links = links_of(session)
    # The link outlives the ballot's deadline: a used one shows its own side the result.
    row = {**dispute.owns(), "purpose": purpose, "created_at": now, **whom}
    row["expires_at"] = now + timedelta(days=policy_for(dispute.area).link_days)
    for _try in range(TRIES):
        nonce = secrets.token_urlsafe(18)
        hashes = {"token_hash": fingerprint(links.token(nonce)), "code_hash": fingerprint(links.code(nonce))}
        # Ten digits may meet a code given out elsewhere, which this session cannot see: the unique key can.
        if take(session, Invitation, **row, nonce=nonce, **hashes):
            made: Invitation = session.execute(
                select(Invitation).where(col(Invitation.token_hash) == hashes["token_hash"])
            ).scalar_one()
            return made
    raise RuntimeError("no free short code")


def links_of(session: Session) -> Links:
    """Return what makes tokens and addresses in this process."""
    links = session.info["links"]
    assert isinstance(links, Links)
    return links


def find_by_token(session: Session, token: str, now: datetime) -> Invitation | None:
    """Return the living invitation of a token; unknown, malformed, revoked and expired ones are all None."""
    return _living_or_none(session, col(Invitation.token_hash) == fingerprint(token), now)


def find_by_code(session: Session, code: str, now: datetime) -> Invitation | None:
    """Return the living invitation of a short code (spaces do not matter). The caller counts the tries."""
    digits = "".join(code.split())
    return _living_or_none(session, col(Invitation.code_hash) == fingerprint(digits), now)


def _living_or_none(session: Session, which: ColumnElement[bool], now: datetime) -> Invitation | None:
    query = select(Invitation).where(which, *_in_force(now))
    return session.execute(query).scalars().first()


def _in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(Invitation.revoked_at).is_(None), col(Invitation.expires_at) > now


def living(
    session: Session, dispute: Dispute, now: datetime, *, side_id: int | None = None, assignment_id: int | None = None
) -> Invitation | None:
    """Return the invitation that is in force for a side or an assignment."""
    whose = col(Invitation.side_id) == side_id if side_id else col(Invitation.assignment_id) == assignment_id
    query = select(Invitation).where(col(Invitation.dispute_id) == dispute.id, whose, *_in_force(now))
    return session.execute(query.order_by(col(Invitation.id).desc())).scalars().first()
