"""`diandan read`, `evaluate`, `duplicates`: the reader on the command line, JSON in and JSON out."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import IO, Any

import click

from app.cli.options import data_dir
from app.errors import N_, DiandanError
from matching import noise
from matching.duplicates import Case, pairs
from matching.reading import read as read_text
from matching.shelf import Shelf
from matching.weights import Weights
from talent_pool import regions, taxonomy

Row = dict[str, Any]


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@data_dir
def read(file: IO[bytes], data_dir: Path | None) -> None:
    """Read each line {"text", "region"} of FILE (default: standard input) and print what is read in it."""
    model = _model(data_dir)
    if model is None:
        click.echo("diandan: " + N_("没有可用的模型:只查红线,不判类型"), err=True)
    for number, row in _rows(file):
        region = row.get("region")
        if region is not None:
            _region(region, number)
        reading = read_text(_text(row, number), None if region is None else str(region), model)
        click.echo(json.dumps(reading.as_json(), ensure_ascii=False))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--train",
    "more",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="learn from this file besides the shipped corpus",
)
@click.option(
    "--folds", type=click.IntRange(2, 20), help="cross-validate FILE's lines, each fold added to the shipped corpus"
)
@click.option("--noise", "slips", help="measure on texts with typing slips: homophone:0.1 or mixed:0.1 (seeded)")
@data_dir
def evaluate(file: Path, more: Path | None, folds: int | None, slips: str | None, data_dir: Path | None) -> None:
    """Measure the model on labelled lines {"text", "type", "also"}; print one line of figures."""
    from matching import train as training

    known = frozenset(taxonomy.types())
    try:
        rows = _slipped(training.examples([file], known), slips)
        base = training.examples(training.shipped_corpus(), known) if more or folds else []
        base += training.examples([more], known) if more else []
        if not rows:
            raise DiandanError(N_("文件里没有一行可用"))
        figures = (
            training.cross_validate(rows, folds, base)
            if folds
            else training.evaluate(_for_measuring(base, data_dir), rows)
        )
    except training.CorpusError as problem:
        raise bad_line(problem.where, problem.reason) from None
    except ValueError as problem:
        raise DiandanError(N_("量不了:%(reason)s"), reason=str(problem)) from None
    click.echo(json.dumps(figures.as_json()))


def _slipped(rows: list[Any], slips: str | None) -> list[Any]:
    if slips is None:
        return rows
    try:
        kind, share = noise.parse(slips)
    except ValueError:
        raise DiandanError(N_("--noise 要写成 homophone:0.1 或 mixed:0.1")) from None
    return [replace(row, text=noise.noisy(row.text, kind, share) or row.text) for row in rows]


def _for_measuring(base: list[Any], data_dir: Path | None) -> Weights:
    if base:
        from matching.train import fit

        weights: Weights = fit(base).weights_
        return weights
    weights_or_none = _model(data_dir)
    if weights_or_none is None:
        click.echo("diandan: " + N_("没有可用的模型"), err=True)
        sys.exit(1)
    return weights_or_none


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--days", type=click.IntRange(1, 3650), default=180, show_default=True, help="cases further apart are not compared"
)
def duplicates(file: IO[bytes], days: int) -> None:
    """Find lines of FILE that tell the same quarrel; one JSON line a pair."""
    cases = [_case(row, number) for number, row in _rows(file)]
    for case, match in pairs(cases, days=days):
        click.echo(
            json.dumps(
                {"a": match.id, "b": case.id, "same": round(match.same, 4), "why": match.why}, ensure_ascii=False
            )
        )


# --- lines ---


def _rows(file: IO[bytes]) -> Iterator[tuple[int, Row]]:
    for number, raw in enumerate(file, start=1):
        if raw.strip():
            yield number, _row(raw, number)


def _row(raw: bytes, number: int) -> Row:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested without end
        raise bad_line(str(number), "JSON") from None
    if not isinstance(row, dict):
        raise bad_line(str(number), "{…}")
    return row


def _text(row: Row, number: int) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise bad_line(str(number), "text")
    return text


def _region(value: object, number: int) -> int:
    try:
        return regions.parse(str(value))
    except ValueError:
        raise bad_line(str(number), "region") from None


def _case(row: Row, number: int) -> Case:
    parties = [_party(party) for party in row.get("parties") or []]
    try:
        day = date.fromisoformat(str(row["date"])[:10]) if row.get("date") else None
    except ValueError:
        raise bad_line(str(number), "date") from None
    if "id" not in row:
        raise bad_line(str(number), "id")
    return Case(
        id=str(row["id"]),
        text=_text(row, number),
        region=_region(row["region"], number) if row.get("region") else None,
        day=day,
        people=frozenset(name for name, _ in parties if name),
        phones=frozenset(phone for _, phone in parties if phone),
        parcel=str(row.get("parcel") or ""),
    )


def _party(party: object) -> tuple[str, str]:
    # A party is a name, or an object with name and phone.
    if isinstance(party, dict):
        return str(party.get("name") or ""), "".join(char for char in str(party.get("phone") or "") if char.isdigit())
    return str(party), ""


def bad_line(where: str, reason: str) -> DiandanError:
    """Return the refusal of a line that cannot be taken."""
    return DiandanError(N_("第 %(where)s 行不对:%(reason)s"), where=where, reason=reason)


# --- the model ---


def shelf_of(data_dir: Path | None) -> Shelf:
    """Return the shelf of a county's own models."""
    return Shelf((data_dir or Path("var")) / "models")


def _model(data_dir: Path | None) -> Weights | None:
    """Return the model that speaks in the house; one that is damaged is named, and the one before it speaks."""
    found = shelf_of(data_dir).speaking()
    if found.trouble in ("damaged", "stale"):
        words = N_("模型文件坏了:%(reason)s") % {"reason": found.trouble}
        click.echo(f"diandan: {words} → {found.version}", err=True)
    return found.weights


commands = [read, evaluate, duplicates]
