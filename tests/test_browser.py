"""The tests' real browser: it sees a site served in a thread, and complains about what a person would stumble over."""

import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser

from tests.browser import (
    OpenTab,
    Site,
    Tabs,
    bytes_over_the_wire,
    check_axe,
    enlarge_text,
    no_horizontal_scroll,
    targets,
)

Live = Callable[[Callable[[str], Any]], Site]

VENDOR = Path(__file__).parent / "vendor"
CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'"
HEAD = '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>点单</title>'
GOOD_BODY = """<link rel="stylesheet" href="/page.css"><script src="/page.js" defer></script></head>
<body><main><h1>点单</h1><p>请看<a href="/">这里</a>再选。</p><p id="said">还没有</p>
<form action="/" method="post"><label class="row"><input type="checkbox" name="a">可以</label>
<button type="submit">封存</button></form></main></body></html>"""
CSS = "button{min-height:3rem;min-width:6rem} .row{display:block;min-height:3rem;min-width:12rem}"
JS = "document.getElementById('said').textContent = '读完了';"


def a_site(body: str = GOOD_BODY, script: str = JS, status: int = 200) -> Callable[[str], Flask]:
    """A site with one page under a strict policy, its sheet and its script."""

    def build(base_url: str) -> Flask:
        app = Flask("site", static_folder=None)
        app.config["BASE"] = base_url

        @app.route("/", methods=["GET", "POST"])
        def home() -> Response:
            return Response(HEAD + body, status, {"Content-Security-Policy": CSP})

        @app.get("/page.css")
        def sheet() -> Response:
            return Response(CSS, mimetype="text/css")

        @app.get("/page.js")
        def code() -> Response:
            return Response(script, mimetype="text/javascript")

        @app.get("/broken")
        def broken() -> Response:
            return Response("x", 500)

        return app

    return build


def test_a_good_page_passes_every_measure_under_a_strict_policy(live: Live, open_tab: OpenTab) -> None:
    site = live(a_site())
    assert site.app.config["BASE"] == site.url
    tab = open_tab(site.url, width=360, height=740)
    assert tab.inner_text("#said") == "读完了"
    check_axe(tab)
    no_horizontal_scroll(tab)
    targets(tab)
    enlarge_text(tab, 1.5)
    assert tab.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    no_horizontal_scroll(tab)
    tab.get_by_role("button", name="封存").click()
    assert tab.title() == "点单"


def test_without_javascript_nothing_runs(live: Live, open_tab: OpenTab) -> None:
    tab = open_tab(live(a_site()).url, javascript=False)
    assert tab.inner_text("#said") == "还没有"


def test_two_tabs_share_no_cookies(live: Live, open_tab: OpenTab) -> None:
    url = live(a_site()).url
    first, second = open_tab(url), open_tab(url)
    first.context.add_cookies([{"name": "a", "value": "1", "url": url}])
    assert second.context.cookies() == []


def test_counts_every_byte_of_the_page_and_its_parts(live: Live, open_tab: OpenTab) -> None:
    site = live(a_site())
    tab = open_tab()
    least = len((HEAD + GOOD_BODY + CSS + JS).encode())
    first = bytes_over_the_wire(tab, site.url)
    assert least < first < least + 2_000
    assert abs(bytes_over_the_wire(tab, site.url) - first) < 50  # not from the cache


def test_site_leaves_no_thread_behind(live: Live) -> None:
    before = threading.active_count()
    site = live(a_site())
    assert threading.active_count() > before
    site.stop()
    assert threading.active_count() == before


COMPLAINTS = {
    "JavaScript error": (a_site(script="throw new Error('oops')"), "/"),
    "console error": (a_site(script="console.error('oops')"), "/"),
    "Content Security Policy": (a_site(GOOD_BODY.replace("<main>", "<main><script>1</script>")), "/"),
    "answered 404": (a_site(GOOD_BODY.replace("/page.css", "/none.css")), "/"),
    "answered 500": (a_site(), "/broken"),
    "dialog": (a_site(script="alert('oops')"), "/"),
    "request to another host": (a_site(script="location = 'http://other.example/'"), "/"),
}


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_browser_complains(browser: Browser, live: Live, complaint: str) -> None:
    build, path = COMPLAINTS[complaint]
    tabs = Tabs(browser)
    tabs.open(live(build).url + path).wait_for_timeout(100)
    assert any(complaint in each for each in tabs.close())


def test_axe_names_what_it_finds(live: Live, open_tab: OpenTab) -> None:
    tab = open_tab(live(a_site(GOOD_BODY.replace("封存", ""))).url)
    with pytest.raises(AssertionError, match="button-name"):
        check_axe(tab)


def test_a_wide_page_is_named(live: Live, open_tab: OpenTab) -> None:
    wide = GOOD_BODY.replace("还没有", "很" + "a" * 200)
    tab = open_tab(live(a_site(wide, script="")).url, width=320)
    with pytest.raises(AssertionError, match=r'in a window of 320 px\n(.*\n)*.*id="said"'):
        no_horizontal_scroll(tab)


@pytest.mark.parametrize(
    "small", ['<a href="/">一</a>', '<input name="b" aria-label="乙">', '<button type="button">丙</button>']
)
def test_a_small_target_is_named(live: Live, open_tab: OpenTab, small: str) -> None:
    body = GOOD_BODY.replace("min-height", "x").replace("</main>", f"<p>{small}</p></main>")
    tab = open_tab(live(a_site(body)).url)
    with pytest.raises(AssertionError, match="smaller than 60 px"):
        targets(tab, 60)


def test_vendored_files_are_the_ones_in_the_table() -> None:
    rows = re.findall(
        r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dict(rows) == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    for path in VENDOR.glob("*.js"):
        version = re.search(
            rf"\| {re.escape(path.name)} \|[^|]*\| (\S+) \|", (VENDOR / "README.md").read_text(encoding="utf-8")
        )
        assert version is not None and version[1] in path.read_text(encoding="utf-8")[:100]
