"""Keeping the pool in order: who stands twice, whose term ends, which town has nobody for what, changes of many."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import String, cast, literal, select
from sqlmodel import Session, col

from app import message_texts, notices
from app.claims import take
from app.errors import N_, InvalidInput, NotFound
from app.models import Account, DueRun
from app.pool import mine
from app.pool_rows import alike, marks
from app.scope import Role
from app.wording import language
from app.workdays import show_date
from talent_pool import history, regions, register, roster, taxonomy
from talent_pool.models import Expertise, Kind, Mediator, ServiceArea, Status
from talent_pool.profiles import PoolBatch, Profile

RENEW_WITHIN = timedelta(days=90)
MOST_AT_ONCE = 500
TERMS = "pool_terms"


@dataclass(frozen=True)
class Double:
    """Two entries that may be one person: `why` is phone, id or name."""

    kept: Mediator
    other: Mediator
    why: str


@dataclass(frozen=True)
class Gap:
    """Types × towns: how many active mediators serve each; `nobody` lists the pairs without one."""

    towns: Sequence[int]
    types: Sequence[str]
    counts: Mapping[str, Sequence[int]]

    @property
    def nobody(self) -> int:
        """Return how many pairs of a type and a town have nobody."""
        return sum(row.count(0) for row in self.counts.values())


# --- who stands twice ------------------------------------------------------------------------------------------------


def doubles(session: Session, area: int, limit: int = 200) -> list[Double]:
    """Return the pairs that share a phone or identity, or a village and a name but for one character."""
    query = select(Mediator, col(Profile.id_index)).outerjoin(Profile, col(Profile.mediator_id) == col(Mediator.id))
    rows = session.execute(query.where(col(Mediator.status) != Status.RETIRED, mine(area)).order_by(col(Mediator.id)))
    groups: dict[tuple[str, Any], list[Mediator]] = {}
    for one, id_index in rows:
        names = [("name", (one.home, mark)) for mark in marks(one.name, one.home)]
        for mark in (("id", id_index), ("phone", one.phone), *names):
            if mark[1]:
                groups.setdefault(mark, []).append(one)
    found: dict[tuple[int | None, int | None], Double] = {}
    shared = [each for each in groups.items() if len(each[1]) > 1]
    for (why, _), group in sorted(shared, key=lambda each: ("id", "phone", "name").index(each[0][0])):
        # A number that twenty share is an office's.
        for one, other in combinations(group[:20], 2):
            if (why != "name" or alike(one.name, other.name)) and len(found) < limit:
                found.setdefault((one.id, other.id), Double(one, other, why))
    return list(found.values())


def merge(session: Session, area: int, kept: int, gone: int) -> None:
    """Make one entry of two of the area's."""
    writable(session, area, [kept, gone])
    try:
        register.merge(session, kept, gone)
    except ValueError:
        raise InvalidInput({"main": N_("要并掉的一条还有在办的案子,等结案后再合并")}) from None


# --- terms -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """A term that ends, or has ended."""

    id: int
    name: str
    kind: Kind
    home: int
    term_to: date
    status: Status


def renewals(session: Session, area: int, today: date) -> list[Term]:
    """Return whose term has ended or ends within three months, the earliest first."""
    columns = (Mediator.id, Mediator.name, Mediator.kind, Mediator.home, Profile.term_to, Mediator.status)
    query = select(*columns).join(Profile, col(Profile.mediator_id) == col(Mediator.id))  # type: ignore[call-overload]
    due = col(Profile.term_to) <= today + RENEW_WITHIN
    query = query.where(due, col(Mediator.status) != Status.RETIRED, mine(area))
    return [Term(*row) for row in session.execute(query.order_by(col(Profile.term_to), col(Mediator.id)))]


def mind_terms(session: Session, now: datetime, today: date, link: str = "") -> tuple[int, int]:
    """Let ended terms lapse, and tell each coordinator once a month whose end; return (lapsed, messages queued)."""
    history.sign(session, "system", now)
    lapsed = len(register.lapse(session, today))
    query = select(Account).where(col(Account.role) == Role.COORDINATOR, col(Account.disabled_at).is_(None))
    queued = sum(_tell(session, account, now, today, link) for account in session.execute(query).scalars())
    return lapsed, queued


def terms_due(session: Session, today: date) -> bool:
    """Tell whether `mind_terms` has anything to do: looked up first, so that an idle clock takes no lock."""
    over = select(col(Profile.mediator_id)).join(Mediator, col(Mediator.id) == col(Profile.mediator_id))
    over = over.where(col(Profile.term_to) < today, col(Mediator.status) == Status.ACTIVE)
    if session.execute(over.limit(1)).first():
        return True
    whom = literal("account:") + cast(col(Account.id), String)
    told = select(col(DueRun.id)).where(
        col(DueRun.name) == TERMS, col(DueRun.period) == f"{today:%Y-%m}", col(DueRun.whom) == whom
    )
    query = select(Account).where(col(Account.role) == Role.COORDINATOR, col(Account.disabled_at).is_(None))
    owed = session.execute(query.where(~told.exists())).scalars()
    return any(renewals(session, account.area, today) for account in owed)


def _tell(session: Session, account: Account, now: datetime, today: date, link: str) -> int:
    due = renewals(session, account.area, today)
    period, whom = f"{today:%Y-%m}", f"account:{account.id}"
    if not due or not take(session, DueRun, name=TERMS, period=period, whom=whom, ran_at=now, late=False):
        return 0
    words = language(account.locale)
    lines = [f"{each.name} · {regions.short_name(each.home)} · {show_date(each.term_to, words)}" for each in due[:50]]
    fields = {"count": str(len(due)), "lines": "\n".join(lines), "link": f"{link}/pool/renewals" if link else ""}
    subject, body = message_texts.write(session, account.area, TERMS, words, **fields)
    ways = [("inbox", str(account.id))] + ([("smtp", account.email)] if account.email else [])
    return sum(
        notices.enqueue(
            session,
            dedupe=f"{TERMS}:{period}:{whom}:{way}",
            channel=way,
            recipient=to,
            subject=subject,
            body=body.strip(),
            now=now,
        )
        for way, to in ways
    )


# --- nobody there ----------------------------------------------------------------------------------------------------


def coverage(session: Session, area: int, kind: Kind | None = None) -> Gap:
    """Count for every type and town of an area the active mediators who serve the town or a part of it."""
    towns = regions.inside(area, 9) if regions.level(area) < 9 else [area - area % 1000]
    where = [col(Mediator.status) == Status.ACTIVE, *([col(Mediator.kind) == kind] if kind else [])]
    served = _spans(session, towns, where)
    counts = {code: [0] * (len(towns) + 1) for code in taxonomy.types()}
    query = select(col(Expertise.mediator_id), col(Expertise.type)).join(
        Mediator, col(Mediator.id) == col(Expertise.mediator_id)
    )
    for key, type_code in {(row[0], row[1]) for row in session.execute(query.where(*where))}:
        for low, high in served.get(key, ()):
            # Only the ends of a span are marked; one running sum makes counts of them.
            counts[type_code][low] += 1
            counts[type_code][high] -= 1
    return Gap(towns, list(counts), {code: _running(marks) for code, marks in counts.items()})


def _spans(session: Session, towns: Sequence[int], where: Sequence[Any]) -> dict[int, list[tuple[int, int]]]:
    """Return for each mediator the half-open spans of towns that he or she serves, without overlaps."""
    query = select(col(ServiceArea.mediator_id), col(ServiceArea.region)).join(
        Mediator, col(Mediator.id) == col(ServiceArea.mediator_id)
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for key, region in session.execute(query.where(*where).order_by(col(ServiceArea.region))):
        first, last = regions.bounds(region if regions.level(region) < 12 else region - region % 1000)
        low, high = bisect_left(towns, first), bisect_right(towns, last)
        spans = found.setdefault(key, [])
        if spans and low < spans[-1][1]:
            low = spans[-1][1]
        if low < high:
            spans.append((low, high))
    return found


def _running(marks: Sequence[int]) -> list[int]:
    total, found = 0, []
    for mark in marks[:-1]:
        total += mark
        found.append(total)
    return found


# --- many at once ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """One action on many entries: its name, the number or region that it needs, the day."""

    action: str
    value: str = ""
    ids: Sequence[int] = field(default_factory=tuple)


def writable(session: Session, area: int, ids: Collection[int]) -> list[int]:
    """Return the ids when all of them are the area's own; NotFound else."""
    wanted = sorted(set(ids))
    query = select(col(Mediator.id)).where(col(Mediator.id).in_(wanted), mine(area)).order_by(col(Mediator.id))
    if not wanted or list(session.execute(query).scalars()) != wanted:
        raise NotFound(N_("没有这位调解员"))
    return wanted


def change_many(session: Session, order: Order, *, area: int, by: str, now: datetime, today: date) -> PoolBatch:
    """Do one action to many entries; the batch takes it back. Raises InvalidInput for what cannot be done."""
    if not 0 < len(order.ids) <= MOST_AT_ONCE:
        raise InvalidInput({"main": N_("请先在名单里勾选,一次最多500位")})
    if order.action not in ACTIONS:
        raise InvalidInput({"main": N_("请选要做什么")})
    keys = writable(session, area, order.ids)
    batch = register.begin_batch(session, order.action, by=by, area=area, at=now, note=str(len(keys)))
    for key in keys:
        _ACTIONS[order.action](session, key, order.value, area, today)
    return batch


def _cap(session: Session, key: int, value: str, _area: int, _today: date) -> None:
    if not (value.isascii() and value.isdigit() and len(value) < 3 and int(value) <= 50):
        raise InvalidInput({"value": N_("接单上限应是0到50的数字")})
    roster.amend(session, key, load_cap=int(value))


def _serve(session: Session, key: int, value: str, area: int, _today: date) -> None:
    code = int(value) if value.isascii() and value.isdigit() and len(value) == 12 else 0
    if not regions.known(code) or not regions.contains(area, code):
        raise InvalidInput({"value": N_("本县没有这个地方,请换个写法")})
    roster.set_service_areas(session, key, [*roster.areas_of(session, key), code])


def _reinstate(session: Session, key: int, _value: str, _area: int, _today: date) -> None:
    if roster.get_mediator(session, key).status is Status.SUSPENDED:
        roster.reinstate(session, key)


def _suspend(session: Session, key: int, _value: str, _area: int, _today: date) -> None:
    if roster.get_mediator(session, key).status is Status.ACTIVE:
        roster.suspend(session, key)


def _renew(session: Session, key: int, _value: str, _area: int, today: date) -> None:
    register.renew(session, key, today)


_ACTIONS: Mapping[str, Callable[[Session, int, str, int, date], None]] = {
    "suspend": _suspend,
    "reinstate": _reinstate,
    "renew": _renew,
    "cap": _cap,
    "serve": _serve,
}
ACTIONS: Mapping[str, str] = {
    "suspend": N_("暂停派单"),
    "reinstate": N_("恢复派单"),
    "renew": N_("续聘三年"),
    "cap": N_("改接单上限"),
    "serve": N_("加服务区域"),
    "import": N_("导入名单"),
}


def batches(session: Session, area: int, limit: int = 30) -> list[PoolBatch]:
    """Return the last changes of many at once in an area, the newest first."""
    low, high = regions.bounds(area)
    query = select(PoolBatch).where(col(PoolBatch.area).between(low, high)).order_by(col(PoolBatch.id).desc())
    return list(session.execute(query.limit(limit)).scalars())


def take_back(session: Session, batch_id: int, *, area: int, by: str, now: datetime) -> tuple[int, int]:
    """Undo a batch of the area; return how many changes were taken back, and how many left since others came after."""
    batch = session.get(PoolBatch, batch_id)
    if batch is None or not regions.contains(area, batch.area):
        raise NotFound()
    return register.undo(session, batch, by=by, at=now)


# --- what wants a look -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lack:
    """What an entry lacks, as a msgid."""

    id: int
    name: str
    says: str


def lacks(session: Session, area: int, today: date) -> list[Lack]:
    """Return what is missing or over in the entries of an area, by entry."""
    good = set(session.execute(select(col(Expertise.mediator_id)).distinct()).scalars())
    serving = set(session.execute(select(col(ServiceArea.mediator_id)).distinct()).scalars())
    query = select(Mediator, col(Profile.term_to)).outerjoin(Profile, col(Profile.mediator_id) == col(Mediator.id))
    rows = session.execute(query.where(col(Mediator.status) != Status.RETIRED, mine(area)).order_by(col(Mediator.id)))
    found: list[Lack] = []
    for one, term_to in rows:
        wrong = (
            (not one.phone, N_("没有电话")),
            (one.id not in good, N_("没有擅长")),
            (one.id not in serving, N_("没有服务区域")),
            (one.status is Status.PENDING, N_("等本人同意公示")),
            (term_to is not None and term_to < today, N_("聘期已满")),
        )
        found += [Lack(one.id, one.name, says) for holds, says in wrong if holds]
    return found


def ids_of(given: Iterable[str]) -> list[int]:
    """Return the ids among what a form sent; anything else names nobody."""
    return [int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 10]
