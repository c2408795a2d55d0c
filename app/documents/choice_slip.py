"""选择确认单: the sides sign whom they have chosen together. It tells nobody's marks: those stay sealed."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from app import shortlists
from app.documents import facts
from app.errors import N_, Conflict
from app.models import Dispute
from app.workdays import shanghai
from talent_pool import regions, taxonomy


def fields(session: Session, dispute: Dispute, now: datetime) -> dict[str, Any]:
    """Return what the template asks for. Raises Conflict before a mediator has accepted."""
    mediator = facts.mediator_of(session, dispute)
    shortlist = shortlists.current_round(session, dispute)
    if shortlist is None or not mediator:
        raise Conflict(N_("调解员接单以后才有选择确认单"))
    sides = facts.sides_with_people(session, dispute, shanghai(now).date(), phones=False)
    return {
        "number": facts.paper_number(dispute, facts.station_of(session, dispute)),
        "matter": facts.matter_of(dispute),
        "listed": [
            {"name": each.name, "kind": taxonomy.label("kinds", each.kind), "home": _home(each.card)}
            for each in shortlists.listings_of(session, shortlist)
        ],
        "mediator": mediator,
        "sides": sides,
        "committee": facts.committee_of(dispute),
        "made_on": facts.written_date(now),
    }


def _home(card: dict[str, Any]) -> str:
    code = card.get("home")
    return regions.short_name(int(code)) if code and regions.known(int(code)) else ""
