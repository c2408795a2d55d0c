"""Words in the reader's language: Chinese is the source, English lies in `translations/en/*.po`, one file a topic.

Babel alone reads them, without Flask, because the clock writes messages where no page is drawn.
"""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"


@lru_cache(maxsize=4)
def catalogue(language: str) -> NullTranslations:
    """Return the merged catalogue of a language (every `<language>/*.po`); Chinese needs none."""
    if language == "zh":
        return NullTranslations()
    merged = Catalog(locale=language)
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)


def language(locale: str) -> str:
    """Return the one of our two languages that serves a locale: en for English ones, else zh."""
    return "en" if locale.lower().startswith("en") else "zh"


def translate(msgid: str, locale: str) -> str:
    """Return a msgid's words for a locale; one without English stays Chinese, so that no message fails for it."""
    return catalogue(language(locale)).gettext(msgid)
