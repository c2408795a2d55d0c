"""What has become of messages: those of a case, and those that somebody has to look after, each with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from app import notices
from app.accounts import Viewer
from app.errors import N_, NotFound
from app.models import Account, Dispute, Outbox, SendState
from app.scope import Role
from talent_pool import regions

OVERDUE_AFTER = timedelta(hours=1)
LISTED = 200
WITHDRAWN = "withdrawn"  # how a message is called that was taken back

CALL = N_("没有发出去:请打电话告诉对方;修好以后点“重发”")
NO_WAY = N_("这种发送方式还没有开通:请打电话告诉对方,并请管理员设置")
SLOW = N_("等了一个多小时,系统会接着重试;急的话请打电话")
ADVICE = {"没有这种发送方式": NO_WAY, "未设置邮件服务器": NO_WAY}
STATES = {
    SendState.WAITING.value: N_("等待发送"),
    SendState.SENT.value: N_("已发出"),
    SendState.FAILED.value: N_("没发出去"),
    WITHDRAWN: N_("已收回"),
}
WAYS = {
    "inbox": N_("站内提醒"),
    "smtp": N_("邮件"),
    "sms": N_("短信"),
    "letter": N_("信"),
    "wecom": N_("企业微信"),
    "dingtalk": N_("钉钉"),
    "feishu": N_("飞书"),
}


@dataclass(frozen=True)
class Line:
    """One message: how far it has come, why not further, and what to do about it (msgids)."""

    id: int
    no: str
    channel: str
    to: str
    subject: str
    state: str
    error: str
    todo: str
    at: datetime
    attempts: int

    @property
    def may_replay(self) -> bool:
        """Tell whether it can be sent anew by hand."""
        return self.state == SendState.FAILED.value or bool(self.todo)


def of_case(session: Session, dispute: Dispute, now: datetime) -> list[Line]:
    """Return a case's messages, the newest first."""
    query = select(Outbox).where(col(Outbox.dispute_id) == dispute.id).order_by(col(Outbox.id).desc()).limit(LISTED)
    rows = list(session.execute(query).scalars())
    names = _names(session, rows)
    return [_line(row, dispute.no, names, now) for row in rows]


def troubled(session: Session, viewer: Viewer, now: datetime) -> list[Line]:
    """Return the messages that the viewer has to look after, the oldest first: failed, or waiting for over an hour."""
    rows = list(session.execute(_of_cases(now).limit(LISTED))) if viewer.role is not Role.ADMIN else []
    found = [(row, no) for row, no in rows] + [(row, "") for row in _of_accounts(session, viewer, now)]
    names = _names(session, [row for row, _ in found])
    return [_line(row, no, names, now) for row, no in sorted(found, key=lambda each: each[0].id or 0)]


def count_troubled(session: Session, now: datetime) -> int:
    """Return how many messages of the session's cases want looking after."""
    counted = select(func.count(col(Outbox.id))).join_from(Dispute, Outbox, col(Outbox.dispute_id) == col(Dispute.id))
    return int(session.execute(counted.where(_in_trouble(now))).scalar_one())


def replay(session: Session, viewer: Viewer, message_id: int, now: datetime) -> None:
    """Send one of the viewer's messages anew; NotFound for another's, Conflict for one that is out or on its way."""
    mine = _of_cases(None).where(col(Outbox.id) == message_id)
    seen = viewer.role is not Role.ADMIN and session.execute(mine).first() is not None
    if not seen and message_id not in {row.id for row in _of_accounts(session, viewer, None)}:
        raise NotFound()
    notices.replay(session, message_id, now)


def _in_trouble(now: datetime | None) -> ColumnElement[bool]:
    failed = and_(col(Outbox.state) == SendState.FAILED, col(Outbox.error).not_in(notices.WITHDRAWN))
    if now is None:
        return or_(failed, col(Outbox.state) == SendState.WAITING)
    return or_(failed, and_(col(Outbox.state) == SendState.WAITING, col(Outbox.created_at) < now - OVERDUE_AFTER))


def _of_cases(now: datetime | None) -> Select[Outbox, str]:
    query = select(Outbox, col(Dispute.no)).join(Dispute, col(Outbox.dispute_id) == col(Dispute.id))
    return query.where(_in_trouble(now)).order_by(col(Outbox.id))


def _of_accounts(session: Session, viewer: Viewer, now: datetime | None) -> list[Outbox]:
    """Return those that belong to no case, for whoever keeps the accounts: lists to the people of the viewer's area."""
    if viewer.role not in (Role.COORDINATOR, Role.ADMIN):
        return []
    low, high = regions.bounds(viewer.area)
    people = session.execute(
        select(col(Account.id), col(Account.email)).where(col(Account.area).between(low, high))
    ).all()
    reached = {str(key) for key, _ in people} | {email for _, email in people if email}
    query = select(Outbox).where(col(Outbox.dispute_id).is_(None), _in_trouble(now)).order_by(col(Outbox.id))
    found = session.execute(query.limit(10 * LISTED)).scalars()
    return [row for row in found if row.recipient in reached][:LISTED]


def _names(session: Session, rows: Sequence[Outbox]) -> dict[str, str]:
    ids = {int(row.recipient) for row in rows if row.channel == "inbox" and row.recipient.isdecimal()}
    query = select(col(Account.id), col(Account.name)).where(col(Account.id).in_(ids))
    return {str(key): name for key, name in session.execute(query)}


def _line(row: Outbox, no: str, names: dict[str, str], now: datetime) -> Line:
    taken_back = row.error in notices.WITHDRAWN
    state = WITHDRAWN if taken_back else row.state.value
    to = names.get(row.recipient, "") if row.channel == "inbox" else row.recipient
    error = "" if row.state is SendState.SENT else row.error
    args = (row.id or 0, no, row.channel, to, row.subject, state, error, _todo(row, state, now))
    return Line(*args, row.created_at, row.attempts)


def _todo(row: Outbox, state: str, now: datetime) -> str:
    if state == SendState.FAILED.value:
        return CALL
    if state != SendState.WAITING.value:
        return ""
    reason = row.error.partition(" (")[0]
    late = row.created_at < now - OVERDUE_AFTER
    return ADVICE.get(reason) or (SLOW if late else "")
