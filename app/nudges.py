"""One tap reminds a silent side: by SMS where a phone is on file, else the officer is told to call or visit."""

from datetime import datetime

from sqlmodel import Session

from app import cases, message_texts, order_clock, orders, shortlists
from app.cases import lock, note
from app.errors import N_, Conflict, NotFound
from app.lifecycle import CHOOSING_STATES
from app.models import Dispute, Side
from app.notices import enqueue
from app.side_phones import phone_of
from app.workdays import shanghai, show_date

ENOUGH = N_("今天已经提醒过了")


def remind(session: Session, dispute: Dispute, side: Side, *, by: str, now: datetime) -> bool:
    """Queue one reminder to a side that has not sealed, once a day; tell whether it goes by SMS.

    Raises Conflict when the side has sealed, nothing is to be chosen, or it was reminded today.
    """
    lock(session, dispute)
    shortlist = shortlists.current_round(session, dispute)
    if side.dispute_id != dispute.id:
        raise NotFound()
    if dispute.state not in CHOOSING_STATES or shortlist is None:
        raise Conflict(orders.OVER)
    if orders.find_ballot(session, shortlist, side) is not None:
        raise Conflict(orders.SEALED)
    phone = phone_of(session, side)
    fields = {"no": dispute.no, "day": show_date(dispute.due_at or now, "zh")}
    subject, body = message_texts.write(session, dispute.area, order_clock.REMINDER, "zh", **fields)
    new = enqueue(
        session,
        dedupe=f"nudge:{dispute.id}:{side.letter}:{shortlist.round}:{shanghai(now):%Y%m%d}",
        channel="sms" if phone else "inbox",
        recipient=phone or str(dispute.officer_id),
        subject=subject,
        body=body.strip(),
        template=order_clock.REMINDER,
        fields=fields,
        dispute_id=dispute.id,
        now=now,
    )
    if not new:
        raise Conflict(ENOUGH)
    note(session, dispute, "reminded", by, now, side=side.letter)
    session.flush()
    return bool(phone)


def running(session: Session, limit: int = 100) -> list[Dispute]:
    """Return the cases whose sides are choosing now, the nearest deadline first."""
    return cases.in_states(session, CHOOSING_STATES, limit)
