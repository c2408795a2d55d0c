"""Headers of every answer, pages, refusals, files and the API alike: there, and each once."""

from collections import Counter

import pytest
from flask import Flask

from app.web.headers import CSP

ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/help/party", "/sign-in", "/", "/nowhere", "/order", "/api/v1/reports/ageing"])
def test_answers_carry_them_once_and_are_kept_nowhere(quick_app: Flask, path: str) -> None:
    headers = quick_app.test_client().get(path).headers
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert headers["Cache-Control"] == "no-store"
    assert max(Counter(name.lower() for name, _ in headers if name != "Set-Cookie").values()) == 1


def test_files_may_be_kept(quick_app: Flask) -> None:
    with quick_app.test_client().get("/static/site.css") as answer:
        headers = answer.headers
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert "no-store" not in headers["Cache-Control"]


def test_a_tls_site_says_so(quick_app: Flask) -> None:
    client = quick_app.test_client()
    assert "Strict-Transport-Security" in client.get("/help/party", base_url="https://127.0.0.1").headers
    assert "Strict-Transport-Security" not in client.get("/help/party").headers
