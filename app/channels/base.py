"""What every way out has in common: the message, the promise of a channel, and the two ways in which it may fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One message on its way. `key` is the same at each try, so that the other end can recognise a second copy."""

    key: str
    recipient: str
    subject: str
    body: str
    at: datetime  # when it was written down, not when it is sent: a second copy must look like the first
    template: str = ""  # its name in data/messages and what was filled in, for gateways that take no free text
    fields: Mapping[str, str] = field(default_factory=dict)


class ChannelError(Exception):
    """A try failed. `reason` is a short msgid, `code` the other end's number; neither ever holds a person's data.

    `down` means that the way out itself is shut, so that trying the next message now would only cost time.
    """

    def __init__(self, reason: str, code: str = "", *, down: bool = False) -> None:
        super().__init__(f"{reason} ({code})" if code else reason)
        self.reason, self.code, self.down = reason, code, down


class NotReadyError(ChannelError):
    """The channel is not set up: messages wait, and waiting is no failed try."""


class Channel(Protocol):
    """A way out of the house. A module of this package opens one by `open_channel(database, settings)`."""

    @property
    def name(self) -> str:
        """Return the word by which an outbox row asks for this channel."""
        ...

    def send(self, message: Message) -> None:
        """Hand one message over and return; raise ChannelError when the other end did not take it."""
        ...
