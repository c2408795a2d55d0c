"""The list of ageing cases as a justice office or a county reads it: counts, and what is overdue first.

Counted in the database, so that a province's list costs no more memory than a town's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlmodel import Session, col

from app import messages
from app.digest import BANDS, OpenCase, Reader, shown_case
from app.lifecycle import OPEN
from app.models import Account, Dispute, Station
from app.wording import language
from app.workdays import SHANGHAI, shanghai, show_date
from talent_pool import regions

LISTED = 40  # overdue cases in one list
ROWS = 40  # stations or officers in one list, those with most overdue first
_EDGES = {"30+": (31, None), "16-30": (16, 31), "8-15": (8, 16), "0-7": (None, 8)}  # days: from, and below


@dataclass(frozen=True)
class Row:
    """One line of counts. `name` is a station's or an officer's, with the station's behind it."""

    name: str
    total: int
    overdue: int
    old: int


@dataclass(frozen=True)
class AreaDigest:
    """The counts of an area, and its overdue cases, the oldest deadline first."""

    total: int
    overdue: int
    bands: dict[str, int]
    stations: tuple[Row, ...]
    officers: tuple[Row, ...]
    cases: tuple[OpenCase, ...]


def area_digest(session: Session, area: int, now: datetime) -> AreaDigest:
    """Count the open cases of an area at `now`."""
    bands = {band: func.sum(case((_aged(band, now), 1), else_=0)) for band in BANDS}
    query = select(func.count(col(Dispute.id)), _sum(_overdue(now)), *bands.values()).where(_open(area))
    total, overdue, *counts = session.execute(query).one()
    return AreaDigest(
        total=total,
        overdue=overdue or 0,
        bands={band: count or 0 for band, count in zip(BANDS, counts, strict=True)},
        stations=_rows(session, area, now, (Station.name,)),
        officers=_rows(session, area, now, (Account.name, Station.name)),
        cases=_overdue_cases(session, area, now),
    )


def _open(area: int) -> ColumnElement[bool]:
    low, high = regions.bounds(area)
    return and_(col(Dispute.area).between(low, high), col(Dispute.state).in_(OPEN))


def _overdue(now: datetime) -> ColumnElement[bool]:
    return col(Dispute.due_at) < now


def _aged(band: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition under which a case is in a band: ages change at midnight in Shanghai."""
    first, below = _EDGES[band]
    opened = col(Dispute.opened_at)
    conditions = [opened < _midnight(now, first - 1)] if first is not None else []
    conditions += [opened >= _midnight(now, below - 1)] if below is not None else []
    return and_(*conditions)


def _midnight(now: datetime, days: int) -> datetime:
    """Return the beginning of the day that lies so many days back: who was opened before is older than that."""
    return datetime.combine(shanghai(now).date() - timedelta(days=days), time(0), SHANGHAI)


def _sum(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _rows(session: Session, area: int, now: datetime, names: Sequence[Any]) -> tuple[Row, ...]:
    keys = (Dispute.station_id,) if len(names) == 1 else (Dispute.station_id, Dispute.officer_id)
    late, old, total = _sum(_overdue(now)), _sum(_aged("30+", now)), func.count(col(Dispute.id))
    named = [func.min(col(name)) for name in names]
    query = (
        select(*named, total, late, old)
        .join_from(Dispute, Station, col(Dispute.station_id) == col(Station.id))
        .join(Account, col(Dispute.officer_id) == col(Account.id))
        .where(_open(area))
        .group_by(*[col(key) for key in keys])
        .order_by(late.desc(), total.desc(), *named)
        .limit(ROWS)
    )
    return tuple(
        Row(" · ".join(row[: len(names)]), *(int(each or 0) for each in row[len(names) :]))
        for row in session.execute(query)
    )


def _overdue_cases(session: Session, area: int, now: datetime) -> tuple[OpenCase, ...]:
    fields = (
        Dispute.no,
        Dispute.type,
        Dispute.subtype,
        Dispute.place,
        Dispute.state,
        Dispute.opened_at,
        Dispute.due_at,
    )
    query = (
        select(*[col(field) for field in fields], col(Dispute.officer_id), col(Account.name))
        .join_from(Dispute, Account, col(Dispute.officer_id) == col(Account.id))
        .where(_open(area), _overdue(now))
        .order_by(col(Dispute.due_at), col(Dispute.no))
        .limit(LISTED)
    )
    return tuple(OpenCase(*row) for row in session.execute(query))


def letter(
    session: Session, reader: Reader, now: datetime, *, due: datetime, late: bool = False, link: str = ""
) -> tuple[str, str]:
    """Return an area's list as subject and text in the reader's language."""
    made, lang = area_digest(session, reader.area, now), language(reader.locale)
    return messages.render(
        "area_digest",
        lang,
        name=reader.name,
        place=reader.station,
        day=show_date(due, lang),
        late=late,
        link=link,
        total=made.total,
        overdue=made.overdue,
        bands=made.bands,
        stations=made.stations,
        officers=made.officers,
        cases=[shown_case(each, reader.area, now, lang, link) for each in made.cases],
        more=max(0, made.overdue - len(made.cases)),
    )
