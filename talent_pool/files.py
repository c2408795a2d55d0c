"""Where the data that travels with the code lies: `data/` of the tree, or inside this package in an installed wheel."""

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def data_dir() -> Path:
    """Return the folder that holds taxonomy/, regions/, lexicon/, policies/, holidays/, corpus/ and models/."""
    installed = Path(__file__).parent / "data"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "data"
