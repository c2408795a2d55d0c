"""How characters sound, from `data/lexicon/syllables.txt`: what is typed by its sound is misspelt by its sound."""

import re
from functools import lru_cache

from talent_pool.files import data_dir


@lru_cache(maxsize=1)
def alike() -> dict[str, str]:
    """Read syllable without tone → the characters whose usual reading it is, frequent ones first."""
    lines = (data_dir() / "lexicon" / "syllables.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


@lru_cache(maxsize=1)
def syllables() -> dict[str, str]:
    """Return character → syllable without tone."""
    return {char: syllable for syllable, chars in alike().items() for char in chars}


def fold(syllable: str) -> str:
    """Return the syllable as careless ears hear it: zh, ch, sh like z, c, s; n like l; ng like n."""
    flat = re.sub("^([zcs])h", r"\1", syllable)
    flat = re.sub("^n", "l", flat)
    return re.sub("([aei])ng$", r"\1n", flat)
