"""The two switches on every page, language and large text: in the cookie, so that they work before sign-in."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, session
from flask.typing import ResponseReturnValue

from app.web import guards
from app.web.i18n import LOCALES

blueprint = Blueprint("switches", __name__, url_prefix="/switch")


def local_path(address: str) -> str:
    """Return an address if it stays on this site, else ''. Backslashes and '//' lead elsewhere in browsers."""
    parts = urlsplit(address)
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if safe and "\\" not in address and address.isprintable() else ""


@blueprint.post("/language")
@guards.public
def language() -> ResponseReturnValue:
    """Switch the language and come back."""
    if request.form.get("locale") in LOCALES:
        session["locale"] = request.form["locale"]
    return redirect(local_path(request.form.get("back", "")) or "/", 303)


@blueprint.post("/text")
@guards.public
def text() -> ResponseReturnValue:
    """Switch large text on or off and come back."""
    session["large"] = request.form.get("large") == "1"
    return redirect(local_path(request.form.get("back", "")) or "/", 303)
