import base64
import smtplib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.channels import ChannelError, Message, NotReadyError, open_channels
from app.channels.inbox import Inbox
from app.channels.smtp import Smtp, _breakdown, _refusal, compose, message_id
from app.db import Database
from app.models import InboxMessage
from app.settings import load
from tests.app.clockwork import MONDAY, an_officer, count, its_id, mail_server, rude_server
from tests.builders import a_station

WRITTEN = datetime(2026, 11, 30, 0, 30, tzinfo=UTC)
BODY = "交口河派出所:未结案件 3 件\n" + "很长的一行" * 300 + "\n.\n一个点之后还有话\n"
LETTER = Message(
    key="weekly_digest:2026-W49:account:3:smtp",
    recipient="li@station.example",
    subject="本周未结案件 3 件,超期 1 件",
    body=BODY,
    at=WRITTEN,
)


# --- the registry


def test_the_inbox_is_served_before_the_mail_server_can_hang(db: Database) -> None:
    assert list(open_channels(db, db.settings)) == ["inbox", "letter", "smtp", "wecom", "dingtalk", "feishu", "sms", "apprise",
    ]  # fmt: skip


def test_in_the_demo_short_messages_reach_no_phone_and_elsewhere_they_need_a_gateway(db: Database) -> None:
    message = replace(LETTER, recipient="13800000001")
    given = {"demo": True, "sms_gateway": "http", "sms_url": "http://127.0.0.1:1"}
    open_channels(db, db.settings.model_copy(update=given))["sms"].send(message)
    with pytest.raises(ChannelError, match="连不上"):
        open_channels(db, db.settings.model_copy(update=given | {"demo": False}))["sms"].send(message)
    with pytest.raises(NotReadyError, match="未设置短信网关"):
        open_channels(db, db.settings)["sms"].send(message)


# --- the inbox


def test_the_inbox_shows_a_message_once_however_often_it_comes(db: Database) -> None:
    with db.write() as session:
        officer = its_id(an_officer(session, a_station(session)))
    letter = replace(LETTER, recipient=str(officer))
    for _ in range(3):
        Inbox(db).send(letter)
    with db.read() as session:
        (row,) = session.execute(select(InboxMessage)).scalars()
    assert (row.account_id, row.dedupe, row.subject, row.body, row.at) == (
        officer,
        letter.key,
        letter.subject,
        BODY,
        WRITTEN,
    )
    assert row.read_at is None


@pytest.mark.parametrize("nobody", ["4711", "li@station.example", ""])
def test_the_inbox_refuses_an_account_that_does_not_exist(db: Database, nobody: str) -> None:
    with pytest.raises(ChannelError, match="没有这个账号"):
        Inbox(db).send(replace(LETTER, recipient=nobody))
    assert count(db, InboxMessage) == 0


# --- mail, against a server that speaks SMTP


def test_mail_arrives_as_it_was_written() -> None:
    with mail_server() as (server, settings):
        Smtp(settings).send(LETTER)
        (mail,) = server.mails
    assert mail.get_content().replace("\r\n", "\n") == BODY
    assert mail["Subject"] == "本周未结案件 3 件,超期 1 件"
    assert (mail["To"], mail["From"]) == ("li@station.example", "diandan@luochuan.example")
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail["Date"].datetime == WRITTEN
    assert server.recipients == ["li@station.example"]


def test_a_second_copy_carries_the_same_message_id() -> None:
    with mail_server() as (server, settings):
        Smtp(settings).send(LETTER)
        Smtp(settings).send(LETTER)
        Smtp(settings).send(replace(LETTER, key="weekly_digest:2026-W50:account:3:smtp"))
        first, second, other = (mail["Message-ID"] for mail in server.mails)
    assert first == second == message_id(LETTER.key, "diandan@luochuan.example")
    assert other != first
    assert "account" not in first
    assert first.endswith("@luochuan.example>")


def test_without_a_server_mail_waits_and_says_why() -> None:
    with pytest.raises(NotReadyError, match="未设置邮件服务器"):
        Smtp(load()).send(LETTER)


@pytest.mark.parametrize("address", ["li@station.example\nBcc: all@station.example", "", "李 卫国", "@", "a@b@c"])
def test_an_address_that_is_none_is_refused_and_never_becomes_a_header(address: str) -> None:
    with mail_server() as (server, settings):
        with pytest.raises(ChannelError) as refused:
            Smtp(settings).send(replace(LETTER, recipient=address))
        assert server.mails == []
    assert "station" not in str(refused.value)


def test_a_refusal_keeps_the_number_and_drops_the_servers_words() -> None:
    with mail_server() as (server, settings):
        server.answer = "451 try again, li@station.example is over quota"
        with pytest.raises(ChannelError) as refused:
            Smtp(settings).send(LETTER)
    assert str(refused.value) == "邮件服务器拒收 (451)"
    assert not refused.value.down


def test_a_refused_recipient_is_told_apart_and_others_are_still_tried() -> None:
    with mail_server() as (server, settings):
        server.rcpt_answer = "550 no such user li"
        with pytest.raises(ChannelError) as refused:
            Smtp(settings).send(LETTER)
        assert (str(refused.value), refused.value.down) == ("邮件服务器不收这个地址 (550)", False)
        server.rcpt_answer = "250 OK"
        Smtp(settings).send(LETTER)
        assert len(server.mails) == 1


def test_a_server_that_stalls_costs_one_time_out() -> None:
    with mail_server() as (server, settings):
        server.stall = 1.5
        with pytest.raises(ChannelError) as silent:
            Smtp(settings, timeout=0.3).send(LETTER)
    assert (silent.value.reason, silent.value.down) == ("邮件服务器没有回应", True)


def test_a_server_that_took_the_message_may_be_as_slow_as_it_likes_at_saying_goodbye() -> None:
    with mail_server() as (server, settings):
        server.farewell = 1.5
        Smtp(settings, timeout=0.3).send(LETTER)
        assert len(server.mails) == 1


def test_a_server_that_never_greets_costs_one_time_out() -> None:
    with rude_server(None) as settings, pytest.raises(ChannelError, match="邮件服务器没有回应"):
        Smtp(settings, timeout=0.3).send(LETTER)


def test_a_server_that_takes_the_message_and_drops_the_line_counts_as_not_sent() -> None:
    with mail_server() as (server, settings):
        server.drop_after_taking = True
        with pytest.raises(ChannelError) as dropped:
            Smtp(settings).send(LETTER)
        assert len(server.mails) == 1
    assert (dropped.value.reason, dropped.value.down) == ("邮件服务器中断了连接", True)


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"", "邮件服务器中断了连接"),
        (b"421 busy\r\n", "邮件服务器暂不接收 (421)"),
        (b"HTTP/1.1 400 Bad Request\r\n", "邮件服务器暂不接收 (-1)"),
    ],
)
def test_a_server_that_is_none_or_has_no_time(greeting: bytes, said: str) -> None:
    with rude_server(greeting) as settings, pytest.raises(ChannelError) as refused:
        Smtp(settings, timeout=2).send(LETTER)
    assert (str(refused.value), refused.value.down) == (said, True)


def test_nobody_listening_is_said_at_once() -> None:
    with mail_server() as (_, settings):
        pass
    with pytest.raises(ChannelError) as closed:
        Smtp(settings).send(LETTER)
    assert (closed.value.reason, closed.value.down) == ("连不上邮件服务器", True)


@pytest.mark.parametrize("way", ["starttls", "ssl"])
def test_a_server_without_encryption_gets_nothing_when_encryption_is_asked_for(way: str) -> None:
    with mail_server() as (server, settings):
        with pytest.raises(ChannelError):
            Smtp(settings.model_copy(update={"smtp_tls": way}), timeout=2).send(LETTER)
        assert server.mails == []


def test_a_password_is_not_sent_to_a_server_that_wants_none() -> None:
    with mail_server() as (server, settings):
        with pytest.raises(ChannelError, match="邮件服务器不支持"):
            Smtp(settings.model_copy(update={"smtp_user": "diandan", "smtp_password": "s3cret-word"})).send(LETTER)
        assert server.mails == []


def test_wrong_credentials_shut_the_way_without_repeating_them() -> None:
    wrong = _refusal(smtplib.SMTPAuthenticationError(535, b"bad password s3cret-word"))
    assert (str(wrong), wrong.down) == ("邮件服务器不认账号密码 (535)", True)
    assert _refusal(smtplib.SMTPDataError(421, b"closing")).down


def test_an_unknown_host_is_a_breakdown_not_a_crash() -> None:
    assert _breakdown(OSError("[Errno -2] Name or service not known")).reason == "连不上邮件服务器"
    assert _breakdown(UnicodeError("label too long")).reason == "邮件服务器不支持"


def test_the_body_is_safe_for_any_server() -> None:
    raw = compose(LETTER, "diandan@luochuan.example").as_bytes()
    assert raw.isascii()
    assert max(len(line) for line in raw.splitlines()) <= 998  # RFC 5322, 2.1.1
    assert base64.b64encode("交口河".encode())[:8] in raw
    assert MONDAY == WRITTEN
