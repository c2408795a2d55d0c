"""Which forms may bring a file, and how large: everything else keeps the small limit of the house."""

from flask import Flask, request, session

LARGER = {
    "pool_import.upload": 11 * 2**20,  # a list of 10 MiB with the form around it
    "pool_entry.photo": 4 * 2**20,
}


def init_app(app: Flask) -> None:
    """Raise the limit for these forms, for browsers that are signed in."""
    app.before_request(_allow)


def _allow() -> None:
    if request.endpoint in LARGER and session.get("account"):
        request.max_content_length = LARGER[request.endpoint]
