"""Tests about the code itself: what a review would otherwise have to remember."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from app import __version__
from app.cli import TOPICS
from app.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "matching", "talent_pool")
LONGEST = 400
LONGER: dict[str, int] = {}  # looked at and accepted


@lru_cache(maxsize=1)
def tracked() -> list[Path]:
    """Every file of the project, tracked or about to be, without the ignored ones."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True)
    paths = [ROOT / name for name in done.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> Iterator[tuple[str, str]]:
    """Name and words of every file that is text."""
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content[:8000]:
            yield str(path.relative_to(ROOT)), content.decode("utf-8", errors="replace")


def code(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every module of the packages, migrations' steps aside."""
    for name, words in texts():
        if name.endswith(".py") and name.split("/")[0] in (packages or PACKAGES) and "/versions/" not in name:
            yield name, ast.parse(words)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a tree, under the last part of its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


# --- directions and names ---


def test_imports_walk_one_way() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_file_is_named_after_a_kind() -> None:
    kinds = {"utils", "util", "helpers", "helper", "misc", "common", "stuff", "lib"}
    assert [path for path in tracked() if path.stem in kinds] == []


def test_files_stay_readable() -> None:
    ours = {name: words for name, words in texts() if name.endswith((".py", ".css", ".js", ".html", ".sh"))}
    lengths = {
        name: words.count("\n")
        for name, words in ours.items()
        if name.split("/")[0] not in ("tests", "data") and "/versions/" not in name and not _vendored(name)
    }
    assert {name: long for name, long in lengths.items() if long > LONGER.get(name, LONGEST)} == {}
    assert {name for name in LONGER if lengths.get(name, 0) <= LONGEST} == set()  # an exception that is not needed


def _vendored(name: str) -> bool:
    return "/vendor/" in name or ".min." in name


def test_nothing_is_left_for_later() -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "pragma: no " + "cover", r"mark\.x" + "fail"))
    left = [
        f"{name}: {found[0]}"
        for name, words in texts()
        if name.endswith((".py", ".html", ".js", ".css", ".sh", ".toml", ".md")) and not _vendored(name)
        for found in re.finditer(rf"\b({marks})\b", words)
    ]
    assert [each for each in left if not each.startswith("tests/test_skips.py")] == []


# --- the database ---


def test_transactions_belong_to_the_entry_points() -> None:
    allowed = {"app/db.py", "app/web/sessions.py", "app/web/__init__.py"}
    found = {name for name, tree in code() for called, _ in calls(tree) if called == "commit"}
    assert found <= allowed


def test_tables_are_reached_through_their_classes() -> None:
    reviewed = {
        "app/scope.py",  # asks which classes are tables
        "app/visits.py",  # finds out what a link opens, before there is a scope
        "app/migrations/env.py",  # leaves foreign tables alone
    }
    found = set()
    for name, tree in code():
        if any(called in ("text", "exec_driver_sql") for called, _ in calls(tree)):
            found.add(name)
        if any(isinstance(node, ast.Attribute) and node.attr in ("__table__", "tables") for node in ast.walk(tree)):
            found.add(name)
        if any(isinstance(node, ast.Constant) and node.value == "__table__" for node in ast.walk(tree)):
            found.add(name)
    assert found - reviewed == {"app/db.py"}  # BEGIN itself


def test_pages_open_no_session_past_their_viewer() -> None:
    """A page's session comes from `sessions.db()`, with the scope of whoever looks; SYSTEM sees every case."""
    reviewed = {
        "app/web/health.py",  # counts and times, no case
        "app/web/sessions.py",  # finds out who it is, before anybody has a scope
    }
    found = {
        name
        for name, tree in code("app")
        if name.startswith("app/web/")
        for called, call in calls(tree)
        if called in ("read", "write", "session") and "database" in ast.unparse(call.func) and _unscoped(call)
    }
    assert found - reviewed == set()


def _unscoped(call: ast.Call) -> bool:
    return not call.args or "SYSTEM" in ast.unparse(call.args[0])


# --- what is written down ---


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_setting_is_documented(name: str) -> None:
    words = document(name)
    settings = [f"DIANDAN_{field.upper()}" for field in Settings.model_fields]
    assert [setting for setting in settings if f"`{setting}`" not in words] == []
    invented = set(re.findall(r"`(DIANDAN_\w+)`", words)) - set(settings)
    assert {each for each in invented if not each.startswith("DIANDAN_TEST_")} == set()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_command_is_documented_and_no_other(name: str) -> None:
    words = document(name)
    assert [command for command in TOPICS if f"diandan {command}" not in words] == []
    named = set(re.findall(r"`diandan ([a-z]+)", words))
    assert named - set(TOPICS) == set()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_what_a_document_points_to_is_there(name: str) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", document(name))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[?([0-9]+\.[0-9]+\.[0-9]+)\b", document("CHANGELOG.md"), re.MULTILINE)
    assert versions and versions[0] == __version__


# --- what must not travel with it ---

REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted",
    "npm" + "js",
    "npm" + "mirror",
    "tuna." + "tsinghua",
    "mirrors." + "aliyun",
)


def test_no_registry_is_named() -> None:
    named = [(name, host) for name, words in texts() for host in REGISTRIES if host in words.lower()]
    assert named == []


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    machine = re.compile(r"(?<![\w.<>~)\]}/-])/(?:tmp|work|home|root)/\w")
    found = {
        f"{name}: {line.strip()[:120]}"
        for name, words in texts()
        if not _vendored(name)
        for line in words.splitlines()
        if machine.search(line)
    }
    assert found == set()


def test_machine_paths_are_recognised() -> None:
    machine = re.compile(r"(?<![\w.<>~)\]}/-])/(?:tmp|work|home|root)/\w")
    assert machine.search("see " + "/tmp" + "/x") and not machine.search("app/work/x")


@pytest.mark.parametrize("name", ["run", "dev"])
def test_requirements_are_pinned_and_locked(name: str) -> None:
    words = document(f"requirements/{name}.txt").replace("\\\n", " ")
    lines = [line for line in words.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    loose = [
        line[:60]
        for line in lines
        if not re.match(r"[A-Za-z0-9._-]+(\[[\w,]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert loose == []


def test_what_runs_is_what_was_tested() -> None:
    """The service's pins are among the developer's, with the same versions."""
    run, dev = (
        set(re.findall(r"^([\w.,\[\]-]+==\S+)", document(f"requirements/{name}.txt"), re.MULTILINE))
        for name in ("run", "dev")
    )
    assert run - dev == set()


def test_every_dependency_is_locked() -> None:
    import tomllib

    project = tomllib.loads(document("pyproject.toml"))["project"]
    wanted = {"run": project["dependencies"], "dev": project["dependencies"] + project["optional-dependencies"]["dev"]}
    for name, dependencies in wanted.items():
        locked = set(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==", document(f"requirements/{name}.txt"), re.MULTILINE))
        names = {re.split(r"[<>=;\[ ]", each)[0].lower() for each in dependencies}
        assert names - locked == set()


@pytest.mark.parametrize("name", ["run", "dev"])
def test_extras_that_a_locked_package_asks_for_are_locked_with_it(name: str) -> None:
    # pip before 23.3 does not let `coverage==7` answer for `coverage[toml]`: it takes the newest and stops at the missing hash.
    locked = dict(re.findall(r"^([\w.-]+)(?:\[([\w,-]+)\])?==", document(f"requirements/{name}.txt"), re.MULTILINE))
    asked = [Requirement(words) for package in locked if (words_of := requires_of(package)) for words in words_of]
    lacking = {
        str(need)
        for need in asked
        if need.extras and need.name in locked and (need.marker is None or need.marker.evaluate({"extra": ""}))
        if not need.extras <= set(locked[need.name].split(","))
    }
    assert not lacking
    assert sum(bool(need.extras) for need in asked) >= (name == "dev")


def requires_of(package: str) -> list[str]:
    try:
        return requires(package) or []
    except PackageNotFoundError:  # another platform's
        return []
