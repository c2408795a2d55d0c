"""Links that were handed out: made, found, revoked. The database holds hashes; the session carries the key that makes tokens (`app.links`)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from app.cases import revoke_links
from app.links import Links, fingerprint
from app.models import Assignment, Dispute, Invitation, Purpose, Side
from app.policies import policy_for


def invite_side(session: Session, dispute: Dispute, side: Side, now: datetime) -> Invitation:
    """Make a side's link. An earlier one is revoked: from now on it answers like a link that never was."""
    revoke_links(session, dispute, now, side_id=side.id)
    return _make(session, dispute, Purpose.ORDER, now, side_id=side.id)


def invite_mediator(session: Session, dispute: Dispute, assignment: Assignment, now: datetime) -> Invitation:
    """Make the link on which a mediator accepts or declines."""
    return _make(session, dispute, Purpose.ASSIGNMENT, now, assignment_id=assignment.id)


def _make(session: Session, dispute: Dispute, purpose: Purpose, now: datetime, **whom: int | None) -> Invitation:
    links = links_of(session)
    nonce = secrets.token_urlsafe(18)
    # The link outlives the ballot's deadline: a used one shows its own side the result.
    expires = now + timedelta(days=policy_for(dispute.area).link_days)
    hashes = {"token_hash": fingerprint(links.token(nonce)), "code_hash": fingerprint(links.code(nonce))}
    row = Invitation(**dispute.owns(), purpose=purpose, nonce=nonce, created_at=now, expires_at=expires, **hashes, **whom)
    session.add(row)
    session.flush()
    return row


def links_of(session: Session) -> Links:
    """Return what makes tokens and addresses in this process."""
    links = session.info["links"]
    assert isinstance(links, Links)
    return links


def find(session: Session, secret: str, now: datetime) -> Invitation | None:
    """Return the living invitation that a token or a short code opens; unknown, revoked and expired ones are all None."""
    hashed = fingerprint("".join(secret.split()))
    query = select(Invitation).where((col(Invitation.token_hash) == hashed) | (col(Invitation.code_hash) == hashed))
    found = session.execute(query).scalars().first()
    return found if found is not None and found.revoked_at is None and now < found.expires_at else None


def living(session: Session, dispute: Dispute, *, side_id: int | None = None, assignment_id: int | None = None) -> Invitation | None:
    """Return the invitation that is in force for a side or an assignment."""
    query = select(Invitation).where(col(Invitation.dispute_id) == dispute.id, col(Invitation.revoked_at).is_(None))
    query = query.where(col(Invitation.side_id) == side_id) if side_id else query.where(col(Invitation.assignment_id) == assignment_id)
    return session.execute(query.order_by(col(Invitation.id).desc())).scalars().first()


def opened(side: Side, now: datetime) -> None:
    """Note the first time that a side used its link; the officer's page shows it."""
    if side.opened_at is None:
        side.opened_at = now
