"""With CI=true a skip is a failure, except for measuring texts that are not part of the project."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "skip": "import pytest\n\ndef test_it():\n    pytest.skip('no such program')\n",
    "mark": "import pytest\n\n@pytest.mark.skipif(True, reason='no such program')\ndef test_it():\n    pass\n",
    "module": "import pytest\npytest.skip('no such program', allow_module_level=True)\n",
    "xfail": "import pytest\n\n@pytest.mark.xfail(reason='no such program')\ndef test_it():\n    assert False\n",
}
ALLOWED = "import pytest\n\ndef test_it():\n    pytest.skip('lacks ../shared/data/labels')\n"


def run(folder: Path, test: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one test file with our hooks, as the gate or as a developer."""
    (folder / "test_one.py").write_text(test, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    root = str(Path(__file__).parent.parent)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "tests.skips", "-p", "no:cacheprovider", "test_one.py"]
    environment = os.environ | {"CI": ci, "PYTHONPATH": root}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("way", SKIPS)
def test_gate_fails_on_a_skip_and_says_why(tmp_path: Path, way: str) -> None:
    done = run(tmp_path, SKIPS[way], ci="true")
    assert done.returncode != 0
    assert "nothing may be left out, but this was:" in done.stdout
    assert "no such program" in done.stdout


def test_developer_may_skip(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPS["skip"], ci="").returncode == 0


def test_measuring_texts_may_be_absent_everywhere(tmp_path: Path) -> None:
    done = run(tmp_path, ALLOWED, ci="true")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
