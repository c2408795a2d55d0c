"""`diandan doctor`: a healthy house passes, and each illness is found and told what to do about."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app import doctor, migrate
from app.cli import cli
from app.db import Database
from app.doctor import Check, examine
from app.jobs import HEARTBEAT
from app.keyring import Keyring
from app.models import Heartbeat
from app.settings import Settings, load
from tests.app.gateways import gateway
from tests.clock import NOW, SHANGHAI


@pytest.fixture
def healthy(sqlite_settings: Settings) -> Settings:
    """A house in which everything is as it should be at NOW."""
    settings = load(data_dir=sqlite_settings.data_dir, base_url="https://diandan.example.cn")
    settings.key()
    database = Database(settings)
    with database.write() as session:
        session.add(Heartbeat(name=HEARTBEAT, at=NOW - timedelta(seconds=40)))
    database.close()
    return settings


def check(settings: Settings, name: str, now: datetime = NOW) -> Check:
    """What one check found."""
    return next(each for each in examine(settings, now) if each.name == name)


def changed(settings: Settings, **changes: object) -> Settings:
    """The same house with other settings."""
    return settings.model_copy(update=changes)


def test_a_healthy_house_passes_every_check(healthy: Settings) -> None:
    found = examine(healthy, NOW)
    assert [each.name for each in found if not each.ok] == []
    assert len(found) == len(doctor.CHECKS) >= 12


def test_a_new_folder_is_told_to_make_its_database(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path)
    for name in ("database", "secret key", "clock"):
        assert not check(settings, name).ok
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


def test_an_old_schema_is_told_to_be_upgraded(healthy: Settings) -> None:
    migrate.downgrade(healthy, "0001_pool_and_house")
    found = check(healthy, "database")
    assert not found.ok
    assert "diandan db upgrade" in found.advice


def test_a_database_that_is_away_is_told_without_its_address(healthy: Settings) -> None:
    away = changed(healthy, database_url="postgresql://boss:knock-knock@127.0.0.1:1/none")
    found = examine(away, NOW)
    assert not next(each for each in found if each.name == "database").ok
    assert "knock-knock" not in " ".join(f"{each.found} {each.advice}" for each in found)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_a_key_that_others_can_read(healthy: Settings) -> None:
    (healthy.data_dir / "secret.key").chmod(0o644)
    found = check(healthy, "secret key")
    assert not found.ok
    assert "0644" in found.found
    assert "chmod 600" in found.advice


def test_a_short_key_given_as_a_setting(healthy: Settings) -> None:
    assert not check(changed(healthy, secret_key="short"), "secret key").ok
    keys = healthy.data_dir / "ballot.keys"
    assert check(healthy, "ballot keys").ok, "none before the first ballot"
    Keyring(keys).seal("x", 1)
    assert check(healthy, "ballot keys").found.endswith("k1")
    keys.chmod(0o644)
    assert "chmod" in check(healthy, "ballot keys").advice
    keys.chmod(0o600)
    keys.write_text("k1 nothing")
    assert not check(healthy, "ballot keys").ok
    assert check(changed(healthy, secret_key="x" * 40), "secret key").ok


def test_a_year_without_the_holidays_notice(healthy: Settings) -> None:
    found = check(healthy, "calendar", datetime(2040, 1, 1, tzinfo=SHANGHAI))
    assert not found.ok
    assert "china.csv" in found.advice


def test_a_clock_that_went_silent(healthy: Settings) -> None:
    assert check(healthy, "clock", NOW + timedelta(minutes=4)).ok
    assert not check(healthy, "clock", NOW + timedelta(minutes=6)).ok


def test_a_damaged_model(healthy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    for name in ("reading.npz", "reading.json"):
        source = doctor.data_dir() / "models" / name
        (models / name).write_bytes(source.read_bytes())
    broken = bytearray((models / "reading.npz").read_bytes())
    broken[len(broken) // 2] ^= 1
    (models / "reading.npz").write_bytes(broken)
    monkeypatch.setattr(doctor, "data_dir", lambda: tmp_path / "data")
    assert not check(healthy, "model").ok


def test_a_machine_without_chinese_fonts(healthy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FONT_FOLDERS", (str(tmp_path / "fonts"),))
    assert not check(healthy, "fonts").ok
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "SimSun.ttc").touch()
    assert check(healthy, "fonts").ok


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "https://x.cn/sub", "https://"])
def test_an_address_that_no_phone_reaches(healthy: Settings, url: str) -> None:
    assert not check(changed(healthy, base_url=url), "base_url").ok


def test_a_mail_server_that_is_away(healthy: Settings) -> None:
    assert not check(changed(healthy, smtp_host="127.0.0.1", smtp_port=1), "mail").ok


def test_a_gateway_or_robot_that_is_away_is_named_without_its_key(healthy: Settings) -> None:
    assert check(healthy, "channels").ok
    with gateway(lambda call: None, {}) as server:
        reached = changed(
            healthy, wecom_robots={"*": "key"}, wecom_url=server.url, sms_gateway="http", sms_url=server.url
        )
        assert (check(reached, "channels").ok, check(reached, "channels").found) == (True, "wecom, sms")
    away = changed(healthy, wecom_robots={"*": "the-key"}, wecom_url="http://127.0.0.1:1/the-key")
    found = check(away, "channels")
    assert not found.ok and "wecom 127.0.0.1" in found.found and "the-key" not in found.found
    assert not check(changed(healthy, sms_gateway="http"), "channels").ok  # without an address


def test_a_full_disk(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE", 2**62)
    assert not check(healthy, "disk").ok


@pytest.mark.parametrize(
    ("language", "words"), [("zh_CN.UTF-8", "请运行 diandan init"), ("en_US.UTF-8", "run diandan init")]
)
def test_the_command_says_what_to_do_in_both_languages(
    tmp_path: Path, language: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", language)
    done = CliRunner().invoke(cli, ["doctor", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "✗ database" in done.output
    assert words in done.output
    assert "✓ Python" in done.output
