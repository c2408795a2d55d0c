"""`diandan bench choice`: how often a rule appoints somebody whom a side will not have, and what a lie can gain.

A simulation, not a survey: two sides, six names, normal utilities that oppose (-0.6), ignore (0) or follow (+0.5) one
another, a share of names each side can live with. The seeds stand in the figures.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.bench.choice_rules import RULES, Bools, Ints, Lists, draw, truly_marked

NAMES = 6
LISTS = 20_000
LYING = 100  # lists on which every possible false report is tried
RHOS = (-0.6, 0.0, 0.5)
SHARES = (0.50, 0.60, 0.69)
SEED = 20_261_125


def measure(size: tuple[int, ...] = (), *, peers: bool = False, lying: int | None = None) -> dict[str, Any]:
    """Return the figures of each cell (correlation, share of acceptable names) for this house's rule, and the peers."""
    count = size[0] if size else LISTS
    rules = list(RULES) if peers else ["diandan"]
    tried = min(LYING, count // 10) if lying is None else min(lying, count)
    cells = {
        f"rho_{rho:+.1f}_acceptable_{share:.0%}": _cell(SEED + number, count, rho, share, rules, tried)
        for number, (rho, share) in enumerate((rho, share) for rho in RHOS for share in SHARES)
    }
    return {"names": NAMES, "lists": count, "lists_for_lies": tried, **cells, "all_cells": _overall(cells)}


def _cell(seed: int, count: int, rho: float, share: float, rules: list[str], lying: int) -> dict[str, Any]:
    lists = draw(seed, count, NAMES, rho, share)
    outside = draw(seed + 1000, count, 1, rho, share).mutual()[:, 0]
    figures: dict[str, Any] = {"seed": seed, "a_mutual_name_exists": _round(lists.mutual().any(axis=1).mean())}
    for name in rules:
        figures[name] = judge(name, lists, outside) | lies(name, lists, lying)
    return figures


def judge(name: str, lists: Lists, outside: Bools) -> dict[str, float]:
    """Return what a rule does when everybody is truthful.

    `unacceptable`: lists on which a side gets somebody it cannot live with. `success`: of the lists with a name that
    both can live with, those on which such a name was appointed. `worse_off_rank`: mean rank, for the side that fares
    worse, of the names appointed from the list; `worse_off_rank_mutual`: the same where a mutual name exists.
    """
    found, here = RULES[name](lists), np.arange(len(lists))
    mutual, named = lists.mutual(), found >= 0
    good = np.where(named, mutual[here, found], outside & (found == -2))
    exists = mutual.any(axis=1)
    worse = lists.rank[here, :, found].max(axis=1)
    return {
        "unacceptable": _round((~good & (named | (found == -2))).mean()),
        "nobody": _round((found == -1).mean()),
        "success": _round(good[exists].mean()),
        "worse_off_rank": _round(worse[named].mean()),
        "worse_off_rank_mutual": _round(worse[named & exists].mean()),
    }


def lies(name: str, lists: Lists, count: int) -> dict[str, float]:
    """Return what side A can gain by the best of all false reports while B is truthful.

    `lie_pays`: share of lists on which some lie brings A a name that it truly ranks better; nobody, or somebody from
    outside, counts as worse than all whom it can live with and better than the others. `lie_gain`: by how many ranks,
    the mean over all lists.
    """
    gains = [_gain(name, lists, at) for at in range(count)]
    return {"lie_pays": _round(np.mean([gain > 0 for gain in gains])), "lie_gain": _round(np.mean(gains))}


def _gain(name: str, lists: Lists, at: int) -> float:
    rank, likes, marked = _reports() if name != "diandan" else _ballots()
    here = slice(at, at + 1)
    told = Lists(
        _beside(rank, lists.rank[at, 1]),
        _beside(likes, lists.likes[at, 1]),
        np.broadcast_to(lists.fit[here], (len(rank), NAMES)),
        np.broadcast_to(lists.turn[here], len(rank)),
        _beside(marked, lists.marked[at, 1]),
    )
    true = Lists(lists.rank[here], lists.likes[here], lists.fit[here], lists.turn[here], lists.marked[here])
    values = _values(lists, at)
    return float(values[RULES[name](true)[0]] - values[RULES[name](told)].min())


def _values(lists: Lists, at: int) -> NDArray[np.float64]:
    """Return A's true rank of each name; behind them, for the places -1 and -2, that of nobody."""
    nobody = lists.likes[at, 0].sum() + 0.5
    return np.append(lists.rank[at, 0].astype(float), [nobody, nobody])


def _beside(reports: Any, truth: Any) -> Any:
    return np.stack([reports, np.broadcast_to(truth, reports.shape)], axis=1)


@lru_cache(maxsize=1)
def _reports() -> tuple[Ints, Bools, Ints]:
    """Return every strict order of the names with every number of them called acceptable."""
    rows = [(order, many) for order in permutations(range(1, NAMES + 1)) for many in range(NAMES + 1)]
    rank = np.array([order for order, _ in rows])
    likes = rank <= np.array([[many] for _, many in rows])
    return rank, likes, truly_marked(rank, likes)


@lru_cache(maxsize=1)
def _ballots() -> tuple[Ints, Bools, Ints]:
    """Return every ballot of this house: some wanted in an order, some struck, the others equal between them."""
    rows = list(_every_ballot())
    marked, likes = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    return marked, likes, marked


def _every_ballot() -> Iterator[tuple[list[int], list[bool]]]:
    for many in range(NAMES + 1):
        for want in permutations(range(NAMES), many):
            rest = [name for name in range(NAMES) if name not in want]
            for number in range(len(rest) + 1):
                for strike in combinations(rest, number):
                    ranks = [NAMES - number + 1 if name in strike else many + 1 for name in range(NAMES)]
                    for place, name in enumerate(want, start=1):
                        ranks[name] = place
                    yield ranks, [name not in strike for name in range(NAMES)]


def _overall(cells: dict[str, Any]) -> dict[str, Any]:
    """Return the plain mean over the cells, rule by rule."""
    rules = [name for name in RULES if name in next(iter(cells.values()))]
    return {
        rule: {
            figure: _round(np.mean([cell[rule][figure] for cell in cells.values()]))
            for figure in next(iter(cells.values()))[rule]
        }
        for rule in rules
    }


def _round(value: Any) -> float:
    return round(float(value), 4)
