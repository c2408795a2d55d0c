"""A county's own words for messages: listed, edited with a preview and a count, kept in versions, put back."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import message_texts, messages
from app.accounts import Viewer
from app.errors import DiandanError, InvalidInput, NotFound
from app.messages import Kind, MessageError
from app.scope import Role
from app.web import guards, sessions
from app.web.i18n import gettext

blueprint = Blueprint("message_texts", __name__)


def me() -> Viewer:
    """Return who is signed in; the guards have seen to it that somebody is."""
    viewer = sessions.viewer()
    assert viewer is not None
    return viewer


@blueprint.get("/message-texts")
@guards.roles(Role.COORDINATOR)
def listing() -> ResponseReturnValue:
    """Show every message, the ways that it takes, and which of them have words of one's own."""
    own = message_texts.holding(sessions.db(), me().area)
    return render_template(
        "message_texts/listing.html", kinds=messages.kinds().values(), languages=messages.LANGUAGES, own=own
    )


@blueprint.get("/message-texts/<name>/<lang>")
@guards.roles(Role.COORDINATOR)
def page(name: str, lang: str) -> ResponseReturnValue:
    """Show the words that hold, or an older version, in a form with their preview."""
    kind = message_texts.kind_of(name, lang)
    wanted = request.args.get("version", "")
    if not wanted:
        return _page(kind, lang, message_texts.words_for(sessions.db(), me().area, name, lang).source)
    for row in message_texts.versions(sessions.db(), me().area, name, lang):
        if str(row.version) == wanted:
            return _page(kind, lang, row.words or messages.default_words(name, lang))
    raise NotFound


@blueprint.post("/message-texts/<name>/<lang>")
@guards.roles(Role.COORDINATOR)
def save(name: str, lang: str) -> ResponseReturnValue:
    """Keep what was written, or only show what it would look like, or go back to the words of the level above."""
    kind, words, do = message_texts.kind_of(name, lang), _words(), request.form.get("do", "")
    given = request.form.get("seen", "")
    seen = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    who: dict[str, Any] = {"area": me().area, "seen": seen, "by": me().actor, "now": sessions.now()}
    if do == "preview":
        return _page(kind, lang, words)
    try:
        if do == "reset":
            message_texts.reset(sessions.db(), kind, lang, **who)
        else:
            message_texts.save(sessions.db(), kind, lang, words, **who)
    except InvalidInput as problem:
        return _page(kind, lang, words, problem.problems), problem.status
    return redirect(url_for("message_texts.page", name=name, lang=lang), 303)


@blueprint.post("/message-texts/<name>/<lang>/preview")
@guards.roles(Role.COORDINATOR)
def look(name: str, lang: str) -> ResponseReturnValue:
    """Return the preview alone, while somebody types."""
    kind = message_texts.kind_of(name, lang)
    return render_template("message_texts/_preview.html", kind=kind, **_preview(kind, lang, _words()))


def _words() -> str:
    return request.form.get("words", "")[: 2 * message_texts.LONGEST]


def _page(kind: Kind, lang: str, words: str, problems: dict[str, str] | None = None) -> str:
    db, area = sessions.db(), me().area
    versions = message_texts.versions(db, area, kind.name, lang)
    return render_template(
        "message_texts/page.html",
        kind=kind,
        lang=lang,
        words=words,
        problems=problems or {},
        versions=versions,
        version=versions[0].version if versions else 0,
        holds=message_texts.words_for(db, area, kind.name, lang),
        **_preview(kind, lang, words),
    )


def _preview(kind: Kind, lang: str, words: str) -> dict[str, Any]:
    """Return the example filled in, and in words what is wrong with it."""
    wrong = [_said(each) for each in messages.check(kind, lang, words)]
    try:
        seen = messages.preview(kind, lang, words)
    except MessageError:
        seen = None
    return {"seen": seen, "wrong": wrong, "alone": messages.SMS_ALONE, "most": messages.SMS_PARTS}


def _said(problem: DiandanError) -> str:
    return gettext(problem.message, **problem.params)
