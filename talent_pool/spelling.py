"""How a name is found by its pinyin: every reading of every character, in full and by initials.

A dictionary's usual reading is wrong for surnames (单 shan, 仇 qiu, 查 zha, 区 ou, 曾 zeng), so none is left out.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, product

MOST_READINGS = 24  # of one name; 40 characters of three readings each would be more than there are atoms
LONGEST = 600


def spell(name: str) -> str:
    """Return the spellings of a name, each between bars: |leichangan|lca|leizhangan|lza|. Blank for no name."""
    syllables = [_readings(character) for character in name if character.isalnum()]
    if not syllables:
        return ""
    found: dict[str, None] = {}
    for reading in islice(product(*syllables), MOST_READINGS):
        found["".join(reading)] = None
        found["".join(syllable[0] for syllable in reading)] = None
    return _barred(found)


def _barred(spellings: Iterable[str]) -> str:
    line = "|"
    for each in spellings:
        if len(line) + len(each) + 1 <= LONGEST:
            line += f"{each}|"
    return line


@lru_cache(maxsize=16_384)
def _readings(character: str) -> tuple[str, ...]:
    # Imported late: its dictionary takes a tenth of a second, and most commands spell nothing.
    from pypinyin import Style, pinyin

    if character.isascii():
        return (character.lower(),)
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(found[0])) if found else (character,)
