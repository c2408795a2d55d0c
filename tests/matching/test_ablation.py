"""The ablation: each family of features can be left out, and each calibration measured on what it has not seen."""

import json

import numpy as np
import pytest

from matching.ablation import CALIBRATIONS, ablate, without
from matching.classify import count
from matching.features import BLOCKS
from matching.train import Example, card, example, shipped_corpus
from matching.weights import shipped
from talent_pool import taxonomy


@pytest.fixture(scope="module")
def rows() -> list[Example]:
    lines = [line for path in shipped_corpus() for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if json.loads(line)["type"] in ("labor", "neighbor", "marriage_family")]
    picked = np.random.default_rng(0).permutation(len(kept))[:150]
    return [example(kept[at], "corpus", frozenset(taxonomy.types())) for at in picked]


def test_a_family_is_left_out_whole_and_alone() -> None:
    seen = count(["邻居家的水流到我家院子", "工头拖欠工资"])
    for block in range(len(BLOCKS)):
        part = without(seen, block)
        assert set(part.block) == set(seen.block) - {block}
        assert part.counts.sum() == seen.counts[:, seen.block != block].sum()


def test_the_table_names_every_part_and_calibration_helps(rows: list[Example]) -> None:
    table = {line["name"]: line for line in ablate(rows)}
    assert list(table) == [
        "everything",
        *(f"without {name}" for name in BLOCKS),
        "without the lexicon's lessons",
        *(f"calibration: {name}" for name in CALIBRATIONS),
    ]
    assert all(0 <= line[name] <= 1 for line in table.values() for name in ("accuracy", "macro_f1", "ece"))
    # A temperature moves no answer from its place.
    assert table["calibration: none"]["accuracy"] == table["calibration: one temperature (in use)"]["accuracy"]
    assert table["calibration: one temperature (in use)"]["ece"] < table["calibration: none"]["ece"]
    assert table["without characters"] != table["everything"]


def test_the_card_shows_the_table_and_the_county() -> None:
    model = shipped()
    assert model is not None
    line = {"name": "without words", "accuracy": 0.5, "macro_f1": 0.25, "ece": 0.125}
    words = card({**model.manifest, "ablation": [line], "labels": 12, "accounts": 3})
    assert "| without words | 0.500 | 0.250 | 0.125 |" in words
    assert "12 readings that 3 officers" in words
    bare = card({name: value for name, value in model.manifest.items() if name not in ("ablation", "labels")})
    assert "What each part brings" not in bare
    assert "officers of this house" not in bare
