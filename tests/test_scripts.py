"""Setting up: what the scripts say and do on machines that lack something. Small stand-ins take the missing programs' places."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("bash", "env", "xargs", "head", "cat", "cksum", "dirname", "echo", "mkdir", "touch", "chmod")
OLD = "#!/bin/sh\nexit 1\n"
NO_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\n[ "$1" = --version ] && echo Python 3.11.2\nexit 0\n'


class Machine:
    """A machine with only the programs that it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)

    def has(self, name: str, script: str = "#!/bin/sh\nexit 0\n") -> "Machine":
        """Put a stand-in for a program."""
        (self.bin / name).write_text(script, encoding="utf-8")
        (self.bin / name).chmod(0o755)
        return self

    def run(self, script: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of ours on this machine."""
        given = {"PATH": str(self.bin), "HOME": str(self.folder)} | environment
        return subprocess.run(["bash", script, *words], env=given, capture_output=True, text=True, timeout=60, cwd=ROOT)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# --- system packages ---

PACKAGES = ROOT / "scripts" / "system-packages.sh"
FONTS = "#!/bin/sh\necho 'Noto Sans CJK SC'\n"
DATABASE = {"DIANDAN_TEST_DATABASE_URL": "postgresql://somewhere/else"}


def user(number: int) -> str:
    return f"#!/bin/sh\necho {number}\n"


def test_silent_when_everything_is_there(machine: Machine) -> None:
    done = machine.has("chromium").has("fc-list", FONTS).has("id", user(1000)).run(PACKAGES, CI="true", **DATABASE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_without_root_one_line_says_what_is_left_out(machine: Machine, ci: str, status: int) -> None:
    done = machine.has("id", user(1000)).has("apt-get", OLD).run(PACKAGES, CI=ci, **DATABASE)
    assert done.returncode == status
    assert done.stderr.count("\n") == 1
    assert "apt-get install chromium fonts-noto-cjk)" in done.stderr


def test_as_root_installs_what_is_missing_and_no_more(machine: Machine) -> None:
    log = machine.folder / "asked"
    install = (
        f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" = install ] && cp {machine.bin}/id {machine.bin}/chromium\nexit 0\n'
    )
    (machine.bin / "cp").symlink_to(shutil.which("cp") or "")
    machine.has("fc-list", FONTS).has("id", user(0)).has("apt-get", install)
    assert machine.run(PACKAGES, CI="true", **DATABASE).returncode == 0
    asked = log.read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in asked] == ["update", "install"]
    assert asked[1].split()[-1] == "chromium"


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_an_installation_that_fails_is_said(machine: Machine, ci: str, status: int) -> None:
    done = machine.has("fc-list", FONTS).has("id", user(0)).has("apt-get", OLD).run(PACKAGES, CI=ci, **DATABASE)
    assert done.returncode == status
    assert "left out: the tests that need chromium" in done.stderr


# --- the virtual environment ---


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of the project as installing needs."""
    copy = tmp_path / "tree"
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, copy / folder)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def install(machine: Machine, tree: Path, what: str = "dev") -> subprocess.CompletedProcess[str]:
    return machine.run(tree / "scripts" / "install.sh", what)


def test_too_old_python_is_named(machine: Machine, tree: Path) -> None:
    done = install(machine.has("python3", OLD), tree)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (tree / ".venv").exists()


def test_newer_python_beside_an_old_one_is_taken_and_its_missing_venv_named(machine: Machine, tree: Path) -> None:
    done = install(machine.has("python3", OLD).has("python3.12", NO_VENV), tree)
    assert done.returncode == 1
    assert f"{machine.bin}/python3.12 has no venv module" in done.stderr
    assert "apt-get install python3-venv" in done.stderr


def installed(tree: Path, what: str) -> None:
    """Leave what a finished installation leaves."""
    program = tree / ".venv" / "bin" / "diandan"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    words = f"pwd -P; cat requirements/{what}.txt pyproject.toml"
    state = subprocess.run(f"{{ {words}; }} | cksum", shell=True, cwd=tree, capture_output=True, text=True, check=True)
    (tree / ".venv" / f"stamp-{what}").write_text(state.stdout, encoding="utf-8")


@pytest.mark.parametrize(
    ("there", "wanted", "status"), [("dev", "dev", 0), ("dev", "run", 0), ("run", "run", 0), ("run", "dev", 1)]
)
def test_what_is_installed_is_not_installed_again(
    machine: Machine, tree: Path, there: str, wanted: str, status: int
) -> None:
    installed(tree, there)
    assert install(machine, tree, wanted).returncode == status  # there is no Python: it fails when it looks for one


@pytest.mark.parametrize("change", ["requirements/dev.txt", "pyproject.toml"])
def test_changed_requirements_and_a_moved_folder_are_noticed(machine: Machine, tree: Path, change: str) -> None:
    installed(tree, "dev")
    with (tree / change).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert install(machine, tree).returncode == 1


def test_moved_folder_is_noticed(machine: Machine, tree: Path) -> None:
    installed(tree, "dev")
    assert install(machine, tree.rename(tree.with_name("elsewhere"))).returncode == 1


# --- the gate ---


def test_gate_runs_readme_s_test_command_and_allows_no_skip() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -eu" in gate and "export CI=true" in gate
    assert gate.splitlines()[-1] == "make --no-print-directory test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    for name in ("README.md", "README.zh-CN.md"):
        assert "make test" in (ROOT / name).read_text(encoding="utf-8")
