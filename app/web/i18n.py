"""Chinese is the source, English the translation: `.po` files read at the start, a switch on every page.

Babel itself is used, not Flask-Babel: that one wants compiled catalogues in the tree.
"""

from typing import Any
from urllib.parse import quote

from flask import Flask, g, request, session

from app.wording import catalogue

LOCALES = ("zh", "en")


def gettext(message: str, **params: Any) -> str:
    """Translate a msgid into the request's language and fill its fields."""
    words = catalogue(locale()).gettext(message)
    return words % params if params else words


def locale() -> str:
    """Return the language of the request: the switch's word, else the account's, else Chinese."""
    if "locale" not in g:
        chosen = session.get("locale")
        viewer = g.get("viewer")
        g.locale = (
            chosen
            if chosen in LOCALES
            else (viewer.locale if viewer is not None and viewer.locale in LOCALES else "zh")
        )
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
    # Quoted again: an address may hold anything, a page may not.
    path, query = quote(request.path), quote(request.query_string, safe="=&%+")
    here = (f"{path}?{query}" if query else path) if request.method == "GET" else "/"
    return {"locale": locale(), "large_text": large_text(), "here": here}
