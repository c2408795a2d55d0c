"""WeCom (企业微信) group robots: texts of at most 2,048 bytes, at most 20 a minute for each robot.

Source: WeCom's developer documents, 群机器人配置说明.
"""

from typing import Any
from urllib.parse import urlencode

from app.channels.robots import Group, Robot, Turnstile
from app.db import Database
from app.settings import Settings


class WeCom(Robot):
    """Sends to the groups of the setting `wecom_robots`, by the address `wecom_url`."""

    name = "wecom"
    limit = 2048
    code_field = "errcode"
    busy = frozenset({"45009", "45033", "-1"})
    unknown = frozenset({"93000", "93008", "40058"})
    turnstile = Turnstile(20)

    def write(self, group: Group, part: str, *, called: bool) -> tuple[str, dict[str, Any]]:
        """Return one part as WeCom wants it; who is called stands in fields of its own, never in the text."""
        text: dict[str, Any] = {"content": part}
        if called and group.mentions:
            names = ["@all" if each == "all" else each for each in group.mentions]
            text["mentioned_mobile_list"] = [each for each in names if each.isdigit() or each == "@all"]
            text["mentioned_list"] = [each for each in names if not each.isdigit() and each != "@all"]
        return f"{self.base}?{urlencode({'key': group.token})}", {"msgtype": "text", "text": text}


def open_channel(database: Database, settings: Settings) -> WeCom:  # noqa: ARG001 - every module opens alike
    """Return the WeCom channel of these settings."""
    return WeCom(settings.wecom_url, settings.wecom_robots)
