"""人民调解协议书 (人民调解法 art. 29), or for an oral agreement its record (art. 28)."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app import casework
from app.documents import facts
from app.errors import N_, Conflict
from app.models import Dispute
from app.workdays import shanghai


def fields(session: Session, dispute: Dispute, now: datetime) -> dict[str, Any]:
    """Return what the template asks for. Raises Conflict while there is no agreement."""
    agreement = casework.agreement_of(session, dispute)
    if agreement is None:
        raise Conflict(N_("还没有达成协议,没有协议书"))
    station = facts.station_of(session, dispute)
    sides = facts.sides_with_people(session, dispute, shanghai(agreement.agreed_at).date())
    mediator = facts.mediator_of(session, dispute)
    return {
        "title": "人民调解口头协议登记表" if agreement.oral else "人民调解协议书",
        "oral": agreement.oral,
        "number": facts.paper_number(dispute, station),
        "case_no": dispute.no,
        "sides": sides,
        "matter": facts.matter_of(dispute),
        "facts": agreement.facts,
        "terms": agreement.terms,
        "way": agreement.performance_way or "按上述内容履行",
        "deadline": facts.written_date(agreement.perform_by) or "未另行约定",
        "agreed_on": facts.written_date(agreement.agreed_at),
        "made_on": facts.written_date(now),
        "signers": [_signer(side, person) for side in sides for person in side["people"]],
        "mediator": mediator or facts.LINE,
        "recorder": _recorder(session, dispute) or facts.LINE,
        "committee": facts.committee_of(dispute),
        "copies": len(sides) + 1,
        "confirmable": dispute.type != "marriage_family",
    }


def _signer(side: dict[str, Any], person: dict[str, str]) -> dict[str, str]:
    return {"title": side["title"], "name": person["name"], "guardian": person["guardian"]}


def _recorder(session: Session, dispute: Dispute) -> str:
    meetings = casework.meetings_of(session, dispute)
    return facts.name_of_actor(session, meetings[-1].recorded_by) if meetings else ""
