"""How a name sounds: what is typed by its sound is misspelt by its sound."""

from functools import lru_cache

from matching.sounds import syllables

# Sounds that the dialects of the province, and fingers, do not tell apart.
_FOLDED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("n", "l"))


@lru_cache(maxsize=1)
def _table() -> dict[str, str]:
    return {char: _folded(syllable) for char, syllable in syllables().items()}


def _folded(syllable: str) -> str:
    for sound, short in _FOLDED[:-1]:
        syllable = syllable.replace(sound, short)
    return "l" + syllable[1:] if syllable.startswith("n") else syllable


def spell(text: str) -> str:
    """Return the syllables of a name without tones, with like sounds folded; what has no reading stays."""
    table = _table()
    return " ".join(table.get(char, char) for char in text)
