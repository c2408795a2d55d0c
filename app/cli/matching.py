"""`diandan suggest` and `choose`: who fits a quarrel, and a choice run again. JSON out; no Flask."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

import matching
from app import suggesting
from app.cli.options import data_dir
from app.cli.reading import shelf_of
from app.db import Database
from app.errors import N_, DiandanError
from app.settings import load
from matching.choice import ChoiceError, resolve_log
from matching.query import MOST_NAMES
from talent_pool import regions, taxonomy
from talent_pool.index import RosterIndex
from talent_pool.roster import Person


@click.command()
@click.option("--region", required=True, metavar="CODE", help="where it happened: 2, 4, 6, 9 or 12 digits")
@click.option("--text", required=True, help="the quarrel in anybody's words")
@click.option("--n", "size", type=int, default=6, show_default=True, help="how many names")
@click.option("--parties", "file", metavar="FILE", help='people whose ties recuse: [{"name", "phone", "village"}]')
@click.option("--json", "as_json", is_flag=True, help="one JSON object instead of lines for people")
@data_dir
def suggest(region: str, text: str, size: int, file: str | None, as_json: bool, data_dir: Path | None) -> None:
    """Read a quarrel and print the mediators who fit it, each with reasons."""
    if not 1 <= size <= MOST_NAMES:
        raise DiandanError(N_("--n 应在1到%(most)s之间"), most=MOST_NAMES)
    place, people = _region(region), _people(file) if file else []
    reading = matching.read(text, str(place), shelf_of(data_dir).weights())
    try:
        found = _suggestion(data_dir, reading, place, people, size)
    except SQLAlchemyError as problem:
        click.echo(f"diandan: {str(problem).splitlines()[0]}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps({"reading": reading.as_json(), **found.as_json()}, ensure_ascii=False))
        return
    for line in _lines(found):
        click.echo(line)


@click.command()
@click.argument("file")
def choose(file: str) -> None:
    """Run a choice again from its log FILE (- for standard input) and print who is chosen, and why."""
    try:
        outcome = resolve_log(_object(file))
    except ChoiceError as problem:
        raise DiandanError(problem.message, **problem.params) from None
    click.echo(json.dumps(outcome.as_json(), ensure_ascii=False))


def _suggestion(
    data_dir: Path | None, reading: matching.Reading, place: int, people: list[Person], size: int
) -> matching.Suggestion:
    settings = load(data_dir=data_dir)
    if not settings.database_url and not settings.sqlite_path.exists():
        raise DiandanError(N_("%(folder)s 里没有数据库"), folder=settings.data_dir)
    database = Database(settings)
    try:
        with database.read() as session:
            index, now = RosterIndex.load(session), datetime.now(UTC)
            return suggesting.for_text(session, reading, index, now, region=place, people=people, n=size)
    finally:
        database.close()


def _lines(found: matching.Suggestion) -> list[str]:
    if found.barred:
        return [f"{taxonomy.label('gates', found.barred)}：{found.barred}"]
    lines = [
        f"{place}. {person.name}（{taxonomy.label('kinds', person.kind)}，{person.card()['home_name']}）{person.fit}："
        + "；".join(reason.zh for reason in person.reasons)
        for place, person in enumerate(found.shortlist, start=1)
    ]
    if found.widened_to:
        lines.append(f"→ {regions.full_name(found.widened_to)}")
    return lines


# --- files -----------------------------------------------------------------------------------------------------------


def _object(file: str) -> Any:
    """Read one JSON value; a key given twice is refused, because JSON keeps the second one without a word."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except OSError as problem:
        raise DiandanError(N_("读不了文件 %(file)s:%(reason)s"), file=file, reason=problem.strerror) from None
    except (ValueError, RecursionError):
        raise DiandanError(N_("%(file)s 不是 JSON 文件"), file=file) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise DiandanError(N_("%(key)s 一项写了两次"), key=ascii(twice[0]) if not twice[0].isprintable() else twice[0])
    return dict(pairs)


def _people(file: str) -> list[Person]:
    given = _object(file)
    rows = given.get("parties") if isinstance(given, dict) else given
    if not isinstance(rows, list):
        raise DiandanError(N_("%(file)s 应是当事人的列表"), file=file)
    return [_person(row, number) for number, row in enumerate(rows, start=1)]


def _person(row: object, number: int) -> Person:
    if not isinstance(row, dict):
        raise DiandanError(N_("第%(number)s个当事人应有 name、phone、village"), number=number)
    name, phone, village = row.get("name") or "", row.get("phone") or "", row.get("village")
    if not isinstance(name, str) or not isinstance(phone, str):
        raise DiandanError(N_("第%(number)s个当事人的 name 和 phone 应是文字"), number=number)
    return Person(name, phone, None if village is None else _region(str(village)))


def _region(code: str) -> int:
    try:
        return regions.parse(code)
    except ValueError:
        raise DiandanError(N_("没有这个地区代码:%(code)s"), code=code[:20]) from None


commands = [suggest, choose]
