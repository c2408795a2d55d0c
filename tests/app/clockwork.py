"""What the tests of the clock share: officers of old standing, a way out that remembers, and real mail servers."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Dialogue
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from app.channels import Message
from app.db import Database
from app.models import Account, Outbox, Station
from app.settings import Settings, load
from tests import builders

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(text: str) -> datetime:
    """Read a moment as a clock on a wall in Shanghai shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


MONDAY = shanghai("2026-11-30 08:30:00")


LONG_AGO = shanghai("2020-01-01 00:00:00")


def an_officer(session: Session, station: Station, **given: Any) -> Account:
    """An officer who has been there for years, with a mail address."""
    return builders.an_officer(session, station, **({"email": "lu@station.example", "enabled_at": LONG_AGO} | given))


def its_id(row: Any) -> int:
    assert isinstance(row.id, int)
    return row.id


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
        self.farewell = 0.0  # seconds before it says goodbye

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

    async def handle_QUIT(self, server: SMTP, dialogue: Dialogue, envelope: Envelope) -> str:
        await asyncio.sleep(self.farewell)
        return "221 Bye"


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
