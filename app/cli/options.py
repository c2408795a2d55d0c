"""Options that many commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

data_dir: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    envvar="DIANDAN_DATA_DIR",
    help="folder of database, keys and snapshots (default ./var)",
)
