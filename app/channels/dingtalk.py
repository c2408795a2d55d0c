"""DingTalk (钉钉) group robots with signature: timestamp and HMAC-SHA256; at most 20 a minute for each robot.

Source: DingTalk's open platform, 自定义机器人安全设置 (加签).
"""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

from app.channels.robots import Group, Robot, Turnstile
from app.db import Database
from app.settings import Settings


class DingTalk(Robot):
    """Sends to the groups of the setting `dingtalk_robots`, by the address `dingtalk_url`."""

    name = "dingtalk"
    limit = 15_000  # the document says 20,000 for the whole body
    code_field = "errcode"
    busy = frozenset({"130101", "130102", "410100", "-1"})
    unknown = frozenset({"300001", "300005", "310000"})
    turnstile = Turnstile(20)

    def write(self, group: Group, part: str, *, called: bool) -> tuple[str, dict[str, Any]]:
        """Return one part as DingTalk wants it; only who stands in the text with @ is called."""
        at: dict[str, Any] = {"isAtAll": False}
        if called and group.mentions:
            phones = [each for each in group.mentions if each.isdigit()]
            users = [each for each in group.mentions if not each.isdigit() and each != "all"]
            at = {"atMobiles": phones, "atUserIds": users, "isAtAll": "all" in group.mentions}
            part = "\n".join([part, " ".join(f"@{each}" for each in (*phones, *users))]).rstrip("\n")
        query = {"access_token": group.token} | (signature(group.secret, time.time()) if group.secret else {})
        return f"{self.base}?{urlencode(query)}", {"msgtype": "text", "text": {"content": part}, "at": at}


def signature(secret: str, now: float) -> dict[str, str]:
    """Return the two fields that sign a call at `now` (seconds since 1970)."""
    stamp = str(round(now * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode("ascii")}


def open_channel(database: Database, settings: Settings) -> DingTalk:  # noqa: ARG001 - every module opens alike
    """Return the DingTalk channel of these settings."""
    return DingTalk(settings.dingtalk_url, settings.dingtalk_robots)
