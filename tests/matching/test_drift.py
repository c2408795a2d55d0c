"""Drift: shares of types, of sureness and of abstentions, and how far two of them lie apart."""

from dataclasses import dataclass

import numpy as np
import pytest

from matching.drift import COUNTY, ENOUGH, Reference, reference, shares, stability, types_shift


@dataclass(frozen=True)
class Row:
    register: str


def test_shares_count_types_tenths_and_abstentions() -> None:
    found = shares([("labor", 0.05, True), ("labor", 0.95, False), ("neighbor", 1.0, False), ("labor", 0.55, False)])
    assert found.types == {"labor": 0.75, "neighbor": 0.25}
    assert found.top == (0.25, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.5)
    assert (found.n, found.abstained) == (4, 0.25)
    assert Reference.from_json(found.as_json()) == found


def test_the_county_itself_is_what_is_compared_with_once_it_has_enough() -> None:
    given = np.array([[0.9, 0.1]] * ENOUGH + [[0.2, 0.8]] * 50, dtype=np.float32)
    rows = [Row(COUNTY)] * ENOUGH + [Row("letter")] * 50
    assert reference(given, ["a", "b"], 0.5, rows).types == {"a": 1.0}
    few = reference(given[1:], ["a", "b"], 0.85, rows[1:])
    assert (few.of, few.n, few.abstained) == ("corpus", ENOUGH + 49, pytest.approx(50 / 149, abs=1e-4))


def test_the_index_is_nothing_for_the_same_and_grows_with_the_shift() -> None:
    assert stability([0.5, 0.5], [0.5, 0.5]) == 0
    assert stability([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))
    before = shares([("a", 0.9, False)] * 9 + [("b", 0.9, False)])
    after = shares([("a", 0.9, False)] + [("c", 0.9, False)] * 9)
    assert types_shift(before, before) == 0
    assert types_shift(before, after) > 1
