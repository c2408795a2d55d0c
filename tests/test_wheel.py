"""The wheel: built from the tree, it works outside of it, with its data, templates and migrations inside."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.app.children import ROOT, child, environment

MAIN = "from app.cli import main; main()"
CHOICE = {
    "case": "610629102-2026-0001",
    "shortlist": [{"id": "1", "fit": 90, "open_cases": 0}, {"id": "2", "fit": 80, "open_cases": 1}],
    "ballots": {"A": {"want": ["2"], "accept": [], "strike": []}, "B": {"want": ["2"], "accept": ["1"], "strike": []}},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, and nothing of the tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def diandan(installed: Path, outside: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the wheel, far from the tree."""
    plain = environment(PYTHONPATH=str(installed))
    # -P: the current folder is no source of modules; -c would put it in front.
    command = [sys.executable, "-P", "-c", MAIN, *words]
    return subprocess.run(
        command, cwd=outside, env=plain, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_the_packages_come_from_the_wheel_with_their_files(installed: Path, tmp_path: Path) -> None:
    code = "import app, talent_pool.files as files; print(app.__file__); print(files.data_dir())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(installed)),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert all(line.startswith(str(installed)) for line in done.stdout.splitlines())
    for name in (
        "app/templates/base.html",
        "app/static/site.css",
        "app/translations/en/demo.po",
        "app/migrations/env.py",
        "app/documents/agreement.docx",
        "app/py.typed",
        "talent_pool/data/regions/shaanxi.csv",
        "talent_pool/data/models/reading.npz",
        "talent_pool/data/demo/quarrels.csv",
    ):
        assert (installed / name).is_file(), name
    assert not list(installed.glob("tests")), "tests stay at home"


def test_a_choice_is_made_again_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "choice.json").write_text(json.dumps(CHOICE), encoding="utf-8")
    done = diandan(installed, tmp_path, "choose", "choice.json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["chosen"] == "2"


def test_a_text_is_read_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    line = json.dumps({"text": "两家为院墙下的水路争了起来,雨水都流到他家地基里", "region": "610629"})
    (tmp_path / "texts.jsonl").write_text(line + "\n", encoding="utf-8")
    done = diandan(installed, tmp_path, "read", "texts.jsonl")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["type"] == "neighbor"


def test_a_house_is_made_and_examined_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    made = diandan(installed, tmp_path, "init")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "var" / "diandan.sqlite3").is_file()
    examined = diandan(installed, tmp_path, "doctor")
    marks = {line[2:].split()[0]: line[0] for line in examined.stdout.splitlines() if line[0] in "✓✗"}
    assert {name for name in ("package", "database", "model", "calendar") if marks[name] == "✓"} == {
        "package",
        "database",
        "model",
        "calendar",
    }


def test_the_demo_runs_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-P", "-c", MAIN, "demo", "--port", "0", "--data-dir", str(tmp_path / "var")]
    with child(words, tmp_path, PYTHONPATH=str(installed)) as demo:
        demo.address("Ctrl-C")
        demo.stop()
    assert demo.process.returncode == 0
    assert "Traceback" not in demo.said
