"""Tables of the case (who asked, who was picked, what since) and of the house: accounts, sessions, messages, clock.

Every row of a case carries the case's station and area, so that `app.scope` can filter and check it without a join.
"""

from app.models.case import CaseNumber, CaseRow, Dispute, Event, Gate, GateState, Party, Recusal, Side, Source
from app.models.choosing import Asked, Designation, Nomination, SideWord
from app.models.clock import DueRun, Heartbeat, InboxMessage, Outbox, SendState
from app.models.house import Account, ApiKey, FormKey, SignInTry, Station, StationTown, WebSession, utc_now
from app.models.order import (
    Assignment,
    AssignmentState,
    Ballot,
    BallotChannel,
    Choice,
    Invitation,
    Listing,
    Mark,
    Purpose,
    Shortlist,
)
from app.models.work import Agreement, FollowUp, Meeting

__all__ = [
    "Account",
    "Agreement",
    "ApiKey",
    "Asked",
    "Assignment",
    "AssignmentState",
    "Ballot",
    "BallotChannel",
    "CaseNumber",
    "CaseRow",
    "Choice",
    "Designation",
    "Dispute",
    "DueRun",
    "Event",
    "FollowUp",
    "FormKey",
    "Gate",
    "GateState",
    "Heartbeat",
    "InboxMessage",
    "Invitation",
    "Listing",
    "Mark",
    "Meeting",
    "Nomination",
    "Outbox",
    "Party",
    "Purpose",
    "Recusal",
    "SendState",
    "Shortlist",
    "Side",
    "SideWord",
    "SignInTry",
    "Source",
    "Station",
    "StationTown",
    "WebSession",
    "utc_now",
]
