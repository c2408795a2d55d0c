"""Anything else that the extra `apprise` can reach (`pip install diandan[apprise]`); one address for each recipient.

Apprise cuts texts by characters where some ends count bytes: for WeCom, DingTalk and Feishu use their own channels.
"""

import importlib
from typing import Any

from app.channels.base import ChannelError, Message, NotReadyError
from app.db import Database
from app.errors import N_
from app.settings import Settings


class Apprise:
    """Sends to the addresses of the setting `apprise_urls` (name → address; `*` for all other names)."""

    name = "apprise"

    def __init__(self, settings: Settings) -> None:
        self.urls = settings.apprise_urls

    def send(self, message: Message) -> None:
        """Hand the message over; apprise tells only whether it worked."""
        if not self.urls:
            raise NotReadyError(N_("没有设置 apprise 的地址"))
        url = self.urls.get(message.recipient) or self.urls.get("*")
        if not url:
            raise ChannelError(N_("没有这个收件人的地址"))
        way = _library().Apprise()
        if not way.add(url):
            raise ChannelError(N_("apprise 不认识这个地址"))
        if not way.notify(title=message.subject, body=message.body):
            raise ChannelError(N_("apprise 没有发出去"))


def _library() -> Any:
    try:
        return importlib.import_module("apprise")
    except ImportError:
        raise NotReadyError(N_("没有装 apprise")) from None


def open_channel(database: Database, settings: Settings) -> Apprise:  # noqa: ARG001 - every module opens alike
    """Return the channel of these settings."""
    return Apprise(settings)
