"""Who is told what when a step of a case's clock is due: recipients, ways and words.

Those who answer for the case read it in their inbox, and by mail when it is late; mediators and sides by SMS. Whoever
has no phone is the officer's: he or she hears of it in that person's place. No quarrel and no name is in a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app import cases, clocks
from app.clocks import COORDINATOR, HEAD, Step, rules
from app.errors import N_
from app.lifecycle import NEXT_STEPS
from app.models import Account, Dispute, Party, Side, Station
from app.scope import Role
from app.wording import language, translate
from app.workdays import shanghai, show_date
from talent_pool import regions
from talent_pool.models import Mediator

_LEVEL_ORDER = (6, 9, 4, 2)  # the county first, then the justice office, then those above

AHEAD = (N_("%(no)s %(what)s:最迟%(day)s"), N_("下一步:%(step)s。"))
LATE = (N_("%(no)s %(what)s已超期"), N_("应于%(day)s前办完。下一步:%(step)s。"))
HIGHER = (N_("%(no)s %(what)s超期,请督办"), N_("应于%(day)s前办完,还没有办。经办:%(officer)s,%(station)s %(phone)s。"))
NO_PHONE = N_("%(no)s 有人没有电话,请您告诉他")
TO_MEDIATOR = {
    "acceptance": N_("【点单】%(no)s 请在%(day)s前答复能不能来调解,不便请直说。派出所 %(phone)s"),
    "first_session": N_("【点单】%(no)s 请在%(day)s前开第一次调解。派出所 %(phone)s"),
    "mediation": N_("【点单】%(no)s 调解到%(day)s满期。要延期须各方同意。派出所 %(phone)s"),
    "public_security_second": N_("【点单】%(no)s 第二次调解最迟%(day)s。派出所 %(phone)s"),
}
TO_SIDES = {
    "performance": N_("【点单】%(no)s 协议约定的事请在%(day)s前办好,有难处请说。派出所 %(phone)s"),
    "confirmation": N_("【点单】%(no)s 双方可在%(day)s前一起向法院申请司法确认,不收费。派出所 %(phone)s"),
}


@dataclass(frozen=True)
class Told:
    """One message: by which way, to whom, what."""

    channel: str
    recipient: str
    name: str
    subject: str
    body: str


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
        for told in _to_account(account, dispute, step, facts, link)
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


def _to_account(account: Account, dispute: Dispute, step: Step, facts: dict[str, str], link: str) -> Sequence[Told]:
    lang = language(account.locale)
    words = HIGHER if step.late and step.to in (HEAD, COORDINATOR) else LATE if step.late else AHEAD
    said = facts | {
        "what": rules()[step.code].zh if lang == "zh" else rules()[step.code].en,
        "day": show_moment(step, lang),
        "step": translate(NEXT_STEPS[dispute.state], lang),
    }
    subject, body = (translate(each, lang) % said for each in words)
    body += f"\n{link}/disputes/{dispute.no}" if link else ""
    told = Told("inbox", str(account.id), account.name, subject, body)
    by_mail = step.late and account.email
    return [told, Told("smtp", account.email, account.name, subject, body)] if by_mail else [told]


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
    if mediator is None:
        return []
    words = _words(session, dispute, step, TO_MEDIATOR)
    return [_by_phone(session, dispute, mediator.phone, mediator.name, words, link)]


def _sides(session: Session, dispute: Dispute, step: Step, link: str) -> list[Told]:
    words = _words(session, dispute, step, TO_SIDES)
    return [
        _by_phone(session, dispute, phone, side.letter, words, link)
        for side in cases.sides_of(session, dispute)
        for phone in [phone_of(session, side)]
    ]


def _words(session: Session, dispute: Dispute, step: Step, table: dict[str, str]) -> str:
    facts = _facts(session, dispute) | {"day": show_moment(step, "zh")}
    return (translate(table[step.code], "zh") % facts).rstrip()


def _by_phone(session: Session, dispute: Dispute, phone: str, name: str, words: str, link: str) -> Told:
    if phone:
        return Told("sms", phone, name, words[:60], words)
    officer = accounts_for(session, dispute, "officer")[0]
    subject = translate(NO_PHONE, officer.locale) % {"no": dispute.no}
    body = f"{words}\n{link}/disputes/{dispute.no}" if link else words
    return Told("inbox", str(officer.id), officer.name, subject, body)


def phone_of(session: Session, side: Side) -> str:
    """Return the number under which a side is reached; empty when there is none."""
    query = select(col(Party.phone)).where(col(Party.side_id) == side.id)
    rows = session.execute(query.order_by(col(Party.spokesperson).desc(), col(Party.id)))
    return next((phone for phone in rows.scalars() if phone), "")
