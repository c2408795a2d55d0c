"""`demo`, `serve`, `init`, `user add` as commands: from an empty folder to a running site, and what each refuses."""

import re
import signal
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlmodel import col

from app import accounts, migrate
from app.cli import cli
from app.cli.users import add
from app.db import Database
from app.demo import marker
from app.errors import DiandanError
from app.models import Account, Station
from app.scope import Role
from app.settings import load
from tests.app.children import child, command, diandan
from tests.clock import NOW

LINK = re.compile(r"http://127\.0\.0\.1:\d+/o/[\w\-]{32}")
END = "Ctrl-C"


def page(address: str) -> str:
    """What a browser gets."""
    with urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def test_an_empty_folder_becomes_a_running_site_that_the_next_start_reuses(tmp_path: Path) -> None:
    words = command("demo", "--port", "0", "--data-dir", str(tmp_path / "var"))
    with child(words, tmp_path) as demo:
        address = demo.address(END)
        assert "点单" in page(f"{address}/")
        assert "diandan-demo" in demo.said
        assert "jiaokouhe1" in demo.said
        party, mediator = LINK.findall(demo.said)
        assert page(party) != page(mediator)
        assert "█" in demo.said
        assert "新建" in demo.said
        port = address.rsplit(":", 1)[1]
        second = diandan("demo", "--port", port, "--data-dir", str(tmp_path / "other"))
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert port in second.stderr
        assert not (tmp_path / "other").exists(), "a port in use is found before anything is made"
        assert demo.stop(signal.SIGINT) < 6
    assert demo.process.returncode == 0
    assert "Traceback" not in demo.said
    refused = diandan("serve", "--port", "0", "--data-dir", str(tmp_path / "var"))
    assert refused.returncode == 2
    assert "演示数据" in refused.stderr
    with child(words, tmp_path) as again:
        again.address(END)
        assert "沿用" in again.said
        assert LINK.findall(again.said)[0].rsplit("/", 1)[1] == party.rsplit("/", 1)[1], "slips handed out stay good"
        again.stop()


def test_a_real_house_is_made_served_and_stopped(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path / "var"))
    unmade = diandan("serve", "--port", "0", *folder)
    assert unmade.returncode == 2
    assert "diandan init" in unmade.stderr
    made = diandan("init", *folder)
    assert made.returncode == 0, made.stderr
    _, login, password = made.stdout.split()
    with child(command("serve", "--port", "0", "--with-clock", *folder), tmp_path) as server:
        assert "点单" in page(f"{server.address()}/")
        server.stop()
    assert server.process.returncode == 0
    assert "Traceback" not in server.said
    database = Database(load(data_dir=tmp_path / "var"))
    assert accounts.sign_in(database, login=login, password=password, address="127.0.0.1", now=NOW)
    database.close()
    refused = diandan("demo", "--port", "0", "--fresh", *folder)
    assert refused.returncode == 2
    assert "正式数据" in refused.stderr


# --- without processes of their own ----------------------------------------------------------------------------------


def run(*words: str) -> str:
    """Run a command here; a refusal is raised."""
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: str) -> str:
    """Run a command that must be refused; return its one line."""
    done = CliRunner().invoke(cli, list(words))
    assert isinstance(done.exception, DiandanError), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture
def house(tmp_path: Path) -> tuple[str, str]:
    """A migrated, empty database."""
    migrate.upgrade(load(data_dir=tmp_path))
    return "--data-dir", str(tmp_path)


def test_init_makes_one_administrator_and_no_second(house: tuple[str, str]) -> None:
    _, login, password = run("init", "--login", "boss", "--region", "610629", *house).split()
    assert login == "boss"
    assert len(password) >= 16
    assert "已经有管理员" in refused("init", "--login", "other", *house)
    assert "999999" in refused("init", "--region", "999999", *house)


def test_a_first_officer_brings_the_station(house: tuple[str, str], tmp_path: Path) -> None:
    officer = ("--role", "officer", "--region", "610629102", *house)
    assert "--station" in refused("user", "add", "lu", "--name", "陆民警", *officer)
    run("user", "add", "lu", "--name", "陆民警", *officer, "--station", "交口河派出所")
    run("user", "add", "gao", "--name", "高民警", *officer)
    assert "已经有了" in refused("user", "add", "lu", "--name", "另一个", *officer)
    head = ("--role", "station_head", "--region", "610629", "--station", "县局", *house)
    assert "一个镇" in refused("user", "add", "wang", "--name", "王所长", *head)
    run("user", "add", "su", "--name", "苏协调", "--role", "coordinator", "--region", "610629", *house)
    database = Database(load(data_dir=tmp_path))
    with database.read() as session:
        rows = session.execute(select(col(Account.login), col(Account.role), col(Account.station_id))).all()
        stations = session.execute(select(col(Station.name), col(Station.area))).all()
    database.close()
    assert [tuple(row) for row in rows] == [
        ("lu", Role.OFFICER, 1),
        ("gao", Role.OFFICER, 1),
        ("su", Role.COORDINATOR, None),
    ]
    assert [tuple(row) for row in stations] == [("交口河派出所", 610629102000)]


def test_nothing_real_is_added_to_a_demo_database(house: tuple[str, str], tmp_path: Path) -> None:
    database = Database(load(data_dir=tmp_path))
    with database.write() as session:
        marker.put(session, marker.Mark("county", 1, "2026-11-23", ready=True), NOW)
    database.close()
    for words in (
        ("init",),
        ("serve", "--port", "0"),
        ("user", "add", "lu", "--name", "陆", "--role", "admin", "--region", "61"),
    ):
        assert "演示数据" in refused(*words, *house)


def test_a_debugger_is_never_served(house: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert "FLASK_DEBUG" in refused("serve", "--port", "0", *house)


def test_the_demo_setting_does_not_open_a_real_house(house: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANDAN_DEMO", "1")
    assert "演示数据" in refused("serve", "--port", "0", *house)


def test_a_port_that_another_has_is_refused_before_the_data_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert port in refused("demo", "--port", port, "--data-dir", str(tmp_path / "var"))
    assert not (tmp_path / "var").exists()


def test_user_add_says_what_it_wants() -> None:
    done = CliRunner().invoke(add, ["x", "--name", "某", "--role", "king", "--region", "61"])
    assert done.exit_code == 2
    assert "officer" in done.output
