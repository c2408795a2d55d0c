"""Chinese is the source, English the translation: `.po` files read at the start, a switch on every page.

Babel itself is used, not Flask-Babel: that one wants compiled catalogues in the tree.
"""

from typing import Any
from urllib.parse import quote

from flask import Flask, g, request, session
from flask.sansio.app import App
from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

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


class Templates(Environment):
    """Flask's templates, compiled once for each language with its words in them.

    A page holds dozens of `_("…")`; looked up again in every request, they took a fifth of its time.
    """

    language = ""  # one of LOCALES in each of `_languages`

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        self._languages: dict[str, Templates] = {}

    def get_or_select_template(self, *args: Any, **kwargs: Any) -> Template:
        """Return a template in the language of the request; whatever it extends or includes comes in the same."""
        chosen = self if self.language else self._in(locale())
        return super(Templates, chosen).get_or_select_template(*args, **kwargs)

    def _in(self, language: str) -> "Templates":
        if language not in self._languages:
            one = self.overlay()
            one.language = language
            self._languages[language] = one
        return self._languages[language]

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        translated = _Translator(self).visit(source) if self.language else source
        return super()._generate(translated, *args, **kwargs)


class _Translator(NodeTransformer):
    """Puts words in the place of `_("…")` and `{% trans %}`; their fields are filled as gettext would."""

    def __init__(self, templates: Templates) -> None:
        self.templates, self.words = templates, catalogue(templates.language)

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that Jinja looks for
        """Translate a call of gettext with a constant."""
        self.generic_visit(node)
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"),
                args=[nodes.Const(value=str(msgid))],
                dyn_args=None,
                dyn_kwargs=None,
            ):
                words = nodes.MarkSafeIfAutoescape(nodes.Const(self.words.gettext(msgid)))
                fields = nodes.Dict([nodes.Pair(nodes.Const(field.key), field.value) for field in node.kwargs])
                return nodes.Mod(words, fields).set_lineno(node.lineno).set_environment(self.templates)
        return node


def _switches() -> dict[str, Any]:
    # Quoted again: an address may hold anything, a page may not.
    path, query = quote(request.path), quote(request.query_string, safe="=&%+")
    here = (f"{path}?{query}" if query else path) if request.method == "GET" else "/"
    return {"locale": locale(), "large_text": large_text(), "here": here}
