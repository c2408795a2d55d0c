"""Any gateway that takes a POST: the setting `sms_fields` says which of its fields gets what.

`{phone}`, `{text}` (with the signature before it), `{key}`, `{sign}` and `{template}` are filled in; as JSON or as a
form (`sms_format`). `sms_accepted` (`code=0`) says by which field of its JSON answer it tells that it took the message.
"""

import json
from urllib.parse import urlencode

from app.channels.base import ChannelError, NotReadyError
from app.channels.posting import Answer, code, post
from app.channels.texting import Texted, refusal
from app.errors import N_
from app.settings import Settings

TYPES = {"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded; charset=utf-8"}


def hand_over(settings: Settings, message: Texted, timeout: float) -> None:
    """Send one message and check the answer."""
    if not settings.sms_url:
        raise NotReadyError(N_("短信网关没有设置全"))
    values = filled(settings, message)
    words = json.dumps(values, ensure_ascii=False) if settings.sms_format == "json" else urlencode(values)
    headers = {**settings.sms_headers, "Content-Type": TYPES[settings.sms_format]}
    check(settings.sms_accepted, post(settings.sms_url, words.encode(), headers, timeout))


def filled(settings: Settings, message: Texted) -> dict[str, str]:
    """Return the gateway's fields. Values are put in one by one, so that a text with braces stays a text."""
    sign = settings.sms_sign
    known = {
        "{phone}": message.mobile,
        "{text}": f"【{sign}】{message.text}" if sign else message.text,
        "{key}": message.number,
        "{sign}": sign,
        "{template}": settings.sms_templates.get(message.template, message.template),
    }
    return {name: known.get(value, value) for name, value in settings.sms_fields.items()}


def check(accepted: str, answer: Answer) -> None:
    """Raise ChannelError unless the answer says what `accepted` (`code=0`) asks for; without it, 2xx is enough."""
    if not 200 <= answer.status < 300:
        raise ChannelError(N_("对方的服务器拒收"), str(answer.status))
    if not accepted:
        return
    name, _, wanted = accepted.partition("=")
    if name not in answer.data:
        raise ChannelError(N_("对方的回答看不懂"), str(answer.status))
    if str(answer.data[name]) != wanted:
        raise refusal(code(answer.data[name]))
