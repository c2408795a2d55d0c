"""Short messages in the demo: nobody there has a phone, so they are shown on a page of their own."""

from app.channels.base import Message


class StandIn:
    """Takes messages for phones: they can be read in the outbox itself."""

    name = "sms"

    def send(self, message: Message) -> None:
        """Do nothing: there is nobody to hand it to."""
