"""How a name sounds: what is typed by its sound is misspelt by its sound."""

from functools import lru_cache

from matching.sounds import fold, syllables


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    return {char: fold(syllable) for char, syllable in syllables().items()}


def spell(text: str) -> str:
    """Return the syllables of a name without tones, with like sounds folded; what has no reading stays."""
    table = _table()
    return " ".join(table.get(char, char) for char in text)
