"""The five steps behind a sealed ballot, each with its day: sealed, chosen, accepted, first session, settled."""

from dataclasses import dataclass
from datetime import datetime

from app import assignments, casework, orders, shortlists
from app.errors import N_
from app.models import AssignmentState, Dispute, Shortlist, Side
from app.web import sessions
from app.workdays import shanghai

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
    agreement = casework.agreement_of(db, dispute)
    accepted = present is not None and present.state is AssignmentState.ACCEPTED
    reached = (
        ballot.sealed_at if ballot else None,
        made.at if made is not None and fresh and made.result["chosen"] else None,
        present.answered_at if present is not None and accepted else None,
        _first_since(shortlist, [each.held_at for each in casework.meetings_of(db, dispute)]),
        _first_since(shortlist, [agreement.agreed_at] if agreement else []),
    )
    return [Step(name, at) for name, at in zip(NAMES, reached, strict=True)]


def _first_since(shortlist: Shortlist | None, moments: list[datetime]) -> datetime | None:
    # A case that was taken up again had sessions and an agreement before this list. By day: the hour is written later.
    day = shanghai(shortlist.made_at).date() if shortlist else None
    return next((each for each in moments if day is not None and shanghai(each).date() >= day), None)
