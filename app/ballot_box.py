"""The ballot box: what a side marked is kept under seal, opened to count it, and never shown but to its own side.

A ballot lies in its row as one sealed text, bound to case, round and side: it opens nowhere else, so that a changed
ballot, or one swapped between sides, is noticed. Beside it stands its commitment, a salted hash, whose salt the side
gets: with it the side can check that its ballot was counted as it marked it. The log of a choice is sealed likewise.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.accounts import Viewer
from app.cases import note
from app.errors import N_, Forbidden, InvalidInput, NotFound
from app.keyring import Keyring
from app.models import Ballot, Choice, Dispute, Side
from app.scope import Role
from matching.choice import Outcome
from matching.commitments import promise

REASON_FROM = 3  # from the third 不要 on a private reason is asked


@dataclass(frozen=True)
class Receipt:
    """What a side holds of its own ballot; whoever has marks and salt can make the hash again."""

    hash: str
    salt: str

    def as_json(self) -> dict[str, str]:
        """Return the form in which the log holds it."""
        return {"salt": self.salt, "hash": self.hash}


def keyring_of(session: Session) -> Keyring:
    """Return the keys of this process."""
    keyring = session.info["keyring"]
    assert isinstance(keyring, Keyring)
    return keyring


def sealed(
    keyring: Keyring,
    case_no: str,
    owns: Mapping[str, Any],
    round_no: int,
    side: tuple[int, str],
    marks: Mapping[str, Any],
    reason: str = "",
) -> dict[str, str]:
    """Return the two columns that keep a ballot: `sealed` and `commitment`; `side` is its id and letter."""
    salt = secrets.token_hex(16)
    kept = {"marks": marks, "salt": salt, "reason": reason}
    return {
        "sealed": keyring.seal(_place(owns["dispute_id"], round_no, side[0]), kept),
        "commitment": promise(case_no, round_no, side[1], marks, salt),
    }


def _place(dispute_id: int | None, round_no: int, side_id: int) -> str:
    return f"ballot.sealed/{dispute_id}/{round_no}/{side_id}"


def _log_place(dispute_id: int | None, round_no: int) -> str:
    return f"choice.sealed/{dispute_id}/{round_no}"


def _inside(session: Session, ballot: Ballot) -> dict[str, Any]:
    place = _place(ballot.dispute_id, ballot.round, ballot.side_id)
    found: dict[str, Any] = keyring_of(session).open(place, ballot.sealed)
    return found


def marks_in(session: Session, ballot: Ballot) -> dict[str, list[str]]:
    """Return what was marked. For counting, and for the side's own page. Raises SealBroken."""
    marks: dict[str, list[str]] = _inside(session, ballot)["marks"]
    return marks


def reason_in(session: Session, ballot: Ballot) -> str:
    """Return the private reason for striking many. For the side's own page and an opened log alone."""
    return str(_inside(session, ballot)["reason"])


def receipt_of(session: Session, ballot: Ballot) -> Receipt:
    """Return what the side that sealed this ballot may keep."""
    return Receipt(ballot.commitment, str(_inside(session, ballot)["salt"]))


def is_as_marked(session: Session, ballot: Ballot, dispute: Dispute, side: Side, receipt: Receipt) -> bool:
    """Tell a side whether its ballot is the one that its receipt was given for."""
    marks = marks_in(session, ballot)
    return promise(dispute.no, ballot.round, side.letter, marks, receipt.salt) == receipt.hash == ballot.commitment


# --- the log of a choice ---------------------------------------------------------------------------------------------


def sealed_choice(
    keyring: Keyring, owns: Mapping[str, Any], round_no: int, log: Mapping[str, Any], outcome: Outcome
) -> dict[str, Any]:
    """Return the two columns that keep a choice: under seal its whole input and answer, in clear only who was found."""
    answer = outcome.as_json()
    clear = {name: answer[name] for name in ("chosen", "reserves", "provisional", "silent")}
    place = _log_place(owns["dispute_id"], round_no)
    return {"result": clear, "sealed": keyring.seal(place, {"log": log, "result": answer})}


def _choice_inside(session: Session, made: Choice) -> dict[str, Any]:
    found: dict[str, Any] = keyring_of(session).open(_log_place(made.dispute_id, made.round), made.sealed)
    return found


def log_of(session: Session, made: Choice) -> dict[str, Any]:
    """Return the whole input of a choice. For the rule's own next steps; people see it through `open_log`."""
    log: dict[str, Any] = _choice_inside(session, made)["log"]
    return log


def answer_of(session: Session, made: Choice) -> dict[str, Any]:
    """Return the whole answer of a choice, ranks included. Each side may be told its own ranks only."""
    answer: dict[str, Any] = _choice_inside(session, made)["result"]
    return answer


def struck(session: Session, dispute: Dispute) -> set[int]:
    """Return everybody whom a side struck in a finished round. Never to be shown."""
    made = session.execute(select(Choice).where(col(Choice.dispute_id) == dispute.id)).scalars()
    ballots = [ballot for each in made for ballot in log_of(session, each)["ballots"].values() if ballot]
    return {int(name) for ballot in ballots for name in ballot["strike"]}


def open_log(
    session: Session, dispute: Dispute, round_no: int, *, viewer: Viewer, reason: str, now: datetime
) -> dict[str, Any]:
    """Return the log of a choice as `diandan choose` takes it, to the coordinator, on a reason that is kept.

    Raises Forbidden for everybody else, InvalidInput without a reason, NotFound before the choice is made.
    """
    if viewer.role is not Role.COORDINATOR:
        raise Forbidden(N_("只有协调员能打开选择的记录"))
    if not reason.strip():
        raise InvalidInput({"reason": N_("请写明打开的理由(投诉、法院调取等)")})
    query = select(Choice).where(col(Choice.dispute_id) == dispute.id, col(Choice.round) == round_no)
    made = session.execute(query).scalar_one_or_none()
    if made is None:
        raise NotFound()
    note(session, dispute, "log_opened", viewer.actor, now, round=round_no, reason=reason.strip()[:300])
    session.flush()
    return log_of(session, made)


# --- another key -----------------------------------------------------------------------------------------------------


def reseal(session: Session, *, limit: int = 10_000) -> int:
    """Seal anew, with the newest key, up to `limit` ballots and as many logs; return how many were."""
    keyring, done = keyring_of(session), 0
    mine = f"v1.{keyring.newest()}.%"
    for ballot in session.execute(select(Ballot).where(col(Ballot.sealed).not_like(mine)).limit(limit)).scalars():
        place = _place(ballot.dispute_id, ballot.round, ballot.side_id)
        ballot.sealed, done = keyring.seal(place, keyring.open(place, ballot.sealed)), done + 1
    for made in session.execute(select(Choice).where(col(Choice.sealed).not_like(mine)).limit(limit)).scalars():
        place = _log_place(made.dispute_id, made.round)
        made.sealed, done = keyring.seal(place, keyring.open(place, made.sealed)), done + 1
    session.flush()
    return done
