"""Databases for tests: a fresh migrated one for each test, on SQLite and on PostgreSQL."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

import talent_pool.models  # noqa: F401 - registers its tables
from app import migrate, models  # noqa: F401 - registers its tables
from app.db import Database, make_engine
from app.settings import Settings, load
from tests.postgres import LACKS, find_programs, running_server

KEY = "a key of the tests' own, not secret"
BOTH = ("sqlite", "postgresql")


def make_schema(settings: Settings) -> None:
    """Bring an empty database to the schema of today."""
    if migrate.heads():
        migrate.upgrade(settings)
        return
    engine = make_engine(settings)
    SQLModel.metadata.create_all(engine)
    engine.dispose()


class PostgresServer:
    """A server with one migrated database to copy from."""

    def __init__(self, address: str) -> None:
        self.address = make_url(address)
        self.template = f"diandan_template_{uuid.uuid4().hex[:12]}"

    def prepare(self, folder: Path) -> None:
        """Make the database that the others are copies of."""
        self.command(f'CREATE DATABASE "{self.template}"')
        make_schema(load(data_dir=folder, database_url=self.url(self.template), secret_key=KEY))

    def url(self, name: str) -> str:
        """Return the address of a database of this server."""
        return self.address.set(database=name).render_as_string(hide_password=False)

    def create(self, *, empty: bool = False) -> str:
        """Make a database, a copy of the migrated one or empty; return its name."""
        name = f"diandan_{uuid.uuid4().hex[:16]}"
        self.command(f'CREATE DATABASE "{name}" TEMPLATE "{"template0" if empty else self.template}"')
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def command(self, sql: str) -> None:
        """Run one statement outside of a transaction."""
        plain = self.address.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg.connect(plain, autocommit=True)) as connection:
            connection.execute(sql)  # type: ignore[call-overload,unused-ignore]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server: the one that DIANDAN_TEST_DATABASE_URL names, or Debian's, started for the tests."""
    given = os.environ.get("DIANDAN_TEST_DATABASE_URL")
    if given:
        yield from _prepared(PostgresServer(given), tmp_path_factory)
        return
    programs = find_programs()
    if programs is None:
        pytest.skip(LACKS)
    with running_server(programs) as address:
        yield from _prepared(PostgresServer(address), tmp_path_factory)


def _prepared(server: PostgresServer, folders: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    try:
        server.prepare(folders.mktemp("template"))
        yield server
    finally:
        server.drop(server.template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    settings = load(data_dir=tmp_path_factory.mktemp("sqlite"), secret_key=KEY)
    make_schema(settings)
    return settings.sqlite_path


def _sqlite_settings(folder: Path, template: Path | None) -> Settings:
    settings = load(data_dir=folder / "var", secret_key=KEY)
    settings.data_dir.mkdir()
    if template is not None:
        shutil.copyfile(template, settings.sqlite_path)
    return settings


@pytest.fixture
def sqlite_settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    """Settings whose SQLite database is migrated and empty."""
    return _sqlite_settings(tmp_path, sqlite_template)


@pytest.fixture
def postgres_settings(tmp_path: Path, postgres: PostgresServer) -> Iterator[Settings]:
    """Settings whose PostgreSQL database is migrated and empty."""
    yield from _postgres_settings(tmp_path, postgres, empty=False)


def _postgres_settings(folder: Path, server: PostgresServer, *, empty: bool) -> Iterator[Settings]:
    name = server.create(empty=empty)
    yield load(data_dir=folder / "var", database_url=server.url(name), secret_key=KEY)
    server.drop(name)


@pytest.fixture(params=BOTH)
def bare_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings whose database, on either kind, holds nothing at all."""
    if request.param == "sqlite":
        yield _sqlite_settings(tmp_path, None)
    else:
        yield from _postgres_settings(tmp_path, request.getfixturevalue("postgres"), empty=True)


@pytest.fixture(params=BOTH)
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings whose database is migrated and empty: the test runs once on SQLite and once on PostgreSQL."""
    chosen: Settings = request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_settings")
    return chosen


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """A migrated, empty database, once on SQLite and once on PostgreSQL."""
    yield from _opened(settings)


@pytest.fixture
def sqlite_db(sqlite_settings: Settings) -> Iterator[Database]:
    """A migrated, empty database on SQLite alone: for tests in which SQL is not the point."""
    yield from _opened(sqlite_settings)


@pytest.fixture
def postgres_db(postgres_settings: Settings) -> Iterator[Database]:
    """A migrated, empty database on PostgreSQL alone."""
    yield from _opened(postgres_settings)


def _opened(settings: Settings) -> Iterator[Database]:
    database = Database(settings)
    yield database
    database.close()
