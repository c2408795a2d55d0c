"""`diandan read`, `train`, `evaluate`, `duplicates` as another program calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.cli.learning import commands as learning_commands
from app.cli.reading import commands
from app.errors import DiandanError
from matching import train
from matching.train import shipped_corpus

ROOT = Path(__file__).parents[2]
WAGES = "工头拖欠工资，快过年了还不给"


def run(*words: object, given: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], input=given)


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small labelled file: every ninth line of the corpus."""
    rows = [line for path in shipped_corpus() for line in path.read_text(encoding="utf-8").splitlines()]
    path = tmp_path / "small.jsonl"
    path.write_text("\n".join(rows[::9]), encoding="utf-8")
    return path


def test_read_answers_line_by_line_in_order(tmp_path: Path) -> None:
    texts = [WAGES, "", "丈夫喝了酒就打我", "\ud800" + WAGES]
    given = "\n".join(json.dumps({"text": text, "region": "610629"}) for text in texts) + "\n\n"
    answers = lines(run("read", "--data-dir", tmp_path, given=given))
    assert [answer["type"] for answer in answers] == ["labor", None, "marriage_family", "labor"]
    assert [gate["code"] for gate in answers[2]["gates"]] == ["domestic_violence"]  # type: ignore[attr-defined]


def test_read_takes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text("\ufeff" + json.dumps({"text": WAGES}), encoding="utf-8")
    assert lines(run("read", path))[0]["type"] == "labor"


@pytest.mark.parametrize(
    "line", ["{", "[1]", '{"no": "text"}', '{"text": 5}', '{"text": "x", "region": "abc"}', b"\xff\xfe", "[" * 100_000]
)
def test_read_refuses_a_bad_line_by_its_number(line: str | bytes) -> None:
    first = json.dumps({"text": WAGES}).encode() + b"\n"
    result = run("read", given=first + (line if isinstance(line, bytes) else line.encode()))
    assert isinstance(result.exception, DiandanError)
    assert "第 2 行" in str(result.exception)


def test_a_bad_line_ends_with_status_2_and_one_line() -> None:
    code = "import sys; sys.argv = ['diandan', 'read']; from app.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input="{\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_train_keeps_a_countys_own_model_which_read_then_uses(small: Path, tmp_path: Path) -> None:
    (report,) = lines(run("train", "--data", small, "--data-dir", tmp_path))
    folder = Path(str(report["folder"]))
    assert folder.parent == tmp_path / "models"
    assert {"texts", "accuracy", "macro_f1", "top3", "ece", "accuracy_at_80_coverage"} <= set(report)
    assert {path.name for path in folder.iterdir()} == {"reading.npz", "reading.json", "CARD.md"}
    question = json.dumps({"text": WAGES})
    own, shipped = (
        lines(run("read", "--data-dir", folder, given=question))[0] for folder in (tmp_path, tmp_path / "none")
    )
    assert own["type"] == shipped["type"] == "labor"
    assert own["probabilities"] != shipped["probabilities"]


def test_a_damaged_model_of_the_county_is_named_and_the_one_before_reads(small: Path, tmp_path: Path) -> None:
    (report,) = lines(run("train", "--data", small, "--data-dir", tmp_path))
    (Path(str(report["folder"])) / "reading.npz").write_bytes(b"no arrays")
    result = run("read", "--data-dir", tmp_path, given=json.dumps({"text": WAGES}))
    assert lines(result)[0]["type"] == "labor"
    assert "模型文件坏了" in result.stderr
    assert "shipped" in result.stderr


def test_models_are_listed_and_rolled_back(small: Path, tmp_path: Path) -> None:
    versions = []
    for extra in ("", "\n" + json.dumps({"text": WAGES, "type": "labor"})):
        small.write_text(small.read_text(encoding="utf-8") + extra, encoding="utf-8")
        (report,) = lines(run("train", "--data", small, "--data-dir", tmp_path))
        versions.append(Path(str(report["folder"])).name)
    listed = lines(run("model", "list", "--data-dir", tmp_path))
    assert [(row["version"], row["speaks"]) for row in listed] == [
        (versions[1], True),
        (versions[0], False),
        ("shipped", False),
    ]
    assert lines(run("model", "rollback", "--data-dir", tmp_path)) == [{"champion": versions[0], "held": True}]
    assert lines(run("model", "list", "--data-dir", tmp_path))[0]["version"] == versions[0]
    assert lines(run("model", "rollback", "--data-dir", tmp_path))[0]["champion"] == "shipped"
    first = run("model", "rollback", "--data-dir", tmp_path)
    assert isinstance(first.exception, DiandanError)
    assert lines(run("model", "resume", "--data-dir", tmp_path)) == [{"champion": "shipped", "held": False}]


def test_train_wants_lines_or_the_night_and_the_night_a_database(small: Path, tmp_path: Path) -> None:
    assert isinstance(run("train", "--data-dir", tmp_path).exception, DiandanError)
    assert isinstance(run("train", "--nightly", "--data", small, "--data-dir", tmp_path).exception, DiandanError)
    assert isinstance(run("train", "--nightly", "--data-dir", tmp_path).exception, DiandanError)


def test_train_refuses_what_cannot_be_learnt(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"text": WAGES, "type": "labor"}), encoding="utf-8")
    assert isinstance(run("train", "--data", path, "--data-dir", tmp_path).exception, DiandanError)
    path.write_text(json.dumps({"text": WAGES, "type": "work"}), encoding="utf-8")
    assert "one.jsonl:1" in str(run("train", "--data", path, "--data-dir", tmp_path).exception)


FIGURES = ["n", "accuracy", "macro_f1", "top3", "ece", "accuracy_at_80_coverage", "ms_per_text"]


def test_evaluate_prints_the_figures(small: Path, tmp_path: Path) -> None:
    (figures,) = lines(run("evaluate", small, "--data-dir", tmp_path))
    assert list(figures) == FIGURES
    assert figures["accuracy"] > 0.9  # type: ignore[operator]  # these very lines were learnt


def test_evaluate_cross_validates_and_takes_more_lines(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "shipped_corpus", lambda: [small])  # three models of the whole one take a minute
    rows = small.read_text(encoding="utf-8").splitlines()[:40]
    held = tmp_path / "held.jsonl"
    held.write_text("\n".join(rows), encoding="utf-8")
    assert list(lines(run("evaluate", held, "--folds", "2"))[0]) == FIGURES
    assert lines(run("evaluate", held, "--train", small))[0]["n"] == 40


def test_evaluate_refuses_an_empty_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n", encoding="utf-8")
    assert isinstance(run("evaluate", empty).exception, DiandanError)


def test_duplicates_prints_each_pair(tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "text": "赵家房檐水泡塌刘建国家院墙",
            "region": "610629",
            "date": "2026-11-01",
            "parties": ["刘建国", {"name": "赵大山", "phone": "199 0000 1111"}],
        },
        {"id": "2", "text": "工头拖欠工资", "region": None, "date": None, "parties": []},
        {
            "id": "3",
            "text": "房檐水泡塌了院墙，叫赵大山赔",
            "region": "610629",
            "date": "2026-11-20",
            "parties": [{"name": "刘建国", "phone": "19900001111"}],
        },
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (pair,) = lines(run("duplicates", path))
    assert (pair["a"], pair["b"]) == ("1", "3")
    assert 0.5 < float(str(pair["same"])) <= 1
    assert "电话相同" in str(pair["why"])


@pytest.mark.parametrize(
    "row",
    [{"text": "x"}, {"id": 1}, {"id": 1, "text": "x", "date": "November"}, {"id": 1, "text": "x", "region": "zz"}],
)
def test_duplicates_refuses_a_bad_line(row: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert isinstance(run("duplicates", path).exception, DiandanError)


def test_the_commands_have_help_and_the_module_needs_no_flask() -> None:
    assert [command.name for command in (*commands, *learning_commands)] == [
        "read",
        "evaluate",
        "duplicates",
        "train",
        "model",
    ]
    assert all(run(command.name, "--help").exit_code == 0 for command in (*commands, *learning_commands))
    code = "import sys, app.cli.reading; print([m for m in ('flask', 'sklearn', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
