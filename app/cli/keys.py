"""`diandan keys`: the keys under which ballots and logs of choices are kept."""

from pathlib import Path

import click

from app import ballot_box
from app.cli.options import data_dir
from app.db import Database
from app.settings import load


@click.group()
def keys() -> None:
    """The keys that seal ballots (ballot.keys in the data folder)."""


@keys.command()
@click.option(
    "--keep-old", is_flag=True, help="leave the older keys in the file, for a database restored from a backup"
)
@data_dir
def rotate(*, keep_old: bool, data_dir: Path | None) -> None:
    """Make a new key, seal every ballot and log with it anew, then forget the older keys."""
    database = Database(load(data_dir=data_dir))
    try:
        name, done = database.keyring.rotate(), 0
        while count := _batch(database):
            done += count
        if not keep_old:
            database.keyring.drop_older()
    finally:
        database.close()
    click.echo(f"{name}: {done}")


def _batch(database: Database) -> int:
    with database.write() as session:
        return ballot_box.reseal(session, limit=500)


commands = [keys]
