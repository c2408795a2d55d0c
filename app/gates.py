"""What must not be mediated: the machine suspects, an officer decides with a reason; for crime and violence, two do."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

import matching
from app import cases, labels
from app.accounts import Viewer
from app.cases import lock, move, note
from app.errors import N_, Conflict, Forbidden, InvalidInput, NotFound
from app.intake import clean
from app.lifecycle import State
from app.models import Dispute, Gate, GateState
from app.scope import Role
from talent_pool import taxonomy

YES, NO = N_("问过,有"), N_("问过,没有")  # the reason of a gate that the machine only asked about
BEFORE_ORDER = (State.REGISTERED, State.TRIAGED, State.BARRED)


def add_found(
    session: Session,
    dispute: Dispute,
    reading: matching.Reading,
    answers: Mapping[str, bool],
    by: Viewer,
    now: datetime,
) -> None:
    """Write down the gates that the machine sees or is not sure of, each with the first words that it rests on.

    `answers`: what the officer said of those that the machine only asks about; one without an answer goes on asking.
    """
    sure = {hit.code for hit in reading.gates}
    first = {hit.code: hit for hit in reversed((*reading.asks, *reading.gates))}
    for code in taxonomy.gates():
        if code not in first:
            continue
        gate = Gate(**dispute.owns(), code=code, start=first[code].start, end=first[code].end)
        session.add(gate)
        if code not in sure:
            gate.state = GateState.ASKED
            if code in answers:
                _answered(gate, yes=answers[code], by=by, now=now)
    session.flush()


def answer(session: Session, dispute: Dispute, code: str, *, yes: bool, by: Viewer, now: datetime) -> None:
    """Answer what the machine asks about a gate: yes makes it a suspicion, no sets it aside without a second person.

    A question is not a suspicion: the head's second is for setting aside what somebody or the machine has raised.
    Raises NotFound for a gate that the case does not have, Conflict when nothing is asked, Forbidden outside a station.
    """
    lock(session, dispute)
    gate = _get(session, dispute, code)
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    if gate.state is not GateState.ASKED:
        raise Conflict(N_("这一项已经回答过了"))
    _answered(gate, yes=yes, by=by, now=now)
    session.flush()
    note(session, dispute, "gate_answered", by.actor, now, code=code, yes=yes)
    labels.keep(session, dispute, how="", by=by, now=now)
    _follow(session, dispute, by.actor, now)


def _answered(gate: Gate, *, yes: bool, by: Viewer, now: datetime) -> None:
    gate.state = GateState.SUSPECTED if yes else GateState.OVERRIDDEN
    gate.reason = YES if yes else NO
    gate.decided_by, gate.decided_at = by.account_id, now


def of(session: Session, dispute: Dispute) -> list[Gate]:
    """Return the case's gates in the order in which they were found."""
    query = select(Gate).where(col(Gate.dispute_id) == dispute.id).order_by(col(Gate.id))
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def standing(gates: list[Gate]) -> list[Gate]:
    """Return the gates that bar a shortlist: crime and violence until overridden, others once confirmed."""
    return [gate for gate in gates if stands(gate)]


def stands(gate: Gate) -> bool:
    """Tell whether one gate keeps the case from mediation as things are."""
    rule = taxonomy.get_gate(gate.code)
    if rule.bars_shortlist:
        return gate.state is not GateState.OVERRIDDEN
    return gate.state is GateState.CONFIRMED and rule.stops


def triage(session: Session, dispute: Dispute, actor: str, now: datetime) -> None:
    """Move the case to 不宜调解 while a gate stands, to 研判 when none does; the clock of the first contact runs on."""
    stop = standing(of(session, dispute))
    goal = State.BARRED if stop else State.TRIAGED
    if dispute.state is not goal:
        move(session, dispute, goal, actor, now, due_at=dispute.due_at, gates=[gate.code for gate in stop])


def decide(
    session: Session, dispute: Dispute, code: str, *, confirm: bool, reason: str, by: Viewer, now: datetime
) -> Gate:
    """Confirm a gate or set it aside, with a reason. Crime and violence: setting aside waits for the station head.

    Raises NotFound for a gate that the case does not have, Forbidden outside a station, InvalidInput without a reason.
    """
    lock(session, dispute)
    gate = _get(session, dispute, code)
    if by.station_id is None:
        raise Forbidden(N_("只有派出所可以决定"))
    gate.reason, gate.decided_by, gate.decided_at, gate.seconded_by = _reason(reason), by.account_id, now, None
    gate.state = GateState.CONFIRMED if confirm else _set_aside(code)
    session.flush()
    note(session, dispute, "gate_decided", by.actor, now, code=code, state=gate.state.value, reason=gate.reason)
    labels.keep(session, dispute, how="", by=by, now=now)
    _follow(session, dispute, by.actor, now)
    return gate


def second(session: Session, dispute: Dispute, code: str, *, agree: bool, by: Viewer, now: datetime) -> Gate:
    """Let the station head agree to, or refuse, what another officer wants to set aside."""
    lock(session, dispute)
    gate = _get(session, dispute, code)
    if by.role is not Role.STATION_HEAD:
        raise Forbidden(N_("要所领导同意"))
    if gate.state is not GateState.OVERRIDE_ASKED:
        raise Conflict(N_("没有等待同意的申请"))
    if gate.decided_by == by.account_id:
        raise Forbidden(N_("要另一个人来同意"))
    gate.state, gate.seconded_by = (GateState.OVERRIDDEN if agree else GateState.CONFIRMED), by.account_id
    session.flush()
    note(session, dispute, "gate_seconded", by.actor, now, code=code, agree=agree)
    labels.keep(session, dispute, how="", by=by, now=now)
    _follow(session, dispute, by.actor, now)
    return gate


def add(session: Session, dispute: Dispute, code: str, *, reason: str, by: Viewer, now: datetime) -> None:
    """Let an officer set a gate that the machine did not see; it counts as confirmed."""
    if code not in taxonomy.gates():
        raise InvalidInput({"code": N_("没有这一项")})
    lock(session, dispute)
    if all(gate.code != code for gate in of(session, dispute)):
        session.add(Gate(**dispute.owns(), code=code))
        session.flush()
    decide(session, dispute, code, confirm=True, reason=reason, by=by, now=now)


def _reason(text: str) -> str:
    reason = clean(text)
    if not reason:
        raise InvalidInput({"reason": N_("请写明理由")})
    if len(reason) > 500:
        raise InvalidInput({"reason": N_("理由最多500个字")})
    return reason


def _set_aside(code: str) -> GateState:
    return GateState.OVERRIDE_ASKED if taxonomy.get_gate(code).needs_head else GateState.OVERRIDDEN


def _get(session: Session, dispute: Dispute, code: str) -> Gate:
    gate = next((gate for gate in of(session, dispute) if gate.code == code), None)
    if gate is None:
        raise NotFound()
    return gate


def _follow(session: Session, dispute: Dispute, actor: str, now: datetime) -> None:
    if dispute.state in BEFORE_ORDER:
        triage(session, dispute, actor, now)
    elif stop := standing(of(session, dispute)):
        # Found out in the middle of choosing or mediating: everything stops, the mediator's slot is given back.
        cases.withdraw(session, dispute, now)
        move(session, dispute, State.BARRED, actor, now, gates=[gate.code for gate in stop])
