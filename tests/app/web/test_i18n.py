"""Templates are compiled once a language: the words are in them, fields are filled and escaped as gettext would."""

from typing import Any

import pytest
from flask import Flask, g, render_template
from jinja2 import DictLoader

from app.web import i18n

TEMPLATES = {
    "base.html": '<title>{% block title %}{% endblock %} · {{ _("点单") }}</title>{% include "part.html" %}',
    "part.html": '<i>{{ _("帮助") }}</i>',
    "macros.html": '{% macro button(words) %}<b title="{{ words }}">{{ _("下一步") }}</b>{% endmacro %}',
    "page.html": (
        '{% extends "base.html" %}{% from "macros.html" import button %}'
        '{% block title %}{{ _("请在%(day)s前选好。", day=day) }}{{ button(_("帮助")) }}'
        "{% trans letter=day %}{{ letter }}方{% endtrans %}{{ _(given) }}{% endblock %}"
    ),
    "plain.txt": '{{ _("请在%(day)s前选好。", day=day) }}',
}
PAGE = {
    "zh": "<title>请在&lt;1&gt;前选好。<b title='帮助'>下一步</b>&lt;1&gt;方帮助 · 点单</title><i>帮助</i>",
    "en": (
        "<title>Please choose by &lt;1&gt;.<b title='Help'>Next step</b>Side &lt;1&gt;Help · Diandan</title><i>Help</i>"
    ),
}


@pytest.fixture
def small(quick_app: Flask) -> Flask:
    """The application with a few templates of the test's own."""
    quick_app.jinja_env.loader = DictLoader(TEMPLATES)
    return quick_app


def draw(app: Flask, language: str, name: str = "page.html", **given: Any) -> str:
    with app.test_request_context():
        g.locale = language
        return render_template(name, **{"day": "<1>", "given": "帮助", **given})


def test_one_process_draws_both_languages_in_turn_through_bases_parts_and_macros(small: Flask) -> None:
    for language in ("zh", "en", "zh", "en"):
        assert draw(small, language).replace('"', "'") == PAGE[language]


def test_words_are_looked_up_when_a_template_is_compiled(small: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(small, "en", "base.html")
    monkeypatch.setattr(i18n, "catalogue", None)  # whoever looks now fails
    assert "Diandan" in draw(small, "en", "base.html")


def test_the_same_as_gettext_while_the_page_is_drawn(small: Flask) -> None:
    for language in i18n.LOCALES:
        for name, source in TEMPLATES.items():
            with small.test_request_context():
                g.locale = language
                given = {"day": "<1>", "given": "帮助"}
                drawn = small.jinja_env.from_string(source).render(given)  # never compiled for one language
            assert draw(small, language, name) == (
                drawn if name.endswith("html") else drawn.replace("&lt;1&gt;", "<1>")
            )


def test_text_that_is_no_page_is_not_escaped(small: Flask) -> None:
    assert draw(small, "en", "plain.txt") == "Please choose by <1>."


def test_a_field_that_a_template_forgets_fails(small: Flask) -> None:
    small.jinja_env.loader = DictLoader({"page.html": '{{ _("请在%(day)s前选好。") }}'})
    with pytest.raises(KeyError, match="day"):
        draw(small, "en")
