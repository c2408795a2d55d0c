"""Where to go in the demo: the accounts that open its pages, and one link of a side and of a mediator that work now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import invitations
from app.demo import town
from app.lifecycle import CHOOSING_STATES, State
from app.links import show_code
from app.models import Account, Assignment, AssignmentState, Ballot, Dispute, Invitation, Side, Station
from app.scope import Role


@dataclass(frozen=True)
class Door:
    """A link, its short code, and the case that it belongs to."""

    no: str
    url: str
    code: str


@dataclass(frozen=True)
class Login:
    """An account to sign in with."""

    login: str
    name: str
    role: Role
    station: str


def logins(session: Session) -> list[Login]:
    """Return the main station's accounts, the coordinator and the administrator."""
    query = (
        select(col(Account.login), col(Account.name), col(Account.role), col(Station.name))
        .outerjoin(Station, col(Account.station_id) == col(Station.id))
        .where((col(Station.area) == town.main_town()) | col(Account.station_id).is_(None))
        .order_by(col(Account.station_id).is_(None), col(Account.id))
    )
    return [Login(login, name, role, station or "") for login, name, role, station in session.execute(query)]


def party_door(session: Session, now: datetime) -> Door | None:
    """Return the link of a side of the main station that has not sealed yet."""
    sealed = select(col(Ballot.id)).where(
        col(Ballot.side_id) == col(Side.id), col(Ballot.dispute_id) == col(Dispute.id)
    )
    query = (
        select(Dispute, Side)
        .join(Side, col(Side.dispute_id) == col(Dispute.id))
        .where(col(Dispute.state).in_(CHOOSING_STATES), col(Dispute.area) == town.main_town(), ~sealed.exists())
        .order_by(col(Dispute.opened_at).desc(), col(Side.letter))
    )
    for dispute, side in session.execute(query):
        if found := invitations.living(session, dispute, now, side_id=side.id):
            return _door(session, dispute, found)
    return None


def mediator_door(session: Session, now: datetime) -> Door | None:
    """Return the link of a mediator who is asked and has not answered."""
    query = (
        select(Dispute, Assignment)
        .join(Assignment, col(Assignment.dispute_id) == col(Dispute.id))
        .where(col(Dispute.state) == State.AWAITING_MEDIATOR, col(Assignment.state) == AssignmentState.ASKED)
        .where(col(Dispute.area) == town.main_town())
        .order_by(col(Assignment.asked_at).desc())
    )
    for dispute, assignment in session.execute(query):
        if found := invitations.living(session, dispute, now, assignment_id=assignment.id):
            return _door(session, dispute, found)
    return None


def _door(session: Session, dispute: Dispute, invitation: Invitation) -> Door:
    links = invitations.links_of(session)
    return Door(dispute.no, links.url(links.token(invitation.nonce)), show_code(links.code(invitation.nonce)))
