"""A seal that its owner can check: a salted hash of one side's ballot, given to that side when it seals.

Nobody can read the marks from it (the salt has 128 bits), and nobody can change or swap a ballot without being noticed
by whoever holds it. Pure: the same ballot, case, round and side give the same hash on any machine.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


def promise(case: str, round_no: int, side: str, marks: Mapping[str, Any], salt: str) -> str:
    """Return the hash (64 hex digits) of a ballot; `marks` as in the log: want in tap order, accept, strike."""
    want = [str(name) for name in marks.get("want", ())]
    rest = [sorted(str(name) for name in marks.get(mark, ())) for mark in ("accept", "strike")]
    words = json.dumps([case, round_no, side, want, *rest, salt], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(words.encode("utf-8")).hexdigest()


def broken(log: Mapping[str, Any]) -> list[str]:
    """Return the sides whose ballot in the log is not the one that was sealed; none when nothing was promised.

    `commitments` maps each side to {"salt", "hash"}; a side that is silent in the log but holds one is broken too, and
    so is one with a ballot that nobody sealed.
    """
    given = log.get("commitments")
    if given is None:
        return []
    ballots, round_no = log["ballots"], log.get("round", 1)
    if not isinstance(given, Mapping):
        return sorted(ballots)
    sides = sorted({*ballots, *(str(side) for side in given)})
    return [side for side in sides if not _holds(log["case"], round_no, side, ballots.get(side), given.get(side))]


def _holds(case: str, round_no: Any, side: str, marks: Any, given: Any) -> bool:
    if marks is None or given is None:
        return marks is None and given is None
    if not isinstance(given, Mapping) or not isinstance(given.get("hash"), str):
        return False
    made = promise(case, round_no, side, marks, str(given.get("salt")))
    return hmac.compare_digest(made.encode(), given["hash"].encode("utf-8", "replace"))
