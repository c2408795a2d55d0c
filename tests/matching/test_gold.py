"""The texts for measuring stay as they were written, mark what they say, and are in no corpus."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from talent_pool import regions, taxonomy
from talent_pool.files import data_dir

Row = dict[str, Any]
GOLD, CORPUS = data_dir() / "gold", data_dir() / "corpus"
MARKS = ("gates", "signs", "amounts", "people", "places", "dates", "phones", "ids", "areas")
MARKED = [GOLD / name for name in ("rural.jsonl", "gates.jsonl", "facts.jsonl")]


@lru_cache
def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def learnable() -> list[Path]:
    return sorted(CORPUS.rglob("*.jsonl"))


def test_the_files_are_those_whose_hashes_were_written_down_first() -> None:
    told = dict(reversed(line.split()) for line in (GOLD / "SHA256SUMS").read_text(encoding="ascii").splitlines())
    assert told == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLD.glob("*.jsonl")}
    assert set(told) == {"rural.jsonl", "gates.jsonl", "facts.jsonl", "duplicates.jsonl"}


@pytest.mark.parametrize("path", [*MARKED, *learnable()], ids=lambda path: path.stem)
def test_codes_are_known_and_marks_lie_inside_their_text(path: Path) -> None:
    for row in rows(path):
        taxonomy.check_type(row["type"])
        assert set(row["also"]) <= set(taxonomy.types()) - {row["type"]}
        assert row["subtype"] is None or row["subtype"] in taxonomy.all_subtypes()
        assert set(row.get("traps", ())) <= set(taxonomy.gates())
        for kind in MARKS:
            for mark in row.get(kind, ()):
                if "quote" in mark:  # the first corpus names the words instead of their place
                    assert mark["quote"] in row["text"]
                else:
                    assert 0 <= mark["start"] < mark["end"] <= len(row["text"])
        assert {mark["code"] for mark in row.get("gates", ())} <= set(taxonomy.gates())
        assert {mark["code"] for mark in row.get("signs", ())} <= set(taxonomy.signs())
        assert all(regions.known(int(mark["region"])) for mark in row.get("places", ()))


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_no_text_to_be_measured_on_can_be_learnt(path: Path) -> None:
    learnt = {row["text"] for each in learnable() for row in rows(each)}
    assert len(learnt) > 8000
    assert not learnt & {row["text"] for row in rows(path)}


def test_quarrels_logged_twice_have_their_group() -> None:
    groups: dict[str, int] = {}
    for row in rows(GOLD / "duplicates.jsonl"):
        groups[row["group"]] = groups.get(row["group"], 0) + 1
    assert sum(count > 1 for count in groups.values()) == 130
    assert sum(count == 1 for count in groups.values()) == 260
