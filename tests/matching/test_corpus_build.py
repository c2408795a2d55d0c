"""Marked lines become corpus lines: spans without marks, wrong lines named, near-duplicates dropped."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from talent_pool.files import data_dir

PATH = data_dir() / "corpus" / "build.py"
HEAD = "# register: officer_note\n"
LINE = "forest_land/boundary +neighbor !domestic_violence | {p:张老三}占了{m.3.5:三亩半},{s.old_grudge:闹了十年},要赔{y.3500:三千五}。"
OTHER = "contract | 李某收了定金不交货,电话也打不通,{g.party_refused:说啥也不来调}。"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_build", PATH)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_marks_become_spans_of_the_text_without_marks(build: ModuleType) -> None:
    row = build.parse(LINE, "officer_note")
    text = row["text"]
    assert text == "张老三占了三亩半,闹了十年,要赔三千五。"
    words = {kind: [text[m["start"] : m["end"]] for m in row[kind]] for kind in ("people", "areas", "signs", "amounts")}
    assert words == {"people": ["张老三"], "areas": ["三亩半"], "signs": ["闹了十年"], "amounts": ["三千五"]}
    assert (row["amounts"][0]["yuan"], row["areas"][0]["mu"], row["signs"][0]["code"]) == (3500, 3.5, "old_grudge")
    assert (row["type"], row["subtype"], row["also"]) == ("forest_land", "boundary", ["neighbor"])
    assert row["traps"] == ["domestic_violence"] and row["gates"] == []


def test_a_sum_without_a_value_has_none(build: ModuleType) -> None:
    assert build.parse("contract | 借了{y.:几千块}一直没有还", "message")["amounts"][0]["yuan"] is None


@pytest.mark.parametrize(
    ("type_", "also"),
    [("tourism", ["consumer"]), ("internet +consumer", ["consumer"]), ("intellectual_property", ["other"])],
)
def test_kinds_that_the_guide_reads_as_another_have_that_one_too(
    build: ModuleType, type_: str, also: list[str]
) -> None:
    assert build.parse(f"{type_} | 一段足够长的话,说的是这一类的事", "letter")["also"] == also


@pytest.mark.parametrize(
    "line",
    [
        "没有类型的一行话",
        "war | 一段足够长的话,类型不对",
        "contract/war | 一段足够长的话,子类不对",
        "contract !war | 一段足够长的话,陷阱不对",
        "contract | 一段足够长的话,{g.war:红线不对}",
        "contract | 一段足够长的话,{s.war:信号不对}",
        "contract | 一段足够长的话,{括号没关好",
        "contract | 太短",
    ],
)
def test_a_wrong_line_is_named_and_nothing_written(build: ModuleType, line: str, tmp_path: Path) -> None:
    marked, out = tmp_path / "marked.txt", tmp_path / "out.jsonl"
    marked.write_text(HEAD + OTHER + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"marked\.txt:3"):
        build.main(out, [marked])
    assert not out.exists()


def test_an_unknown_register_is_refused(build: ModuleType) -> None:
    with pytest.raises(ValueError, match="register"):
        build.parse(OTHER, "shouted")


def test_near_duplicates_are_dropped_also_those_of_other_files(build: ModuleType, tmp_path: Path) -> None:
    near = OTHER.replace("李某", "王某")
    elsewhere, out, marked = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "marked.txt"
    elsewhere.write_text(json.dumps(build.parse(OTHER, "letter"), ensure_ascii=False) + "\n", encoding="utf-8")
    marked.write_text(f"{HEAD}{near}\n{LINE}\n{LINE.replace('三亩半', '五亩')}\n", encoding="utf-8")
    build.main(out, [marked])
    kept = [json.loads(line)["text"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert kept == [build.parse(LINE, "officer_note")["text"]]
    build.main(out, [marked])  # made again from the same lines: the same
    assert [json.loads(line)["text"] for line in out.read_text(encoding="utf-8").splitlines()] == kept
