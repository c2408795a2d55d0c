"""Feishu (飞书) group robots with signature; at most 100 a minute and 5 a second for each robot.

Source: Feishu's open platform, 自定义机器人使用指南 (签名校验).
"""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr  # writes only

from app.channels.robots import Group, Robot, Turnstile
from app.db import Database
from app.settings import Settings


class Feishu(Robot):
    """Sends to the groups of the setting `feishu_robots`, by the address `feishu_url`."""

    name = "feishu"
    limit = 15_000  # the document says 20 KB for the whole body
    code_field = "code"
    busy = frozenset({"9499", "11232", "11233"})
    unknown = frozenset({"19001", "19021", "19022", "19024"})
    gap = 0.25
    turnstile = Turnstile(100)

    def write(self, group: Group, part: str, *, called: bool) -> tuple[str, dict[str, Any]]:
        """Return one part as Feishu wants it. A call by name is a tag in the text, so the text's own are broken."""
        text = part.replace("<at ", "< at ")
        if called:
            text += "".join(f"\n<at user_id={quoteattr(each)}></at>" for each in group.mentions)
        data: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        signed = signature(group.secret, time.time()) if group.secret else {}
        return f"{self.base}/{quote(group.token, safe='')}", signed | data


def signature(secret: str, now: float) -> dict[str, str]:
    """Return the two fields that sign a call at `now` (seconds since 1970): time and secret are the key of nothing."""
    stamp = str(int(now))
    digest = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode("ascii")}


def open_channel(database: Database, settings: Settings) -> Feishu:  # noqa: ARG001 - every module opens alike
    """Return the Feishu channel of these settings."""
    return Feishu(settings.feishu_url, settings.feishu_robots)
