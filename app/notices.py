"""The outbox: messages are rows written in the transaction of their cause, and handed to a channel afterwards.

Each message is delivered at least once. A sender takes a message by a lease; when it dies on the way, the lease runs
out and another one sends the same message again, under the same key. So a channel whose other end knows keys shows it
once, and plain e-mail nearly always.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlmodel import Session, col

from app.channels import Channel, ChannelError, Message, NotReadyError
from app.claims import changed, take
from app.db import Database
from app.errors import N_, Conflict, NotFound
from app.models import Outbox, SendState

LEASE = timedelta(minutes=5)  # longer than the slowest single send: six answers of a mail server, ten seconds each
FIRST_WAIT, LONGEST_WAIT, TRIES = timedelta(minutes=1), timedelta(hours=4), 12
NO_CHANNEL, UNEXPECTED, SUPERSEDED = N_("没有这种发送方式"), N_("发送程序出错"), N_("已有更新的一期")
NEEDLESS = N_("事情已经办了,不用再发")
WITHDRAWN = (SUPERSEDED, NEEDLESS)  # not failed: taken back
FREE: dict[str, Any] = {"lease_owner": "", "lease_until": None}


@dataclass
class Delivered:
    """What one round did, counted in tries."""

    sent: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Pace:
    """How long a round may last: `seconds` for each channel (None: no limit); `stopped` is asked before each one."""

    seconds: float | None = None
    stopped: Callable[[], bool] = field(default=lambda: False)
    timer: Callable[[], float] = field(default=time.monotonic)


def enqueue(
    session: Session,
    *,
    dedupe: str,
    channel: str,
    recipient: str,
    subject: str,
    body: str,
    dispute_id: int | None = None,
    template: str = "",
    fields: Mapping[str, str] | None = None,
    now: datetime,
) -> bool:
    """Write a message down in the caller's transaction; tell whether it was new. One `dedupe` is written once, ever."""
    return take(
        session,
        Outbox,
        dedupe=dedupe,
        channel=channel,
        recipient=recipient,
        subject=" ".join(_printable(subject).split())[:200],  # one line: a header must not be continued by its text
        body=_printable(body),
        dispute_id=dispute_id,
        created_at=now,
        next_at=now,
        attempts=0,
        state=SendState.WAITING,
        error="",
        template=template,
        fields=dict(fields or {}),
        **FREE,
    )


def deliver(
    database: Database, channels: Mapping[str, Channel], now: datetime, owner: str, limit: int, pace: Pace | None = None
) -> Delivered:
    """Send what is due, at most `limit` messages of each channel; no transaction is open while a channel sends.

    `owner` names this sender and must differ from every other one's. The channels are served in their order and each
    has a time of its own, so a slow one delays only itself.
    """
    round_ = _Round(database, owner, pace or Pace())
    for name, channel in channels.items():
        round_.serve(channel, _due_ids(database, name, now, limit), now)
    _tell_orphans(database, list(channels))
    return round_.done


def hurry(database: Database, channel: Channel, now: datetime, owner: str, limit: int, pace: Pace | None = None) -> int:
    """Send what is due in one channel, as `deliver` does; return how many got out."""
    round_ = _Round(database, owner, pace or Pace())
    round_.serve(channel, _due_ids(database, channel.name, now, limit), now)
    return round_.done.sent


class _Round:
    """One sender's walk through the messages that are due."""

    def __init__(self, database: Database, owner: str, pace: Pace) -> None:
        self.database, self.owner, self.pace, self.done = database, owner, pace, Delivered()
        self.begun = pace.timer()

    def serve(self, channel: Channel, ids: list[int], now: datetime) -> None:
        """Send these messages until the time is over or the channel is shut."""
        begun = self.pace.timer()
        for row_id in ids:
            passed = self.pace.timer()
            if self.pace.stopped() or (self.pace.seconds is not None and passed - begun >= self.pace.seconds):
                return
            # What has passed is added: in a long round, leases counted from its start would be over when given.
            if not self._send_one(channel, row_id, now + timedelta(seconds=passed - self.begun)):
                return

    def _send_one(self, channel: Channel, row_id: int, now: datetime) -> bool:
        """Send one message; tell whether it makes sense to go on with this channel."""
        claimed = _claim(self.database, row_id, now, self.owner)
        if claimed is None:
            return True  # a rival has it
        message, attempts = claimed
        problem = _try(channel, message)
        if problem is None:
            _mark_sent(self.database, row_id, now, attempts + 1)
            self.done.sent += 1
            return True
        if isinstance(problem, NotReadyError):
            _mark_waiting(self.database, channel.name, row_id, self.owner, str(problem))
            return False
        _mark_failed(self.database, row_id, self.owner, str(problem), now, attempts + 1)
        self.done.failed += 1
        return not problem.down


def _try(channel: Channel, message: Message) -> ChannelError | None:
    try:
        channel.send(message)
    except ChannelError as problem:
        return problem
    except Exception as problem:
        # A defect of one channel must not keep the others' messages. Tell only its kind: its words may hold the text.
        return ChannelError(UNEXPECTED, type(problem).__name__)
    return None


# --- the statements ---------------------------------------------------------------------------------------------------


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Waiting, its hour has come, and nobody else is at it.

    A moment further ahead than this module ever writes comes from a clock that was wrong; it must not keep a message
    for years. The factor two leaves room for machines whose clocks differ.
    """
    next_at, lease_until = col(Outbox.next_at), col(Outbox.lease_until)
    return and_(
        col(Outbox.state) == SendState.WAITING,
        or_(next_at <= now, next_at > now + 2 * LONGEST_WAIT),
        or_(lease_until.is_(None), lease_until <= now, lease_until > now + 2 * LEASE),
    )


def _due_ids(database: Database, channel: str, now: datetime, limit: int) -> list[int]:
    due = select(col(Outbox.id)).where(col(Outbox.channel) == channel, _is_due(now))
    with database.read() as session:
        rows = session.execute(due.order_by(col(Outbox.next_at), col(Outbox.id)).limit(limit))
        return [row_id for row_id in rows.scalars() if row_id is not None]


def _claim(database: Database, row_id: int, now: datetime, owner: str) -> tuple[Message, int] | None:
    """Take one message by compare-and-set and return it with its tries so far; None when a rival was first."""
    message = (Outbox.dedupe, Outbox.recipient, Outbox.subject, Outbox.body, Outbox.created_at)
    wanted = (*message, Outbox.template, Outbox.fields, Outbox.attempts)
    claim = (
        update(Outbox).where(col(Outbox.id) == row_id, _is_due(now)).values(lease_owner=owner, lease_until=now + LEASE)
    )
    with database.write() as session:
        row = session.execute(claim.returning(*[col(column) for column in wanted])).first()
    return None if row is None else (Message(*row[:-1]), row[-1])


def _mark_sent(database: Database, row_id: int, now: datetime, attempts: int) -> None:
    # Whoever holds the lease by now: it was sent, and saying so may spare a second copy.
    waiting = and_(col(Outbox.id) == row_id, col(Outbox.state) == SendState.WAITING)
    with database.write() as session:
        _change(session, waiting, state=SendState.SENT, sent_at=now, attempts=attempts, error="", **FREE)


def _mark_failed(database: Database, row_id: int, owner: str, error: str, now: datetime, attempts: int) -> None:
    """Keep the error on the row and put the next try off; after the last try a person has to look."""
    state = SendState.FAILED if attempts >= TRIES else SendState.WAITING
    later = now + wait_after(attempts)
    with database.write() as session:
        # Only the holder of the lease: when it ran out and a rival took over, the outcome is the rival's to write.
        mine = and_(col(Outbox.id) == row_id, col(Outbox.lease_owner) == owner, col(Outbox.state) == SendState.WAITING)
        _change(session, mine, state=state, attempts=attempts, error=error[:300], next_at=later, **FREE)


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed tries: 1 minute, 2, 4 … up to 4 hours."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 16)), LONGEST_WAIT)


def _mark_waiting(database: Database, channel: str, row_id: int, owner: str, reason: str) -> None:
    """Give the message back untried and write the reason on all that wait for the same channel."""
    waiting = and_(col(Outbox.state) == SendState.WAITING, col(Outbox.channel) == channel)
    with database.write() as session:
        _change(session, and_(col(Outbox.id) == row_id, col(Outbox.lease_owner) == owner), **FREE)
        _change(session, and_(waiting, col(Outbox.error) != reason), error=reason)


def _tell_orphans(database: Database, known: list[str]) -> None:
    """Write on the messages of a channel that was taken away why they wait; they go out when it comes back."""
    waiting = and_(col(Outbox.state) == SendState.WAITING, col(Outbox.channel).not_in(known))
    orphan = and_(waiting, col(Outbox.error) != NO_CHANNEL)
    with database.read() as session:
        if session.execute(select(col(Outbox.id)).where(orphan).limit(1)).first() is None:
            return  # the usual case, without asking for SQLite's only write lock
    with database.write() as session:
        _change(session, orphan, error=NO_CHANNEL)


def _change(session: Session, where: ColumnElement[bool], **values: Any) -> int:
    statement = update(Outbox).where(where).values(**values)
    return changed(session.execute(statement.execution_options(synchronize_session=False)))


# --- for the people who look after it ---------------------------------------------------------------------------------


def unsent_longer_than(session: Session, age: timedelta, now: datetime) -> dict[str, int]:
    """Count by channel the messages that have waited longer than `age`; empty when all is well."""
    old = (col(Outbox.state) == SendState.WAITING, col(Outbox.created_at) < now - age)
    rows = session.execute(select(col(Outbox.channel), func.count()).where(*old).group_by(col(Outbox.channel)))
    return dict(iter(rows))


def replay(session: Session, message_id: int, now: datetime) -> None:
    """Send a failed or waiting message anew, with all its tries before it; its key stays the same.

    Raises NotFound for an unknown one, Conflict for one that was sent or is being sent at this moment.
    """
    lease_until = col(Outbox.lease_until)
    free = and_(col(Outbox.state) != SendState.SENT, or_(lease_until.is_(None), lease_until <= now))
    again = {"state": SendState.WAITING, "attempts": 0, "next_at": now, "error": ""}
    if _change(session, and_(col(Outbox.id) == message_id, free), **again, **FREE):
        return
    if session.execute(select(col(Outbox.id)).where(col(Outbox.id) == message_id)).first() is None:
        raise NotFound
    raise Conflict(N_("这条消息已经发出,或正在发"))


def supersede(session: Session, older: str, *newest: str) -> int:
    """Withdraw waiting messages whose key begins with `older` but with none of `newest`; return how many.

    For what is worth nothing once a newer one is out: a mail server set up in May must not send sixteen weekly lists.
    """
    key = col(Outbox.dedupe)
    stale = and_(key.startswith(older, autoescape=True), *(~key.startswith(each, autoescape=True) for each in newest))
    untouched = and_(col(Outbox.state) == SendState.WAITING, col(Outbox.lease_until).is_(None))
    return _change(session, and_(untouched, stale), state=SendState.FAILED, error=SUPERSEDED)


def withdraw(session: Session, dispute_id: int, of: str, kept: Collection[str]) -> int:
    """Withdraw a case's waiting messages whose key begins with `of` but with none of `kept`; return how many."""
    key = col(Outbox.dedupe)
    mine = and_(col(Outbox.dispute_id) == dispute_id, key.startswith(of, autoescape=True))
    gone = and_(mine, *(~key.startswith(each, autoescape=True) for each in kept))
    untouched = and_(col(Outbox.state) == SendState.WAITING, col(Outbox.lease_until).is_(None))
    return _change(session, and_(gone, untouched), state=SendState.FAILED, error=NEEDLESS)


def explain(error: str, translate: Callable[[str], str]) -> str:
    """Return a row's error in the reader's language (`translate` takes a msgid); the other end's number stays."""
    reason, bracket, code = error.partition(" (")
    return translate(reason) + bracket + code if reason else ""


def _printable(text: str) -> str:
    # PostgreSQL refuses NUL, UTF-8 refuses half a surrogate pair; a message must not fail for either.
    kept = "".join(sign for sign in text if sign in "\n\t" or not (ord(sign) < 32 or ord(sign) == 127))
    return kept.encode("utf-8", "replace").decode("utf-8")
