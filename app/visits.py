"""Browsers that came by a link: one side of one case, or one mediator asked for it.

No account, no password, nothing else in reach. Looking at a link changes nothing (message apps open links to show a
preview); only the button on its page opens a visit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app import accounts, invitations
from app.db import Database
from app.errors import N_, NotFound
from app.links import fingerprint
from app.models import Invitation, Purpose, Side, WebSession
from app.scope import Role, Scope

HOURS = 12.0  # a visit lasts the day: whoever is called away in the middle comes back to the same page
WRONG_CODE = N_("没有这个短码,请看清再输一次")


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


@dataclass(frozen=True)
class Entry:
    """A visit just begun: the browser's secret, and what it opened."""

    secret: str
    purpose: Purpose


def look(database: Database, token: str, now: datetime) -> Purpose:
    """Return what a link would open, and change nothing. Raises NotFound for every link that opens nothing."""
    with database.read() as session:
        invitation = invitations.find_by_token(session, token, now)
        if invitation is None:
            raise NotFound()
        return invitation.purpose


def enter(database: Database, token: str, now: datetime) -> Entry:
    """Swap a link for a visit. Raises NotFound for every link that opens nothing."""
    with database.write() as session:
        invitation = invitations.find_by_token(session, token, now)
        if invitation is None:
            raise NotFound()
        return begin(session, invitation, now)


def enter_by_code(database: Database, code: str, address: str, now: datetime) -> Entry:
    """Swap a short code for a visit. Tries are counted per address; the count stays when the code was wrong."""
    accounts.count_code_try(database, address, now)
    with database.write() as session:
        invitation = invitations.find_by_code(session, code, now)
        if invitation is None:
            raise NotFound(WRONG_CODE)
        accounts.forget_code_tries(session, address)
        return begin(session, invitation, now)


def begin(session: Session, invitation: Invitation, now: datetime) -> Entry:
    """Open a visit and note the first one of a side; the officer's page shows that the link was used."""
    if invitation.side_id is not None:
        side = session.get(Side, invitation.side_id)
        if side is not None and side.opened_at is None:
            side.opened_at = now
    secret = accounts.open_session(session, now=now, hours=HOURS, invitation_id=invitation.id)
    return Entry(secret, invitation.purpose)


# Built once: this query runs before every page of a side, and building it takes longer than running it.
_LIVING = (
    select(
        col(Invitation.id),
        col(Invitation.purpose),
        col(Invitation.dispute_id),
        col(Invitation.side_id),
        col(Invitation.assignment_id),
    )
    .join(WebSession, col(WebSession.invitation_id) == col(Invitation.id))
    .where(
        col(WebSession.id_hash) == bindparam("hashed"),
        col(WebSession.expires_at) > bindparam("now"),
        col(Invitation.revoked_at).is_(None),
        col(Invitation.expires_at) > bindparam("now"),
    )
)


def find(session: Session, secret: str, now: datetime) -> Visit | None:
    """Return what a visit opens; None once visit or link has ended or was revoked. One query."""
    row = session.execute(_LIVING, {"hashed": fingerprint(secret), "now": now}).first()
    return Visit(*row) if row is not None else None
