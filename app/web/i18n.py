"""Chinese is the source, English the translation: `.po` files read at the start, the switch on every page kept in the cookie.

Babel itself is used, not Flask-Babel: that one wants compiled catalogues in the tree and looks them up anew for every word.
"""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request, session

LOCALES = ("zh", "en")
FOLDER = Path(__file__).parent.parent / "translations"


@lru_cache(maxsize=4)
def catalogue(language: str) -> NullTranslations:
    """Return the merged catalogue of a language (every `<language>/*.po`, one file a topic); Chinese needs none."""
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


def gettext(message: str, **params: Any) -> str:
    """Translate a msgid into the request's language and fill its fields."""
    words = catalogue(locale()).gettext(message)
    return words % params if params else words


def locale() -> str:
    """Return the language of the request: the switch's word, else the account's, else Chinese."""
    if "locale" not in g:
        chosen = session.get("locale")
        viewer = g.get("viewer")
        g.locale = chosen if chosen in LOCALES else (viewer.locale if viewer is not None and viewer.locale in LOCALES else "zh")
    language: str = g.locale
    return language


def large_text() -> bool:
    """Tell whether large text was switched on in this browser."""
    return bool(session.get("large"))


def init_app(app: Flask) -> None:
    """Teach the templates `_()` and give them what the switches on every page need."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: catalogue(locale()).gettext(message),
        lambda one, many, number: catalogue(locale()).ngettext(one, many, number),
        newstyle=True,
    )
    app.context_processor(_switches)


def _switches() -> dict[str, Any]:
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return {"locale": locale(), "large_text": large_text(), "here": here}
