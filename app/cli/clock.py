"""`diandan worker`: the clock as a process of its own, or one tick of it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from app import holidays, trial
from app.cli.options import data_dir
from app.db import Database
from app.errors import N_, DiandanError
from app.jobs import Clock, TickError, tick
from app.settings import Settings, load

HERE = ZoneInfo("Asia/Shanghai")


@click.command()
@click.option("--once", is_flag=True, help="do what is due and exit, with one JSON line")
@click.option(
    "--now",
    "now",
    default=None,
    metavar="TIME",
    help="with --once: the moment to act for, ISO 8601 (no zone: Shanghai)",
)
@click.option("--dry-run", is_flag=True, help="with --once: say who would get what, write and send nothing")
@data_dir
def worker(once: bool, now: str | None, dry_run: bool, data_dir: Path | None) -> None:
    """Queue what is due and send what is queued: each minute until stopped, or --once."""
    if now is not None and not once:
        raise DiandanError(N_("--now 要和 --once 一起用"))
    if dry_run and not once:
        raise DiandanError(N_("--dry-run 要和 --once 一起用"))
    moment = parse_moment(now) if now is not None else datetime.now(UTC)
    settings = load(data_dir=data_dir)
    database = Database(settings)
    try:
        if not once:
            Clock(database, settings).run()
            return
        if dry_run:
            click.echo(json.dumps(_would(database, settings, moment), ensure_ascii=False))
            return
        click.echo(json.dumps(tick(database, settings, moment), ensure_ascii=False))
    except TickError as problem:
        click.echo(json.dumps(problem.done, ensure_ascii=False))
        click.echo(f"diandan: {problem}", err=True)
        sys.exit(1)
    finally:
        database.close()


def _would(database: Database, settings: Settings, now: datetime) -> dict[str, Any]:
    """Return what a tick at `now` would queue, by way, reader and subject; nothing is written."""
    with database.read() as session:
        holidays.refresh(session)
        found = trial.messages(session, now, link=settings.base_url)
    shown = [{"channel": each.channel, "to": each.to, "subject": each.subject} for each in found]
    return {"would": shown, "queued": len(shown)}


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment, as UTC; one without a zone is what a clock in Shanghai shows."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=HERE)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise DiandanError(N_("时间写得不对:%(time)s"), time=text) from None


commands = [worker]
