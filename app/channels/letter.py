"""A printed letter for people without a phone: it joins the station's list, an officer prints it and takes it there."""

from sqlalchemy.exc import IntegrityError

from app.channels.base import ChannelError, Message
from app.claims import take
from app.db import Database
from app.errors import N_
from app.models import Letter, Side
from app.settings import Settings


class Letters:
    """Writes the letter beside the side whose id is the recipient; a second copy is not written."""

    name = "letter"

    def __init__(self, database: Database) -> None:
        self.database = database

    def send(self, message: Message) -> None:
        """Put the letter on the list of the side's station."""
        number = message.recipient
        try:
            with self.database.write() as session:
                side = (
                    session.get(Side, int(number))
                    if number.isascii() and number.isdigit() and len(number) < 10
                    else None
                )
                if side is None:
                    raise ChannelError(N_("没有这一方"))
                case = {"dispute_id": side.dispute_id, "station_id": side.station_id, "area": side.area}
                text = {"subject": message.subject, "body": message.body, "at": message.at}
                take(session, Letter, **case, side_id=side.id, dedupe=message.key, **text, delivered_by="")
        except IntegrityError:
            raise ChannelError(N_("没有这一方")) from None


def open_channel(database: Database, settings: Settings) -> Letters:  # noqa: ARG001 - every module opens alike
    """Return the letters of this database."""
    return Letters(database)
