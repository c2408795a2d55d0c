"""SMS without a provider: in the demo the messages are shown on a page, elsewhere they wait until there is one."""

from app.channels.base import Message, NotReadyError
from app.db import Database
from app.errors import N_
from app.settings import Settings


class StandIn:
    """Takes messages for phones in the demo: they can be read in the outbox itself."""

    name = "sms"

    def __init__(self, ready: bool) -> None:
        self.ready = ready

    def send(self, message: Message) -> None:  # noqa: ARG002 - there is nobody to hand it to
        """Do nothing in the demo; say elsewhere that no SMS provider is set up."""
        if not self.ready:
            raise NotReadyError(N_("还没有接短信平台"))


def open_channel(database: Database, settings: Settings) -> StandIn:  # noqa: ARG001 - every module opens alike
    """Return the stand-in of this process."""
    return StandIn(settings.demo)
