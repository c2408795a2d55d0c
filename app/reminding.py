"""Who is told what when a step of a case's clock is due: recipients, ways and words.

Those who answer for the case read it in their inbox, and by mail when it is late; mediators and sides by SMS. Whoever
has no phone is the officer's: he or she hears of it in that person's place. No quarrel and no name is in a message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import cases, clocks, message_texts
from app.clocks import COORDINATOR, HEAD, Step, rules
from app.lifecycle import NEXT_STEPS
from app.models import Account, Dispute, Station
from app.scope import Role
from app.side_phones import phone_of
from app.wording import language, translate
from app.workdays import shanghai, show_date
from talent_pool import regions
from talent_pool.models import Mediator

_LEVEL_ORDER = (6, 9, 4, 2)  # the county first, then the justice office, then those above

AHEAD, LATE, HIGHER, NO_PHONE = "step_ahead", "step_late", "step_higher", "no_phone"
TO_MEDIATOR = ("acceptance", "first_session", "mediation", "public_security_second")
TO_SIDES = ("performance", "confirmation")
BY_PHONE = {code: f"due_{code}" for code in (*TO_MEDIATOR, *TO_SIDES)}  # the message of each clock


@dataclass(frozen=True)
class Told:
    """One message: by which way, to whom, what; for gateways also its name and what was filled in."""

    channel: str
    recipient: str
    name: str
    subject: str
    body: str
    template: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def tell(session: Session, dispute: Dispute, step: Step, link: str) -> list[Told]:
    """Return the messages of one step."""
    match step.to:
        case clocks.MEDIATOR:
            return _mediator(session, dispute, step, link)
        case clocks.SIDES:
            return _sides(session, dispute, step, link)
    facts = _facts(session, dispute)
    return [
        told
        for account in accounts_for(session, dispute, step.to)
        for told in _to_account(session, account, dispute, step, facts, link)
    ]


# --- those who answer for the case ------------------------------------------------------------------------------------


def accounts_for(session: Session, dispute: Dispute, to: str) -> list[Account]:
    """Return who hears: the officer, the station's heads or the county's coordinators; who is away is replaced."""
    officer = session.get_one(Account, dispute.officer_id)
    if to not in (HEAD, COORDINATOR) and officer.disabled_at is None:
        return [officer]
    if to != COORDINATOR:
        heads = _enabled(session, Role.STATION_HEAD, dispute.station_id)
        if heads:
            return heads
    return _coordinators(session, dispute)


def _enabled(session: Session, role: Role, station_id: int | None = None) -> list[Account]:
    query = select(Account).where(col(Account.role) == role, col(Account.disabled_at).is_(None))
    if station_id is not None:
        query = query.where(col(Account.station_id) == station_id)
    return list(session.execute(query.order_by(col(Account.id))).scalars())


def _coordinators(session: Session, dispute: Dispute) -> list[Account]:
    above = [dispute.area, *regions.ancestors(dispute.area)]
    query = select(Account).where(
        col(Account.role) == Role.COORDINATOR, col(Account.disabled_at).is_(None), col(Account.area).in_(above)
    )
    found = list(session.execute(query.order_by(col(Account.id))).scalars())
    for level in _LEVEL_ORDER:
        there = [account for account in found if regions.level(account.area) == level]
        if there:
            return there
    return []


def _facts(session: Session, dispute: Dispute) -> dict[str, str]:
    station = session.get_one(Station, dispute.station_id)
    officer = session.get_one(Account, dispute.officer_id)
    return {"no": dispute.no, "officer": officer.name, "station": station.name, "phone": station.phone}


def _to_account(
    session: Session, account: Account, dispute: Dispute, step: Step, facts: dict[str, str], link: str
) -> Sequence[Told]:
    lang = language(account.locale)
    name = HIGHER if step.late and step.to in (HEAD, COORDINATOR) else LATE if step.late else AHEAD
    said = facts | {
        "what": rules()[step.code].zh if lang == "zh" else rules()[step.code].en,
        "day": show_moment(step, lang),
        "step": translate(NEXT_STEPS[dispute.state], lang),
        "link": _page(dispute, link),
    }
    subject, body = message_texts.write(session, dispute.area, name, lang, **said)
    told = Told("inbox", str(account.id), account.name, subject, body.strip())
    by_mail = step.late and account.email
    return [told, Told("smtp", account.email, account.name, subject, body.strip())] if by_mail else [told]


def _page(dispute: Dispute, link: str) -> str:
    return f"{link}/disputes/{dispute.no}" if link else ""


def show_moment(step: Step, lang: str) -> str:
    """Return the deadline as a date; clocks that run in hours show the hour too."""
    day = show_date(step.due, lang)
    return f"{day} {_hour(step.due)}" if rules()[step.code].unit == "hours" else day


def _hour(moment: datetime) -> str:
    return f"{shanghai(moment):%H:%M}"


# --- mediators and sides ----------------------------------------------------------------------------------------------


def _mediator(session: Session, dispute: Dispute, step: Step, link: str) -> list[Told]:
    living = cases.living_assignments(session, dispute)
    mediator = session.get(Mediator, living[0].mediator_id) if living else None
    return [] if mediator is None else [_by_phone(session, dispute, step, mediator.phone, mediator.name, link)]


def _sides(session: Session, dispute: Dispute, step: Step, link: str) -> list[Told]:
    return [
        _by_phone(session, dispute, step, phone_of(session, side), side.letter, link)
        for side in cases.sides_of(session, dispute)
    ]


def _by_phone(session: Session, dispute: Dispute, step: Step, phone: str, name: str, link: str) -> Told:
    said = {"no": dispute.no, "day": show_moment(step, "zh"), "phone": _facts(session, dispute)["phone"]}
    subject, body = message_texts.write(session, dispute.area, BY_PHONE[step.code], "zh", **said)
    if phone:
        return Told("sms", phone, name, subject, body.strip(), BY_PHONE[step.code], said)
    officer = accounts_for(session, dispute, "officer")[0]
    told = {"no": dispute.no, "words": body.strip(), "link": _page(dispute, link)}
    subject, body = message_texts.write(session, dispute.area, NO_PHONE, officer.locale, **told)
    return Told("inbox", str(officer.id), officer.name, subject, body.strip())
