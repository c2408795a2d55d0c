"""The notebooks run from top to bottom, draw their plots, and each is the pair of its source."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import pytest

from tests.app.children import ROOT, environment

SOURCES = sorted((ROOT / "notebooks").glob("*.py"))
# In a process of its own: the kernel's event loop and sockets are no business of this one.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=120, kernel_name="python3").execute(cwd=sys.argv[3])
nbformat.write(book, sys.argv[2])
"""


def test_there_is_a_notebook() -> None:
    assert [source.stem for source in SOURCES][:1] == ["01-pool-coverage"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_source_and_notebook_are_a_pair_without_outputs(source: Path) -> None:
    made, kept = jupytext.read(source), jupytext.read(source.with_suffix(".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [
        (cell.cell_type, cell.source) for cell in made.cells
    ], "make it anew: jupytext --to ipynb " + source.name
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in kept.cells)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_it_defines_nothing_that_belongs_in_a_package(source: Path) -> None:
    lines = source.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith(("def ", "class ", "from tests"))]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_it_runs_and_draws(source: Path, tmp_path: Path) -> None:
    book = run(source.with_suffix(".ipynb"), tmp_path)
    drawn = [
        output for cell in book["cells"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
    ]
    shown = sum("plt.show()" in "".join(cell["source"]) for cell in book["cells"])
    assert len(drawn) == shown >= 5
    said = [output for cell in book["cells"] for output in cell.get("outputs", []) if output.get("name") == "stderr"]
    assert said == []


def run(path: Path, folder: Path) -> dict[str, Any]:
    """Execute a notebook and return it with its outputs."""
    done = folder / path.name
    plain = environment(
        NOTEBOOK_EVERY="6",
        DIANDAN_TEST_LISTS="500",
        DIANDAN_TEST_TEXTS="400",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        IPYTHONDIR=str(folder),
        JUPYTER_RUNTIME_DIR=str(folder),
    )
    subprocess.run([sys.executable, "-c", EXECUTE, str(path), str(done), str(ROOT)], env=plain, check=True, timeout=170)
    book: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    return book
