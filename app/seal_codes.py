"""Six digits by SMS, asked for when a side with a phone on file seals on its own page.

A slip or link that was seen by others is not enough to seal with: it also takes the phone. A code lives ten minutes and
five tries. Each try is counted in a transaction of its own before the digits are looked at, so that a hundred at the
same instant are five as well.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlmodel import Session, col

from app.claims import changed, take
from app.db import Database
from app.errors import N_, Conflict, InvalidInput
from app.invitations import links_of
from app.models import Dispute, SealCode, Side
from app.notices import enqueue
from app.side_phones import phone_of
from app.wording import translate

LIVES = timedelta(minutes=10)
TRIES = 5
PAUSE = timedelta(minutes=1)  # between two codes
SENDS = 8  # codes for one list; after that the station helps
WORDS = N_("【点单】封存码%(code)s,10分钟内有效。是您本人在选才填,不要告诉别人。")
WRONG = N_("封存码不对,请再看一遍短信")
NO_MORE = N_("试的次数太多了,请点“再发一次”")
STATION = N_("封存码发得太多了,请到派出所来选")


def wanted(session: Session, side: Side) -> str:
    """Return the last digits of the phone that gets the code; '' for a side without a phone (desk or helped)."""
    return phone_of(session, side)[-4:]


def send(session: Session, dispute: Dispute, side: Side, round_no: int, now: datetime, *, again: bool = False) -> bool:
    """Send a code unless one lives; `again` asks for another one. Tell whether one was sent.

    Raises Conflict when this list has cost too many.
    """
    phone, code = phone_of(session, side), f"{secrets.randbelow(10**6):06d}"
    fresh = {"code_hash": _hash(session, side, code), "sent_at": now, "expires_at": now + LIVES, "tries": 0}
    row = {**dispute.owns(), "side_id": side.id, "round": round_no, "sends": 1, "used_at": None}
    if not take(session, SealCode, **row, **fresh) and not _renew(session, side, round_no, fresh, now, again):
        return False
    enqueue(
        session,
        dedupe=f"code:{dispute.id}:{side.letter}:{secrets.token_hex(8)}",
        channel="sms",
        recipient=phone,
        subject=translate(N_("封存码"), "zh"),
        body=translate(WORDS, "zh") % {"code": code},
        dispute_id=dispute.id,
        now=now,
    )
    return True


def _renew(session: Session, side: Side, round_no: int, fresh: dict[str, object], now: datetime, again: bool) -> bool:
    mine, another_list = col(SealCode.side_id) == side.id, col(SealCode.round) != round_no
    dead = or_(col(SealCode.expires_at) <= now, col(SealCode.used_at).is_not(None), another_list)
    due = or_(dead, col(SealCode.sent_at) <= now - PAUSE) if again else dead
    count = update(SealCode).where(mine, due)
    first = count.where(another_list).values(round=round_no, sends=1, used_at=None, **fresh)
    next_one = count.where(col(SealCode.sends) < SENDS).values(sends=SealCode.sends + 1, used_at=None, **fresh)
    if changed(session.execute(first)) or changed(session.execute(next_one)):
        return True
    if session.execute(select(col(SealCode.id)).where(mine, due)).first() is not None:
        raise Conflict(STATION)
    return False


def count_try(database: Database, side_id: int, now: datetime) -> None:
    """Count one try of a side's code in a transaction of its own; raise InvalidInput when it has none left."""
    with database.write() as session:
        where = (*_living(side_id, now), col(SealCode.tries) < TRIES)
        if not changed(session.execute(update(SealCode).where(*where).values(tries=SealCode.tries + 1))):
            raise InvalidInput({"code": NO_MORE})


def redeem(session: Session, side: Side, code: str, now: datetime) -> None:
    """Use up a side's code in the transaction that seals, after `count_try`; raise InvalidInput for a wrong one."""
    assert side.id is not None, "a side of a case is a row"
    right = col(SealCode.code_hash) == _hash(session, side, "".join(code.split()))
    where = (*_living(side.id, now), right)
    if not changed(session.execute(update(SealCode).where(*where).values(used_at=now))):
        raise InvalidInput({"code": WRONG})


def _living(side_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(SealCode.side_id) == side_id, col(SealCode.expires_at) > now, col(SealCode.used_at).is_(None)


def _hash(session: Session, side: Side, code: str) -> str:
    return links_of(session).keyed("seal-code", f"{side.id}:{code}")
