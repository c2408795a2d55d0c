"""Who is owed which list of ageing cases: stations each week, justice offices each half month, counties each month.

A week's list is due on Monday at 08:30 in Shanghai, holiday or not; a half month's on the 1st and the 16th, a month's
on the 1st. Which of the three holds where is the policy's. The database says who is due. A row of `due_run` with a
unique key (what, period, whom) is the claim, written in the same transaction as the messages: two workers send nothing
twice, and a worker that dies leaves either both or neither.
An issue that was missed is made up for whenever the clock next runs, the latest one only, marked as late.
An account is owed the issues since it was enabled: a house that opens on Wednesday does not begin with Monday's list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, String, and_, cast, literal, or_, select
from sqlmodel import Session, col

from app import area_digest, message_texts, notices
from app.claims import take
from app.digest import OpenCase, Reader, digest, render
from app.lifecycle import OPEN
from app.message_texts import Fill
from app.models import Account, Dispute, DueRun, Station
from app.policies import Rhythm, policy_for
from app.scope import Role
from app.workdays import monday_period, shanghai
from talent_pool import regions

AREA, GROUP = "area_digest", "station_digest"
RHYTHMS: tuple[Rhythm, ...] = ("weekly", "half_monthly", "monthly")
HOUR = time(8, 30)
SECOND_HALF = 16  # the day on which it begins
LATE_AFTER = timedelta(minutes=30)  # a clock that ticks each minute is never that slow
READERS = (Role.OFFICER, Role.STATION_HEAD)
TOWN = 9  # digits of the area of whoever answers for a justice office


@dataclass(frozen=True)
class Ran:
    """What ran: the name, its period, for whom, and how many messages were queued."""

    name: str
    period: str
    whom: str
    queued: int
    late: bool


@dataclass(frozen=True)
class Issue:
    """One issue of a list: its name, its period, the moment at which it was due."""

    name: str
    period: str
    at: datetime

    def late(self, now: datetime) -> bool:
        """Tell whether it is made up for."""
        return now - self.at >= LATE_AFTER


@dataclass(frozen=True)
class Letter:
    """An issue as one person gets it."""

    issue: Issue
    reader: Reader
    subject: str
    body: str


# --- when -------------------------------------------------------------------------------------------------------------


def latest_monday(now: datetime) -> datetime:
    """Return the last Monday 08:30 in Shanghai that is not after `now`."""
    here = shanghai(now)
    monday = datetime.combine(here.date() - timedelta(days=here.weekday()), HOUR, here.tzinfo)
    return monday if monday <= here else monday - timedelta(days=7)


def latest_day(now: datetime, days: Sequence[int]) -> datetime:
    """Return the last 08:30 of one of these days of a month that is not after `now`; the 1st must be among them."""
    here = shanghai(now)
    month = here.date().replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    moments = [datetime.combine(each.replace(day=day), HOUR, here.tzinfo) for each in (before, month) for day in days]
    return max(moment for moment in moments if moment <= here)


def latest_issue(rhythm: Rhythm, now: datetime, name: str = "") -> Issue:
    """Return the issue that is due at `now`; its name is the rhythm's own unless given."""
    name = name or f"{rhythm}_digest"
    match rhythm:
        case "weekly":
            monday = latest_monday(now)
            return Issue(name, monday_period(monday), monday)
        case "half_monthly":
            day = latest_day(now, (1, SECOND_HALF))
            return Issue(name, f"{day:%Y-%m}-{1 if day.day < SECOND_HALF else 2}", day)
        case _:
            day = latest_day(now, (1,))
            return Issue(name, f"{day:%Y-%m}", day)


def area_rhythm(area: int) -> Rhythm:
    """Return how often whoever answers for an area gets its list: justice offices answer for a town."""
    policy = policy_for(area)
    return policy.justice_office_digest if regions.level(area) >= TOWN else policy.county_digest


# --- queueing ---------------------------------------------------------------------------------------------------------


def queue_due(session: Session, now: datetime, *, link: str = "") -> list[Ran]:
    """Queue everything that is due at `now` and return what ran; a second call at the same time does nothing."""
    ran = [queue_station(session, station_id, now, link=link) for station_id in due_stations(session, now)]
    ran += [queue_area(session, account_id, now, link=link) for account_id in due_areas(session, now)]
    return [each for each in ran if each is not None]


def due_stations(session: Session, now: datetime) -> list[int]:
    """Return the stations where somebody is owed this period's list, to be served each in a transaction."""
    found: set[int] = set()
    for issue, rhythm in _issues(now):
        owed = _owed(issue, now).with_only_columns(col(Station.id), col(Station.area)).order_by(None).distinct()
        found |= {key for key, area in session.execute(owed) if policy_for(area).station_digest == rhythm}
    return sorted(found)


def due_areas(session: Session, now: datetime) -> list[int]:
    """Return the coordinators who are owed their area's list."""
    found = [
        reader.account_id for issue, rhythm in _issues(now, AREA) for reader in _areas(session, issue, rhythm, now)
    ]
    return sorted(found)


def queue_station(session: Session, station_id: int, now: datetime, *, link: str = "") -> Ran | None:
    """Claim and queue one station's lists of this period; None when all were claimed already."""
    return _queue(session, station_letters(session, station_id, now, link, _claimer(session, now)), now, station_id)


def queue_groups(session: Session, station_id: int, now: datetime, channels: Sequence[str], *, link: str = "") -> int:
    """Queue this period's list for a station's groups in chats, as a whole and nobody's own; return how many were new.

    The group is called `station:<id>` as in the settings of the robots, its message's key has no account.
    """
    if not channels:
        return 0
    station, group = session.get_one(Station, station_id), f"station:{station_id}"
    issue = latest_issue(policy_for(station.area).station_digest, now)
    reader = Reader(0, station.name, station.name, station.area, "zh")
    fill = message_texts.writer(session, station.area)
    subject, body = _text(open_cases(session, station_id), reader, issue, now, link, fill, GROUP)
    text: dict[str, Any] = {"recipient": group, "subject": subject, "body": body, "now": now}
    return sum(
        notices.enqueue(session, dedupe=f"{issue.name}:{issue.period}:{group}:{channel}", channel=channel, **text)
        for channel in channels
    )


def queue_area(session: Session, account_id: int, now: datetime, *, link: str = "") -> Ran | None:
    """Claim and queue one coordinator's list of this period; None when it was claimed already."""
    letters = area_letters(session, account_id, now, link, _claimer(session, now))
    return _queue(session, letters, now)


def withdraw_older(session: Session, now: datetime) -> int:
    """Withdraw lists of earlier periods that never got out; the new one says all that they would."""
    newest: dict[str, list[str]] = {}
    for issue, _ in (*_issues(now), *_issues(now, AREA)):  # areas' lists have one name in all rhythms
        newest.setdefault(issue.name, []).append(f"{issue.name}:{issue.period}:")
    return sum(notices.supersede(session, f"{name}:", *periods) for name, periods in newest.items())


Wanted = Callable[[Issue, Reader], bool]


def _claimer(session: Session, now: datetime) -> Wanted:
    """Return what takes an issue for one person, once."""

    def claim(issue: Issue, reader: Reader) -> bool:
        whom = f"account:{reader.account_id}"
        key = {"name": issue.name, "period": issue.period, "whom": whom}
        return take(session, DueRun, **key, ran_at=now, late=issue.late(now))

    return claim


def everybody(_issue: Issue, _reader: Reader) -> bool:
    """Want every letter: for looking at what would be sent."""
    return True


def station_letters(
    session: Session, station_id: int, now: datetime, link: str, wanted: Wanted = everybody
) -> list[Letter]:
    """Return the letters that a station's people are owed now and that are `wanted`."""
    station = session.get_one(Station, station_id)
    issue = latest_issue(policy_for(station.area).station_digest, now)
    owed = session.execute(_owed(issue, now).where(col(Account.station_id) == station_id)).all()
    mine = [reader for reader in (Reader(*row) for row in owed) if wanted(issue, reader)]
    cases = open_cases(session, station_id) if mine else []
    fill = message_texts.writer(session, station.area)
    return [Letter(issue, reader, *_text(cases, reader, issue, now, link, fill)) for reader in mine]


def area_letters(
    session: Session, account_id: int, now: datetime, link: str, wanted: Wanted = everybody
) -> list[Letter]:
    """Return the letter that a coordinator is owed now, if it is `wanted`."""
    account = session.get_one(Account, account_id)
    rhythm = area_rhythm(account.area)
    issue = latest_issue(rhythm, now, AREA)
    mine = [each for each in _areas(session, issue, rhythm, now) if each.account_id == account_id]
    return [
        Letter(issue, each, *area_digest.letter(session, each, now, due=issue.at, late=issue.late(now), link=link))
        for each in mine
        if wanted(issue, each)
    ]


def _text(
    cases: Sequence[OpenCase],
    reader: Reader,
    issue: Issue,
    now: datetime,
    link: str,
    fill: Fill,
    template: str = "weekly_digest",
) -> tuple[str, str]:
    made, late = digest(cases, reader, now), issue.late(now)
    return render(made, reader, monday=issue.at, late=late, link=link, template=template, fill=fill)


def _queue(session: Session, letters: Sequence[Letter], now: datetime, station_id: int | None = None) -> Ran | None:
    if not letters:
        return None
    issue = letters[0].issue
    whom = f"account:{letters[0].reader.account_id}" if station_id is None else f"station:{station_id}"
    queued = sum(_write(session, each, now) for each in letters)
    return Ran(issue.name, issue.period, whom, queued, issue.late(now))


def ways_of(reader: Reader) -> list[tuple[str, str]]:
    """Return by which channels, and to which recipient, a reader gets the list: the page's inbox, and the mail."""
    return [("inbox", str(reader.account_id))] + ([("smtp", reader.email)] if reader.email else [])


def _write(session: Session, letter: Letter, now: datetime) -> int:
    """Write the letter for each of its ways; return how many were new."""
    written: list[bool] = []
    for channel, recipient in ways_of(letter.reader):
        dedupe = f"{letter.issue.name}:{letter.issue.period}:account:{letter.reader.account_id}:{channel}"
        text: dict[str, Any] = {"subject": letter.subject, "body": letter.body, "now": now}
        written.append(notices.enqueue(session, dedupe=dedupe, channel=channel, recipient=recipient, **text))
    return sum(written)


# --- who --------------------------------------------------------------------------------------------------------------


def _issues(now: datetime, name: str = "") -> list[tuple[Issue, Rhythm]]:
    return [(latest_issue(rhythm, now, name), rhythm) for rhythm in RHYTHMS]


def _unclaimed(issue: Issue, now: datetime) -> tuple[Any, Any]:
    """Return the join that finds an account's claim, and the condition under which it is owed the issue."""
    whom = literal("account:") + cast(col(Account.id), String)
    claimed = and_(col(DueRun.name) == issue.name, col(DueRun.period) == issue.period, col(DueRun.whom) == whom)
    # Enabled "in the future": the clock was wrong then or is now. The account is there, so it is owed its lists.
    since = or_(col(Account.enabled_at) <= issue.at, col(Account.enabled_at) > now)
    return claimed, and_(col(DueRun.id).is_(None), col(Account.disabled_at).is_(None), since)


def _owed(issue: Issue, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select the accounts of stations that are owed an issue and have not been claimed, as the fields of a Reader."""
    claimed, owed = _unclaimed(issue, now)
    fields = (Account.id, Account.name, Station.name, Station.area, Account.locale, Account.email)
    return (
        select(*[col(field) for field in fields])
        .join_from(Account, Station, col(Account.station_id) == col(Station.id))
        .outerjoin(DueRun, claimed)
        .where(owed, col(Account.role).in_(READERS))
        .order_by(col(Account.id))
    )


def _areas(session: Session, issue: Issue, rhythm: Rhythm, now: datetime) -> list[Reader]:
    """Return the coordinators who are owed an issue of this rhythm."""
    claimed, owed = _unclaimed(issue, now)
    fields = (Account.id, Account.name, Account.area, Account.locale, Account.email)
    query = select(*[col(field) for field in fields]).outerjoin(DueRun, claimed)
    rows = session.execute(query.where(owed, col(Account.role) == Role.COORDINATOR).order_by(col(Account.id)))
    return [
        Reader(key, name, regions.full_name(area), area, locale, email)
        for key, name, area, locale, email in rows
        if area_rhythm(area) == rhythm
    ]


def open_cases(session: Session, station_id: int) -> list[OpenCase]:
    """Read the station's open cases in one query, columns only: no story and no party leaves the database."""
    case = (Dispute.no, Dispute.type, Dispute.subtype, Dispute.place, Dispute.state, Dispute.opened_at, Dispute.due_at)
    rows = session.execute(
        select(*[col(field) for field in case], col(Dispute.officer_id), col(Account.name))
        .join_from(Dispute, Account, col(Dispute.officer_id) == col(Account.id))
        .where(col(Dispute.station_id) == station_id, col(Dispute.state).in_(OPEN))
    )
    return [OpenCase(*row) for row in rows]
