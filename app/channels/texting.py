"""A short message as the gateways take it, and what they share."""

from dataclasses import dataclass

from app.channels.base import ChannelError, NotReadyError
from app.errors import N_
from app.settings import Settings

# Codes by which a gateway says that the whole account is shut: trying the next message would only cost time.
SHUT = ("Signature", "AccessKey", "AuthFailure", "AMOUNT", "OUT_OF_SERVICE", "Throttling", "InsufficientBalance")


@dataclass(frozen=True)
class Texted:
    """One short message: a number of its own, the mobile (11 digits), its words, its template and fields in order."""

    number: str
    mobile: str
    text: str
    template: str
    fields: dict[str, str]


def approved(settings: Settings, template: str) -> str:
    """Return the gateway's code of a template; raise ChannelError for one that was not approved."""
    code = settings.sms_templates.get(template, "")
    if not code:
        raise ChannelError(N_("这条短信没有报备的模板"))
    return code


def check_account(settings: Settings) -> None:
    """Raise NotReadyError when the gateway's account is not set up."""
    if not (settings.sms_key_id and settings.sms_key_secret and settings.sms_sign):
        raise NotReadyError(N_("短信网关没有设置全"))


def refusal(code: str) -> ChannelError:
    """Return the error for a code of the gateway."""
    return ChannelError(N_("短信网关拒收"), code, down=any(word in code for word in SHUT))
