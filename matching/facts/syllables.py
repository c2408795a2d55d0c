"""How a name sounds: what is typed by its sound is misspelt by its sound."""

from functools import lru_cache

from talent_pool.files import data_dir

# Sounds that the dialects of the province, and fingers, do not tell apart.
_FOLDED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("n", "l"))


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    lines = (data_dir() / "lexicon" / "syllables.txt").read_text(encoding="utf-8").splitlines()
    return {char: _folded(syllable) for syllable, chars in (line.split() for line in lines) for char in chars}


def _folded(syllable: str) -> str:
    for sound, short in _FOLDED[:-1]:
        syllable = syllable.replace(sound, short)
    return "l" + syllable[1:] if syllable.startswith("n") else syllable


def spell(text: str) -> str:
    """Return the syllables of a name without tones, with like sounds folded; what has no reading stays."""
    table = _table()
    return " ".join(table.get(char, char) for char in text)
