"""Browsers that came by a link: one side of one case, or one mediator asked for it. No account, no password, nothing else in reach."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import accounts
from app.links import fingerprint
from app.models import Invitation, Purpose, WebSession
from app.scope import Role, Scope

HOURS = 2.0


@dataclass(frozen=True)
class Visit:
    """What a link opened."""

    invitation_id: int
    purpose: Purpose
    dispute_id: int
    side_id: int | None
    assignment_id: int | None

    @property
    def scope(self) -> Scope:
        """Return the one case that this visit may touch."""
        return Scope(Role.PARTY if self.purpose is Purpose.ORDER else Role.MEDIATOR, dispute_id=self.dispute_id)


def begin(session: Session, invitation: Invitation, now: datetime) -> str:
    """Swap an invitation for a browser session and return the session's secret."""
    return accounts.open_session(session, now=now, hours=HOURS, invitation_id=invitation.id)


def find(session: Session, secret: str, now: datetime) -> Visit | None:
    """Return what the session's invitation opens; None when session or invitation has ended or was revoked. One query."""
    row = session.execute(
        select(col(Invitation.id), col(Invitation.purpose), col(Invitation.dispute_id), col(Invitation.side_id), col(Invitation.assignment_id))
        .join(WebSession, col(WebSession.invitation_id) == col(Invitation.id))
        .where(col(WebSession.id_hash) == fingerprint(secret), col(WebSession.expires_at) > now, col(Invitation.revoked_at).is_(None), col(Invitation.expires_at) > now)
    ).first()
    return Visit(*row) if row is not None else None
