"""A quarrel is written down, with what the machine read in it and who is on which side; and it is found again."""

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select, update
from sqlmodel import Session, col

import matching
from app import champion, formkeys, gates, labels
from app.accounts import Viewer
from app.cases import lock, note
from app.claims import take
from app.errors import N_, Conflict, Forbidden, InvalidInput, NotFound
from app.intake import Intake, clean, problems_of
from app.lifecycle import OPEN, State
from app.models import CaseNumber, Dispute, Party, Recusal, Side, Station
from app.policies import policy_for
from app.workdays import shanghai
from talent_pool import taxonomy
from talent_pool.models import Mediator

_PERSONAL = ("people", "phones", "ids")
_NUMBER = re.compile(r"[0-9A-Za-z\-]{1,40}")


def log(session: Session, intake: Intake, *, by: Viewer, key: str, now: datetime) -> Dispute:
    """Write a quarrel down and return it. The same `key` again returns the case that it made the first time.

    Raises Forbidden outside a station; InvalidInput when the machine is not sure of the type and the officer has not
    chosen one, when a child has no guardian, or when the key came with other words before.
    """
    if by.station_id is None:
        raise Forbidden(N_("只有派出所民警可以登记"))
    known = formkeys.claim(session, actor=by.actor, key=key, body=intake.model_dump(mode="json"), now=now)
    if known is not None:
        return get(session, known)
    reading = champion.read(session, intake.narrative, intake.place or by.area, now)
    _check(intake, reading, by, now)
    dispute = _row(session, intake, reading, by, now)
    session.add(dispute)
    session.flush()
    _add_sides(session, dispute, intake)
    gates.add_found(session, dispute, reading, intake.answers, by, now)
    chosen = {"type": dispute.type, "subtype": dispute.subtype, "asked": bool(intake.type or intake.subtype)}
    note(session, dispute, "logged", by.actor, now, machine=_machine_word(reading), officer=chosen)
    gates.triage(session, dispute, by.actor, now)
    labels.keep(session, dispute, how="chosen" if chosen["asked"] else "accepted", by=by, now=now)
    formkeys.answer(session, actor=by.actor, key=key, answer=dispute.no)
    return dispute


def _check(intake: Intake, reading: matching.Reading, by: Viewer, now: datetime) -> None:
    problems: dict[str, str] = {}
    if not settled_type(intake.type, intake.subtype, reading)[0]:
        problems["type"] = N_("拿不准是什么纠纷,请选一个类型")
    problems |= problems_of(intake, shanghai(now).date(), policy_for(by.area).guardian_below_age)
    if problems:
        raise InvalidInput(problems)


def settled_type(type_code: str, subtype: str, reading: matching.Reading) -> tuple[str, str]:
    """Return type and sub-type: the officer's word, else the machine's; an empty type when neither is sure."""
    if type_code:
        fits = subtype in taxonomy.subtypes(type_code)
        # A sub-type left over from a type chosen before is dropped: the last word on the type counts.
        return type_code, subtype if fits else _machine_subtype(reading, type_code)
    if subtype:
        parents = taxonomy.all_subtypes()[subtype].parents
        return (reading.type if reading.type in parents else parents[0]), subtype
    if reading.abstain or reading.type is None:
        return "", ""
    return reading.type, _machine_subtype(reading, reading.type)


def _machine_subtype(reading: matching.Reading, type_code: str) -> str:
    fits = reading.type == type_code and reading.subtype in taxonomy.subtypes(type_code)
    return reading.subtype or "" if fits else ""


def _row(session: Session, intake: Intake, reading: matching.Reading, by: Viewer, now: datetime) -> Dispute:
    assert by.station_id is not None
    policy, colour = policy_for(by.area), reading.risk.colour
    hours = policy.first_contact_red_hours if colour == "red" else policy.first_contact_hours
    type_code, subtype = settled_type(intake.type, intake.subtype, reading)
    return Dispute(
        no=_next_number(session, by, now),
        station_id=by.station_id,
        area=by.area,
        place=intake.place or by.area,
        narrative=intake.narrative,
        household=intake.household,
        parcel=intake.parcel,
        type=type_code,
        subtype=subtype,
        source=intake.source,
        colour=colour,
        colour_until=now + timedelta(days=policy.colour_days) if colour != "green" else None,
        reading=kept(reading) | entered(intake),
        officer_id=by.account_id,
        opened_at=now,
        due_at=now + timedelta(hours=hours),
    )


def kept(reading: matching.Reading) -> dict[str, Any]:
    """Return a reading as it is kept with its case.

    Names, phones and identity numbers are kept as spans only: in words they stand in the narrative, and one place is
    enough for them.
    """
    said = reading.as_json() | {"model": reading.model}
    said["facts"] = {
        kind: [
            {name: value for name, value in fact.items() if name != "text" or kind not in _PERSONAL} for fact in facts
        ]
        for kind, facts in said["facts"].items()
    }
    return said


def entered(intake: Intake) -> dict[str, Any]:
    """Return what the officer says of sums and areas; what the machine read stays beside it."""
    own = {"amounts": intake.amounts, "areas": intake.areas}
    return {"entered": {kind: values for kind, values in own.items() if values is not None}}


def _machine_word(reading: matching.Reading) -> dict[str, Any]:
    return {
        "type": reading.type,
        "subtype": reading.subtype,
        "probability": round(reading.probability, 4),
        "abstain": reading.abstain,
    }


def _next_number(session: Session, by: Viewer, now: datetime) -> str:
    year = shanghai(now).year
    # Stations with their seat in one town share the town's digits, so they share one counter as well: the eldest's.
    eldest = session.execute(select(func.min(col(Station.id))).where(col(Station.area) == by.area)).scalar_one()
    counter = col(CaseNumber.station_id) == (eldest or by.station_id), col(CaseNumber.year) == year
    # A year's first case makes the row; two officers at once cannot make it twice.
    take(session, CaseNumber, station_id=eldest or by.station_id, year=year, last=0)
    step = update(CaseNumber).where(*counter).values(last=CaseNumber.last + 1).returning(col(CaseNumber.last))
    return f"{by.area // 1000}-{year}-{session.execute(step).scalar_one():04d}"


def _add_sides(session: Session, dispute: Dispute, intake: Intake) -> None:
    for letter, side_in in zip("ABCDEFGH", intake.sides, strict=False):
        side = Side(**dispute.owns(), letter=letter, applicant=letter == "A")
        session.add(side)
        session.flush()
        assert side.id is not None
        speaker = next((party for party in side_in.parties if party.spokesperson), side_in.parties[0])
        session.add_all(
            Party(**dispute.owns(), side_id=side.id, **(party.model_dump() | {"spokesperson": party is speaker}))
            for party in side_in.parties
        )


# --- changes by the officer ------------------------------------------------------------------------------------------


def correct_type(
    session: Session, dispute: Dispute, *, type_code: str, subtype: str, by: Viewer, now: datetime
) -> None:
    """Let the officer's word on the type win, also after logging; the machine's word stays in `reading`."""
    lock(session, dispute)
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    if type_code not in taxonomy.types():
        raise InvalidInput({"type": N_("没有这个纠纷类型")})
    if subtype and subtype not in taxonomy.subtypes(type_code):
        raise InvalidInput({"subtype": N_("这个子类不属于所选的类型")})
    if dispute.state not in gates.BEFORE_ORDER:
        raise Conflict(N_("已经开始点单,类型不能再改"))
    before, dispute.type, dispute.subtype = dispute.type, type_code, subtype
    note(session, dispute, "type_corrected", by.actor, now, before=before, after=type_code, subtype=subtype)
    session.flush()
    labels.keep(session, dispute, how="corrected", by=by, now=now)


def recuse(session: Session, dispute: Dispute, mediator_id: int, *, reason: str, by: Viewer, now: datetime) -> None:
    """Keep a mediator out of this case for a declared reason; saying it twice changes nothing."""
    lock(session, dispute)
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    reason = clean(reason)
    if not 1 <= len(reason) <= 200:
        raise InvalidInput({"reason": N_("请写明回避的理由,最多200个字")})
    if session.get(Mediator, mediator_id) is None:
        raise NotFound()
    if take(session, Recusal, **dispute.owns(), mediator_id=mediator_id, reason=reason, declared_at=now):
        note(session, dispute, "recused", by.actor, now, mediator=mediator_id, reason=reason)
        session.flush()


# --- finding ---------------------------------------------------------------------------------------------------------


def get(session: Session, no: str) -> Dispute:
    """Return the case with this number; raise NotFound alike for one that is not there and one outside the scope."""
    # What cannot be a number is not asked: PostgreSQL refuses a NUL with an error of its own.
    if not _NUMBER.fullmatch(no):
        raise NotFound(N_("没有这个案件"))
    found: Dispute | None = session.execute(select(Dispute).where(col(Dispute.no) == no)).scalar_one_or_none()
    if found is None:
        raise NotFound(N_("没有这个案件"))
    return found


def work_list(
    session: Session,
    *,
    mine: int | None = None,
    state: State | None = None,
    words: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Any]:
    """Return rows of the scope's cases, own ones first, then by deadline; `a` and `b` name the sides.

    Open ones only, unless `state` or `words` (of a number or name) ask for others.
    """
    names = _speakers().subquery()
    query = select(
        col(Dispute.no),
        col(Dispute.type),
        col(Dispute.subtype),
        col(Dispute.place),
        col(Dispute.state),
        col(Dispute.colour),
        col(Dispute.opened_at),
        col(Dispute.due_at),
        col(Dispute.officer_id),
        names.c.a,
        names.c.b,
    ).outerjoin(names, names.c.dispute_id == col(Dispute.id))
    words = clean(words)
    if state or not words:
        query = query.where(col(Dispute.state) == state if state else col(Dispute.state).in_(OPEN))
    if words:
        like = f"%{_escape_like(words)}%"
        found = (column.like(like, escape="\\") for column in (names.c.a, names.c.b))
        query = query.where(col(Dispute.no).like(like, escape="\\") | next(found) | next(found))
    own_first = case((col(Dispute.officer_id) == (mine or 0), 0), else_=1)
    # What is overdue, then what is due next; what has no clock comes last on both databases.
    clockless = case((col(Dispute.due_at).is_(None), 1), else_=0)
    ordered = query.order_by(own_first, clockless, col(Dispute.due_at), col(Dispute.opened_at), col(Dispute.id))
    return list(session.execute(ordered.limit(limit).offset(offset)))


def _speakers() -> Select[Any, Any, Any]:
    """Return the query for who speaks for A and for B, per case."""
    return (
        select(
            col(Party.dispute_id),
            func.min(Party.name).filter(col(Side.letter) == "A").label("a"),
            func.min(Party.name).filter(col(Side.letter) == "B").label("b"),
        )
        .join(Side, col(Party.side_id) == col(Side.id))
        .where(col(Party.spokesperson))
        .group_by(col(Party.dispute_id))
    )


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
