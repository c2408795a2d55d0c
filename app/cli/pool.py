"""`diandan pool`: a county's list into the pool, the pool as a file, and what in it wants a look."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from app import pool_care, pool_export, pool_import
from app.cli.options import data_dir
from app.cli.serving import region_of
from app.db import Database
from app.errors import N_, DiandanError, InvalidInput
from app.models import DraftState, PoolDraft, Station
from app.settings import load
from app.workdays import shanghai
from talent_pool import taxonomy
from talent_pool.sheets import MOST_BYTES, SheetRow

BY = "system"
COUNTY = 10**6
region_option = click.option("--region", default="", metavar="CODE", help="the county (default: that of the stations)")


@click.group()
def pool() -> None:
    """The talent pool in and out."""


@pool.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="only say what it would do")
@click.option("--errors", type=click.Path(path_type=Path), help="write the rows that are not taken to this .xlsx file")
@region_option
@data_dir
def import_(file: Path, dry_run: bool, errors: Path | None, region: str, data_dir: Path | None) -> None:
    """Take the mediators of FILE (.xlsx, .xls, .csv) in; print each problem by row and column, then the numbers."""
    rows = _rows(file)
    now = datetime.now(UTC)
    with _database(data_dir) as database:
        with database.read() as session:  # nothing that is written here is kept
            area = _area(session, region)
            draft = _draft(session, area, file, rows, now)
            found = pool_import.preview(session, draft, _today(now))
            for number, column, words in pool_import.problems(draft, [*found.bad, *found.twins]):
                click.echo(f"第{number}行 {column}: {words}")
            left_out = pool_import.rows_to_correct(session, draft, _today(now)) if errors else b""
        if errors:
            errors.write_bytes(left_out)
        if not dry_run:
            _take_in(database, area, file, rows, now)
    click.echo(json.dumps({"rows": draft.rows, **found.counts, "dry_run": dry_run}))


@pool.command()
@click.argument("file", type=click.Path(path_type=Path))
@region_option
@data_dir
def export(file: Path, region: str, data_dir: Path | None) -> None:
    """Write everybody who serves the county to FILE (.xlsx), in the columns that import reads."""
    with _database(data_dir) as database, database.read() as session:
        written = pool_export.of_area(session, _area(session, region))
    try:
        file.write_bytes(written)
    except OSError as problem:
        raise DiandanError(N_("写不了文件 %(file)s:%(reason)s"), file=str(file), reason=problem.strerror) from None


@pool.command()
@region_option
@data_dir
def check(region: str, data_dir: Path | None) -> None:
    """Print what entries lack, who may stand twice, and for what a town has nobody; then the numbers."""
    today = _today(datetime.now(UTC))
    with _database(data_dir) as database, database.read() as session:
        area = _area(session, region)
        lacks, doubles = pool_care.lacks(session, area, today), pool_care.doubles(session, area)
        gap = pool_care.coverage(session, area)
        for lack in lacks:
            click.echo(f"{lack.id} {lack.name}: {lack.says}")
        for pair in doubles:
            click.echo(f"{pair.kept.id} {pair.kept.name} = {pair.other.id} {pair.other.name} ? ({pair.why})")
        for code in gap.types:
            if empty := gap.counts[code].count(0):
                click.echo(f"{taxonomy.label('types', code)}: {empty}/{len(gap.towns)}")
    click.echo(json.dumps({"lacks": len(lacks), "doubles": len(doubles), "nobody": gap.nobody}))


def _take_in(database: Database, area: int, file: Path, rows: list[SheetRow], now: datetime) -> None:
    """Take a list in by parts, each a transaction: the pages of the service wait for none of them long."""
    with database.write() as session:
        draft = _draft(session, area, file, rows, now)
        pool_import.start(session, draft, {}, by=BY, now=now)
        key = draft.id
    with click.progressbar(length=draft.rows, file=sys.stderr) as bar:
        while draft.state is not DraftState.DONE:
            with database.write() as session:
                draft, before = session.get_one(PoolDraft, key), bar.pos
                pool_import.step(session, draft, by=BY, now=now)
                bar.update(draft.done - before)
    with database.write() as session:
        session.delete(session.get_one(PoolDraft, key))  # the file itself is at hand to correct


def _draft(session: Session, area: int, file: Path, rows: list[SheetRow], now: datetime) -> PoolDraft:
    draft = pool_import.begin(session, account_id=None, area=area, filename=file.name, rows=rows, now=now)
    try:
        pool_import.set_columns(session, draft, draft.columns)
    except InvalidInput as problem:
        raise DiandanError(next(iter(problem.problems.values()))) from None
    return draft


def _rows(file: Path) -> list[SheetRow]:
    try:
        with file.open("rb") as opened:
            given = opened.read(MOST_BYTES + 1)
    except OSError as problem:
        raise DiandanError(N_("读不了文件 %(file)s:%(reason)s"), file=str(file), reason=problem.strerror) from None
    try:
        return pool_import.uploaded(given)
    except InvalidInput as problem:
        raise DiandanError(next(iter(problem.problems.values()))) from None


def _today(now: datetime) -> date:
    return shanghai(now).date()


@contextmanager
def _database(folder: Path | None) -> Iterator[Database]:
    settings = load(data_dir=folder)
    if not settings.database_url and not settings.sqlite_path.exists():
        raise DiandanError(N_("%(folder)s 里没有数据库"), folder=settings.data_dir)
    database = Database(settings)
    try:
        yield database
    except SQLAlchemyError as problem:
        click.echo(f"diandan: {str(problem).splitlines()[0]}", err=True)
        sys.exit(1)
    finally:
        database.close()


def _area(session: Session, given: str) -> int:
    if given:
        return region_of(given)
    areas: Any = session.execute(select(col(Station.area)).distinct()).scalars()
    counties = {area - area % COUNTY for area in areas}
    if len(counties) != 1:
        raise DiandanError(N_("请用 --region 写明是哪个县"))
    return int(counties.pop())


commands = [pool]
