"""Short messages: three kinds of gateway against stand-ins that check their signatures, and misbehave."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.channels import ChannelError, Message, NotReadyError
from app.channels.apprise import Apprise
from app.channels.sms import Sms
from app.channels.sms_aliyun import signed as acs3_signed
from app.settings import Settings, load
from tests.app import gateways
from tests.app.gateways import KEY_ID, KEY_SECRET, Call, Server, gateway

WORDS = Message(
    key="silent:12:A:1:1",
    recipient="138 0000-0001",
    subject="请选调解员",
    body="610629102-2026-0001 请在11月27日(周五)前选调解员。\n不会选的,打派出所电话。",
    at=datetime(2026, 11, 26, 1, 0, tzinfo=UTC),
    template="silent_side",
    fields={"no": "610629102-2026-0001", "day": "11月27日(周五)"},
)
ACCOUNT = {"sms_sign": "点单", "sms_key_id": KEY_ID, "sms_key_secret": KEY_SECRET, "sms_app_id": "1400000001"}
ACCOUNT_TEMPLATES = {"silent_side": "SMS_1"}
KINDS: dict[str, tuple[Callable[[Call], Any], dict[str, Any]]] = {
    "http": (lambda call: None, {"code": 0}),
    "aliyun": (gateways.aliyun, {"Code": "OK", "Message": "OK", "BizId": "1"}),
    "tencent": (gateways.tencent, {"Response": {"SendStatusSet": [{"Code": "Ok"}], "RequestId": "1"}}),
}
every_kind = pytest.mark.parametrize("kind", list(KINDS))


@contextmanager
def running(kind: str, timeout: float = 2.0, **more: Any) -> Iterator[tuple[Server, Sms]]:
    with gateway(*KINDS[kind]) as server:
        given = ACCOUNT | {"sms_gateway": kind, "sms_url": server.url, "sms_templates": ACCOUNT_TEMPLATES}
        yield server, Sms(settings(**{**given, "sms_accepted": "code=0", **more}), timeout)


def settings(**given: Any) -> Settings:
    return load(**given)


def number_of(server: Server, kind: str) -> str:
    call = server.taken[-1]
    return {
        "http": lambda: call.data["key"],
        "aliyun": lambda: call.query["OutId"],
        "tencent": lambda: call.data["SessionContext"],
    }[kind]()


@every_kind
def test_a_signed_message_is_taken_and_its_second_copy_has_the_same_number(kind: str) -> None:
    with running(kind) as (server, sms):
        sms.send(WORDS)
        first = number_of(server, kind)
        sms.send(WORDS)
        assert number_of(server, kind) == first
        assert "silent" not in first
        sms.send(replace(WORDS, key="silent:12:A:1:2"))
        assert number_of(server, kind) != first


def test_aliyun_gets_the_approved_template_and_its_fields() -> None:
    with running("aliyun") as (server, sms):
        sms.send(WORDS)
        query = server.taken[0].query
    assert (query["PhoneNumbers"], query["SignName"], query["TemplateCode"]) == ("13800000001", "点单", "SMS_1")
    assert json.loads(query["TemplateParam"]) == WORDS.fields


def test_tencent_gets_the_fields_in_their_order() -> None:
    with running("tencent") as (server, sms):
        sms.send(WORDS)
        data = server.taken[0].data
    assert (data["PhoneNumberSet"], data["TemplateId"], data["SmsSdkAppId"]) == (
        ["+8613800000001"],
        "SMS_1",
        "1400000001",
    )
    assert data["TemplateParamSet"] == list(WORDS.fields.values())


def test_any_gateway_gets_its_fields_as_json_or_as_a_form() -> None:
    fields = {"mobile": "{phone}", "content": "{text}", "tpl": "{template}", "sig": "{sign}", "user": "luochuan"}
    tricky = replace(WORDS, body='"{phone}" & 100%\n好')
    with running("http", sms_fields=fields, sms_headers={"Authorization": "Bearer k"}) as (server, sms):
        sms.send(tricky)
        wanted = {
            "mobile": "13800000001",
            "content": '【点单】"{phone}" & 100% 好',
            "tpl": "SMS_1",
            "sig": "点单",
            "user": "luochuan",
        }
        assert server.taken[0].data == wanted
        assert server.taken[0].headers["authorization"] == "Bearer k"
    with running("http", sms_fields=fields, sms_format="form") as (server, sms):
        sms.send(tricky)
        assert {name: each[0] for name, each in parse_qs(server.taken[0].body.decode()).items()} == wanted


def test_the_stand_ins_check_what_the_public_documents_print() -> None:
    """The documents' own examples, so that client and stand-in cannot be wrong together."""
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    headers = acs3_signed(
        "ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", query, ("YourAccessKeyId", "YourAccessKeySecret"),
        now=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC), nonce="3156853299f313e23d1673dc12e1703d",
    )  # fmt: skip
    assert headers["Authorization"].endswith("=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")
    called = Call("/", query, {name.lower(): value for name, value in headers.items()}, b"")
    assert gateways.acs3(called, "YourAccessKeySecret") == headers["Authorization"]
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    example = {
        "content-type": "application/json; charset=utf-8",
        "host": "cvm.tencentcloudapi.com",
        "x-tc-action": "DescribeInstances",
    }
    # Its secret is masked there, so the last step cannot be compared; the digest of what is signed can.
    digest = gateways.tc3_digest(Call("/", {}, example, body), ["content-type", "host", "x-tc-action"])
    assert digest == "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"


@pytest.mark.parametrize("kind", ["aliyun", "tencent"])
def test_a_wrong_secret_shuts_the_way_without_repeating_anything(kind: str) -> None:
    with running(kind, sms_key_secret="another") as (server, sms):
        with pytest.raises(ChannelError) as refused:
            sms.send(WORDS)
        assert server.taken == []
    assert (refused.value.reason, refused.value.down) == ("短信网关拒收", True)
    assert refused.value.code in ("SignatureDoesNotMatch", "AuthFailure.SignatureFailure")
    assert "another" not in str(refused.value) and "1380" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "answer", "said", "down"),
    [
        ("aliyun", {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, "短信网关拒收 (isv.MOBILE_NUMBER_ILLEGAL)", False),
        ("aliyun", {"Code": "isv.AMOUNT_NOT_ENOUGH"}, "短信网关拒收 (isv.AMOUNT_NOT_ENOUGH)", True),
        ("aliyun", {"Code": "13800000001 is wrong"}, "短信网关拒收", False),
        ("aliyun", {}, "短信网关拒收 (200)", False),
        ("tencent", {"Response": {"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberDailyLimit"}]}}, "短信网关拒收 (LimitExceeded.PhoneNumberDailyLimit)", False),
        ("tencent", {"Response": {"SendStatusSet": []}}, "对方的回答看不懂 (200)", False),
        ("tencent", {"Response": "ok"}, "对方的回答看不懂 (200)", False),
        ("http", {"code": 7}, "短信网关拒收 (7)", False),
        ("http", {"status": "ok"}, "对方的回答看不懂 (200)", False),
    ],
)  # fmt: skip
def test_its_refusals_are_understood(kind: str, answer: dict[str, Any], said: str, down: bool) -> None:
    with running(kind) as (server, sms):
        server.protocol = lambda call: answer
        with pytest.raises(ChannelError) as refused:
            sms.send(WORDS)
    assert (str(refused.value), refused.value.down) == (said, down)


@pytest.mark.parametrize(
    ("rude", "said"),
    [
        ("refuse", "对方的服务器拒收 (503)"),
        ("stall", "对方的服务器没有回应"),
        ("drop", "对方的服务器中断了连接"),
        ("rubbish", "对方的回答看不懂 (200)"),
    ],
)
@every_kind
def test_a_gateway_that_misbehaves_costs_one_try(kind: str, rude: str, said: str) -> None:
    with running(kind, timeout=0.3) as (server, sms):
        server.misbehave = rude
        with pytest.raises(ChannelError) as failed:
            sms.send(WORDS)
        assert (str(failed.value), len(server.calls)) == (said, 1)


@pytest.mark.parametrize("phone", ["", "0911-3620110", "1380000000", "23800000001", "+1 380 000 0000", "138000000011"])
def test_what_is_no_mobile_is_never_sent(phone: str) -> None:
    with running("http") as (server, sms):
        with pytest.raises(ChannelError) as refused:
            sms.send(replace(WORDS, recipient=phone))
        assert server.calls == []
    assert str(refused.value) == "手机号不对"


def test_a_mobile_may_be_written_with_its_country() -> None:
    with running("http") as (server, sms):
        for phone in ("+8613800000001", "008613800000001", "86 138 0000 0001"):
            sms.send(replace(WORDS, recipient=phone))
        assert {call.data["phone"] for call in server.taken} == {"13800000001"}


@pytest.mark.parametrize("number", ["610629199001011234", "61062919900101123X", "610629900101123"])
def test_an_id_number_never_leaves_in_a_short_message(number: str) -> None:
    with running("aliyun") as (server, sms):
        for message in (replace(WORDS, body=f"张三 {number}"), replace(WORDS, fields={"no": number})):
            with pytest.raises(ChannelError) as refused:
                sms.send(message)
            assert number not in str(refused.value)
        assert server.calls == []


def test_what_is_not_set_up_waits_and_what_was_not_approved_is_told() -> None:
    unset = [
        {},
        {"sms_gateway": "http"},
        {"sms_gateway": "aliyun"},
        ACCOUNT | {"sms_gateway": "tencent", "sms_app_id": ""},
    ]
    for given in unset:
        with pytest.raises(NotReadyError):
            Sms(settings(**given)).send(WORDS)
    with running("aliyun") as (server, sms):
        with pytest.raises(ChannelError, match="没有报备的模板") as refused:
            sms.send(replace(WORDS, template="another"))
        assert not isinstance(refused.value, NotReadyError) and server.calls == []


# --- anything else, through the extra ---


class Library:
    """Stands for the extra: remembers, and can be told to refuse."""

    def __init__(self) -> None:
        self.known, self.works, self.told = True, True, list[tuple[str, str, str]]()

    def Apprise(self) -> SimpleNamespace:
        urls: list[str] = []
        return SimpleNamespace(
            add=lambda url: (urls.append(url), self.known)[1],
            notify=lambda title, body: (self.told.append((urls[0], title, body)), self.works)[1],
        )


def test_the_extra_reaches_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setitem(sys.modules, "apprise", library)  # type: ignore[arg-type]
    way = Apprise(load(apprise_urls={"*": "json://127.0.0.1", "li": "tgram://token/1"}))
    way.send(replace(WORDS, recipient="li"))
    way.send(replace(WORDS, recipient="zhao"))
    assert [url for url, _, _ in library.told] == ["tgram://token/1", "json://127.0.0.1"]
    library.works = False
    with pytest.raises(ChannelError, match="apprise 没有发出去"):
        way.send(WORDS)
    library.known = False
    with pytest.raises(ChannelError, match="apprise 不认识这个地址") as refused:
        way.send(WORDS)
    assert "token" not in str(refused.value)


def test_without_the_extra_messages_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotReadyError, match="没有装 apprise"):
        Apprise(load(apprise_urls={"*": "json://127.0.0.1"})).send(WORDS)
    with pytest.raises(NotReadyError, match="没有设置 apprise 的地址"):
        Apprise(load()).send(WORDS)
    with pytest.raises(ChannelError, match="没有这个收件人的地址"):
        Apprise(load(apprise_urls={"li": "json://127.0.0.1"})).send(WORDS)
