"""The phone on which a side is reached: its spokesperson's, or the first on file."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.models import Party, Side


def phone_of(session: Session, side: Side) -> str:
    """Return the phone that the station has on file for a side; '' when there is none."""
    query = select(col(Party.phone)).where(col(Party.side_id) == side.id, col(Party.phone) != "")
    first = query.order_by(col(Party.spokesperson).desc(), col(Party.id)).limit(1)
    return session.execute(first).scalar_one_or_none() or ""
