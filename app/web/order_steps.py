"""The five steps behind a sealed ballot, each with its day: sealed, chosen, accepted, first session, settled."""

from dataclasses import dataclass
from datetime import datetime

from app import assignments, casework, orders, shortlists
from app.errors import N_
from app.models import AssignmentState, Dispute, Side
from app.web import sessions

NAMES = (N_("您封好了"), N_("选出来了"), N_("调解员接了"), N_("开调了"), N_("谈成了"))


@dataclass(frozen=True)
class Step:
    """A step, and when it was reached."""

    name: str  # a msgid
    at: datetime | None


def steps_of(dispute: Dispute, side: Side) -> list[Step]:
    """Return the five steps as far as this side may know them: nothing of another side's ballot."""
    db = sessions.db()
    shortlist = shortlists.current_round(db, dispute)
    ballot = orders.find_ballot(db, shortlist, side) if shortlist else None
    made, present = assignments.newest_choice(db, dispute), assignments.living(db, dispute)
    fresh = made is not None and shortlist is not None and made.round == shortlist.round
    accepted = present is not None and present.state is AssignmentState.ACCEPTED
    meetings, agreement = casework.meetings_of(db, dispute), casework.agreement_of(db, dispute)
    reached = (
        ballot.sealed_at if ballot else None,
        made.at if made is not None and fresh and made.result["chosen"] else None,
        present.answered_at if present is not None and accepted else None,
        meetings[0].held_at if meetings else None,
        agreement.agreed_at if agreement else None,
    )
    return [Step(name, at) for name, at in zip(NAMES, reached, strict=True)]
