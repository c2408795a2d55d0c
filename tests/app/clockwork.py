"""The people of the clock's tests: a station with its officers, their cases, and a mail server of their own."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Dialogue
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from app.channels import Message
from app.db import Database
from app.lifecycle import State
from app.models import Account, Dispute, Outbox, Station
from app.scope import Role
from app.settings import Settings, load

SHANGHAI = ZoneInfo("Asia/Shanghai")
JIAOKOUHE = 610629103000  # 洛川县交口河镇
POSTGRES = os.environ.get("DIANDAN_TEST_POSTGRES", "")
ENGINES = ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


def shanghai(text: str) -> datetime:
    """Read a moment as a clock on a wall in Shanghai shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


MONDAY = shanghai("2026-11-30 08:30:00")


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield an empty house: every table, nobody in it."""
    database = Database(load(data_dir=tmp_path, database_url=POSTGRES if request.param == "postgresql" else ""))
    SQLModel.metadata.drop_all(database.engine)
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.close()


def a_station(database: Database, name: str = "交口河派出所") -> int:
    with database.write() as session:
        station = Station(name=name, area=JIAOKOUHE)
        session.add(station)
        session.flush()
        assert station.id is not None
        return station.id


def an_officer(database: Database, station_id: int | None, login: str = "li", **other: Any) -> int:
    given = {
        "name": "李卫国",
        "role": Role.OFFICER,
        "area": JIAOKOUHE,
        "password_hash": "-",
        "email": f"{login}@station.example",
    }
    with database.write() as session:
        account = Account(
            login=login, station_id=station_id, **{**given, "enabled_at": shanghai("2026-01-01 00:00:00"), **other}
        )
        session.add(account)
        session.flush()
        assert account.id is not None
        return account.id


def a_case(
    database: Database,
    station_id: int,
    officer_id: int,
    no: str,
    *,
    days: float = 3,
    now: datetime = MONDAY,
    **other: Any,
) -> int:
    given = {
        "area": JIAOKOUHE,
        "place": JIAOKOUHE,
        "narrative": "王老五与赵铁柱因檐水争吵",
        "type": "neighbor",
        "subtype": "drainage_light",
        "state": State.CHOOSING,
        "opened_at": now - timedelta(days=days),
    }
    with database.write() as session:
        dispute = Dispute(no=no, station_id=station_id, officer_id=officer_id, **{**given, **other})
        session.add(dispute)
        session.flush()
        assert dispute.id is not None
        return dispute.id


def outbox(database: Database) -> list[Outbox]:
    """Return every message of the outbox in the order of writing."""
    with database.read() as session:
        return list(session.execute(select(Outbox).order_by(col(Outbox.id))).scalars())


def count(database: Database, table: type[SQLModel]) -> int:
    with database.read() as session:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())


class Gateway:
    """A way out that remembers what came through. `fail` holds what the next sends raise, None for a good one."""

    def __init__(self, name: str = "smtp", fail: list[Exception | None] | None = None) -> None:
        self.name, self.fail, self.took = name, fail or [], list[Message]()

    def send(self, message: Message) -> None:
        problem = self.fail.pop(0) if self.fail else None
        if problem is not None:
            raise problem
        self.took.append(message)


class MailServer:
    """A real SMTP server on 127.0.0.1 that can be told to misbehave."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"  # to the message itself
        self.rcpt_answer = "250 OK"
        self.stall = 0.0  # seconds before the answer
        self.drop_after_taking = False

    async def handle_RCPT(
        self, server: SMTP, dialogue: Dialogue, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(self, server: SMTP, dialogue: Dialogue, envelope: Envelope) -> str:
        await asyncio.sleep(self.stall)
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
            self.recipients += envelope.rcpt_tos
        if self.drop_after_taking:
            server.transport.abort()
        return self.answer


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, Settings]]:
    """Run a mail server; yield it and the settings that lead to it."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield server, load(smtp_host="127.0.0.1", smtp_port=controller.port, mail_from="diandan@luochuan.example")
    finally:
        controller.stop()


@contextmanager
def rude_server(greeting: bytes | None) -> Iterator[Settings]:
    """Run a server that says `greeting` and hangs up, or (None) never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            connection, _ = listener.accept()
            with connection:
                if greeting is None:
                    over.wait(10)
                else:
                    connection.sendall(greeting)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield load(smtp_host="127.0.0.1", smtp_port=listener.getsockname()[1])
    finally:
        over.set()
        socket.create_connection(listener.getsockname()).close()  # lets accept() return, so that the thread can end
        thread.join()
        listener.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
