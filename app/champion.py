"""Reading a text with the model that speaks in this house now (`matching.shelf`), not with the one of the code."""

from datetime import datetime

from sqlmodel import Session

import matching
from app.workdays import shanghai
from matching.shelf import Shelf


def read(session: Session, text: str, region: int, now: datetime) -> matching.Reading:
    """Read a text with the champion; where it cannot be used, with what the shelf has instead."""
    shelf: Shelf = session.info["shelf"]
    return matching.read(text, str(region), shelf.weights(), today=shanghai(now).date())
