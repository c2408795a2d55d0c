"""The inbox of an account, shown on its pages."""

from sqlalchemy.exc import IntegrityError

from app.channels.base import ChannelError, Message
from app.claims import take
from app.db import Database
from app.errors import N_
from app.models import InboxMessage
from app.settings import Settings


class Inbox:
    """Writes the message beside the account that it is for; a second copy is not written."""

    name = "inbox"

    def __init__(self, database: Database) -> None:
        self.database = database

    def send(self, message: Message) -> None:
        """Put the message into the inbox of the account whose id is the recipient."""
        try:
            with self.database.write() as session:
                take(
                    session,
                    InboxMessage,
                    account_id=int(message.recipient),
                    dedupe=message.key,
                    subject=message.subject,
                    body=message.body,
                    at=message.at,
                )
        except (ValueError, IntegrityError):
            raise ChannelError(N_("没有这个账号")) from None


def open_channel(database: Database, settings: Settings) -> Inbox:  # noqa: ARG001 - every module opens alike
    """Return the inbox of this database."""
    return Inbox(database)
