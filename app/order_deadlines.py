"""Until when each step of an order may take: the policy's working days, or the police's own clock, which beats them.

A public-security case (治安) is mediated within three working days altogether: its sides choose at the desk or within
some hours, and everything else happens on the same day.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from app.models import Dispute, Gate, GateState
from app.policies import policy_for
from app.workdays import add_workdays

POLICE = "public_security_mediable"


def on_police_clock(session: Session, dispute: Dispute) -> bool:
    """Tell whether the case runs on the public-security track."""
    query = select(col(Gate.id)).where(
        col(Gate.dispute_id) == dispute.id, col(Gate.code) == POLICE, col(Gate.state) != GateState.OVERRIDDEN
    )
    return session.execute(query).first() is not None


def ballots_due(session: Session, dispute: Dispute, now: datetime) -> datetime:
    """Return until when the sides may mark a list."""
    policy = policy_for(dispute.area)
    if on_police_clock(session, dispute):
        return now + timedelta(hours=policy.public_security_choose_hours)
    return add_workdays(now, policy.ballot_workdays)


def within(session: Session, dispute: Dispute, workdays: int, now: datetime) -> datetime:
    """Return the end of the last of so many working days; on the police's clock, of this day."""
    return add_workdays(now, 0 if on_police_clock(session, dispute) else workdays)
