"""`diandan train` and `diandan model`: learning, and which model of the shelf speaks."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.options import data_dir
from app.cli.reading import bad_line, shelf_of
from app.db import Database
from app.errors import N_, DiandanError
from app.settings import load
from matching.shelf import ShelfError
from talent_pool import taxonomy
from talent_pool.files import data_dir as shipped_data

REFUSALS = {
    "unknown": N_("没有这个模型,或者它的文件坏了"),
    "first": N_("前面没有别的模型可退"),
    "moved": N_("在用的模型刚刚换了"),
    "held": N_("退回以后暂停了换模型;要恢复请运行 diandan model resume"),
}


@click.command()
@click.option(
    "--data",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="labelled lines; may repeat",
)
@click.option("--nightly", is_flag=True, help="shipped corpus and the officers' labels; speaks only if it is not worse")
@click.option("--ablation", is_flag=True, help="also measure what each part brings, for the model card (minutes)")
@click.option(
    "--shipped", "into_tree", is_flag=True, help="replace the model that travels with the code (for developers)"
)
@data_dir
def train(files: tuple[Path, ...], *, nightly: bool, ablation: bool, into_tree: bool, data_dir: Path | None) -> None:
    """Learn from labelled lines; the model speaks at once in <data-dir>/models. Print the figures."""
    if nightly == bool(files):
        raise DiandanError(N_("请写 --data 文件,或者 --nightly,两样选一样"))
    try:
        click.echo(json.dumps(_night(data_dir) if nightly else _day(files, ablation, into_tree, data_dir)))
    except ValueError as problem:  # too few texts of a kind, or a bad line
        from matching.train import CorpusError

        if isinstance(problem, CorpusError):
            raise bad_line(problem.where, problem.reason) from None
        raise DiandanError(N_("学不了:%(reason)s"), reason=str(problem)) from None


def _day(files: tuple[Path, ...], ablation: bool, into_tree: bool, data_dir: Path | None) -> dict[str, Any]:
    from matching import train as training

    paths, known = sorted(files, key=lambda path: path.name), frozenset(taxonomy.types())
    rows = training.examples(paths, known)
    more: dict[str, Any] = {"corpus": training.corpus_hashes(paths)}
    if ablation:
        from matching.ablation import ablate

        more["ablation"] = ablate(rows)
    learnt = training.learn(rows, more=more)
    if into_tree:
        folder = shipped_data() / "models"
        learnt.write(folder)
    else:
        shelf = shelf_of(data_dir)
        version = shelf.add(learnt.write)
        shelf.promote(version, even_if_held=True)
        folder = shelf.folder / version
    return {"folder": str(folder), "texts": len(rows), **learnt.manifest["figures"]["left_out"]}


def _night(data_dir: Path | None) -> dict[str, Any]:
    from app import learning

    settings = load(data_dir=data_dir)
    if not settings.database_url and not settings.sqlite_path.exists():
        raise DiandanError(N_("%(folder)s 里没有数据库"), folder=settings.data_dir)
    database = Database(settings)
    try:
        done = learning.run(database, datetime.now(UTC))
        told = ("labels", "champion", "challenger", "outcome", "seconds", "verdicts")
        return {name: getattr(done, name) for name in told}
    finally:
        database.close()


@click.group()
def model() -> None:
    """The models on the shelf: which one speaks, and the way back."""


@model.command("list")
@data_dir
def list_(data_dir: Path | None) -> None:
    """Print each model, the one that is to speak first; one JSON line a model."""
    shelf = shelf_of(data_dir)
    speaking, pointer = shelf.speaking(), shelf.pointer()
    for each in shelf.kept():
        told = {
            "version": each.version,
            "champion": each.champion,
            "speaks": each.version == speaking.version,
            "usable": each.usable,
            "held": pointer.held,
            "texts": each.manifest.get("texts"),
            "labels": each.manifest.get("labels", 0),
            "macro_f1": each.manifest.get("figures", {}).get("left_out", {}).get("macro_f1"),
        }
        click.echo(json.dumps(told, ensure_ascii=False))


@model.command()
@data_dir
def rollback(data_dir: Path | None) -> None:
    """Let the model before speak again; no challenger takes over until `diandan model resume`."""
    try:
        pointer = shelf_of(data_dir).roll_back()
    except ShelfError as problem:
        raise DiandanError(REFUSALS[problem.code]) from None
    click.echo(json.dumps({"champion": pointer.champion, "held": pointer.held}))


@model.command()
@data_dir
def resume(data_dir: Path | None) -> None:
    """Let challengers take over again after a roll-back."""
    shelf = shelf_of(data_dir)
    shelf.resume()
    click.echo(json.dumps({"champion": shelf.pointer().champion, "held": False}))


commands = [train, model]
