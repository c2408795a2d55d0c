"""Words of the house in the reader's language where no page is drawn: messages that the clock writes.

Msgids are Chinese; English is read from the same catalogues as the pages', so that nothing is translated twice.
"""

from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "translations"


def translate(msgid: str, locale: str) -> str:
    """Return a msgid in `zh` (as it is) or `en`; without English it stays Chinese, so that no message fails."""
    return _english().get(msgid, msgid) if language(locale) == "en" else msgid


def language(locale: str) -> str:
    """Return the one of our two languages that serves a locale: en for English ones, else zh."""
    return "en" if locale.lower().startswith("en") else "zh"


@lru_cache(maxsize=1)
def _english() -> dict[str, str]:
    words: dict[str, str] = {}
    for path in sorted((CATALOGUES / "en").glob("*.po")):
        with path.open("rb") as file:
            entries = [entry for entry in read_po(file, locale="en") if not entry.fuzzy]
        for entry in entries:
            # Plurals are tuples, the header's msgid is empty, an empty msgstr is not translated yet.
            if isinstance(entry.id, str) and isinstance(entry.string, str) and entry.id and entry.string:
                words[entry.id] = entry.string
    return words
