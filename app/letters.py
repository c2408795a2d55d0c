"""Letters for sides without a phone: which wait, whom they are for, and that they were handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app.cases import lock, note
from app.errors import NotFound
from app.models import Dispute, Letter, Party, Side, Station
from talent_pool import regions

LISTED = 200


@dataclass(frozen=True)
class Addressed:
    """A letter with its case, the people whom it is for, where they live, and the station that it comes from."""

    letter: Letter
    dispute: Dispute
    side: Side
    people: Sequence[Party]
    station: Station

    @property
    def village(self) -> str:
        """Return where the first of the people lives, '' when nobody wrote it down."""
        known = [each.village for each in self.people if each.village]
        return regions.full_name(known[0], below=None) if known and known[0] in regions.tree() else ""


def waiting(session: Session) -> list[Addressed]:
    """Return the letters of the viewer's station that nobody has handed over, oldest first."""
    query = select(Letter).where(col(Letter.delivered_at).is_(None)).order_by(col(Letter.at), col(Letter.id))
    return [_addressed(session, letter) for letter in session.execute(query.limit(LISTED)).scalars()]


def get(session: Session, letter_id: int) -> Addressed:
    """Return one letter; raise NotFound for one that is not there or another station's."""
    letter = session.execute(select(Letter).where(col(Letter.id) == letter_id)).scalar_one_or_none()
    if letter is None:
        raise NotFound
    return _addressed(session, letter)


def hand_over(session: Session, letter_id: int, *, by: str, now: datetime) -> None:
    """Write down that a letter was handed over; a second time changes nothing."""
    found = get(session, letter_id)
    lock(session, found.dispute)
    if found.letter.delivered_at is None:
        found.letter.delivered_at, found.letter.delivered_by = now, by
        note(session, found.dispute, "letter_delivered", by, now, side=found.side.letter)
        session.flush()


def _addressed(session: Session, letter: Letter) -> Addressed:
    dispute, side = session.get_one(Dispute, letter.dispute_id), session.get_one(Side, letter.side_id)
    people = session.execute(
        select(Party).where(col(Party.side_id) == side.id).order_by(col(Party.spokesperson).desc(), col(Party.id))
    ).scalars()
    return Addressed(letter, dispute, side, list(people), session.get_one(Station, letter.station_id))
