"""Reminders of a case: the clock looks at it when something has changed or when its next step is due.

What is due is written down once: a row of `due_run` with (step, deadline, case and whom) is the claim, in the same
transaction as the messages. Of steps that were slept over only the last is told; a deadline that moves is told anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from app import cases, notices, orders
from app.case_facts import facts_of
from app.claims import take
from app.clocks import Running, Step, latest, running, steps
from app.models import CaseWatch, Dispute, DueRun
from app.policies import policy_for
from app.reminding import Told, tell

PREFIX = "clock"
STALE = timedelta(days=14)  # what should have been said so long ago is left to the list of every Monday


@dataclass(frozen=True)
class Plan:
    """What a case asks for at a moment: steps that are due, the clocks that run, when to look again."""

    due: tuple[Step, ...]
    clocks: tuple[Running, ...]
    wake_at: datetime | None


def waking(session: Session, now: datetime, limit: int) -> list[int]:
    """Return the cases to be looked at, those that have waited longest first."""
    query = select(col(CaseWatch.dispute_id)).where(_awake(now)).order_by(col(CaseWatch.wake_at)).limit(limit)
    return list(session.execute(query).scalars())


def _awake(now: datetime) -> ColumnElement[bool]:
    # Seen "in the future": that clock was wrong, and what it took for past may still lie ahead.
    return or_(col(CaseWatch.wake_at) <= now, col(CaseWatch.seen_at) > now)


def plan(session: Session, dispute: Dispute, now: datetime) -> Plan:
    """Work out what a case asks for at `now`. Nothing is written, and what was said already is not looked up."""
    facts, policy = facts_of(session, dispute, now), policy_for(dispute.area)
    clocks = running(facts, policy)
    ahead = steps(clocks, facts, policy)
    due = latest(step for step in ahead if step.at <= now)
    wake_at = min((step.at for step in ahead if step.at > now), default=None)
    return Plan(tuple(step for step in due if step.at > now - STALE), tuple(clocks), wake_at)


def look(session: Session, dispute_id: int, now: datetime, link: str = "") -> int:
    """Queue what is due for one case and set when to look again; return how many messages were new."""
    watch = _lock(session, dispute_id, now)
    if watch is None:
        return 0  # another clock has just looked
    dispute = session.get_one(Dispute, dispute_id)
    made = plan(session, dispute, now)
    withdraw(session, dispute, made.clocks)
    withdraw_calls_to_choose(session, dispute)
    queued = sum(_remind(session, dispute, step, now, link) for step in made.due)
    session.execute(
        update(CaseWatch).where(col(CaseWatch.dispute_id) == dispute_id).values(wake_at=made.wake_at, seen_at=now)
    )
    return queued


def _lock(session: Session, dispute_id: int, now: datetime) -> int | None:
    """Lock the row that says when to look, so that a change of the case meanwhile is seen at the next tick."""
    mine = select(col(CaseWatch.dispute_id)).where(col(CaseWatch.dispute_id) == dispute_id, _awake(now))
    return session.execute(mine.with_for_update()).scalar_one_or_none()


def _remind(session: Session, dispute: Dispute, step: Step, now: datetime, link: str) -> int:
    if not take(session, DueRun, **claim_of(dispute, step), ran_at=now, late=now - step.at > timedelta(minutes=30)):
        return 0
    return sum(
        notices.enqueue(
            session,
            dedupe=f"{key_of(dispute.id or 0, step)}:{each.recipient[:30]}:{each.channel}",
            channel=each.channel,
            recipient=each.recipient,
            subject=each.subject,
            body=each.body,
            template=each.template,
            fields=each.fields,
            dispute_id=dispute.id,
            now=now,
        )
        for each in tell(session, dispute, step, link)
    )


def claim_of(dispute: Dispute, step: Step) -> dict[str, str]:
    """Return the unique key of a step: what, the deadline that it speaks of, the case and whom."""
    return {
        "name": f"{step.code}:{step.name}"[:40],
        "period": stamp(step.due),
        "whom": f"case:{dispute.id}:{step.to}",
    }


def key_of(dispute_id: int, step: Step) -> str:
    """Return what the keys of a step's messages begin with."""
    return f"{_clock_key(dispute_id, step.code, step.due)}:{step.name}:{step.to}"


def _clock_key(dispute_id: int, code: str, due: datetime) -> str:
    return f"{PREFIX}:{dispute_id}:{code}:{stamp(due)}"


def stamp(due: datetime) -> str:
    """Return a deadline to the second, in twenty characters."""
    return due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def withdraw(session: Session, dispute: Dispute, clocks: Iterable[Running]) -> int:
    """Take back waiting messages of clocks that no longer run: what has been done need not be asked for."""
    kept = [f"{_clock_key(dispute.id or 0, each.code, each.due)}:" for each in clocks]
    return notices.withdraw(session, dispute.id or 0, f"{PREFIX}:{dispute.id}:", kept)


def withdraw_calls_to_choose(session: Session, dispute: Dispute) -> int:
    """Take back waiting reminders to sides that have chosen since, or that have nothing to choose any more."""
    silent = {side.letter for side in orders.unsealed(session, dispute)}
    sides = [side.letter for side in cases.sides_of(session, dispute) if side.letter not in silent]
    keys = [f"{way}:{dispute.id}:{letter}:" for way in ("silent", "nudge") for letter in sides]
    return sum(notices.withdraw(session, dispute.id or 0, key, ()) for key in keys)


@dataclass(frozen=True)
class Pending:
    """One message that would be written now."""

    no: str
    step: Step
    told: Told


def pending(session: Session, now: datetime, limit: int = 200) -> list[Pending]:
    """Return what `look` would write at `now`, and write nothing: at most for so many cases of the session's scope."""
    found: list[Pending] = []
    for dispute_id in waking(session, now, limit):
        dispute = session.get_one(Dispute, dispute_id)
        for step in plan(session, dispute, now).due:
            claim = [col(getattr(DueRun, name)) == value for name, value in claim_of(dispute, step).items()]
            if session.execute(select(col(DueRun.id)).where(*claim)).first() is None:
                found += [Pending(dispute.no, step, each) for each in tell(session, dispute, step, "")]
    return found
