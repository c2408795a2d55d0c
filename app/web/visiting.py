"""Whose link was opened in this browser: the visit, its case, and its side."""

from app.models import Dispute, Side
from app.visits import Visit
from app.web import sessions


def visit() -> Visit:
    """Return the visit; the guard let nobody else in."""
    found = sessions.visit()
    assert found is not None
    return found


def case() -> Dispute:
    """Return the case that the link belongs to."""
    return sessions.db().get_one(Dispute, visit().dispute_id)


def side() -> Side:
    """Return the side that the link belongs to."""
    return sessions.db().get_one(Side, visit().side_id)
