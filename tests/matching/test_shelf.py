"""The shelf of models: one pointer, switched at once for everybody, with a way back and no way into a damaged model."""

import ast
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matching import shelf as shelf_module
from matching.shelf import POINTER, SHIPPED, Pointer, Shelf, ShelfError, features_id
from matching.weights import Weights, save, shipped


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


def a_model(number: int, **manifest: Any) -> Callable[[Path], None]:
    """The shipped model, with an intercept of its own so that it has a version of its own."""
    base = shipped()
    assert base is not None
    own: Weights = replace(base, intercept=base.intercept + number)
    return lambda folder: save(own, folder, {"features_id": features_id(), "texts": number, **manifest})


def stocked(shelf: Shelf, models: int) -> list[str]:
    """Let models speak one after another; return their versions."""
    versions = []
    for number in range(1, models + 1):
        versions.append(shelf.add(a_model(number)))
        shelf.promote(versions[-1])
    return versions


def test_an_empty_shelf_lets_the_shipped_model_speak(shelf: Shelf) -> None:
    found = shelf.speaking()
    assert (found.weights, found.version, found.trouble) == (shipped(), SHIPPED, "")
    assert [(each.version, each.champion) for each in shelf.kept()] == [(SHIPPED, True)]


def test_a_model_that_was_added_speaks_once_it_is_promoted_also_in_other_processes(shelf: Shelf) -> None:
    elsewhere = Shelf(shelf.folder)
    assert elsewhere.speaking().version == SHIPPED
    version = shelf.add(a_model(1))
    assert elsewhere.speaking().version == SHIPPED
    shelf.promote(version)
    assert elsewhere.speaking().version == version
    weights = elsewhere.weights()
    assert weights is not None
    assert weights.version == version


def test_the_last_three_are_kept_and_the_rest_goes(shelf: Shelf) -> None:
    versions = stocked(shelf, 5)
    assert shelf.pointer() == Pointer(versions[4], (versions[3], versions[2]))
    assert {path.name for path in shelf.folder.iterdir() if path.is_dir()} == set(versions[2:])


def test_rolling_back_is_quick_walks_to_the_shipped_model_and_lets_learning_rest(shelf: Shelf) -> None:
    first, second = stocked(shelf, 2)
    began = time.monotonic()
    assert shelf.roll_back() == Pointer(first, (SHIPPED,), held=True)
    assert shelf.speaking().version == first
    assert time.monotonic() - began < 10
    assert shelf.roll_back().champion == SHIPPED
    with pytest.raises(ShelfError, match="first"):
        shelf.roll_back()
    with pytest.raises(ShelfError, match="held"):
        shelf.promote(second)
    shelf.resume()
    shelf.promote(second)
    assert shelf.pointer() == Pointer(second, (SHIPPED,))


def test_a_damaged_champion_falls_back_to_the_last_good_one(shelf: Shelf) -> None:
    first, second, third = stocked(shelf, 3)
    (shelf.folder / third / "reading.npz").write_bytes(b"no arrays")
    shutil.rmtree(shelf.folder / second)
    found = Shelf(shelf.folder).speaking()
    assert (found.version, found.trouble) == (first, "damaged")
    assert [each.usable for each in shelf.kept()] == [False, False, True, True]
    assert shelf.roll_back().champion == first  # over the one that is lost


def test_with_nothing_left_the_rules_stay(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.shelf.shipped", lambda: None)
    assert shelf.speaking() == (None, "", "none")


@pytest.mark.parametrize("words", ["", "{", "[]", '{"champion": 1}'])
def test_a_pointer_that_cannot_be_read_is_damage_not_the_end(shelf: Shelf, words: str) -> None:
    stocked(shelf, 1)
    (shelf.folder / POINTER).write_text(words, encoding="utf-8")
    assert Shelf(shelf.folder).speaking()[1:] == (SHIPPED, "damaged")


def test_the_code_that_makes_keys_tells_which_models_are_stale() -> None:
    folder = Path(shelf_module.__file__).parent
    tree = ast.parse((folder / "features.py").read_text(encoding="utf-8"))
    names = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module}
    made_by = {f"{name.removeprefix('matching.')}.py" for name in names if name.startswith("matching.")}
    assert made_by == {"spans.py", "text.py"} and made_by <= set(shelf_module._READS)


def test_a_model_of_other_features_does_not_speak(shelf: Shelf) -> None:
    version = shelf.add(a_model(1, features_id="of an older release"))
    with pytest.raises(ShelfError, match="unknown"):
        shelf.promote(version)
    (shelf.folder / POINTER).write_text(json.dumps(Pointer(version)._asdict()), encoding="utf-8")
    assert shelf.speaking()[1:] == (SHIPPED, "stale")


def test_a_champion_that_changed_meanwhile_is_not_replaced(shelf: Shelf) -> None:
    (first,) = stocked(shelf, 1)
    version = shelf.add(a_model(7))
    with pytest.raises(ShelfError, match="moved"):
        shelf.promote(version, instead_of=SHIPPED)
    shelf.promote(version, instead_of=first)
    assert shelf.speaking().version == version


def test_what_cannot_be_written_leaves_nothing(shelf: Shelf) -> None:
    def fails(_folder: Path) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        shelf.add(fails)
    assert not any(shelf.folder.iterdir())
