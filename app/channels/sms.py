"""Short messages through a gateway: a generic one by HTTP, Aliyun's or Tencent's, as the setting `sms_gateway` says.

The operators pass only texts whose template was approved; Aliyun and Tencent want the template's code and its fields,
so a message carries both beside its words. No gateway promises to know a key again: a message whose answer was lost may
come twice, both under one number that the gateway's records show.
"""

import hashlib
import re
from collections.abc import Callable

from app.channels import sms_aliyun, sms_http, sms_tencent
from app.channels.base import Channel, ChannelError, Message, NotReadyError
from app.channels.posting import TIMEOUT
from app.channels.stand_in import StandIn
from app.channels.texting import Texted
from app.db import Database
from app.errors import N_
from app.settings import Settings

GATEWAYS: dict[str, Callable[[Settings, Texted, float], None]] = {
    "http": sms_http.hand_over,
    "aliyun": sms_aliyun.hand_over,
    "tencent": sms_tencent.hand_over,
}
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)")


class Sms:
    """Sends one short message a call."""

    name = "sms"

    def __init__(self, settings: Settings, timeout: float = TIMEOUT) -> None:
        self.settings, self.timeout = settings, timeout

    def send(self, message: Message) -> None:
        """Hand the message to the gateway; a text with an ID number in it never leaves."""
        gateway = GATEWAYS.get(self.settings.sms_gateway)
        if gateway is None:
            raise NotReadyError(N_("未设置短信网关"))
        gateway(self.settings, texted(message), self.timeout)


def texted(message: Message) -> Texted:
    """Return what the gateways need of a message; raise ChannelError for a number that is none, or an ID number."""
    found = _MOBILE.fullmatch(re.sub(r"[\s-]", "", message.recipient))
    if found is None:
        raise ChannelError(N_("手机号不对"))
    text = " ".join(message.body.split())
    if any(_ID_NUMBER.search(words) for words in (text, *message.fields.values())):
        raise ChannelError(N_("短信里有身份证号,没有发"))
    number = hashlib.sha256(message.key.encode()).hexdigest()[:32]  # hashed, because keys hold cases' numbers
    return Texted(number, found[1], text, message.template, dict(message.fields))


def open_channel(database: Database, settings: Settings) -> Channel:  # noqa: ARG001 - every module opens alike
    """Return the short-message channel of these settings; the demo has one that reaches no phone."""
    return StandIn() if settings.demo else Sms(settings)
