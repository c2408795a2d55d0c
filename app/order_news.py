"""Short words to a case's officer about its order, in the inbox. Nothing personal beyond the case's number."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from app import cases, message_texts
from app.models import Account, Dispute
from app.notices import enqueue
from app.workdays import show_date


class News(StrEnum):
    """What an officer wants to hear of at once. The words are the messages `order_…` of data/messages."""

    CHOSEN = "chosen"
    NO_COMMON_NAME = "no_common_name"
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOBODY_LEFT = "nobody_left"
    REFUSED = "refused"
    PROVISIONAL = "provisional"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    HELP = "help"
    NAMED = "named"
    NO_CHOICE = "no_choice"
    TIE = "tie"
    OBJECTED = "objected"


def tell_officer(session: Session, dispute: Dispute, news: News, key: str | int, now: datetime) -> None:
    """Put a message into the outbox for the case's officer; the same news with the same `key` is told once.

    Once until the case is taken up again or a ballot is marked anew: then the same list is chosen from, and the same
    mediator is asked, another time.
    """
    officer = session.get_one(Account, dispute.officer_id)
    day = show_date(dispute.due_at, officer.locale) if dispute.due_at else ""
    subject, body = message_texts.write(session, dispute.area, f"order_{news}", officer.locale, no=dispute.no, day=day)
    enqueue(
        session,
        dedupe=f"order:{dispute.id}:{news}:{key}:{_begun_by(session, dispute)}",
        channel="inbox",
        recipient=str(officer.id),
        subject=subject,
        body=body.strip(),
        dispute_id=dispute.id,
        now=now,
    )


def _begun_by(session: Session, dispute: Dispute) -> int:
    """Return the number of the event with which the present course of the order began."""
    events = cases.since_triage(session, dispute)
    begun = [event.id or 0 for event in events if event is events[0] or event.kind == "objected"]
    return begun[-1] if begun else 0
