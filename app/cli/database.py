"""`diandan db`: the schema, up and down."""

from pathlib import Path

import click

from app.cli.options import data_dir
from app.migrate import downgrade, heads, upgrade
from app.settings import load


@click.group()
def db() -> None:
    """Bring the database to a version of the schema."""


@db.command("upgrade")
@data_dir
@click.argument("revision", default="head")
def upgrade_command(data_dir: Path | None, revision: str) -> None:
    """Migrate up to REVISION (default: the newest)."""
    upgrade(load(data_dir=data_dir), revision)
    click.echo(f"database at {revision if revision != 'head' else heads()}")


@db.command("downgrade")
@data_dir
@click.argument("revision")
def downgrade_command(data_dir: Path | None, revision: str) -> None:
    """Migrate down to REVISION (`base`: nothing left)."""
    downgrade(load(data_dir=data_dir), revision)
    click.echo(f"database at {revision}")


commands = [db]
