"""Aliyun's short messages: `SendSms` (2017-05-25), signed by ACS3-HMAC-SHA256.

Source: Aliyun's documents, V3版本请求体&签名机制, and 短信服务 SendSms.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from app.channels.posting import code, post
from app.channels.texting import Texted, approved, check_account, refusal
from app.settings import Settings

URL, VERSION, WAY = "https://dysmsapi.aliyuncs.com", "2017-05-25", "ACS3-HMAC-SHA256"


def hand_over(settings: Settings, message: Texted, timeout: float) -> None:
    """Send one message; `OutId` carries its number."""
    check_account(settings)
    query = {
        "PhoneNumbers": message.mobile,
        "SignName": settings.sms_sign,
        "TemplateCode": approved(settings, message.template),
        "TemplateParam": json.dumps(message.fields, ensure_ascii=False),
        "OutId": message.number,
    }
    url = settings.sms_url or URL
    headers = signed(urlsplit(url).netloc, "SendSms", VERSION, query, (settings.sms_key_id, settings.sms_key_secret))
    answer = post(f"{url}/?{written(query)}", b"", headers, timeout)
    said = code(answer.data.get("Code", answer.status))
    if said != "OK":
        raise refusal(said)


def signed(
    host: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    key: tuple[str, str],
    *,
    now: datetime | None = None,
    nonce: str = "",
) -> dict[str, str]:
    """Return the headers of a call without body; `key` is the access key's id and secret."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": f"{now or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce or secrets.token_hex(16),
        "x-acs-version": version,
    }
    names = ";".join(headers)  # sorted as written
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n{written(query)}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    to_sign = f"{WAY}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    proof = hmac.new(key[1].encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return headers | {"Authorization": f"{WAY} Credential={key[0]},SignedHeaders={names},Signature={proof}"}


def written(query: Mapping[str, str]) -> str:
    """Return the query in the one way of writing that is signed: sorted, RFC 3986."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query.items()))
