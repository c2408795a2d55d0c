"""E-mail by SMTP (RFC 5321), plain text in UTF-8.

SMTP cannot tell "not taken" from "taken, but the answer was lost", so a message may arrive twice;
both copies carry one Message-ID.
"""

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from app.channels.base import ChannelError, Message, NotReadyError
from app.db import Database
from app.errors import N_
from app.settings import Settings

TIMEOUT = 10.0  # seconds for each answer of the server


class Smtp:
    """Sends by the server of the settings `smtp_*`; one connection for each message."""

    name = "smtp"

    def __init__(self, settings: Settings, timeout: float = TIMEOUT) -> None:
        self.settings, self.timeout = settings, timeout

    def send(self, message: Message) -> None:
        """Hand the message to the mail server; its words are never repeated, since they may name the recipient."""
        if not self.settings.smtp_host:
            raise NotReadyError(N_("未设置邮件服务器"))
        mail = compose(message, self.settings.mail_from)
        with _named_failures(), _connected(self.settings, self.timeout) as server:
            server.send_message(mail)


def compose(message: Message, sender: str) -> EmailMessage:
    """Return the mail. Its Message-ID depends on the message's key and the sender's domain alone."""
    mail = EmailMessage()
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, Address(addr_spec=message.recipient), message.subject
    except (ValueError, MessageError, IndexError):  # a line break, or an address that is none
        raise ChannelError(N_("邮箱地址不对")) from None
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = message_id(message.key, sender)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    # base64: safe where the server knows no 8BITMIME, and lines may be as long as they are.
    mail.set_content(message.body, charset="utf-8", cte="base64")
    return mail


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID for a key; hashed, because keys hold account numbers."""
    domain = sender.rpartition("@")[2].strip(" >") or "localhost"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


@contextmanager
def _connected(settings: Settings, timeout: float) -> Iterator[smtplib.SMTP]:
    # A given name spares a look-up of one's own, which can hang for longer than the mail itself.
    own = settings.mail_from.rpartition("@")[2] or "localhost"
    secure = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.smtp_tls == "ssl":
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, own, timeout=timeout, context=secure)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, own, timeout=timeout)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=secure)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        yield server
        # The message is taken; whatever happens while saying goodbye does not make it untaken.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as problem:
        code = next(iter(problem.recipients.values()))[0]
        raise ChannelError(N_("邮件服务器不收这个地址"), str(code)) from None
    except smtplib.SMTPResponseException as problem:
        raise _refusal(problem) from None
    except (OSError, UnicodeError) as problem:  # smtplib's own exceptions are OSErrors too
        raise _breakdown(problem) from None


def _refusal(problem: smtplib.SMTPResponseException) -> ChannelError:
    code = str(problem.smtp_code)
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return ChannelError(N_("邮件服务器不认账号密码"), code, down=True)
    if isinstance(problem, smtplib.SMTPConnectError):
        return ChannelError(N_("邮件服务器暂不接收"), code, down=True)
    return ChannelError(N_("邮件服务器拒收"), code, down=problem.smtp_code == 421)


def _breakdown(problem: Exception) -> ChannelError:
    # smtplib wraps a time-out in SMTPServerDisconnected; only its context tells a silent server from one that hung up.
    if isinstance(problem, TimeoutError) or isinstance(problem.__context__, TimeoutError):
        return ChannelError(N_("邮件服务器没有回应"), down=True)
    if isinstance(problem, smtplib.SMTPServerDisconnected):
        return ChannelError(N_("邮件服务器中断了连接"), down=True)
    if isinstance(problem, ssl.SSLError):
        return ChannelError(N_("邮件服务器的证书不对"), down=True)
    if isinstance(problem, smtplib.SMTPException | UnicodeError):  # no TLS, no login, no Chinese address
        return ChannelError(N_("邮件服务器不支持"))
    return ChannelError(N_("连不上邮件服务器"), down=True)


def open_channel(database: Database, settings: Settings) -> Smtp:  # noqa: ARG001 - every module opens alike
    """Return the mail channel of these settings."""
    return Smtp(settings)
