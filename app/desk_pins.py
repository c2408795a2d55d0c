"""Four digits at the desk: set by the side that seals first, asked for when somebody has walked away meanwhile."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from app.claims import changed, take
from app.db import Database
from app.errors import N_, InvalidInput
from app.invitations import links_of
from app.models import DeskPin, Dispute, Side

IDLE = timedelta(minutes=15)  # without anybody at the screen: from then on the digits are asked for
TRIES = 5
PLAIN = N_("请设4位数字,或者不填")
WRONG = N_("数字不对")
LOCKED = N_("试的次数太多了,这台屏幕上不能再选。请用纸条上的链接选")


def read(text: str) -> str:
    """Return the four digits that were typed, '' for none; raise InvalidInput for anything else."""
    digits = "".join(text.split())
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) == 4):
        raise InvalidInput({"pin": PLAIN})
    return digits


def set_pin(session: Session, dispute: Dispute, side: Side, round_no: int, pin: str, now: datetime) -> None:
    """Keep the digits of whoever sealed first on a list; a second pair of hands does not change them."""
    row = {"side_id": side.id, "round": round_no, "pin_hash": _hash(session, dispute, round_no, pin)}
    take(session, DeskPin, **dispute.owns(), **row, tries=0, seen_at=now)


def is_asked(session: Session, dispute: Dispute, round_no: int, now: datetime) -> bool:
    """Tell whether the desk goes on only with the digits."""
    pin = session.execute(select(DeskPin).where(*_which(dispute.id, round_no))).scalar_one_or_none()
    return pin is not None and (pin.tries > 0 or now - pin.seen_at > IDLE)


def touch(session: Session, dispute: Dispute, round_no: int, now: datetime) -> None:
    """Note that somebody is at the desk."""
    session.execute(update(DeskPin).where(*_which(dispute.id, round_no)).values(seen_at=now))


def count_try(database: Database, dispute_id: int, round_no: int) -> None:
    """Count one try in a transaction of its own; raise InvalidInput when there is none left."""
    with database.write() as session:
        left = update(DeskPin).where(*_which(dispute_id, round_no), col(DeskPin.tries) < TRIES)
        if not changed(session.execute(left.values(tries=DeskPin.tries + 1))):
            raise InvalidInput({"pin": LOCKED})


def open_(session: Session, dispute: Dispute, round_no: int, pin: str, now: datetime) -> None:
    """Let the desk go on, after `count_try`; raise InvalidInput for other digits."""
    given = _hash(session, dispute, round_no, "".join(pin.split()))
    found = session.execute(select(DeskPin).where(*_which(dispute.id, round_no))).scalar_one_or_none()
    if found is None or not secrets.compare_digest(found.pin_hash, given):
        raise InvalidInput({"pin": WRONG})
    found.tries, found.seen_at = 0, now
    session.flush()


def _which(dispute_id: int | None, round_no: int) -> tuple[ColumnElement[bool], ...]:
    return col(DeskPin.dispute_id) == dispute_id, col(DeskPin.round) == round_no


def _hash(session: Session, dispute: Dispute, round_no: int, pin: str) -> str:
    return links_of(session).keyed("desk-pin", f"{dispute.id}:{round_no}:{pin}")
