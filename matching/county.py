"""What a county's own labels add to the shipped corpus: how much each counts, and its words as they are learnt."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from scipy.sparse import csr_matrix

from matching.classify import Counted, count
from matching.shelf import features_id

SHARE = 0.02  # of all weight that one account may have at most
_MARK = re.compile("〔[^〔〕]{2}〕")  # what stands in the place of a name or number (matching.redaction)


def learnable(text: str) -> str:
    """Return a redacted text without the marks: no text that is read later has them."""
    return _MARK.sub("某", text)


def capped(accounts: Sequence[str], weights: Sequence[float], base: float, share: float = SHARE) -> list[float]:
    """Return the weights, lessened so that no account has more than `share` of all; `base`: weight of the corpus."""
    sums: dict[str, float] = {}
    for account, weight in zip(accounts, weights, strict=True):
        sums[account] = sums.get(account, 0.0) + weight
    total = base
    for _ in range(200):  # from below: the share of a total that still grows is never too much
        total = base + sum(min(each, share * total) for each in sums.values())
    allowed = {account: min(1.0, share * total / each) for account, each in sums.items() if each > 0}
    return [weight * allowed.get(account, 1.0) for account, weight in zip(accounts, weights, strict=True)]


def counted(texts: Sequence[str], folder: Path) -> Counted:
    """Return the features of texts, kept in `folder` under the hash of texts, code and lexicon; one set is kept."""
    key = hashlib.sha256("\0".join((features_id(), *texts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = folder / f"counts-{key}.npz"
    try:
        return _read(path, len(texts))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        found = count(texts)
        _keep(found, path)
        return found


def _read(path: Path, texts: int) -> Counted:
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        keys, block = file["keys"], file["block"]
        parts = (file["data"].astype(np.float32), file["indices"], file["indptr"])
    return Counted(csr_matrix(parts, shape=(texts, len(keys))), keys, block)


def _keep(found: Counted, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("counts-*.npz"):
        old.unlink(missing_ok=True)
    draft = path.with_suffix(".draft.npz")
    csr = found.counts
    np.savez(draft, keys=found.keys, block=found.block, data=csr.data, indices=csr.indices, indptr=csr.indptr)
    draft.replace(path)
