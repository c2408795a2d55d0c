"""The ways out: one small module each. A new one is a module with `open_channel`, and its name in `WAYS`."""

from app.channels import apprise, dingtalk, feishu, inbox, letter, sms, sms_aliyun, sms_tencent, smtp, wecom
from app.channels.base import Channel, ChannelError, Message, NotReadyError
from app.db import Database
from app.settings import Settings

__all__ = ["WAYS", "Channel", "ChannelError", "Message", "NotReadyError", "addresses", "groups", "open_channels"]

SMS_URLS = {"aliyun": sms_aliyun.URL, "tencent": sms_tencent.URL}
# In this order they are served: what stays inside the house never waits behind a mail server that hangs.
WAYS = (inbox, letter, smtp, wecom, dingtalk, feishu, sms, apprise)


def open_channels(database: Database, settings: Settings) -> dict[str, Channel]:
    """Return every channel by its name. None of them connects to anything before its first message."""
    channels: list[Channel] = [way.open_channel(database, settings) for way in WAYS]
    return {channel.name: channel for channel in channels}


def addresses(settings: Settings) -> dict[str, str]:
    """Return the address of every way out by HTTP that is set up, by its name."""
    robots = {
        "wecom": (settings.wecom_robots, settings.wecom_url),
        "dingtalk": (settings.dingtalk_robots, settings.dingtalk_url),
        "feishu": (settings.feishu_robots, settings.feishu_url),
        "sms": (settings.sms_gateway, settings.sms_url or SMS_URLS.get(settings.sms_gateway, "")),
    }
    return {name: url for name, (set_up, url) in robots.items() if set_up}


def groups(settings: Settings, name: str) -> list[str]:
    """Return the kinds of robots that a group of this name has of its own; what is set for `*` does not count."""
    robots = {
        "wecom": settings.wecom_robots,
        "dingtalk": settings.dingtalk_robots,
        "feishu": settings.feishu_robots,
    }
    return [kind for kind, known in robots.items() if known.get(name)]
