"""Alembic without its command line: up, down, and the question whether the database is at the head."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.db import make_engine
from app.keyring import FILE, Keyring
from app.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Migrate up, in one transaction for each step: killed anywhere, the schema is the old or the new one."""
    _run(settings, lambda config: command.upgrade(config, revision))


def downgrade(settings: Settings, revision: str) -> None:
    """Migrate down to `revision`."""
    _run(settings, lambda config: command.downgrade(config, revision))


def heads() -> str:
    """Return the newest revision of the code."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(connection: Connection) -> str:
    """Return the revision of the database, '' when it has none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _run(settings: Settings, work: Callable[[Config], None]) -> None:
    engine = make_engine(settings)
    try:
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            config.attributes["keyring"] = Keyring(settings.data_dir / FILE)
            work(config)
    finally:
        engine.dispose()
