"""`diandan bench`: figures of this machine, each topic in a module of `app.bench`."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from app.errors import N_, DiandanError

# Each topic is a module of app.bench with `measure(**options)`; the options that it takes stand here.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "read": ("size", "peers"),
    "match": ("size",),
    "duplicates": ("size", "peers"),
    "http": ("seconds",),
    "choice": ("size", "peers"),
    "clock": ("size",),
}


@click.command()
@click.argument("topic")
@click.option("--json", "as_json", is_flag=True, help="one JSON object instead of lines")
@click.option("--seconds", type=click.FloatRange(0.2, 600), default=4.0, show_default=True, help="http: of each round")
@click.option(
    "--size",
    type=click.IntRange(1),
    multiple=True,
    help="match: mediators in the pool; read: texts; duplicates: past cases; choice: lists; clock: stations",
)
@click.option("--peers", is_flag=True, help="measure the named peers beside it, where there are any")
def bench(topic: str, *, as_json: bool, seconds: float, size: tuple[int, ...], peers: bool) -> None:
    """Measure TOPIC: read, match, duplicates, http, choice, clock or all."""
    if topic not in (*TOPICS, "all"):
        raise DiandanError(N_("没有这一项:%(topic)s;可选 %(known)s"), topic=topic, known=", ".join((*TOPICS, "all")))
    given: dict[str, Any] = {"seconds": seconds, "size": size, "peers": peers}
    found = {name: _measure(name)(**{key: given[key] for key in TOPICS[name]}) for name in _chosen(topic)}
    figures = found if topic == "all" else found[topic]
    click.echo(json.dumps(figures, ensure_ascii=False) if as_json else _lines(figures))


def _chosen(topic: str) -> list[str]:
    return list(TOPICS) if topic == "all" else [topic]


def _measure(topic: str) -> Callable[..., dict[str, Any]]:
    found: Callable[..., dict[str, Any]] = import_module(f"app.bench.{topic}").measure
    return found


def _lines(figures: Mapping[str, Any], indent: str = "") -> str:
    lines = []
    for name, value in figures.items():
        lines.append(
            f"{indent}{name}:\n{_lines(value, indent + '  ')}"
            if isinstance(value, dict)
            else f"{indent}{name}: {value}"
        )
    return "\n".join(lines)


commands = [bench]
