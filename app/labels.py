"""Labels: what the machine read in a case and what the officer made of it, kept without personal data for learning."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app import cases
from app.accounts import Viewer
from app.errors import N_, Forbidden, NotFound
from app.models import Dispute, Gate, GateState, Party, ReadingLabel
from app.scope import Role
from app.workdays import shanghai
from matching.redaction import NAME, PHONE, masked
from talent_pool import taxonomy

_DECIDED = (GateState.CONFIRMED, GateState.OVERRIDDEN)


def keep(session: Session, dispute: Dispute, *, how: str, by: Viewer, now: datetime) -> None:
    """Keep the officer's word on a case's type and gates as its label; a later word takes the place of an earlier.

    `how`: 'accepted', 'chosen' or 'corrected'; empty when only a gate was decided.
    """
    label = of(session, dispute)
    if label is None:
        label = _new(session, dispute, how or "accepted", by, now)
        session.add(label)
    if label.removed_at is None:
        label.type, label.subtype = dispute.type, dispute.subtype
        label.gates = _decided(session, dispute)
        label.how, label.account_id, label.at = how or label.how, by.account_id, now
    session.flush()


def of(session: Session, dispute: Dispute) -> ReadingLabel | None:
    """Return a case's label."""
    return session.execute(select(ReadingLabel).where(col(ReadingLabel.dispute_id) == dispute.id)).scalar_one_or_none()


def remove(session: Session, dispute: Dispute, *, by: Viewer, now: datetime) -> None:
    """Take a case's label out of learning: its words go, and no later decision brings them back.

    Models that learnt from it speak until the next night's; raises NotFound for a case without a label.
    """
    if by.role is not Role.COORDINATOR:
        raise Forbidden(N_("只有协调员可以决定"))
    label = of(session, dispute)
    if label is None or label.removed_at is not None:
        raise NotFound(N_("这个案子没有留下学习样本"))
    label.text, label.gates, label.machine_gates, label.removed_at = "", {}, {}, now
    cases.note(session, dispute, "label_removed", by.actor, now)
    session.flush()


def redacted(text: str, parties: Iterable[Party]) -> str:
    """Return a narrative without personal data: what is known of the case's people goes first, then what is found."""
    for party in parties:
        for name in (party.name, party.guardian):
            if len(name) > 1:
                text = text.replace(name, NAME)
        if len(party.phone) > 6:
            text = text.replace(party.phone, PHONE)
    return masked(text)


def _new(session: Session, dispute: Dispute, how: str, by: Viewer, now: datetime) -> ReadingLabel:
    said = dispute.reading
    return ReadingLabel(
        **dispute.owns(),
        text=redacted(dispute.narrative, cases.parties_of(session, dispute)),
        model=str(said.get("model") or "missing"),
        machine_type=said.get("type") or "",
        machine_subtype=said.get("subtype") or "",
        probability=float(said.get("probability") or 0.0),
        abstained=bool(said.get("abstain", True)),
        machine_gates=_seen_gates(said),
        type=dispute.type,
        subtype=dispute.subtype,
        how=how,
        account_id=by.account_id,
        at=now,
        month=f"{shanghai(now):%Y-%m}",
    )


def _seen_gates(said: dict[str, Any]) -> dict[str, str]:
    asked = [hit["code"] for hit in said.get("asks", ()) if hit["code"] in taxonomy.gates()]
    return dict.fromkeys(asked, "asked") | {hit["code"]: "raised" for hit in said.get("gates", ())}


def _decided(session: Session, dispute: Dispute) -> dict[str, Any]:
    query = select(Gate).where(col(Gate.dispute_id) == dispute.id, col(Gate.state).in_(_DECIDED)).order_by(col(Gate.id))
    return {gate.code: gate.state.value for gate in session.execute(query).scalars()}
