"""Tables of the case (who asked, who was picked, what since) and of the house: accounts, sessions, messages, clock.

Every row of a case carries the case's station and area, so that `app.scope` can filter and check it without a join.
"""

from app.models.case import CaseNumber, CaseRow, Dispute, Event, Gate, GateState, Party, Recusal, Side, Source
from app.models.choosing import Asked, Designation, Nomination, SideWord
from app.models.clock import DueRun, Heartbeat, InboxMessage, Outbox, SendState
from app.models.clockwork import CalendarYear, CaseWatch
from app.models.hands import DeskPin, HelpedBallot, SealCode, SealNotice, VoidChoice
from app.models.house import Account, ApiKey, FormKey, SignInTry, Station, StationTown, WebSession, utc_now
from app.models.learning import LearningRun, ReadingLabel
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
from app.models.pool import (
    ColumnMap,
    DraftState,
    EntryLink,
    Photo,
    PoolBatch,
    PoolDraft,
    PoolEvent,
    Profile,
    Proposal,
    Training,
)
from app.models.relations import CaseLink, LinkKind
from app.models.texts import Letter, MessageText
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
    "CalendarYear",
    "CaseLink",
    "CaseNumber",
    "CaseRow",
    "CaseWatch",
    "Choice",
    "ColumnMap",
    "Designation",
    "DeskPin",
    "Dispute",
    "DraftState",
    "DueRun",
    "EntryLink",
    "Event",
    "FollowUp",
    "FormKey",
    "Gate",
    "GateState",
    "Heartbeat",
    "HelpedBallot",
    "InboxMessage",
    "Invitation",
    "LearningRun",
    "Letter",
    "LinkKind",
    "Listing",
    "Mark",
    "Meeting",
    "MessageText",
    "Nomination",
    "Outbox",
    "Party",
    "Photo",
    "PoolBatch",
    "PoolDraft",
    "PoolEvent",
    "Profile",
    "Proposal",
    "Purpose",
    "ReadingLabel",
    "Recusal",
    "SealCode",
    "SealNotice",
    "SendState",
    "Shortlist",
    "Side",
    "SideWord",
    "SignInTry",
    "Source",
    "Station",
    "StationTown",
    "Training",
    "VoidChoice",
    "WebSession",
    "utc_now",
]
