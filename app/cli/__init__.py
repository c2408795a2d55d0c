"""The `diandan` command: one group, one module a topic, each loaded only when it is called."""

import sys
from importlib import import_module

import click
import structlog

from app import __version__
from app.errors import DiandanError, SettingsError

# name → module of this package; each module lists its commands in `commands`.
TOPICS = {
    "demo": "demo",
    "serve": "serving",
    "init": "serving",
    "doctor": "doctor",
    "db": "database",
    "user": "users",
    "keys": "keys",
    "worker": "clock",
    "read": "reading",
    "train": "learning",
    "model": "learning",
    "evaluate": "reading",
    "duplicates": "reading",
    "pool": "pool",
    "suggest": "matching",
    "choose": "matching",
    "bench": "bench",
}


class Topics(click.Group):
    """Finds a command's module by its name, so that `diandan choose` does not import the web."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return every name in the order of the table."""
        return list(TOPICS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the topic and return the command; None when there is no such name."""
        if cmd_name not in TOPICS:
            return None
        module = import_module(f"app.cli.{TOPICS[cmd_name]}")
        commands: list[click.Command] = module.commands
        return next(command for command in commands if command.name == cmd_name)


@click.group(cls=Topics, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="diandan")
def cli() -> None:
    """点单: the two sides of a rural quarrel order their mediator on demand."""
    # What a command prints is read by programs: what it notices on the way goes elsewhere.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def main() -> None:
    """Run the command; wrong words or files end with one clear line and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")  # Windows consoles default to a code page without half of the Chinese
    try:
        cli()
    except (SettingsError, DiandanError) as problem:
        click.echo(f"diandan: {problem}", err=True)
        sys.exit(2)
