"""Robots of chat groups against servers that speak their protocols, check their signatures, and misbehave."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels import ChannelError, Message, NotReadyError, robots
from app.channels.dingtalk import DingTalk
from app.channels.feishu import Feishu
from app.channels.robots import PARTS, Halfway, Robot, Turnstile, split
from app.channels.wecom import WeCom
from app.settings import load
from tests.app import gateways
from tests.app.gateways import SECRET, TOKEN, Server, gateway

WORDS = Message(
    key="weekly_digest:2026-W49:account:3:wecom",
    recipient="station:3",
    subject="交口河派出所:未结案件 3 件",
    body="李卫国,您好!\n第一件……\n",
    at=datetime(2026, 11, 30, 0, 30, tzinfo=UTC),
)
GOOD: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
KINDS: dict[type[Robot], tuple[Callable[[Any], Any], dict[str, Any], str, Callable[[dict[str, Any]], str]]] = {
    WeCom: (gateways.wecom, GOOD, TOKEN, lambda data: data["text"]["content"]),
    DingTalk: (gateways.dingtalk, GOOD, f"{TOKEN}:{SECRET}", lambda data: data["text"]["content"]),
    Feishu: (gateways.feishu, {"code": 0, "msg": "success"}, f"{TOKEN}:{SECRET}", lambda data: data["content"]["text"]),
}
every_kind = pytest.mark.parametrize("kind", list(KINDS), ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def fresh_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with a full minute and nothing half sent."""
    monkeypatch.setattr(Robot, "halfway", Halfway())
    for kind in KINDS:
        monkeypatch.setattr(kind, "turnstile", Turnstile(kind.turnstile.limit))
        monkeypatch.setattr(kind, "gap", 0.0)


@contextmanager
def running(kind: type[Robot], timeout: float = 2.0) -> Iterator[tuple[Server, Robot]]:
    protocol, taken, robot, _ = KINDS[kind]
    with gateway(protocol, taken) as server:
        yield server, kind(server.url, {"*": robot}, timeout)


def text_of(kind: type[Robot], server: Server, number: int = 0) -> str:
    return KINDS[kind][3](server.taken[number].data)


@every_kind
def test_a_message_arrives_signed_as_the_document_says(kind: type[Robot]) -> None:
    with running(kind) as (server, robot):
        robot.send(WORDS)
        assert text_of(kind, server) == f"{WORDS.subject}\n{WORDS.body}".strip()


@every_kind
def test_a_wrong_secret_or_token_is_refused_and_never_repeated(kind: type[Robot]) -> None:
    with running(kind) as (server, robot):
        robot.robots = {"*": "another-token:another-secret"}
        with pytest.raises(ChannelError) as refused:
            robot.send(WORDS)
        assert server.taken == []
    assert refused.value.reason == "群机器人的密钥不对"
    assert not refused.value.down  # another group's robot may well be right
    assert "another" not in str(refused.value)


@pytest.mark.parametrize("kind", [DingTalk, Feishu], ids=lambda kind: kind.name)
def test_the_server_looks_at_the_signature(kind: type[Robot]) -> None:
    with running(kind) as (server, robot):
        robot.robots = {"*": f"{TOKEN}:wrong-secret"}
        with pytest.raises(ChannelError, match="群机器人的密钥不对"):
            robot.send(WORDS)
        assert server.taken == []


# --- misbehaving ---

RUDE = {
    "refuse": ("对方的服务器拒收 (503)", True, 0),
    "stall": ("对方的服务器没有回应", True, 1),
    "dribble": ("对方的服务器没有回应", True, 1),
    "drop": ("对方的服务器中断了连接", True, 1),
    "rubbish": ("对方的回答看不懂 (200)", False, 1),
    "list": ("对方的回答看不懂 (200)", False, 1),
    "huge": ("对方的回答看不懂 (200)", False, 1),
    "redirect": ("对方的服务器拒收 (302)", False, 1),
}


@pytest.mark.parametrize("rude", list(RUDE))
@every_kind
def test_a_server_that_misbehaves_costs_one_try_and_tells_nobody_anything(kind: type[Robot], rude: str) -> None:
    said, down, taken = RUDE[rude]
    with running(kind, timeout=0.3) as (server, robot):
        server.misbehave = rude
        with pytest.raises(ChannelError) as failed:
            robot.send(WORDS)
        assert (str(failed.value), failed.value.down, len(server.taken)) == (said, down, taken)
        assert TOKEN not in str(failed.value)
        assert len(server.calls) == 1


def test_nobody_listening_and_an_address_that_is_none() -> None:
    with running(WeCom) as (server, _):
        closed = server.url
    for url in (closed, "https://127.0.0.1:1", "http://127.0.0.1:99999", "http://nobody.invalid"):
        with pytest.raises(ChannelError, match="连不上对方的服务器") as failed:
            WeCom(url, {"*": TOKEN}).send(WORDS)
        assert failed.value.down and TOKEN not in str(failed.value)


def test_a_server_without_encryption_gets_nothing_when_encryption_is_asked_for() -> None:
    with running(WeCom) as (server, robot):
        robot.base = server.url.replace("http:", "https:")
        with pytest.raises(ChannelError) as failed:
            robot.send(WORDS)
        assert server.calls == [] and failed.value.down


@pytest.mark.parametrize(
    ("kind", "said", "error"),
    [
        (WeCom, {"errcode": 45009}, NotReadyError),
        (DingTalk, {"errcode": 130101}, NotReadyError),
        (Feishu, {"code": 11232}, NotReadyError),
        (WeCom, {"errcode": 40001}, ChannelError),
        (WeCom, {"errmsg": "ok"}, ChannelError),
        (WeCom, {"errcode": "phone 13800001111"}, ChannelError),
    ],
)
def test_its_codes_are_understood(kind: type[Robot], said: dict[str, Any], error: type[Exception]) -> None:
    with running(kind) as (server, robot):
        server.protocol = lambda call: said
        with pytest.raises(ChannelError) as refused:
            robot.send(WORDS)
    assert type(refused.value) is error
    assert "1380" not in str(refused.value)


# --- whose group, and who is called ---


def test_without_robots_messages_wait_and_an_unknown_group_is_told() -> None:
    with pytest.raises(NotReadyError, match="没有设置群机器人"):
        WeCom("http://127.0.0.1:1", {}).send(WORDS)
    with pytest.raises(ChannelError, match="没有设置这个群的机器人") as unknown:
        WeCom("http://127.0.0.1:1", {"station:4": "x"}).send(WORDS)
    assert not isinstance(unknown.value, NotReadyError)


def test_a_stations_own_group_comes_before_the_common_one() -> None:
    with running(WeCom) as (server, robot):
        robot.robots = {"*": "common", "station:3": TOKEN}
        robot.send(WORDS)
        assert [call.query["key"] for call in server.taken] == [TOKEN]


def test_who_is_called_by_name() -> None:
    called = replace(WORDS, recipient="station:3@13800000001, lijing,all")
    with running(WeCom) as (server, robot):
        robot.send(called)
        text = server.taken[0].data["text"]
        assert (text["mentioned_mobile_list"], text["mentioned_list"]) == (["13800000001", "@all"], ["lijing"])
        assert "13800000001" not in text["content"]
    with running(DingTalk) as (server, robot):
        robot.send(called)
        at = server.taken[0].data["at"]
        assert at == {"atMobiles": ["13800000001"], "atUserIds": ["lijing"], "isAtAll": True}
        assert server.taken[0].data["text"]["content"].endswith("\n@13800000001 @lijing")
    with running(Feishu) as (server, robot):
        robot.send(replace(called, recipient='@all,ou"1', body='<at user_id="all"></at> in a name'))
        text = server.taken[0].data["content"]["text"]
        assert text.endswith('\n<at user_id="all"></at>\n<at user_id=\'ou"1\'></at>')
        assert text.count('<at user_id="all">') == 1


# --- long texts ---


def test_a_long_list_goes_in_parts_cut_at_line_ends_and_only_the_first_calls_people() -> None:
    lines = [f"· 61062910{number:03d} 邻里纠纷,交口河镇,已{number}天" for number in range(120)]
    with running(WeCom) as (server, robot):
        robot.send(replace(WORDS, recipient="station:3@all", body="\n".join(lines)))
        texts = [call.data["text"] for call in server.taken]
    assert len(texts) == 3
    assert [("mentioned_list" in text) for text in texts] == [True, *[False] * (len(texts) - 1)]
    kept = [line for text in texts for line in text["content"].split("\n")[:-1]]
    assert kept == [WORDS.subject, *lines]
    assert [text["content"].split("\n")[-1] for text in texts] == [
        f"({n}/{len(texts)})" for n in range(1, len(texts) + 1)
    ]


def test_a_failure_in_the_third_part_does_not_send_the_first_two_again() -> None:
    long = replace(WORDS, body="\n".join(f"第{number}行" + "字" * 200 for number in range(14)))
    with running(WeCom) as (server, robot):
        server.misbehave, server.only = "refuse", lambda number: number == 3
        with pytest.raises(ChannelError):
            robot.send(long)
        robot.send(long)
        ends = [call.data["text"]["content"][-5:] for call in server.taken]
        assert ends == [f"({number}/{len(ends)})" for number in range(1, len(ends) + 1)] and len(ends) > 3
        robot.send(long)  # out: whoever sends it again means it
        assert len(server.taken) == 2 * len(ends)


@given(st.text(st.sampled_from("字aé😀\n "), max_size=400), st.integers(60, 300))
def test_no_part_is_too_long_and_no_character_is_cut(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    assert len(parts) <= PARTS
    if len(text.encode()) <= limit:
        assert parts == [text]
    elif robots.REST not in parts[-1]:
        joined = "".join(re.sub(r"\n\(\d+/\d+\)$", "", part) for part in parts)
        assert joined.replace("\n", "") == text.replace("\n", "")


def test_what_would_take_more_than_ten_parts_says_where_the_rest_is() -> None:
    parts = split("\n".join(f"第{number}行" + "字" * 300 for number in range(100)), 2048)
    assert len(parts) == PARTS
    assert parts[-1].endswith(f"{robots.REST}\n(10/10)")


# --- so many a minute ---


def test_the_twenty_first_in_a_minute_waits_without_a_failed_try() -> None:
    now = [0.0]
    stile = Turnstile(20, lambda: now[0])
    for _ in range(20):
        stile.let("a", 1)
    with pytest.raises(NotReadyError, match="稍后接着发"):
        stile.let("a", 1)
    stile.let("b", 1)  # another robot has its own minute
    now[0] = 59.9
    with pytest.raises(NotReadyError):
        stile.let("a", 1)
    now[0] = 60.0
    stile.let("a", 20)
    now[0] = 200.0
    stile.let("a", 1)
    assert set(stile.passed) == {"a"}  # nothing is kept for robots that have long been silent


def test_messages_pass_the_turnstile_part_by_part() -> None:
    with running(WeCom) as (server, robot):
        for number in range(20):
            robot.send(replace(WORDS, key=str(number)))
        with pytest.raises(NotReadyError):
            robot.send(WORDS)
        assert len(server.taken) == 20


def test_defaults_lead_to_the_public_addresses() -> None:
    settings = load()
    assert settings.wecom_url == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    assert settings.wecom_robots == settings.dingtalk_robots == settings.feishu_robots == {}
