"""How others find one name for two opposed sides, beside this house's rule: each as arithmetic on many lists at once.

A rule takes what both sides hold of the names and returns the place of the appointed one, -1 where nobody is. Every
array runs over lists first; names last. `rank` 1 is a side's dearest; ties go to the name with the higher `fit`, the
same for every rule. Peers play as their rules say, every side truthfully.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SIDES = 2
FINRA_STRIKES = 0.4  # four of ten (FINRA Code of Arbitration Procedure, rule 12403)


@dataclass(frozen=True, slots=True)
class Lists:
    """Many lists: `rank` and `likes` (lists, 2, names), `fit` (lists, names), `turn` (lists): who begins.

    `marked`: ranks with equals, as ballots of this house give them; by default those of the truth (`truly_marked`).
    """

    rank: Ints
    likes: Bools
    fit: Ints
    turn: Ints
    marked: Ints

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def names(self) -> int:
        """Return how many names a list holds."""
        return int(self.rank.shape[2])

    def mutual(self) -> Bools:
        """Tell of each name whether both sides can live with it."""
        return np.asarray(self.likes.all(axis=1))


def truly_marked(rank: Ints, likes: Bools) -> Ints:
    """Return the ranks that truthful ballots give: liked names wanted in order, the others struck and so all equal."""
    return np.where(likes, rank, 1 + likes.sum(axis=-1, keepdims=True))


def draw(seed: int, count: int, names: int, rho: float, acceptable: float) -> Lists:
    """Draw lists: utilities normal, of correlation `rho` between the sides; a share of `acceptable` names is liked."""
    rng = np.random.default_rng(seed)
    mix = np.linalg.cholesky(np.array([[1.0, rho], [rho, 1.0]]))
    utility = np.einsum("ij,njk->nik", mix, rng.standard_normal((count, SIDES, names)))
    likes = utility > NormalDist().inv_cdf(1 - acceptable)
    rank = 1 + np.argsort(np.argsort(-utility, axis=2), axis=2)
    fit = np.argsort(rng.random((count, names)), axis=1)
    return Lists(rank, likes, fit, rng.integers(0, SIDES, count), truly_marked(rank, likes))


def _smallest(key: NDArray[np.float64] | Ints, lists: Lists, allowed: Bools) -> Ints:
    """Return the place with the smallest key among the allowed names, the higher fit among equals; -1 for none."""
    full = np.where(allowed, key * 64 + (lists.names - lists.fit), np.inf)
    return np.asarray(np.where(allowed.any(axis=1), full.argmin(axis=1), -1))


def diandan(lists: Lists) -> Ints:
    """Choose nobody whom a side struck; whoever fares worst fares as well as possible (leximin)."""
    worst, best = lists.marked.max(axis=1), lists.marked.min(axis=1)
    return _smallest(worst * 64 + best, lists, lists.mutual())


def first_come(lists: Lists) -> Ints:
    """Let whoever begins pick from the album."""
    return np.asarray(lists.rank[np.arange(len(lists)), lists.turn].argmin(axis=1))


def alternate_strikes(lists: Lists) -> Ints:
    """Strike in turns the name one likes least, until one is left."""
    here = np.arange(len(lists))
    left = np.ones((len(lists), lists.names), dtype=bool)
    for step in range(lists.names - 1):
        own = lists.rank[here, (lists.turn + step) % SIDES]
        left[here, np.where(left, own, 0).argmax(axis=1)] = False
    return np.asarray(left.argmax(axis=1))


def fmcs_rank_sum(lists: Lists) -> Ints:
    """Rank all names, take the smallest sum (29 CFR 1404.12)."""
    return _smallest(lists.rank.sum(axis=1), lists, np.ones((len(lists), lists.names), dtype=bool))


def finra(lists: Lists) -> Ints:
    """Strike two names in five at most, those liked least; the smallest sum of the ranks of the others."""
    cap = int(FINRA_STRIKES * lists.names)
    struck = ~lists.likes & (lists.rank > lists.names - cap)
    return _smallest(lists.rank.sum(axis=1), lists, np.asarray(~struck.any(axis=1)))


def aaa(lists: Lists) -> Ints:
    """Strike without a cap, the smallest sum of ranks; with nobody left the house appoints from outside (-2)."""
    found = _smallest(lists.rank.sum(axis=1), lists, lists.mutual())
    return np.where(found < 0, -2, found)


def shortlist(lists: Lists) -> Ints:
    """Let one side name half of the names, the other pick one of them (de Clippel, Eliaz and Knight 2014)."""
    here, half = np.arange(len(lists)), (lists.names + 1) // 2
    offered = lists.rank[here, lists.turn] <= half
    return np.asarray(np.where(offered, lists.rank[here, 1 - lists.turn], lists.names + 1).argmin(axis=1))


RULES: dict[str, Callable[[Lists], Ints]] = {
    "diandan": diandan,
    "first_come": first_come,
    "alternate_strikes": alternate_strikes,
    "fmcs_rank_sum": fmcs_rank_sum,
    "finra_capped_strikes": finra,
    "aaa": aaa,
    "shortlist": shortlist,
}
