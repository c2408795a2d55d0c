"""Cases that belong together: one merged into another, a relapse of it, or related; made and undone by an officer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.accounts import Viewer
from app.cases import lock, move, note, withdraw
from app.errors import N_, Conflict, Forbidden, InvalidInput, NotFound
from app.lifecycle import OPEN, State
from app.models import CaseLink, Dispute, LinkKind

MERGED = "merged"  # why a merged case ended
# Before an order nothing of a case has left the house, so that a merger can be undone without a trace of harm. A barred
# case is not merged: its gate would be forgotten.
MERGEABLE = (State.REGISTERED, State.TRIAGED, State.SEEKING_CONSENT)


@dataclass(frozen=True)
class Relation:
    """A link as one of its two cases sees it: `incoming` when the other case was linked to this one."""

    id: int
    kind: LinkKind
    incoming: bool
    no: str
    state: State
    opened_at: datetime
    narrative: str


def may_merge(dispute: Dispute, other: State) -> bool:
    """Tell whether a case may be merged into one that is in this state."""
    return dispute.state in MERGEABLE and other in OPEN


def link(session: Session, dispute: Dispute, other: Dispute, kind: str, *, by: Viewer, now: datetime) -> CaseLink:
    """Link a case to another as one of LinkKind; `same` merges it into the other. Saying it twice changes nothing.

    A relapse is always the later of the two. Raises Conflict where the two are linked otherwise already, or where a
    merger is not possible.
    """
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    if kind not in set(LinkKind):
        raise InvalidInput({"kind": N_("请从列表里选一项")})
    if dispute.id == other.id:
        raise Conflict(N_("案件不能和自己关联"))
    wanted = LinkKind(kind)
    if wanted is LinkKind.RELAPSE and dispute.opened_at < other.opened_at:
        dispute, other = other, dispute
    # Always in the same order: two officers who link two cases both ways wait for each other instead of for ever.
    for each in sorted((dispute, other), key=lambda case: case.id or 0):
        lock(session, each)
    known = _between(session, dispute, other)
    if known is not None:
        if known.kind is wanted and (wanted is LinkKind.RELATED or known.dispute_id == dispute.id):
            return known
        raise Conflict(N_("这两个案件已经关联,要改请先撤销"))
    if wanted is LinkKind.SAME:
        _check_merger(dispute, other)
    row = CaseLink(
        **dispute.owns(),
        other_id=other.id or 0,
        kind=wanted,
        made_by=by.account_id,
        made_at=now,
        due_before=dispute.due_at,
    )
    session.add(row)
    _note_both(session, "linked", dispute, other, wanted, by.actor, now)
    if wanted is LinkKind.SAME:
        _merge(session, dispute, other, by.actor, now)
    session.flush()
    return row


def link_new(session: Session, dispute: Dispute, other: Dispute, kind: str, *, by: Viewer, now: datetime) -> CaseLink:
    """Link a case that was logged a moment ago; where it cannot be merged (a gate bars it) it is related at least."""
    known = _between(session, dispute, other)
    if known is not None:  # the same form came twice
        return known
    if kind == LinkKind.SAME and not may_merge(dispute, other.state):
        kind = LinkKind.RELATED
    return link(session, dispute, other, kind, by=by, now=now)


def _check_merger(dispute: Dispute, other: Dispute) -> None:
    if dispute.state not in MERGEABLE:
        raise Conflict(N_("已经开始点单或不宜调解的案件不能并案,可以关联"))
    if other.state not in OPEN:
        raise Conflict(N_("另一案已经结束,请按复发或关联办"))


def _merge(session: Session, dispute: Dispute, other: Dispute, actor: str, now: datetime) -> None:
    withdraw(session, dispute, now)
    dispute.ended, dispute.closed_at = MERGED, now
    move(session, dispute, State.TERMINATED, actor, now, why=MERGED, other=other.no)


def undo(session: Session, dispute: Dispute, link_id: int, *, by: Viewer, now: datetime) -> None:
    """Take a link back, from either of its cases; a merged case is open again with the clock that it had."""
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    row = session.get(CaseLink, link_id)
    if row is None or dispute.id not in (row.dispute_id, row.other_id):
        raise NotFound()
    first, other = session.get(Dispute, row.dispute_id), session.get(Dispute, row.other_id)
    if first is None or other is None:  # one of them is not this viewer's
        raise NotFound()
    for each in sorted((first, other), key=lambda case: case.id or 0):
        lock(session, each)
    if row.kind is LinkKind.SAME:
        _part(session, first, row.due_before, by.actor, now)
    _remove(session, row, first, other, by.actor, now)


def _part(session: Session, dispute: Dispute, due_at: datetime | None, actor: str, now: datetime) -> None:
    if dispute.state is not State.TERMINATED or dispute.ended != MERGED:
        raise Conflict(N_("并掉的案件已经另有处理,请在它的页面上重新受理"))
    dispute.ended, dispute.closed_at = "", None
    move(session, dispute, State.TRIAGED, actor, now, due_at=due_at)


def part(session: Session, dispute: Dispute, *, by: str, now: datetime) -> None:
    """Forget that a case was merged: it has been taken up again."""
    query = select(CaseLink).where(col(CaseLink.dispute_id) == dispute.id, col(CaseLink.kind) == LinkKind.SAME)
    for row in session.execute(query).scalars().all():
        other = session.get(Dispute, row.other_id)
        _remove(session, row, dispute, other, by, now)


def _remove(
    session: Session, row: CaseLink, dispute: Dispute, other: Dispute | None, actor: str, now: datetime
) -> None:
    session.delete(row)
    if other is not None:
        _note_both(session, "unlinked", dispute, other, row.kind, actor, now)
    session.flush()


def _note_both(
    session: Session, event: str, dispute: Dispute, other: Dispute, kind: LinkKind, actor: str, now: datetime
) -> None:
    note(session, dispute, event, actor, now, link=kind.value, other=other.no)
    note(session, other, event, actor, now, link=f"{kind.value}_in", other=dispute.no)


def _between(session: Session, dispute: Dispute, other: Dispute) -> CaseLink | None:
    pair = (dispute.id, other.id)
    query = select(CaseLink).where(col(CaseLink.dispute_id).in_(pair), col(CaseLink.other_id).in_(pair))
    found: CaseLink | None = session.execute(query.limit(1)).scalar_one_or_none()
    return found


def of(session: Session, dispute: Dispute) -> list[Relation]:
    """Return the links of a case in both directions, oldest first; only those whose other case may be seen."""
    mine = (col(CaseLink.dispute_id) == dispute.id) | (col(CaseLink.other_id) == dispute.id)
    rows = session.execute(select(CaseLink).where(mine).order_by(col(CaseLink.id))).scalars().all()
    others = {row.other_id if row.dispute_id == dispute.id else row.dispute_id for row in rows}
    columns = (Dispute.id, Dispute.no, Dispute.state, Dispute.opened_at, Dispute.narrative)
    query = select(*(col(column) for column in columns)).where(col(Dispute.id).in_(others))
    known: dict[int, Any] = {each.id: each for each in session.execute(query)} if others else {}
    return [
        Relation(row.id or 0, row.kind, incoming, case.no, case.state, case.opened_at, case.narrative)
        for row in rows
        for incoming in (row.other_id == dispute.id,)
        if (case := known.get(row.dispute_id if incoming else row.other_id)) is not None
    ]
