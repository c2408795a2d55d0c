"""Real servers on 127.0.0.1 that speak the protocols of robots and gateways, check what is signed, and misbehave when told.

They know the protocols from their public documents and share no code with the channels.
"""

import base64
import calendar
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

TOKEN, SECRET = "ROBOT-TOKEN-1", "SEC-of-the-robot"
KEY_ID, KEY_SECRET = "AKIDexample", "of-the-gateway"


@dataclass
class Call:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass
class Server:
    """What came, what was taken, and how it is to misbehave."""

    protocol: Callable[[Call], dict[str, Any] | None]  # None: taken; else the refusal
    taken_answer: dict[str, Any]
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    taken: list[Call] = field(default_factory=list)
    misbehave: str = ""  # refuse, stall, dribble, drop, rubbish, list, huge, redirect
    only: Callable[[int], bool] = lambda number: True  # which calls (from 1) it misbehaves at
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        parts = urlsplit(handler.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        call = Call(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)
        self.calls.append(call)
        rude = self.misbehave if self.only(len(self.calls)) else ""
        if rude == "refuse":
            _send(handler, 503, b"overloaded, 13800001111 is not served")
            return
        refusal = self.protocol(call)
        if refusal is None:
            self.taken.append(call)
        given = json.dumps(self.taken_answer if refusal is None else refusal).encode()
        if rude == "stall":
            self.over.wait(5)
        elif rude == "drop":
            handler.connection.close()
        elif rude == "dribble":
            self._dribble(handler)
        elif rude == "rubbish":
            _send(handler, 200, b"<html>welcome to the hotel's network, 13800001111</html>")
        elif rude == "list":
            _send(handler, 200, b'["13800001111"]')
        elif rude == "huge":
            _send(handler, 200, b"[" * 200_000)
        elif rude == "redirect":
            handler.send_response(302)
            handler.send_header("Location", f"{self.url}/elsewhere")
            handler.end_headers()
        else:
            _send(handler, 200, given)

    def _dribble(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            while not self.over.wait(0.05):
                handler.wfile.write(b"H")
        except OSError:
            return


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    try:
        handler.wfile.write(body)
    except OSError:  # the other end read as much as it wanted
        return


@contextmanager
def gateway(protocol: Callable[[Call], dict[str, Any] | None], taken: dict[str, Any]) -> Iterator[Server]:
    """Run a server that speaks `protocol`."""
    server = Server(protocol, taken)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.answer(self)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A line that was cut on purpose is no error."""

    machine = Quiet(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{machine.server_address[1]}"
    thread = threading.Thread(target=machine.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        machine.shutdown()
        machine.server_close()
        thread.join()


# --- the protocols ---------------------------------------------------------------------------------------------------


def wecom(call: Call) -> dict[str, Any] | None:
    """WeCom: the key in the address, at most 2,048 bytes."""
    if call.query.get("key") != TOKEN:
        return {"errcode": 93000, "errmsg": "invalid webhook url"}
    if call.data["msgtype"] != "text" or len(call.data["text"]["content"].encode()) > 2048:
        return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
    return None


def dingtalk(call: Call) -> dict[str, Any] | None:
    """DingTalk: milliseconds within an hour, HMAC-SHA256 of both lines with the secret, base64."""
    if call.query.get("access_token") != TOKEN:
        return {"errcode": 300001, "errmsg": "token is not exist"}
    stamp = call.query.get("timestamp", "0")
    wanted = hmac.digest(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256")
    fresh = abs(int(stamp) / 1000 - time.time()) < 3600
    if not fresh or call.query.get("sign") != base64.b64encode(wanted).decode():
        return {"errcode": 310000, "errmsg": "sign not match"}
    return None


def feishu(call: Call) -> dict[str, Any] | None:
    """Feishu: seconds within an hour; the signature's key is both lines, its text is empty."""
    if call.path != f"/{TOKEN}":
        return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
    stamp = call.data.get("timestamp", "0")
    wanted = hmac.digest(f"{stamp}\n{SECRET}".encode(), b"", "sha256")
    if abs(int(stamp) - time.time()) > 3600 or call.data.get("sign") != base64.b64encode(wanted).decode():
        return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
    return None


def aliyun(call: Call) -> dict[str, Any] | None:
    """Aliyun: ACS3 over the method, the sorted query and the named headers."""
    if call.headers["authorization"] != acs3(call, KEY_SECRET):
        return {"Code": "SignatureDoesNotMatch", "Message": "13800001111"}
    if abs(time.time() - _utc(call.headers["x-acs-date"])) > 900:
        return {"Code": "InvalidTimeStamp.Expired", "Message": ""}
    if (call.headers["x-acs-action"], call.headers["x-acs-version"]) != ("SendSms", "2017-05-25"):
        return {"Code": "InvalidAction.NotFound", "Message": ""}
    json.loads(call.query["TemplateParam"])
    return None


def _utc(text: str) -> float:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def acs3(call: Call, secret: str) -> str:
    """The Authorization that belongs to a call, from the headers that it names itself."""
    given = dict(
        each.split("=", 1) for each in call.headers["authorization"].removeprefix("ACS3-HMAC-SHA256 ").split(",")
    )
    names = given["SignedHeaders"].split(";")
    assert names == sorted(names)
    assert {name for name in call.headers if name.startswith("x-acs-")} | {"host"} <= set(names)
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(call.query.items()))
    lines = "".join(f"{name}:{call.headers[name].strip()}\n" for name in names)
    digest = hashlib.sha256(call.body).hexdigest()
    assert call.headers["x-acs-content-sha256"] == digest
    canonical = "\n".join(["POST", call.path, query, lines, ";".join(names), digest])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    proof = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={given['Credential']},SignedHeaders={given['SignedHeaders']},Signature={proof}"


def tencent(call: Call) -> dict[str, Any] | None:
    """Tencent: TC3, with the day, the service and the named headers."""
    if call.headers["authorization"] != tc3(call, KEY_SECRET):
        return {
            "Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "13800001111"}, "RequestId": "1"}
        }
    if abs(int(call.headers["x-tc-timestamp"]) - time.time()) > 300:
        return {"Response": {"Error": {"Code": "AuthFailure.SignatureExpire", "Message": ""}, "RequestId": "1"}}
    if (call.headers["x-tc-action"], call.headers["x-tc-version"]) != ("SendSms", "2021-01-11"):
        return {"Response": {"Error": {"Code": "InvalidAction", "Message": ""}, "RequestId": "1"}}
    return None


def tc3(call: Call, secret: str) -> str:
    """The Authorization that belongs to a call, from the scope and the headers that it names itself."""
    given = dict(
        each.split("=", 1) for each in call.headers["authorization"].removeprefix("TC3-HMAC-SHA256 ").split(", ")
    )
    credential, scope = given["Credential"].split("/", 1)
    day, service, end = scope.split("/")
    assert (day, end) == (time.strftime("%Y-%m-%d", time.gmtime(int(call.headers["x-tc-timestamp"]))), "tc3_request")
    names = given["SignedHeaders"].split(";")
    assert names == sorted(names) and {"content-type", "host"} <= set(names)
    digest = tc3_digest(call, names)
    text = f"TC3-HMAC-SHA256\n{call.headers['x-tc-timestamp']}\n{scope}\n{digest}"
    key = hmac.digest(("TC3" + secret).encode(), day.encode(), "sha256")
    key = hmac.digest(hmac.digest(key, service.encode(), "sha256"), b"tc3_request", "sha256")
    proof = hmac.new(key, text.encode(), "sha256").hexdigest()
    return f"TC3-HMAC-SHA256 Credential={credential}/{scope}, SignedHeaders={given['SignedHeaders']}, Signature={proof}"


def tc3_digest(call: Call, names: list[str]) -> str:
    """The digest of a call in the one way of writing that is signed."""
    lines = "".join(f"{name}:{call.headers[name].strip().lower()}\n" for name in names)
    canonical = f"POST\n/\n\n{lines}\n{';'.join(names)}\n{hashlib.sha256(call.body).hexdigest()}"
    return hashlib.sha256(canonical.encode()).hexdigest()
