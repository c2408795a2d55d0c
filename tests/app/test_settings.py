"""Settings: a bad value stops the start and is named; the secret key is made once and shown to nobody."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.errors import SettingsError
from app.settings import Settings, load

BAD = {
    "THREADS": ("0", "65", "many", ""),
    "SMTP_PORT": ("0", "65536", "smtp"),
    "SMTP_TLS": ("tls", "none ", "STARTTLS"),
    "BASE_URL": ("example.org", "ftp://example.org", ""),
    "DATABASE_URL": ("mysql://a@b/c", "sqlite:///x", "nonsense"),
    "SECRET_KEY": ("short", "x" * 31),
    "DEMO": ("perhaps",),
    "TRUSTED_PROXY": ("2",),
    "SESSION_IDLE_MINUTES": ("4", "721"),
    "SESSION_HOURS": ("0", "25"),
    "WECOM_ROBOTS": ("a key alone", '["a-key"]', '{"*": 12345678}'),
    "WECOM_URL": ("example.org", "ftp://example.org"),
    "SMS_GATEWAY": ("pigeons",),
    "SMS_ACCEPTED": ("code is nought",),
}
CASES = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_bad_value_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"DIANDAN_{name}", value)
    with pytest.raises(SettingsError, match=rf"^DIANDAN_{name}: ") as refusal:
        load()
    assert "\n" not in str(refusal.value)
    assert value not in str(refusal.value) or len(value) < 6  # what was meant to be secret is not repeated


def test_command_ends_with_one_line_and_status_2(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "from app.cli import main; main()", "db", "upgrade", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        words, env=os.environ | {"DIANDAN_THREADS": "none"}, capture_output=True, text=True, cwd=_root(), timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "DIANDAN_THREADS" in done.stderr


def _root() -> Path:
    return Path(__file__).parent.parent.parent


def test_defaults_are_a_machine_of_ones_own(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)
    assert (settings.base_url, settings.demo, settings.trusted_proxy) == ("http://127.0.0.1:8000", False, False)
    assert settings.sqlite_path.parent == tmp_path
    assert not settings.secure


def test_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANDAN_THREADS", "3")
    monkeypatch.setenv("DIANDAN_BASE_URL", "https://dd.example.org/")
    assert load().threads == 3
    assert (load().base_url, load().secure) == ("https://dd.example.org", True)
    assert load(threads=4, base_url=None).threads == 4


def test_tables_are_json_objects_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANDAN_WECOM_ROBOTS", '{"*": "key-1", "station:3": "key-2"}')
    monkeypatch.setenv("DIANDAN_FEISHU_ROBOTS", "")
    assert load().wecom_robots == {"*": "key-1", "station:3": "key-2"}
    assert load().feishu_robots == {}


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = load(data_dir=tmp_path / "new").key()
    kept = tmp_path / "new" / "secret.key"
    assert len(first) >= 64
    assert load(data_dir=tmp_path / "new").key() == first == kept.read_text(encoding="ascii")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "new").iterdir()) == [kept]
    assert load(data_dir=tmp_path / "other").key() != first


def test_given_key_is_not_written_down(tmp_path: Path) -> None:
    assert load(data_dir=tmp_path, secret_key="k" * 32).key() == "k" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    load(data_dir=tmp_path).key()
    (tmp_path / "secret.key").chmod(mode)
    with pytest.raises(SettingsError, match="readable by others"):
        load(data_dir=tmp_path).key()


@pytest.mark.parametrize("left", [b"", b"\n", b"half a key", b"\xff\xfe"])
def test_a_damaged_key_is_refused_not_replaced(tmp_path: Path, left: bytes) -> None:
    kept = tmp_path / "secret.key"
    kept.write_bytes(left)
    kept.chmod(0o600)
    with pytest.raises(SettingsError, match="holds no key"):
        load(data_dir=tmp_path).key()
    assert kept.read_bytes() == left


def test_threads_that_start_at_once_keep_one_key(tmp_path: Path) -> None:
    crowd = 8
    for number in range(30):
        together = Barrier(crowd)
        folder = tmp_path / str(number)

        def start(folder: Path = folder, together: Barrier = together) -> str:
            settings = load(data_dir=folder)
            together.wait()
            return settings.key()

        with ThreadPoolExecutor(crowd) as pool:
            keys = {each.result() for each in [pool.submit(start) for _ in range(crowd)]}
        assert len(keys) == 1


AT_ONCE = """
import sys, time
from app.settings import load
settings = load(data_dir=sys.argv[1])
time.sleep(max(0, float(sys.argv[2]) - time.time()))
print(settings.key())
"""


def test_processes_that_start_at_once_keep_one_key(tmp_path: Path) -> None:
    words = [sys.executable, "-c", AT_ONCE, str(tmp_path), str(time.time() + 2)]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=_root()) for _ in range(4)]
    keys = {process.communicate(timeout=60)[0].strip() for process in started}
    assert keys == {(tmp_path / "secret.key").read_text(encoding="ascii")}
