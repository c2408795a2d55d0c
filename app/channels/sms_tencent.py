"""Tencent Cloud's short messages: `SendSms` (2021-01-11), signed by TC3-HMAC-SHA256.

Source: Tencent Cloud's documents, 签名方法 v3, and 短信 SendSms.
"""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.channels.base import ChannelError, NotReadyError
from app.channels.posting import Answer, code, post
from app.channels.texting import Texted, approved, check_account, refusal
from app.errors import N_
from app.settings import Settings

URL, VERSION, REGION, WAY = "https://sms.tencentcloudapi.com", "2021-01-11", "ap-guangzhou", "TC3-HMAC-SHA256"


def hand_over(settings: Settings, message: Texted, timeout: float) -> None:
    """Send one message; its fields stand in the order of the template, `SessionContext` carries its number."""
    check_account(settings)
    if not settings.sms_app_id:
        raise NotReadyError(N_("短信网关没有设置全"))
    body = json.dumps(
        {
            "PhoneNumberSet": [f"+86{message.mobile}"],
            "SmsSdkAppId": settings.sms_app_id,
            "SignName": settings.sms_sign,
            "TemplateId": approved(settings, message.template),
            "TemplateParamSet": list(message.fields.values()),
            "SessionContext": message.number,
        }
    ).encode()
    url = settings.sms_url or URL
    key = (settings.sms_key_id, settings.sms_key_secret)
    headers = signed(urlsplit(url).netloc, "sms", "SendSms", body, key, int(time.time()))
    _check(post(f"{url}/", body, headers | {"X-TC-Version": VERSION, "X-TC-Region": REGION}, timeout))


def _check(answer: Answer) -> None:
    said: Any = answer.data.get("Response")
    error = said.get("Error") if isinstance(said, dict) else None
    if isinstance(error, dict):
        raise refusal(code(error.get("Code", "")))
    states = said.get("SendStatusSet") if isinstance(said, dict) else None
    if not isinstance(states, list) or len(states) != 1 or not isinstance(states[0], dict):
        raise ChannelError(N_("对方的回答看不懂"), str(answer.status))
    if states[0].get("Code") != "Ok":
        raise refusal(code(states[0].get("Code", "")))


def signed(host: str, service: str, action: str, body: bytes, key: tuple[str, str], now: int) -> dict[str, str]:
    """Return the headers of a call at `now` (seconds since 1970); `key` is the secret's id and the secret."""
    day = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
    kind, names = "application/json; charset=utf-8", "content-type;host;x-tc-action"
    lines = f"content-type:{kind}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{WAY}\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    derived = f"TC3{key[1]}".encode()
    for step in (day, service, "tc3_request"):
        derived = hmac.new(derived, step.encode(), hashlib.sha256).digest()
    proof = hmac.new(derived, to_sign.encode(), hashlib.sha256).hexdigest()
    return {
        "Authorization": f"{WAY} Credential={key[0]}/{scope}, SignedHeaders={names}, Signature={proof}",
        "Content-Type": kind,
        "Host": host,
        "X-TC-Action": action,
        "X-TC-Timestamp": str(now),
    }
