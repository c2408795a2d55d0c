"""The seal on a ballot: it tells nothing, and nothing can be changed under it."""

import json
from typing import Any

import pytest

from matching.choice import ChoiceError, resolve_log
from matching.commitments import broken, promise

CASE = "(2026)洛川人调字第12号"
MARKS: dict[str, Any] = {"want": ["3", "1"], "accept": ["4", "2"], "strike": ["5"]}


def a_log() -> dict[str, Any]:
    """A choice with two sealed ballots and a silent side."""
    ballots: dict[str, Any] = {
        "A": MARKS,
        "B": {"want": ["1"], "accept": ["2", "3", "4", "5"], "strike": []},
        "C": None,
    }
    salts = {"A": "aa", "B": "bb"}
    return {
        "case": CASE,
        "round": 1,
        "shortlist": [{"id": str(number), "fit": number, "open_cases": 0} for number in range(1, 6)],
        "ballots": ballots,
        "commitments": {s: {"salt": salts[s], "hash": promise(CASE, 1, s, ballots[s], salts[s])} for s in salts},
    }


def test_a_ballot_as_it_was_sealed_is_counted() -> None:
    log = json.loads(json.dumps(a_log()))
    assert broken(log) == []
    assert resolve_log(log).chosen == "3", "ranks 1 and 2, like the first name; the better fit"


def test_accepted_and_struck_names_are_sets_and_wanted_ones_an_order() -> None:
    turned = {"want": MARKS["want"], "accept": MARKS["accept"][::-1], "strike": [5]}
    assert promise(CASE, 1, "A", turned, "aa") == promise(CASE, 1, "A", MARKS, "aa")
    others = [
        promise(CASE, 1, "A", MARKS | {"want": ["1", "3"]}, "aa"),
        promise(CASE, 1, "A", MARKS, "ab"),
        promise(CASE, 2, "A", MARKS, "aa"),
        promise(CASE, 1, "B", MARKS, "aa"),
        promise(CASE + "1", 1, "A", MARKS, "aa"),
    ]
    assert len({promise(CASE, 1, "A", MARKS, "aa"), *others}) == 6


@pytest.mark.parametrize(
    ("harm", "sides"),
    [
        (lambda log: log["ballots"].update(A=log["ballots"]["B"], B=log["ballots"]["A"]), ["A", "B"]),
        (lambda log: log["ballots"].update(A={"want": ["1", "3"], "accept": ["4", "2"], "strike": ["5"]}), ["A"]),
        (lambda log: log["ballots"].update(B=None), ["B"]),
        (lambda log: log["ballots"].update(C=MARKS), ["C"]),
        (lambda log: log["ballots"].pop("B"), ["B"]),
        (lambda log: log["commitments"].pop("A"), ["A"]),
        (lambda log: log["commitments"]["A"].update(salt="ba"), ["A"]),
        (lambda log: log["commitments"].update(A="aa"), ["A"]),
        (lambda log: log["commitments"]["A"].update(hash=1), ["A"]),
        (lambda log: log.update(round=2), ["A", "B"]),
        (lambda log: log.update(commitments=[]), ["A", "B", "C"]),
    ],
)
def test_a_changed_swapped_lost_or_added_ballot_is_noticed(harm: Any, sides: list[str]) -> None:
    log = a_log()
    harm(log)
    assert broken(log) == sides
    with pytest.raises(ChoiceError, match="与封存时不一样"):
        resolve_log(log)


def test_a_log_without_seals_promises_nothing() -> None:
    log = a_log()
    del log["commitments"]
    assert broken(log) == []
