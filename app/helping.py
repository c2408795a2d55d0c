"""A helped ballot: an officer marks *with* a person who cannot read or see, never for him or her.

The ballot keeps who helped, who watched, and how the person gave the wish. Whoever stands on the list, or on a side,
neither helps nor watches. Every helped ballot is on the coordinator's list.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from app import cases, orders, shortlists
from app.cases import lock, note
from app.errors import N_, Conflict, InvalidInput
from app.intake import clean
from app.models import Account, BallotChannel, Dispute, HelpedBallot, Side
from app.orders import Marks

WISHES = ("spoken", "pointed", "signed", "interpreted")
CANDIDATE = N_("您在这份名单上,不能帮选,请同事来帮")


@dataclass(frozen=True)
class Help:
    """Who helps (an account), who watches, and how the wish was given (one of WISHES)."""

    helper_id: int
    witness: str
    wish: str


@dataclass(frozen=True)
class HelpedLine:
    """One helped ballot as the coordinator's list shows it. What was marked is not there."""

    no: str
    letter: str
    round: int
    helper: str
    witness: str
    wish: str
    at: datetime


def check_helper(session: Session, dispute: Dispute, helper_id: int) -> None:
    """Raise Conflict when the helper stands on the list: nobody helps to choose himself or herself."""
    if session.get_one(Account, helper_id).name in _listed_names(session, dispute):
        raise Conflict(CANDIDATE)


def _listed_names(session: Session, dispute: Dispute) -> set[str]:
    shortlist = shortlists.current_round(session, dispute)
    return {item.name for item in shortlists.listings_of(session, shortlist)} if shortlist else set()


def seal(
    session: Session, dispute: Dispute, side: Side, marks: Marks, *, round_no: int, help_: Help, now: datetime
) -> bool:
    """Seal a helped ballot; tell whether it made the choice. Raises InvalidInput for a witness who cannot be one."""
    lock(session, dispute)
    check_helper(session, dispute, help_.helper_id)
    witness = clean(help_.witness)[:40]
    _check(session, dispute, help_, witness)
    made = orders.seal(
        session,
        dispute,
        side,
        marks,
        round_no=round_no,
        channel=BallotChannel.HELPED,
        now=now,
        by_account=help_.helper_id,
    )
    where = (col(HelpedBallot.side_id) == side.id, col(HelpedBallot.round) == round_no)
    session.execute(delete(HelpedBallot).where(*where))
    kept = {"side_id": side.id, "round": round_no, "helper_id": help_.helper_id, "wish": help_.wish}
    session.add(HelpedBallot.model_validate({**dispute.owns(), **kept, "witness": witness, "at": now}))
    actor = f"account:{help_.helper_id}"
    note(session, dispute, "helped", actor, now, side=side.letter, round=round_no, witness=witness, wish=help_.wish)
    session.flush()
    return made


def _check(session: Session, dispute: Dispute, help_: Help, witness: str) -> None:
    problems: dict[str, str] = {}
    if not witness:
        problems["witness"] = N_("请写见证人的名字")
    elif witness == session.get_one(Account, help_.helper_id).name:
        problems["witness"] = N_("见证人要是另一个人")
    elif witness in _concerned(session, dispute):
        problems["witness"] = N_("当事人和名单上的人不能做见证人")
    if help_.wish not in WISHES:
        problems["wish"] = N_("请选他是怎样表示的")
    if problems:
        raise InvalidInput(problems)


def _concerned(session: Session, dispute: Dispute) -> set[str]:
    return _listed_names(session, dispute) | {party.name for party in cases.parties_of(session, dispute)}


def listed(session: Session, limit: int = 200) -> list[HelpedLine]:
    """Return the helped ballots that the viewer may see, the newest first."""
    query = (
        select(col(Dispute.no), col(Side.letter), HelpedBallot, col(Account.name))
        .join(Dispute, col(Dispute.id) == col(HelpedBallot.dispute_id))
        .join(Side, col(Side.id) == col(HelpedBallot.side_id))
        .join(Account, col(Account.id) == col(HelpedBallot.helper_id))
        .order_by(col(HelpedBallot.id).desc())
        .limit(limit)
    )
    return [
        HelpedLine(no, letter, row.round, name, row.witness, row.wish, row.at)
        for no, letter, row, name in session.execute(query)
    ]
