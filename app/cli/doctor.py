"""`diandan doctor`: what is well and what is not, each with what to do."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.options import data_dir
from app.doctor import examine
from app.settings import load
from app.wording import translate


@click.command()
@data_dir
def doctor(data_dir: Path | None) -> None:
    """Check this installation; exit status 1 when something is wrong."""
    checks = examine(load(data_dir=data_dir), datetime.now(UTC))
    for each in checks:
        click.echo(f"{'✓' if each.ok else '✗'} {each.name:<11} {each.found}")
        if not each.ok:
            click.echo(f"  → {translate(each.advice, _locale())}")
    sys.exit(0 if all(each.ok for each in checks) else 1)


def _locale() -> str:
    return next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "zh")


commands = [doctor]
