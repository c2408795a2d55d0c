"""A real Chromium for tests: the site served in a thread, tabs that watch for errors, and measures of a page.

`site = live(lambda base_url: create_app(…))` serves it, `tab = open_tab(site.url, width=360)` opens it. A tab fails its
test on any JavaScript error, blocked content, dialog, request to another host, answer 5xx or missing part of a page.
"""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import waitress.server
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Response, expect, sync_playwright
from waitress import wasyncore

LACKS = "Chromium is not installed (Debian: apt-get install chromium)"
LOCAL = "127.0.0.1"
QUIET = "background-networking", "component-update", "dev-shm-usage", "gpu", "quic", "sync"
FLAGS = [
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOCAL}",
    "--no-first-run",
    *(f"--disable-{each}" for each in QUIET),
]
TIMEOUT = 10_000  # ms; a page that takes longer is broken
expect.set_options(timeout=TIMEOUT)


# --- the site ---


@dataclass(frozen=True)
class Site:
    """A site that is being served; `app` is what serves it."""

    url: str
    app: Any
    _server: Any
    _thread: threading.Thread

    def stop(self) -> None:
        """Close every connection and wait for the threads; a second time does nothing."""
        if not self._thread.is_alive():
            return
        # Closing from here would pull sockets out from under the server's own loop.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(10)
        self._server.task_dispatcher.shutdown()


def serve(build: Callable[[str], Any], threads: int = 8) -> Site:
    """Serve what `build(base_url)` returns on a free port of this machine."""
    listening = socket.create_server((LOCAL, 0))
    url = f"http://{LOCAL}:{listening.getsockname()[1]}"
    app = build(url)
    server = waitress.server.create_server(app, sockets=[listening], threads=threads)
    thread = threading.Thread(target=server.run, name="site", daemon=True)
    thread.start()
    return Site(url, app, server, thread)


@pytest.fixture
def live() -> Iterator[Callable[[Callable[[str], Any]], Site]]:
    """Serve apps until the end of the test: `live(build)` returns the Site."""
    sites: list[Site] = []

    def start(build: Callable[[str], Any]) -> Site:
        sites.append(serve(build))
        return sites[-1]

    yield start
    for site in sites:
        site.stop()


# --- the browser ---


def find_chromium() -> str | None:
    """Return the program: DIANDAN_TEST_CHROMIUM, or the first one on the path."""
    names = (os.environ.get("DIANDAN_TEST_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of the process; each tab has its own cookies."""
    program = find_chromium()
    if program is None:
        pytest.skip(LACKS)
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=flags, headless=True)
        yield found
        found.close()


class Tabs:
    """Opens tabs, each a browser of its own, and keeps what they complain about."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        url: str = "",
        *,
        width: int = 1280,
        height: int = 800,
        locale: str = "zh-CN",
        javascript: bool = True,
        **more: Any,
    ) -> Page:
        """Open a tab, at `url` if given; `more` are Playwright's options of a context."""
        screen: Any = {"width": width, "height": height}
        context = self.browser.new_context(viewport=screen, locale=locale, java_script_enabled=javascript, **more)
        context.set_default_timeout(TIMEOUT)
        context.on("page", lambda page: _watch(page, self.complaints))
        self._contexts.append(context)
        page = context.new_page()
        if url:
            page.goto(url)
        return page

    def close(self) -> list[str]:
        """Close the tabs and return everything that they complained about."""
        for context in self._contexts:
            for page in context.pages:
                page.wait_for_timeout(0)  # events that are still on their way arrive
            context.close()
        return self.complaints


OpenTab = Callable[..., Page]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open tabs as `Tabs.open` does; at the end of the test none may have complained."""
    tabs = Tabs(browser)
    yield tabs.open
    complaints = tabs.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def tab(open_tab: OpenTab) -> Page:
    """One tab on a desk's screen."""
    return open_tab()


def _watch(page: Page, seen: list[str]) -> None:
    page.on("pageerror", lambda error: seen.append(f"JavaScript error on {page.url}: {error}"))
    page.on("console", lambda message: seen.extend(_from_console(message, page)))
    page.on("dialog", lambda dialog: _from_dialog(dialog, seen))
    page.on("response", lambda response: seen.extend(_from_response(response)))
    page.on("request", lambda request: seen.extend(_from_request(request.url)))


def _from_console(message: ConsoleMessage, page: Page) -> Iterator[str]:
    # A refused form answers 4xx, which the console calls an error too: `_from_response` judges those.
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        yield f"console error on {page.url}: {message.text}"


def _from_dialog(dialog: Dialog, seen: list[str]) -> None:
    seen.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _from_response(response: Response) -> Iterator[str]:
    part_of_page = response.request.resource_type not in ("document", "fetch", "xhr")
    if response.status >= 500 or (response.status >= 400 and part_of_page):
        yield f"{response.request.method} {response.url} answered {response.status}"


def _from_request(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob", "about") and parts.hostname != LOCAL:
        yield f"request to another host: {url}"


# --- measures ---


@lru_cache(maxsize=1)
def _axe() -> str:
    return (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


def check_axe(page: Page, *, colours: bool = True) -> None:
    """Fail unless axe-core finds no violation on the page. To leave `colours` out halves the time."""
    if not page.evaluate("() => 'axe' in window"):
        # Half a megabyte: sent once, from then on the tab brings it to each page by itself.
        page.evaluate(_axe())
        page.add_init_script(_axe())
    # Only what is wrong comes back: all that axe looked at is a megabyte, which takes longer to send than to find.
    found = page.evaluate(
        """colours => axe.run(document, {
            resultTypes: ['violations'], preload: false, rules: {'color-contrast': {enabled: colours}},
        }).then(seen => seen.violations)""",
        colours,
    )
    lines = [f"{each['id']} ({each['impact']}): {each['help']}{_places(each)}" for each in found]
    assert not lines, f"axe on {page.url}:\n" + "\n".join(lines)


def _places(violation: Any) -> str:
    return "".join("\n    " + node["html"][:200] for node in violation["nodes"])


def no_horizontal_scroll(page: Page) -> None:
    """Fail if the page is wider than the window, and name what sticks out."""
    wide = page.evaluate("""() => {
        const root = document.scrollingElement, room = root.clientWidth;
        if (root.scrollWidth <= room) return [];
        const width = each => Math.max(each.offsetWidth || 0, each.scrollWidth);
        const out = each => each.getBoundingClientRect().left + width(each) > room + 0.5;
        const named = [...document.body.querySelectorAll('*')].filter(out).map(each => each.outerHTML.slice(0, 120));
        return [`${root.scrollWidth} px wide in a window of ${room} px`, ...named];
    }""")
    assert not wide, f"{page.url}: " + "\n".join(wide[:10])


def targets(page: Page, least: int = 48) -> None:
    """Fail if something to tap is smaller than `least` px; links within a sentence are excepted (WCAG 2.5.8)."""
    small = page.evaluate(_SMALL_TARGETS, least)
    assert not small, f"{page.url}: smaller than {least} px:\n" + "\n".join(small)


# A box is tapped on its label as well; a link that waits above the page for the keyboard is not there to be tapped.
_SMALL_TARGETS = """least => {
    const wanted = 'a[href], button, input, select, textarea, summary, [role=button], [tabindex="0"]';
    const boxed = each => ['checkbox', 'radio', 'file'].includes(each.type);
    const tapped = each => [each, ...(each.labels && boxed(each) ? each.labels : [])];
    const areas = each => tapped(each).map(one => one.getBoundingClientRect());
    const shown = each => each.type !== 'hidden' && !each.disabled && each.checkVisibility({visibilityProperty: true});
    const onPage = area => area.right + scrollX > 0 && area.bottom + scrollY > 0;
    const inSentence = each => each.tagName === 'A' && getComputedStyle(each).display === 'inline'
        && each.parentElement.innerText.trim().length > each.innerText.trim().length;
    const enough = area => Math.round(area.width) >= least && Math.round(area.height) >= least;
    const small = each => areas(each).some(onPage) && !areas(each).some(enough);
    const size = area => `${Math.round(area.width)}×${Math.round(area.height)}`;
    return [...document.querySelectorAll(wanted)]
        .filter(each => shown(each) && !inSentence(each) && small(each))
        .map(each => `${size(each.getBoundingClientRect())} ${each.outerHTML.slice(0, 120)}`);
}"""


def enlarge_text(page: Page, factor: float) -> None:
    """Make the page's text `factor` times as large, as a phone's or WeChat's text setting does."""
    page.evaluate(
        "by => { const root = document.documentElement;"
        " root.style.fontSize = parseFloat(getComputedStyle(root).fontSize) * by + 'px'; }",
        factor,
    )


def bytes_over_the_wire(page: Page, url: str) -> int:
    """Load the page with an empty cache; return how many bytes came, headers and all parts of the page included."""
    line = page.context.new_cdp_session(page)
    came: dict[str, float] = {}
    # The browser asks for its own little icon once in its life, whatever is on the page: that is not counted.
    line.on(
        "Network.requestWillBeSent", lambda event: event["type"] != "Other" and came.setdefault(event["requestId"], 0)
    )
    line.on("Network.loadingFinished", lambda event: _count(came, event))
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(url, wait_until="networkidle")
    line.detach()
    return round(sum(came.values()))


def _count(came: dict[str, float], event: Any) -> None:
    if event["requestId"] in came:
        came[event["requestId"]] += event["encodedDataLength"]
