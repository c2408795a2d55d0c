"""What a county's labels may weigh, and counts that are kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import county
from matching.classify import count

TEXTS = ["邻居家的水流到我家院子", "工头拖欠工资", "两家为地界吵架"]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0.1, 50))), st.floats(1, 5000))
def test_no_account_has_more_than_its_share_of_all_weight(labels: list[tuple[str, float]], base: float) -> None:
    accounts, weights = [name for name, _ in labels], [weight for _, weight in labels]
    found = county.capped(accounts, weights, base)
    total = base + sum(found)
    for account in set(accounts):
        own = sum(weight for name, weight in zip(accounts, found, strict=True) if name == account)
        assert own <= county.SHARE * total * (1 + 1e-9)
        asked = sum(weight for name, weight in labels if name == account)
        assert own == pytest.approx(min(asked, county.SHARE * total), rel=1e-6)  # and none loses more than it must
    assert all(0 < now <= before for now, before in zip(found, weights, strict=True))


def test_counts_are_kept_by_what_they_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = county.counted(TEXTS, tmp_path)
    monkeypatch.setattr(county, "count", lambda _texts: pytest.fail("counted again"))
    again = county.counted(TEXTS, tmp_path)
    fresh = count(TEXTS)
    for found in (first, again):
        assert (found.counts != fresh.counts).nnz == 0
        assert np.array_equal(found.keys, fresh.keys)
        assert np.array_equal(found.block, fresh.block)
    monkeypatch.setattr(county, "count", count)
    assert len(county.counted(TEXTS[:2], tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_damaged_counts_are_made_again(tmp_path: Path) -> None:
    county.counted(TEXTS, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    assert len(county.counted(TEXTS, tmp_path)) == 3
    kept.write_bytes(b"")
    assert len(county.counted(TEXTS, tmp_path)) == 3


def test_marks_are_not_learnt() -> None:
    assert county.learnable("〔姓名〕打电话〔电话〕来") == "某打电话某来"
