"""Browsers that came by a link: one side of one case, or one mediator asked for it.

No account, no password, nothing else in reach. Looking at a link changes nothing (message apps open links to show a
preview); only the button on its page opens a visit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, func, select
from sqlmodel import Session, SQLModel

from app import accounts, invitations
from app.db import Database
from app.errors import N_, NotFound
from app.lifecycle import CHOOSING_STATES, State
from app.links import fingerprint
from app.models import Invitation, Purpose, Side
from app.questions import Question
from app.scope import Role, Scope

HOURS = 12.0  # a visit lasts the day: whoever is called away in the middle comes back to the same page
WRONG_CODE = N_("没有这个短码,请看清再输一次")


@dataclass(frozen=True)
class Standing:
    """How the order of a visit's case stands; `sealed` is this side's own ballot."""

    state: State
    due_at: datetime | None
    list_id: int | None
    round_no: int | None
    sealed: bool

    @property
    def open_list(self) -> int | None:
        """Return the list that can be marked now."""
        return self.list_id if self.state in CHOOSING_STATES else None


@dataclass(frozen=True)
class Visit:
    """What a link opened."""

    invitation_id: int
    purpose: Purpose
    dispute_id: int
    side_id: int | None
    assignment_id: int | None
    standing: Standing

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


# Asked on bare tables and without a session: it runs before every page of a side, decides what the visit may see, and
# so has no scope of its own. Whatever is read after it is bound by the scope that it gives.
_tables = SQLModel.metadata.tables
_visit, _link, _case = _tables["web_session"], _tables["invitation"], _tables["dispute"]
_list, _ballot = _tables["shortlist"], _tables["ballot"]
_older = _list.alias()
_newest = select(func.max(_older.c.round)).where(_older.c.dispute_id == _case.c.id).scalar_subquery()
_LIVING = Question(
    select(
        _link.c.id,
        _link.c.purpose,
        _link.c.dispute_id,
        _link.c.side_id,
        _link.c.assignment_id,
        _case.c.state,
        _case.c.due_at,
        _list.c.id,
        _list.c.round,
        _ballot.c.id,
    )
    .select_from(
        _visit.join(_link, _link.c.id == _visit.c.invitation_id)
        .join(_case, _case.c.id == _link.c.dispute_id)
        .outerjoin(_list, (_list.c.dispute_id == _case.c.id) & (_list.c.round == _newest))
        .outerjoin(
            _ballot,
            (_ballot.c.dispute_id == _case.c.id)
            & (_ballot.c.round == _list.c.round)
            & (_ballot.c.side_id == _link.c.side_id),
        )
    )
    .where(
        _visit.c.id_hash == bindparam("hashed"),
        _visit.c.expires_at > bindparam("now"),
        _link.c.revoked_at.is_(None),
        _link.c.expires_at > bindparam("now"),
    )
)


def find(engine: Engine, secret: str, now: datetime) -> Visit | None:
    """Return what a visit opens and how its order stands; None once visit or link has ended. One query."""
    row = _LIVING.ask(engine, hashed=fingerprint(secret), now=now)
    if row is None:
        return None
    link, purpose, case, side, assignment, state, due_at, list_id, round_no, ballot = row
    standing = Standing(state, due_at, list_id, round_no, ballot is not None)
    return Visit(link, purpose, case, side, assignment, standing)
