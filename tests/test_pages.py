"""Every page in a real browser, in both languages: accessible, large enough to tap, never wider than the screen.

One page load serves all measures: 360 px with axe and targets, 320 px, text one and a half times as large, the 大字
switch, then a desk's screen with axe again. Colours, and what a wide screen changes, are the same in both languages: by
day axe looks at them in Chinese, at night in English too. A page that the list forgets fails the first test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from sqlalchemy import select
from sqlmodel import col

from app import accounts, pool_entry, pool_import, visits
from app.channels import Message
from app.channels.letter import Letters
from app.db import Database
from app.models import Letter
from app.settings import load
from app.web import create_app
from app.web.help import TOPICS
from talent_pool import roster
from talent_pool.sheets import SheetRow
from tests.browser import (
    Site,
    Tabs,
    bytes_over_the_wire,
    check_axe,
    enlarge_text,
    no_horizontal_scroll,
    serve,
    targets,
)
from tests.builders import LUOCHUAN
from tests.clock import NOW, Clock
from tests.databases import KEY
from tests.page import BASE
from tests.town import Town, a_town, client_of

# Not pages: figures, machines' answers, files, and addresses that only lead on.
NO_PAGES = {
    "static", "health.healthz", "health.readyz", "health.metrics", "api.document", "api.dispute", "api.mediators",
    "api.ageing", "casework.agreement_docx", "casework.paper", "ballots.back_to_page", "desk_mode.back_to_desk", "phone_messages.page", "objections.look",
    "places.listing", "calendar_file.case", "calendar_file.mediator", "pool.photo", "pool.export", "pool_import.wrong", "pool_import.empty", "pool_care.coverage_file",
}  # fmt: skip
WIRE = 30_000  # bytes of a villager's page with all its parts


@dataclass(frozen=True)
class Stop:
    """A page: its address and, for one that answers a form, what is tapped, named and pressed there."""

    path: str
    press: str = ""
    status: int = 200
    typed: str = ""  # what is written down first: the page then shows what the service reads in it
    tap: str = ""
    named: str = ""


VIOLENCE = "邱家喝酒后又动手打了媳妇,拿刀扬言要杀全家,两家为院墙下的水路争吵了半年"
QUARREL = "两家为院墙下的水路争吵,雨水冲了墙根"


@dataclass(frozen=True)
class House:
    """The site, served, and its town."""

    site: Site
    town: Town
    lists: tuple[int, int]  # an uploaded list that waits, and one that is in
    own: str  # the token of a mediator's link to the own entry
    letter: int  # one that waits at the officer's station

    def stops(self) -> dict[str, list[Stop]]:
        """Return who visits which pages."""
        town, case = self.town, self.town.case
        no = {stage: f"/disputes/{case(stage).no}" for stage in town.cases["one"]}
        first = f"{no['choosing']}/desk/{case('choosing').first}"
        listed, officer = case("choosing").listed[0], town.people["officer"]
        waits, done = self.lists
        manual = [Stop("/help"), *(Stop(f"/help/{topic}") for topic in TOPICS)]
        return {
            "anonymous": [
                Stop("/sign-in"), Stop("/sign-in", "main form button", 403), Stop("/o"), Stop("/o", "main form button", 422),
                Stop(f"/o/{case('choosing').tokens['B']}"), Stop(f"/o/{case('asked').tokens['mediator']}"),
                Stop(f"/own/{self.own}"), Stop(f"/own/{self.own}", "main form button"), Stop("/own"),
                Stop("/own", "form[action$=leave] button", 422), Stop("/o/none", status=404), Stop("/nothing", status=404), Stop("/order", status=404), *manual,
            ],
            "officer": [
                Stop("/"), Stop("/?q=nobody"), Stop("/inbox"), Stop("/letters"), Stop(f"/letters/{self.letter}"), Stop("/messages"), Stop("/clock/rules"), Stop("/clock/monday"), Stop("/password"), Stop("/password", "main form button", 422),
                Stop("/disputes/new"), Stop("/disputes/new", typed=VIOLENCE), Stop("/disputes/new", typed=QUARREL),
                Stop("/disputes/new", "button.main", 422), *(Stop(page) for page in no.values()),
                Stop(f"{no['triaged']}", "form[action$='/gates'] button", 422),
                Stop(f"{no['choosing']}/slip/A"), Stop(f"{no['ended']}/slip/A"), Stop(f"{no['asked']}/mediator-slip"),
                Stop(f"{no['choosing']}/desk"), Stop(first), Stop(first, "button.main"), Stop(f"{no['asked']}/desk"),
                Stop("/orders"),
                Stop(f"{no['choosing']}/helped/A"), Stop(f"{no['choosing']}/helped/A", "button.main"), Stop(f"{no['choosing']}/desk-pin"), Stop(f"{no['accepted']}/session"), Stop(f"{no['accepted']}/session", "button.main", 422),
                Stop(f"{no['accepted']}/session", "button.main", 422, tap="[value=agreed_written]"),
                Stop(f"{no['performing']}/follow-up"), Stop(f"{no['accepted']}/replace"),
                Stop(f"{no['accepted']}/replace", "button.main", 422), Stop(f"{no['choosing']}/transfer"),
                Stop(f"{no['choosing']}/extend", status=409), Stop("/pool"), Stop("/pool?q=nobody"), Stop(f"/pool/{listed}"),
                Stop("/pool/coverage"), Stop("/pool/book"), Stop("/clock", status=403), Stop(f"/disputes/{case('choosing', 'two').no}", status=404),
            ],
            "head": [Stop(no["asked_override"])],
            "coordinator": [
                Stop("/"), Stop("/orders"), Stop("/helped"), Stop(f"{no['asked']}/log"), Stop(f"{no['asked']}/log", "main form button", 422), Stop(no["performing"]), Stop(f"{no['designating']}/designate"),
                Stop(f"{no['designating']}/designate", "main form button.main", 422), Stop("/clock"), Stop("/pool"),
                Stop("/pool", "button[form=many]", 422), Stop("/pool/new"), Stop("/pool/new", "main form .main", 422), Stop(f"/pool/{listed}"),
                Stop(f"/pool/{listed}", "form[action$=leave] button", 422), Stop(f"/pool/{listed}", "form[action$=link] button"),
                Stop(f"/pool/{listed}/edit"), Stop("/pool/coverage"), Stop("/pool/coverage?kind=industry"), Stop("/pool/book"),
                Stop("/pool/renewals"), Stop("/pool/doubles"), Stop("/pool/batches"), Stop("/pool/import"),
                Stop("/pool/import", "main form .main", 422), Stop(f"/pool/import/{waits}/columns"), Stop(f"/pool/import/{waits}"),
                Stop(f"/pool/import/{done}/progress"), Stop("/clock/trial"), Stop("/clock/holidays"), Stop("/reading"), Stop("/message-texts"), Stop("/message-texts/silent_side/zh"),
                Stop("/message-texts/weekly_digest/en"), Stop("/message-texts/silent_side/en", "button[value=preview]"),
            ],
            "admin": [
                Stop("/accounts"), Stop("/accounts?q=nobody"), Stop("/accounts/new"), Stop("/accounts/new", "main form .main", 422),
                Stop(f"/accounts/{officer}"), Stop(f"/accounts/{officer}", "form[action$=keys] button", 422), Stop("/clock"), Stop("/reading"),
                Stop(f"/accounts/{officer}", "form[action$=keys] button", named="12345热线"),
                Stop(f"/accounts/{town.people['colleague']}", "form[action$=password] button"),
            ],
            "side of choosing": [
                Stop("/order"), Stop("/order", "button.main"), Stop("/order", "[name=all]"), Stop("/order/refuse"),
                Stop("/order/roll"), Stop("/order/help"), Stop("/order/receipt", status=409),
            ],
            **{f"side of {stage}": [Stop("/order"), *([Stop("/order/receipt")] if stage == "asked" else [])] for stage in ("asked", "accepted", "performing", "ended", "designating")},
            "mediator of asked": [Stop("/assignment"), Stop("/assignment", "form[action$=accept] button", 422)],
            "mediator of accepted": [
                Stop("/assignment"), Stop("/assignment/session"), Stop("/assignment/session", "button.main", 422),
            ],
        }  # fmt: skip

    def cookie(self, who: str, language: str) -> str:
        """Return the cookie of a browser in which somebody has come in."""
        kind, _, stage = who.partition(" of ")
        secret = ""
        if stage:
            token = self.town.case(stage).tokens["mediator" if kind == "mediator" else "B"]
            secret = visits.enter(self.town.db, token, NOW).secret
        elif who != "anonymous":
            with self.town.db.write() as session:
                secret = accounts.open_session(session, now=NOW, hours=12, account_id=self.town.people[who])
        client = client_of(self.site.app, ("visit" if stage else "account") if secret else "", secret)
        with client.session_transaction(base_url=BASE) as session:
            session["locale"] = language
        found = client.get_cookie("diandan", domain="127.0.0.1")
        assert found is not None
        return found.value

    def open(self, tabs: Tabs, who: str, language: str, **more: bool) -> Tab:
        """Open a tab in which somebody has come in."""
        tab = tabs.open(width=360, height=780, locale="zh-CN" if language == "zh" else "en-GB", **more)
        tab.context.add_cookies([{"name": "diandan", "value": self.cookie(who, language), "url": self.site.url}])
        return tab


def lists_and_link(database: Database, town: Town) -> tuple[tuple[int, int], str]:
    """Put two county lists and a link to an own entry into the town."""
    heading = ("姓名", "类别", "籍贯", "电话")
    people = [
        ("雷长安", "乡贤", "交口河镇", "13800000001"),
        ("雷大安", "乡贤", "交口河镇", "13900000000"),
        ("坏人", "外星", "火星", "1"),
    ]
    rows = [SheetRow(number, cells) for number, cells in enumerate((heading, *people), start=1)]
    account, drafts = town.people["coordinator"], []
    with database.write() as session:
        for _ in range(2):
            draft = pool_import.begin(session, account_id=None, area=LUOCHUAN, filename="名单.xlsx", rows=rows, now=NOW)
            pool_import.set_columns(session, draft, draft.columns)
            draft.account_id = account
            drafts.append(draft)
        pool_import.start(session, drafts[1], {}, by=f"account:{account}", now=NOW)
        pool_import.step(session, drafts[1], by=f"account:{account}", now=NOW)
        token = pool_entry.make_link(session, 1, NOW)
        return (drafts[0].id or 0, drafts[1].id or 0), token


def a_letter(database: Database, town: Town) -> int:
    """Have a letter wait at the officer's station."""
    side = town.case("choosing").sides["A"]
    Letters(database).send(Message("letter", str(side), "请选调解员", "请在11月27日(周五)前选。", NOW))
    with database.read() as session:
        return session.execute(select(col(Letter.id))).scalar_one() or 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    """A served site with a town in it, for the whole file."""
    settings = load(data_dir=tmp_path_factory.mktemp("pages"), secret_key=KEY)
    settings.sqlite_path.write_bytes(sqlite_template.read_bytes())
    database = Database(settings)
    site = serve(lambda base_url: create_app(settings, database, Clock()))
    town = a_town(database)
    with database.write() as session:
        roster.take_leave(session, town.case("choosing").listed[0], NOW.date(), NOW.date())
    yield House(site, town, *lists_and_link(database, town), letter=a_letter(database, town))
    site.stop()
    database.close()


WHO = (
    "anonymous", "officer", "head", "coordinator", "admin", "side of choosing", "side of asked", "side of accepted",
    "side of performing", "side of ended", "side of designating", "mediator of asked", "mediator of accepted",
)  # fmt: skip


def test_the_list_forgets_no_page(house: House, browser: Browser) -> None:
    app: Flask = house.site.app
    find = app.url_map.bind("127.0.0.1")
    paths = {
        stop.path.partition("?")[0] for stops in house.stops().values() for stop in stops if stop.path != "/nothing"
    }
    visited = {find.match(path)[0] for path in paths}
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert set(house.stops()) == set(WHO)
    assert pages - NO_PAGES - visited == set()


@pytest.mark.parametrize(
    ("language", "whole"), [("zh", True), ("en", False), pytest.param("en", True, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("who", WHO)
def test_pages(house: House, browser: Browser, who: str, language: str, whole: bool) -> None:
    tabs, wrong = Tabs(browser), []
    tab = house.open(tabs, who, language)
    for stop in house.stops()[who]:
        _arrive(tab, house.site.url, stop)
        wrong += [f"{stop.path} {stop.press}\n{problem}" for problem in _problems(tab, language, whole)]
    wrong += tabs.close()
    assert not wrong, "\n\n".join(wrong)


def _arrive(tab: Tab, site: str, stop: Stop) -> None:
    tab.set_viewport_size({"width": 360, "height": 780})
    came = tab.goto(site + stop.path)
    if stop.typed:
        tab.locator("#narrative").fill(stop.typed)
        tab.locator("#reading [data-say]").wait_for()
    if stop.tap:
        tab.check(stop.tap)
    if stop.named:
        tab.fill("#name", stop.named)
    if stop.press:
        # The server's own words are looked at: the browser's checks would keep an empty form from being sent.
        tab.evaluate("document.querySelectorAll('form').forEach(each => { each.noValidate = true })")
        tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        with tab.expect_navigation() as coming:
            tab.locator(stop.press).first.click()
        came = coming.value
    assert came is not None
    assert came.status == stop.status, f"{stop.path} {stop.press} answered {came.status}"
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


def _problems(tab: Tab, language: str, whole: bool) -> Iterator[str]:
    yield from _fails(lambda: _headings(tab, language))
    yield from _fails(lambda: check_axe(tab, colours=whole))
    yield from _fails(lambda: targets(tab))
    tab.set_viewport_size({"width": 320, "height": 640})
    yield from _fails(lambda: no_horizontal_scroll(tab))
    enlarge_text(tab, 1.5)
    yield from _fails(lambda: no_horizontal_scroll(tab))
    tab.evaluate("document.documentElement.removeAttribute('style')")
    tab.evaluate("document.documentElement.dataset.text = 'large'")
    yield from _fails(lambda: no_horizontal_scroll(tab))
    yield from _fails(lambda: targets(tab))
    tab.evaluate("delete document.documentElement.dataset.text")
    tab.set_viewport_size({"width": 1280, "height": 800})
    if whole:
        yield from _fails(lambda: check_axe(tab))
    yield from _fails(lambda: targets(tab))
    enlarge_text(tab, 1.5)
    yield from _fails(lambda: no_horizontal_scroll(tab))


def _fails(measure: Callable[[], None]) -> Iterator[str]:
    try:
        measure()
    except AssertionError as problem:
        yield str(problem)


def _headings(tab: Tab, language: str) -> None:
    found, title, spoken = tab.evaluate("""() => [
        [...document.querySelectorAll('h1')].map(each => each.innerText), document.title, document.documentElement.lang,
    ]""")
    assert len(found) == 1, f"h1: {found}"
    assert title.startswith(found[0].strip()), f"the title {title!r} does not begin with {found[0]!r}"
    assert spoken == ("zh-CN" if language == "zh" else "en")


VILLAGERS = ("/o", "/order", "/order/refuse", "/order/roll", "/order/help")


@pytest.mark.parametrize("path", VILLAGERS)
def test_a_villagers_page_is_small_and_needs_no_javascript(house: House, browser: Browser, path: str) -> None:
    tabs = Tabs(browser)
    seen = {}
    for javascript in (True, False):
        tab = house.open(tabs, "side of choosing", "zh", javascript=javascript)
        came = bytes_over_the_wire(tab, house.site.url + path)
        assert came < WIRE, f"{path}: {came} bytes"
        seen[javascript] = tab.inner_text("main")
    assert seen[True] == seen[False]
    assert tabs.close() == []
