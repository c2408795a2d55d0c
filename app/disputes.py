"""A quarrel is written down: what the officer typed, what the machine read in it, what may stop it, and who is on which side."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from sqlalchemy import case, func, select, update
from sqlmodel import Session, col

import matching
from app import formkeys
from app.accounts import Viewer
from app.cases import lock, move, note
from app.errors import Conflict, Forbidden, InvalidInput, N_, NotFound
from app.lifecycle import OPEN, State
from app.models import CaseNumber, Dispute, Gate, GateState, Party, Recusal, Side, Source
from app.policies import policy_for
from app.scope import Role
from talent_pool import regions, taxonomy
from talent_pool.models import Sex

LONGEST = 10_000
# Controls that a database refuses (NUL) or that turn the text around on the page (bidi overrides); line breaks and tabs stay.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Return typed text without characters that cannot be stored or would mislead the eye; nothing readable is lost."""
    return _UNSAFE.sub("", text.replace("\r\n", "\n")).strip()


def _phone(value: str) -> str:
    """Return a phone number in the form in which it is compared; service numbers such as 12345 stay as they are."""
    digits = re.sub(r"[\s\-()()]", "", value)
    if not digits or re.fullmatch(r"\d{5}", digits):
        return digits
    try:
        number = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        raise ValueError(N_("电话号码不对")) from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(N_("电话号码不对"))
    # Mobiles are kept as people say them; a foreign number keeps its country.
    national = str(number.national_number) if number.country_code == 86 else phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ("0" + national) if number.country_code == 86 and not national.startswith("1") else national


def _known_region(value: int | None) -> int | None:
    if value is not None and not regions.known(value):
        raise ValueError(N_("没有这个地方"))
    return value


Cleaned = BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)
EmptyIsNone = BeforeValidator(lambda value: None if value in ("", None) else value)
Place = Annotated[int | None, EmptyIsNone, AfterValidator(_known_region)]


class PartyIn(BaseModel):
    """One person on a side, as typed."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Cleaned, Field(min_length=1, max_length=40)]
    sex: Annotated[Sex, BeforeValidator(lambda value: value or Sex.UNKNOWN)] = Sex.UNKNOWN
    birth_year: Annotated[int | None, EmptyIsNone] = Field(default=None, ge=1900, le=2100)
    phone: Annotated[str, Cleaned, AfterValidator(_phone)] = ""
    village: Place = None
    spokesperson: bool = False
    guardian: Annotated[str, Cleaned, Field(max_length=40)] = ""

    def child(self, today: date) -> bool:
        """Tell whether the person is under 16, as far as the year of birth can tell: a guardian must stand beside a child."""
        return self.birth_year is not None and today.year - self.birth_year < 16


class SideIn(BaseModel):
    """One side: at least one person, one of whom speaks."""

    model_config = ConfigDict(extra="forbid")
    parties: Annotated[list[PartyIn], Field(min_length=1, max_length=50)]


class Intake(BaseModel):
    """The form `/disputes/new`, checked."""

    model_config = ConfigDict(extra="forbid")
    narrative: Annotated[str, Cleaned, Field(min_length=1, max_length=LONGEST)]
    type: str = ""
    subtype: str = ""
    source: Source = Source.APPLIED
    place: Place = None
    sides: Annotated[list[SideIn], Field(min_length=2, max_length=8)]

    @model_validator(mode="after")
    def _subtype_under_type(self) -> Self:
        if self.type and not taxonomy.is_type(self.type):
            raise ValueError(N_("没有这个纠纷类型"))
        if self.subtype and self.type and self.subtype not in {item.code for item in taxonomy.subtypes(self.type)}:
            self.subtype = ""  # left over from a type chosen before: the officer's last word on the type counts
        return self


def log(session: Session, intake: Intake, *, by: Viewer, key: str, now: datetime) -> Dispute:
    """Write a quarrel down and return it. The same `key` again returns the case that it made the first time.

    Raises InvalidInput when the machine is not sure of the type and the officer has not chosen one, or a child has no guardian.
    """
    if by.station_id is None:
        raise Forbidden(N_("只有派出所民警可以登记"))
    known = formkeys.claim(session, actor=by.actor, key=key, body=intake.model_dump(mode="json"), now=now)
    if known is not None:
        return get(session, known)
    reading = matching.read(intake.narrative, str(intake.place) if intake.place else None)
    _check(intake, reading, now)
    dispute = _row(session, intake, reading, by, now)
    session.add(dispute)
    session.flush()
    _add_sides(session, dispute, intake)
    _add_gates(session, dispute, reading)
    note(session, dispute, "logged", by.actor, now, machine=_machine_word(reading), officer={"type": dispute.type, "subtype": dispute.subtype})
    triage(session, dispute, by.actor, now)
    formkeys.answer(session, actor=by.actor, key=key, answer=dispute.no)
    return dispute


def _check(intake: Intake, reading: matching.Reading, now: datetime) -> None:
    problems: dict[str, str] = {}
    if not intake.type and (reading.abstain or reading.type is None):
        problems["type"] = N_("拿不准是什么纠纷,请选一个类型")
    for number, side in enumerate(intake.sides):
        for place, party in enumerate(side.parties):
            if party.child(now.date()) and not party.guardian:
                problems[f"sides-{number}-parties-{place}-guardian"] = N_("未满16岁,请写监护人")
    if problems:
        raise InvalidInput(problems)


def _row(session: Session, intake: Intake, reading: matching.Reading, by: Viewer, now: datetime) -> Dispute:
    assert by.station_id is not None
    policy = policy_for(by.area)
    hours = policy.first_contact_red_hours if reading.risk.colour == "red" else policy.first_contact_hours
    return Dispute(
        no=_next_number(session, by, now),
        station_id=by.station_id, area=by.area, place=intake.place or by.area,
        narrative=intake.narrative, type=intake.type or reading.type or "other", subtype=_subtype(intake, reading), source=intake.source,
        colour=reading.risk.colour, colour_until=now + timedelta(days=policy.colour_days) if reading.risk.colour != "green" else None,
        reading=reading.as_json(), officer_id=by.account_id, opened_at=now, due_at=now + timedelta(hours=hours),
    )


def _subtype(intake: Intake, reading: matching.Reading) -> str:
    if intake.subtype or (intake.type and intake.type != reading.type):
        return intake.subtype
    return reading.subtype or ""


def _machine_word(reading: matching.Reading) -> dict[str, Any]:
    return {"type": reading.type, "subtype": reading.subtype, "probability": round(reading.probability, 4), "abstain": reading.abstain}


def _next_number(session: Session, by: Viewer, now: datetime) -> str:
    year = now.astimezone(regions.SHANGHAI).year
    counted = session.execute(
        update(CaseNumber).where(col(CaseNumber.station_id) == by.station_id, col(CaseNumber.year) == year).values(last=CaseNumber.last + 1).returning(col(CaseNumber.last))
    ).scalar_one_or_none()
    if counted is None:
        # A station's first case of the year: its row may be made by two officers at once, the unique key lets one through.
        formkeys.insert_or_nothing(session, CaseNumber, {"station_id": by.station_id, "year": year, "last": 0})
        return _next_number(session, by, now)
    return f"{by.area // 1000}-{year}-{counted:04d}"


def _add_sides(session: Session, dispute: Dispute, intake: Intake) -> None:
    for letter, side_in in zip("ABCDEFGH", intake.sides, strict=False):
        side = Side(**dispute.owns(), letter=letter, applicant=letter == "A")
        session.add(side)
        session.flush()
        speaker = next((party for party in side_in.parties if party.spokesperson), side_in.parties[0])
        session.add_all(
            Party(**dispute.owns(), side_id=side.id, **(party.model_dump() | {"spokesperson": party is speaker})) for party in side_in.parties
        )


def _add_gates(session: Session, dispute: Dispute, reading: matching.Reading) -> None:
    first = {hit.code: hit for hit in reversed(reading.gates)}
    session.add_all(Gate(**dispute.owns(), code=hit.code, start=hit.start, end=hit.end) for hit in first.values())
    session.flush()


# --- gates ---------------------------------------------------------------------------------------------------------------------------


def gates_of(session: Session, dispute: Dispute) -> list[Gate]:
    """Return the case's gates in the order in which they were found."""
    return list(session.execute(select(Gate).where(col(Gate.dispute_id) == dispute.id).order_by(col(Gate.id)).execution_options(populate_existing=True)).scalars())


def standing(gates: list[Gate]) -> list[Gate]:
    """Return the gates for which no shortlist may be made: crime and violence until overridden, others once confirmed."""
    return [gate for gate in gates if _stands(gate)]


def _stands(gate: Gate) -> bool:
    rule = taxonomy.get_gate(gate.code)
    if rule.bars_shortlist:
        return gate.state is not GateState.OVERRIDDEN
    return gate.state is GateState.CONFIRMED and rule.stops


def triage(session: Session, dispute: Dispute, actor: str, now: datetime) -> None:
    """Move the case to 不宜调解 while a gate stands, to 研判 when none does."""
    stop = standing(gates_of(session, dispute))
    goal = State.BARRED if stop else State.TRIAGED
    if dispute.state is not goal:
        move(session, dispute, goal, actor, now, gates=[gate.code for gate in stop])


def decide_gate(session: Session, dispute: Dispute, code: str, *, confirm: bool, reason: str, by: Viewer, now: datetime) -> Gate:
    """Confirm or override a gate with a reason. Crime and violence: an override waits for the station head, unless given by another head's word."""
    lock(session, dispute)
    gate = _gate(session, dispute, code)
    reason = clean(reason)
    if not reason:
        raise InvalidInput({"reason": N_("请写明理由")})
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    gate.reason, gate.decided_by, gate.decided_at, gate.seconded_by = reason[:500], by.account_id, now, None
    gate.state = GateState.CONFIRMED if confirm else _override(code)
    session.flush()
    note(session, dispute, "gate_decided", by.actor, now, code=code, state=gate.state.value, reason=gate.reason)
    _follow_gates(session, dispute, by.actor, now)
    return gate


def second_override(session: Session, dispute: Dispute, code: str, *, agree: bool, by: Viewer, now: datetime) -> Gate:
    """Let the station head agree to, or refuse, an override that another officer asked for."""
    lock(session, dispute)
    gate = _gate(session, dispute, code)
    if by.role is not Role.STATION_HEAD:
        raise Forbidden(N_("要所领导同意"))
    if gate.state is not GateState.OVERRIDE_ASKED:
        raise Conflict(N_("没有等待同意的申请"))
    if gate.decided_by == by.account_id:
        raise Forbidden(N_("要另一个人来同意"))
    gate.state, gate.seconded_by = (GateState.OVERRIDDEN, by.account_id) if agree else (GateState.CONFIRMED, by.account_id)
    session.flush()
    note(session, dispute, "gate_seconded", by.actor, now, code=code, agree=agree)
    _follow_gates(session, dispute, by.actor, now)
    return gate


def add_gate(session: Session, dispute: Dispute, code: str, *, reason: str, by: Viewer, now: datetime) -> None:
    """Let an officer set a gate that the machine did not see; it counts as confirmed."""
    lock(session, dispute)
    if not taxonomy.is_gate(code):
        raise InvalidInput({"code": N_("没有这一项")})
    if not session.execute(select(Gate.id).where(col(Gate.dispute_id) == dispute.id, col(Gate.code) == code)).first():
        session.add(Gate(**dispute.owns(), code=code))
        session.flush()
    decide_gate(session, dispute, code, confirm=True, reason=reason, by=by, now=now)


def _override(code: str) -> GateState:
    return GateState.OVERRIDE_ASKED if taxonomy.get_gate(code).needs_head else GateState.OVERRIDDEN


def _gate(session: Session, dispute: Dispute, code: str) -> Gate:
    gate = next((gate for gate in gates_of(session, dispute) if gate.code == code), None)
    if gate is None:
        raise NotFound()
    return gate


def _follow_gates(session: Session, dispute: Dispute, actor: str, now: datetime) -> None:
    from app import cases

    if dispute.state in (State.REGISTERED, State.TRIAGED, State.BARRED):
        triage(session, dispute, actor, now)
    elif standing(gates_of(session, dispute)):
        # Found out in the middle of choosing or mediating: everything stops, the mediator's slot is given back.
        cases.withdraw(session, dispute, now)
        move(session, dispute, State.BARRED, actor, now)


# --- changes by the officer ------------------------------------------------------------------------------------------------------------


def correct_type(session: Session, dispute: Dispute, *, type_code: str, subtype: str, by: Viewer, now: datetime) -> None:
    """Let the officer's word on the type win, also after logging; the machine's word stays in `reading`."""
    lock(session, dispute)
    if not taxonomy.is_type(type_code):
        raise InvalidInput({"type": N_("没有这个纠纷类型")})
    if dispute.state not in (State.REGISTERED, State.TRIAGED, State.BARRED):
        raise Conflict(N_("已经开始点单,类型不能再改"))
    before = dispute.type
    dispute.type = type_code
    dispute.subtype = subtype if subtype in {item.code for item in taxonomy.subtypes(type_code)} else ""
    note(session, dispute, "type_corrected", by.actor, now, before=before, after=type_code, subtype=dispute.subtype)


def recuse(session: Session, dispute: Dispute, mediator_id: int, *, reason: str, by: Viewer, now: datetime) -> None:
    """Keep a mediator out of this case for a declared reason."""
    lock(session, dispute)
    reason = clean(reason)
    if not reason:
        raise InvalidInput({"reason": N_("请写明回避的理由")})
    formkeys.insert_or_nothing(session, Recusal, dispute.owns() | {"mediator_id": mediator_id, "reason": reason[:200], "declared_at": now})
    note(session, dispute, "recused", by.actor, now, mediator=mediator_id, reason=reason[:200])


# --- finding ---------------------------------------------------------------------------------------------------------------------------


def get(session: Session, no: str) -> Dispute:
    """Return the case with this number, if it lies in the session's scope; else NotFound, the same as for one that does not exist."""
    found = session.execute(select(Dispute).where(col(Dispute.no) == no[:40])).scalar_one_or_none()
    if found is None:
        raise NotFound(N_("没有这个案件"))
    return found


def work_list(session: Session, *, now: datetime, mine: int | None = None, state: State | None = None, words: str = "", limit: int = 50, offset: int = 0) -> list[Any]:
    """Return the open cases in the session's scope, own ones first, then overdue, then oldest: rows of columns, with the sides' names."""
    names = (
        select(Party.dispute_id, func.min(Party.name).filter(col(Side.letter) == "A").label("a"), func.min(Party.name).filter(col(Side.letter) == "B").label("b"))
        .join(Side, col(Party.side_id) == col(Side.id)).where(col(Party.spokesperson)).group_by(col(Party.dispute_id)).subquery()
    )
    query = select(
        col(Dispute.no), col(Dispute.type), col(Dispute.subtype), col(Dispute.place), col(Dispute.state), col(Dispute.colour), col(Dispute.opened_at), col(Dispute.due_at),
        col(Dispute.officer_id), names.c.a, names.c.b,
    ).outerjoin(names, names.c.dispute_id == col(Dispute.id))
    query = query.where(col(Dispute.state) == state if state else col(Dispute.state).in_(OPEN))
    if words:
        like = f"%{_escape_like(clean(words))}%"
        query = query.where(col(Dispute.no).like(like, escape="\\") | names.c.a.like(like, escape="\\") | names.c.b.like(like, escape="\\"))
    own_first = case((col(Dispute.officer_id) == (mine or 0), 0), else_=1)
    overdue_first = case((col(Dispute.due_at) < now, 0), else_=1)
    return list(session.execute(query.order_by(own_first, overdue_first, col(Dispute.opened_at)).limit(limit).offset(offset)))


def _escape_like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def recent_texts(session: Session, now: datetime, days: int = 180, limit: int = 2000) -> list[Any]:
    """Return (no, narrative, place, opened_at, type, state) of the scope's cases of the last `days` days, newest first, to look for duplicates in."""
    return list(
        session.execute(
            select(col(Dispute.id), col(Dispute.no), col(Dispute.narrative), col(Dispute.place), col(Dispute.opened_at), col(Dispute.type), col(Dispute.state))
            .where(col(Dispute.opened_at) > now - timedelta(days=days)).order_by(col(Dispute.opened_at).desc()).limit(limit)
        )
    )
