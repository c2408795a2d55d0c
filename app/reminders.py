"""Who is owed which reminder: on Mondays at 08:30 in Shanghai, holiday or not, each officer one list of open cases.

The database says who is due. A row of `due_run` with a unique key (what, week, whom) is the claim, written in the same
transaction as the messages: two workers send nothing twice, and a worker that dies leaves either both or neither.
A Monday that was missed is made up for whenever the clock next runs, the latest one only, marked as late.
An account is owed the Mondays since it was enabled: a house that opens on Wednesday does not begin with Monday's list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, String, and_, cast, literal, or_, select
from sqlmodel import Session, col

from app import message_texts, notices
from app.claims import take
from app.digest import OpenCase, Reader, digest, render
from app.lifecycle import OPEN
from app.message_texts import Fill
from app.models import Account, Dispute, DueRun, Station
from app.scope import Role
from app.workdays import monday_period, shanghai

WEEKLY = "weekly_digest"
HOUR = time(8, 30)
LATE_AFTER = timedelta(minutes=30)  # a clock that ticks each minute is never that slow
READERS = (Role.OFFICER, Role.STATION_HEAD)


@dataclass(frozen=True)
class Ran:
    """What ran: the name, its period, for whom, and how many messages were queued."""

    name: str
    period: str
    whom: str
    queued: int
    late: bool


def latest_monday(now: datetime) -> datetime:
    """Return the last Monday 08:30 in Shanghai that is not after `now`."""
    here = shanghai(now)
    monday = datetime.combine(here.date() - timedelta(days=here.weekday()), HOUR, here.tzinfo)
    return monday if monday <= here else monday - timedelta(days=7)


def queue_due(session: Session, now: datetime, *, link: str = "") -> list[Ran]:
    """Queue everything that is due at `now` and return what ran; a second call at the same time does nothing."""
    ran = [queue_station(session, station_id, now, link=link) for station_id in due_stations(session, now)]
    return [each for each in ran if each is not None]


def due_stations(session: Session, now: datetime) -> list[int]:
    """Return the stations where somebody is owed this week's list, to be served each in a transaction."""
    owed = _owed(latest_monday(now), now).with_only_columns(col(Account.station_id)).order_by(None).distinct()
    return sorted(station_id for station_id in session.execute(owed).scalars() if station_id is not None)


def queue_station(session: Session, station_id: int, now: datetime, *, link: str = "") -> Ran | None:
    """Claim and queue one station's lists of this week; None when all were claimed already."""
    monday = latest_monday(now)
    period, late = monday_period(monday), now - monday >= LATE_AFTER
    owed = session.execute(_owed(monday, now).where(col(Account.station_id) == station_id)).all()
    mine = [reader for reader in (Reader(*row) for row in owed) if _claim(session, period, reader, now, late=late)]
    if not mine:
        return None
    cases = _open_cases(session, station_id)
    fill = message_texts.writer(session, mine[0].area)
    texts = [(reader, *_text(cases, reader, monday, now, late=late, link=link, fill=fill)) for reader in mine]
    queued = sum(_queue(session, period, *text, now) for text in texts)
    return Ran(WEEKLY, period, f"station:{station_id}", queued, late)


def withdraw_older(session: Session, now: datetime) -> int:
    """Withdraw lists of earlier weeks that never got out; the new one says all that they would."""
    return notices.supersede(session, f"{WEEKLY}:", f"{WEEKLY}:{monday_period(latest_monday(now))}:")


def _claim(session: Session, period: str, reader: Reader, now: datetime, *, late: bool) -> bool:
    whom = f"account:{reader.account_id}"
    return take(session, DueRun, name=WEEKLY, period=period, whom=whom, ran_at=now, late=late)


def _text(
    cases: Sequence[OpenCase], reader: Reader, monday: datetime, now: datetime, *, late: bool, link: str, fill: Fill
) -> tuple[str, str]:
    return render(digest(cases, reader, now), reader, monday=monday, late=late, link=link, fill=fill)


def _queue(session: Session, period: str, reader: Reader, subject: str, body: str, now: datetime) -> int:
    """Write the list for the page's inbox, and for the mail when there is an address; return how many were new."""
    ways = [("inbox", str(reader.account_id))] + ([("smtp", reader.email)] if reader.email else [])
    written: list[bool] = []
    for channel, recipient in ways:
        dedupe = f"{WEEKLY}:{period}:account:{reader.account_id}:{channel}"
        text: dict[str, Any] = {"subject": subject, "body": body, "now": now}
        written.append(notices.enqueue(session, dedupe=dedupe, channel=channel, recipient=recipient, **text))
    return sum(written)


def _owed(monday: datetime, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select the accounts that are owed the list of `monday` and have not been claimed, as the fields of a Reader."""
    whom = literal("account:") + cast(col(Account.id), String)
    claimed = and_(col(DueRun.name) == WEEKLY, col(DueRun.period) == monday_period(monday), col(DueRun.whom) == whom)
    # Enabled "in the future": the clock was wrong then or is now. The account is there, so it is owed its lists.
    since = or_(col(Account.enabled_at) <= monday, col(Account.enabled_at) > now)
    fields = (Account.id, Account.name, Station.name, Station.area, Account.locale, Account.email)
    return (
        select(*[col(field) for field in fields])
        .join_from(Account, Station, col(Account.station_id) == col(Station.id))
        .outerjoin(DueRun, claimed)
        .where(col(DueRun.id).is_(None), col(Account.role).in_(READERS), col(Account.disabled_at).is_(None), since)
        .order_by(col(Account.id))
    )


def _open_cases(session: Session, station_id: int) -> list[OpenCase]:
    """Read the station's open cases in one query, columns only: no story and no party leaves the database."""
    case = (Dispute.no, Dispute.type, Dispute.subtype, Dispute.place, Dispute.state, Dispute.opened_at, Dispute.due_at)
    rows = session.execute(
        select(*[col(field) for field in case], col(Dispute.officer_id), col(Account.name))
        .join_from(Dispute, Account, col(Dispute.officer_id) == col(Account.id))
        .where(col(Dispute.station_id) == station_id, col(Dispute.state).in_(OPEN))
    )
    return [OpenCase(*row) for row in rows]
