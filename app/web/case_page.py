"""The page of one case, read in one go: facts, marked words, gates, sides, names, twins, history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from sqlalchemy import select
from sqlmodel import Session, col

import matching
from app import cases, gates, suggesting, twins
from app.accounts import Viewer
from app.lifecycle import State
from app.models import Account, Dispute, Event, Gate, GateState, Party, Recusal, Side
from app.scope import Role
from app.twins import Namesake
from app.web import history, prefill, sessions
from app.web.case_parts import PARTS
from app.web.i18n import locale
from app.web.marked_text import Piece, pieces, spans_of, words_of
from talent_pool import taxonomy
from talent_pool.models import Mediator

CHOOSABLE = (State.REGISTERED, State.TRIAGED, State.SEEKING_CONSENT)  # an order may still be opened: the names are live


@dataclass(frozen=True)
class GateView:
    """One gate with its rule, the words under which it was found, and what the viewer may do."""

    gate: Gate
    rule: taxonomy.Gate
    words: str
    stands: bool
    decided_by: str
    seconded_by: str
    may_second: bool


@dataclass(frozen=True)
class CasePage:
    """Everything that the page shows of a case."""

    dispute: Dispute
    officer: str
    machine: Mapping[str, Any]
    pieces: list[Piece]
    words: list[str]
    facts: list[prefill.Line]
    gates: list[GateView]
    signs: list[str]
    doubtful_signs: list[str]
    sides: list[tuple[Side, list[Party]]]
    twins: list[twins.Twin]
    namesakes: list[Namesake]
    people: tuple[str, ...]
    suggestion: matching.Suggestion | None
    recusals: list[tuple[str, str]]
    history: list[history.Line]

    @property
    def barred(self) -> bool:
        """Tell whether a gate keeps the case from mediation."""
        return any(view.stands for view in self.gates)


def me() -> Viewer:
    """Return who is signed in; the guards have seen to it that someone is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


def render(dispute: Dispute, problems: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None) -> str:
    """Return the page; `problems` and what was typed belong to the form whose name the problems begin with."""
    session = sessions.db()
    return render_template(
        "disputes/page.html",
        case=read(session, dispute, me()),
        parts={name: part(session, dispute) for name, part in PARTS.items()},
        problems=problems or {},
        typed=typed or {},
        now=sessions.now(),
        may_change=me().station_id is not None,
        colour=_colour(dispute, sessions.now()),
        choices=choices,
    )


def choices(group: str) -> list[tuple[str, str]]:
    """Return a closed list as (code, word) in the request's language."""
    return taxonomy.choices(group, locale())


def _colour(dispute: Dispute, now: datetime) -> str:
    """Return the colour as it holds now: a case that has been quiet for long enough is green again."""
    return dispute.colour if dispute.colour_until is None or dispute.colour_until > now else "green"


def read(session: Session, dispute: Dispute, viewer: Viewer) -> CasePage:
    """Read a case for its page."""
    events = cases.history(session, dispute)
    rows = gates.of(session, dispute)
    names = _account_names(session, dispute, events, rows)
    spans = spans_of(dispute.reading)
    parties = cases.parties_of(session, dispute)
    found = _on_the_books(session, dispute, parties)
    return CasePage(
        dispute=dispute,
        officer=names.get(dispute.officer_id, ""),
        machine={"type": None} | dispute.reading,
        pieces=pieces(dispute.narrative, spans),
        words=words_of(dispute.narrative, spans, "type"),
        facts=prefill.lines(dispute.narrative, dispute.reading.get("facts", {}), dispute.reading.get("entered")),
        gates=[_gate_view(gate, dispute, names, viewer) for gate in rows],
        signs=list(dict.fromkeys(sign["code"] for sign in dispute.reading.get("risk", {}).get("signs", ()))),
        doubtful_signs=[hit["code"] for hit in dispute.reading.get("asks", ()) if hit["code"] in taxonomy.signs()],
        sides=[(side, [p for p in parties if p.side_id == side.id]) for side in cases.sides_of(session, dispute)],
        twins=found.twins,
        namesakes=found.namesakes,
        people=tuple(person.name for person in parties),
        suggestion=_suggestion(session, dispute),
        recusals=_recusals(session, dispute),
        history=history.lines(session, events, names),
    )


def _account_names(session: Session, dispute: Dispute, events: list[Event], rows: list[Gate]) -> dict[int, str]:
    ids = {dispute.officer_id, *(by for gate in rows for by in (gate.decided_by, gate.seconded_by) if by)}
    ids |= {int(event.actor.removeprefix("account:")) for event in events if event.actor.startswith("account:")}
    query = select(col(Account.id), col(Account.name)).where(col(Account.id).in_(ids))
    return {key: name for key, name in session.execute(query) if key is not None}


def _gate_view(gate: Gate, dispute: Dispute, names: Mapping[int, str], viewer: Viewer) -> GateView:
    asked = gate.state is GateState.OVERRIDE_ASKED
    return GateView(
        gate=gate,
        rule=taxonomy.get_gate(gate.code),
        words=dispute.narrative[gate.start : gate.end] if gate.start is not None else "",
        stands=gates.stands(gate),
        decided_by=names.get(gate.decided_by or 0, ""),
        seconded_by=names.get(gate.seconded_by or 0, ""),
        may_second=asked and viewer.role is Role.STATION_HEAD and gate.decided_by != viewer.account_id,
    )


def _on_the_books(session: Session, dispute: Dispute, parties: list[Party]) -> twins.Found:
    return twins.look(
        session,
        text=dispute.narrative,
        place=dispute.place,
        people=parties,
        now=sessions.now(),
        household=dispute.household,
        parcel=dispute.parcel,
        but=dispute.id,
    )


def _suggestion(session: Session, dispute: Dispute) -> matching.Suggestion | None:
    if dispute.state not in CHOOSABLE:
        return None
    return suggesting.for_dispute(session, dispute, sessions.house().index(session), sessions.now())


def _recusals(session: Session, dispute: Dispute) -> list[tuple[str, str]]:
    query = select(col(Mediator.name), col(Recusal.reason)).join(Mediator, col(Recusal.mediator_id) == col(Mediator.id))
    rows = session.execute(query.where(col(Recusal.dispute_id) == dispute.id).order_by(col(Recusal.id)))
    return [(name, reason) for name, reason in rows]
