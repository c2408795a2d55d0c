"""What nobody should send, sent through HTTP on both databases; and a database that is locked or gone.

Every form of every page is found on the pages themselves, so a new one is tried without being named here. Each field
gets every kind of hostile text in turn, alone among good ones and together with all others. Nothing may answer 5xx, show
what was sent as markup, or speak in the words of a library.
"""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from app.db import Database, sqlite_driver
from app.models import Dispute, FormKey
from app.settings import load
from app.web import create_app
from tests.clock import Clock
from tests.databases import BOTH, KEY, PostgresServer
from tests.page import BASE
from tests.page_rules import parse
from tests.town import Town, a_town, everybody, signed_in, token_for

pytestmark = pytest.mark.unmeasured
MARK = "zzmark"
HOSTILE: dict[str, Any] = {
    "empty": "",
    "blanks": " \u3000\t\n",
    "long": "长" * 10_000,
    "NUL": f"甲\x00{MARK}",
    "lone surrogate": f"甲\ud800乙\udfff{MARK}",
    "bidi": f"\u202e{MARK}\u2066甲\u2069",
    "emoji": "👨‍👩‍👧‍👦🏴‍☠️" + MARK,
    "HTML": f'"><img src=x onerror={MARK}>',
    "script": f"</textarea></title><script>{MARK}</script>",
    "traditional": "鄰居爭執宅基地邊界,調解員請來說和",
    "rare": "𠮷𡈽𦉩" + MARK,
    "SQL": f"'; DROP TABLE dispute; -- {MARK}",
    "LIKE": "%_\\" * 10,
    "template": "{{7*7}}" + MARK + "{% raise %}${7*7}",
    "format": "%s%n%(no)s{0}{no}",
    "huge": "9" * 400,
    "beyond 64 bits": "9223372036854775808",
    "negative": "-1",
    "fraction": "1e309",
    "full-width": "１２３",
    "not a number": "NaN",
    "path": "../../etc/passwd",
    "lines": "a\r\nSet-Cookie: x=1\r\n\r\n" + MARK,
}
# Words that a library says, and never a page of ours.
FOREIGN_WORDS = re.compile(
    r"Traceback|sqlalchemy|psycopg|sqlite3|pydantic|werkzeug|jinja2|UndefinedError|ValueError|Bad Request</title>"
    r"|Input should|Internal Server Error|The browser \(or proxy\)|is not a valid choice"
)
SKIPPED = ("/sign-out", "/switch/language", "/switch/text")  # no field of one's own, and on every page


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page: where it goes, and what it sends when nothing is changed."""

    who: str
    page: str
    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass
class Stage:
    """The site on one database, with its people, its forms, and the way back to how things were."""

    kind: str
    app: Flask
    town: Town
    browsers: dict[str, FlaskClient]
    copy: Any
    witness: Any
    version: Any = None

    def post(self, who: str, path: str, data: Any, **more: Any) -> TestResponse:
        """Post as somebody and check what every answer must keep to."""
        answer = self.browsers[who].post(path, base_url=BASE, data=data, **more)
        check(answer, f"{who} POST {path}")
        return answer

    def restore(self) -> None:
        """Bring every row back to how it was, if any was written."""
        if self._written() == self.version:
            return
        if self.kind == "sqlite":
            with closing(sqlite_driver().connect(str(self.town.db.settings.sqlite_path), timeout=5)) as target:
                self.copy.backup(target)
        else:
            _restore_postgres(self.copy)
        self.app.extensions["diandan"]._index = None
        self.version = self._written()

    def _written(self) -> Any:
        if self.kind == "postgresql":
            return self.copy.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()
        return self.witness.execute("PRAGMA data_version").fetchone()


def check(answer: TestResponse, what: str) -> None:
    """Fail on a 5xx, on markup that was sent, on a library's words."""
    assert answer.status_code < 500, f"{what} answered {answer.status_code}"
    words = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
    for raw in (f"<img src=x onerror={MARK}", f"<script>{MARK}", f"49{MARK}"):
        assert raw not in words, f"{what} shows {raw} as markup"
    assert not FOREIGN_WORDS.search(words), f"{what} speaks like a library: {FOREIGN_WORDS.search(words)}"
    assert "x" not in answer.headers.get("Set-Cookie", "").partition("=")[0], f"{what}: a header was injected"
    if answer.status_code >= 400 and answer.mimetype == "text/html" and "<html" in words:
        assert "· 点单</title>" in words, f"{what}: not a page of ours"


# --- the stage -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=BOTH)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The town on SQLite, then on PostgreSQL, for all tests of this file."""
    folder, url, drop = tmp_path_factory.mktemp("hostile"), "", lambda: None
    settings = load(data_dir=folder, secret_key=KEY)
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        settings.sqlite_path.write_bytes(template.read_bytes())
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.create()
        url, drop = server.url(name), lambda: server.drop(name)
        settings = load(data_dir=folder, database_url=url, secret_key=KEY)
    database = Database(settings)
    town = a_town(database)
    app = create_app(settings, database, Clock())
    browsers = everybody(app, town)
    copy = _copied(database, request.param)
    witness = sqlite_driver().connect(str(settings.sqlite_path)) if request.param == "sqlite" else copy
    yield Stage(request.param, app, town, browsers, copy, witness)
    witness.close()
    copy.close()
    database.close()
    drop()


def _copied(database: Database, kind: str) -> Any:
    if kind == "sqlite":
        copy = sqlite_driver().connect(":memory:", check_same_thread=False)
        with closing(sqlite_driver().connect(str(database.settings.sqlite_path))) as source:
            source.backup(copy)
        return copy
    connection = psycopg.connect(database.settings.database_url, autocommit=True)
    connection.execute("CREATE SCHEMA kept")
    for table in _tables(connection):
        connection.execute(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"')  # type: ignore[call-overload]
    return connection


def _tables(connection: Any) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in found]


def _restore_postgres(connection: Any) -> None:
    # One way to the server and no new files, as TRUNCATE would make: it is walked some hundred times.
    turn = 'DELETE FROM public."{0}"; INSERT INTO public."{0}" SELECT * FROM kept."{0}"'
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # foreign keys hold in the copy as a whole
        connection.execute("; ".join(turn.format(table) for table in _tables(connection)))


def pages(town: Town) -> list[tuple[str, str]]:
    """Return who looks at which pages to find their forms."""
    no = {stage: f"/disputes/{town.case(stage).no}" for stage in town.cases["one"]}
    at_desk = f"{no['choosing']}/desk/{town.case('choosing').first}"
    return [
        ("anonymous", "/sign-in"), ("anonymous", "/o"), ("officer", "/password"), ("officer", "/disputes/new"),
        ("officer", no["triaged"]), ("officer", no["barred"]), ("officer", no["choosing"]), ("officer", no["asked"]),
        ("officer", no["performing"]), ("officer", at_desk), ("officer", f"{no['accepted']}/session"),
        ("officer", f"{no['performing']}/follow-up"), ("officer", f"{no['accepted']}/replace"),
        ("officer", f"{no['choosing']}/transfer"), ("head", no["asked_override"]),
        ("coordinator", f"{no['designating']}/designate"), ("admin", "/accounts/new"),
        ("admin", f"/accounts/{town.people['officer']}"), ("side_a", "/order"), ("mediator", "/assignment"),
        ("other_mediator", "/assignment/session"),
    ]  # fmt: skip


def forms(stage: Stage, *, every_action: bool = False) -> list[Form]:
    """Return every posted form of the pages that has a field: one for each endpoint and its fields, or each action."""
    found: dict[Any, Form] = {}
    find = stage.app.url_map.bind("127.0.0.1")
    for who, page in pages(stage.town):
        answer = stage.browsers[who].get(page, base_url=BASE)
        assert answer.status_code == 200, f"{who} {page}: {answer.status_code}"
        tree, _ = parse(answer.get_data(as_text=True))
        for form in tree.iter("form"):
            action = form.get("action", "").partition("?")[0]
            fields = tuple(_fields(form))
            if form.get("method") == "post" and fields and action not in SKIPPED:
                alike = (find.match(action, method="POST")[0], *(name for name, _ in fields))
                found.setdefault(action if every_action else alike, Form(who, page, action, fields))
    return list(found.values())


def _fields(form: Element) -> Iterator[tuple[str, str]]:
    seen = set()
    for field in form.iter():
        name = field.get("name")
        if field.tag in ("input", "select", "textarea", "button") and name and name != "csrf_token":
            options = [each.get("value", "") for each in field.iter("option")] if field.tag == "select" else []
            if name not in seen:
                yield name, next((each for each in options if each), field.get("value") or "甲")
            seen.add(name)


# --- forms -----------------------------------------------------------------------------------------------------------


def encoded(data: dict[str, str]) -> dict[str, bytes]:
    """Return fields as bytes: a lone surrogate is sent as a broken program would send it."""
    return {name: value.encode("utf-8", "surrogatepass") for name, value in data.items()}


@pytest.mark.parametrize("at_night", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_form_stands_every_text(stage: Stage, at_night: bool) -> None:
    found = forms(stage, every_action=at_night)
    assert len(found) > 20, [form.action for form in found]
    # The databases begin apart, so that a field meets two kinds a day rather than one kind twice.
    rotation = islice(cycle(HOSTILE), BOTH.index(stage.kind) * len(HOSTILE) // 2, None)
    for form in found:
        good = dict(form.fields)
        tries = [dict.fromkeys(good, value) for value in HOSTILE.values()]
        tries += [good | {name: HOSTILE[next(rotation)]} for name in list(good)[:14] for _ in range(1 + 3 * at_night)]
        tries += [{name: value for name, value in good.items() if name != left_out} for left_out in list(good)[:4]]
        for data in tries:
            _try(stage, form, data)


def _try(stage: Stage, form: Form, data: dict[str, str]) -> None:
    # The token goes along; each try is a form of its own.
    answer = stage.post(form.who, form.action, encoded(data) | {"csrf_token": token_for(stage.app)})
    if answer.status_code in (302, 303):
        led = stage.browsers[form.who].get(answer.headers["Location"], base_url=BASE)
        check(led, f"{form.who} {form.action} led to {answer.headers['Location']}")
    if answer.status_code < 400 or form.action in ("/sign-in", "/o"):
        stage.restore()


def test_repeated_missing_and_foreign_fields(stage: Stage) -> None:
    token = token_for(stage.app)
    for form in forms(stage):
        names = [name for name, _ in form.fields]
        for body in (
            "&".join(f"{name}=1&{name}=2&{name}=" for name in names),
            "&".join(f"{name}%5B%5D=1&{name}.x=2" for name in names),
            "id=1&station_id=2&area=0&state=closed&officer_id=1&role=admin&is_admin=1&__class__=x",
            "%FF%FE=%ED%A0%80&=&&a",
        ):
            kind = "application/x-www-form-urlencoded"
            answer = stage.post(form.who, form.action, f"{body}&csrf_token={token}", content_type=kind)
            if answer.status_code < 400 or form.action in ("/sign-in", "/o"):
                stage.restore()


def test_bodies_that_are_too_large_or_no_form_at_all(stage: Stage) -> None:
    token = token_for(stage.app)
    for form in forms(stage)[::4]:
        for data, status in (
            ({"csrf_token": token, "a": "x" * 2_000_000}, (413,)),
            ({"csrf_token": token, "a": "x" * 600_000}, (413, 422, 303, 404, 403, 409, 200)),
        ):
            assert stage.post(form.who, form.action, data).status_code in status
        parts = {"csrf_token": token, **{f"f{number}": "1" for number in range(1_500)}}
        assert stage.post(form.who, form.action, parts, content_type="multipart/form-data").status_code == 413
        for kind in ("application/json", "multipart/form-data", "text/plain", "multipart/form-data; boundary=\x00"):
            assert stage.post(form.who, form.action, b'{"a": 1}', content_type=kind).status_code == 400
    stage.restore()


# --- addresses, queries, the API -------------------------------------------------------------------------------------


def test_addresses_and_queries_stand_every_text(stage: Stage) -> None:
    paths = (
        ("officer", "/disputes/{}"), ("officer", "/disputes/{}/slip/A"), ("officer", "/pool/{}"), ("admin", "/accounts/{}"),
        ("anonymous", "/o/{}"), ("anonymous", "/help/{}"), ("officer", f"/disputes/{stage.town.case('choosing').no}/desk/{{}}"),
        ("officer", f"/disputes/{stage.town.case('performing').no}/papers/{{}}.docx"),
    )  # fmt: skip
    for value in HOSTILE.values():
        quoted = "".join(f"%{byte:02X}" for byte in str(value).encode("utf-8", "surrogatepass"))[:3_000]
        for who, path in paths:
            answer = stage.browsers[who].get(path.format(quoted), base_url=BASE)
            check(answer, f"{who} {path} {quoted[:60]}")
            assert answer.status_code in (404, 405, 200, 301, 302, 303, 308) and (
                quoted == "" or answer.status_code != 200
            )
        for who, path in (
            ("officer", "/"),
            ("officer", "/pool"),
            ("officer", "/places"),
            ("admin", "/accounts"),
            ("anonymous", "/sign-in"),
            ("side_a", "/order/roll"),
            ("coordinator", "/"),
        ):
            query = "&".join(f"{name}={quoted}" for name in ("q", "page", "state", "kind", "type", "back", "place"))
            check(stage.browsers[who].get(f"{path}?{query}", base_url=BASE), f"{who} {path} ? {quoted[:60]}")


def test_the_api_stands_every_text(stage: Stage) -> None:
    client, key = stage.app.test_client(), stage.town.keys["officer"]
    side = {"parties": [{"name": "甲"}]}
    for number, value in enumerate([*HOSTILE.values(), None, 10**400, -1, 1.5, True, [], {}, [[[[[]]]]]]):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"hostile-{number:08}"}
        bodies = [
            ("suggestions", {"text": value}), ("suggestions", {"text": "争吵", "region": value, "n": value}),
            ("suggestions", value), ("disputes", {"narrative": value, "type": "neighbor", "sides": [side, side]}),
            ("disputes", {"narrative": "争吵", "type": value, "place": value, "sides": [side, side]}),
            ("disputes", {"narrative": "争吵", "type": "neighbor", "sides": [{"parties": [{"name": value, "phone": value}]}, side]}),
        ]  # fmt: skip
        for path, body in bodies:
            data = json.dumps(body)
            kind = "application/json"
            answer = client.post(f"/api/v1/{path}", base_url=BASE, headers=headers, data=data, content_type=kind)
            assert answer.status_code in (200, 201, 400, 409, 422), f"{path} {body!r:.200}: {answer.status_code}"
            assert answer.is_json or answer.mimetype == "application/problem+json"
    for raw in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"text": "\\ud800"}', b"NaN", b"x" * 2_000_000):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        answer = client.post("/api/v1/suggestions", base_url=BASE, headers=headers, data=raw)
        assert answer.status_code in (200, 400, 413, 422), f"{raw[:20]!r}: {answer.status_code}"
    stage.restore()


def test_text_comes_back_as_it_was_written(stage: Stage) -> None:
    """What can be read is kept to the letter; only what cannot be stored or misleads the eye is left out."""
    client = stage.app.test_client()
    story = f"鄰居爭執👨‍👩‍👧‍👦𠮷 <b>{{{{7*7}}}}</b> & '%s' \\ {MARK}\n第二行"
    body = {"narrative": f"\x00{story}\u202e", "type": "neighbor", "sides": [{"parties": [{"name": "甲"}]}] * 2}
    headers = {"Authorization": f"Bearer {stage.town.keys['officer']}", "Idempotency-Key": "round-trip-01"}
    made = client.post("/api/v1/disputes", base_url=BASE, headers=headers, json=body)
    assert made.status_code == 201
    assert made.json is not None
    assert made.json["narrative"] == story
    page = stage.browsers["officer"].get(f"/disputes/{made.json['no']}", base_url=BASE)
    check(page, "the case's page")
    tree, _ = parse(page.get_data(as_text=True))
    shown = next(each for each in tree.iter("p") if "narrative" in each.get("class", ""))
    assert "".join(shown.itertext()).strip() == story
    stage.restore()


# --- a database that is locked or gone -------------------------------------------------------------------------------


def _logging(stage: Stage, key: str) -> dict[str, str]:
    return {
        "csrf_token": token_for(stage.app), "key": key, "do": "log", "narrative": "两家为院墙争吵", "type": "neighbor",
        "sides-0-parties-0-name": "甲", "sides-1-parties-0-name": "乙",
    }  # fmt: skip


def _counted(database: Database) -> tuple[int, int]:
    with database.read() as session:
        tables = (select(func.count()).select_from(each) for each in (Dispute, FormKey))
        cases, keys = (session.execute(each).scalar_one() for each in tables)
        return cases, keys


def _busy(answer: TestResponse) -> None:
    assert answer.status_code == 503
    assert "系统正忙,请过几秒再点一次" in answer.get_data(as_text=True)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_locked_database_says_so_and_keeps_nothing_by_halves(stage: Stage) -> None:
    before, data = _counted(stage.town.db), _logging(stage, "locked-0123456789abcdef")
    answers: dict[str, TestResponse] = {}

    def send(who: str, path: str, body: dict[str, str]) -> None:
        answers[path] = stage.browsers[who].post(path, base_url=BASE, data=body)

    with _locked(stage):
        marks = {"csrf_token": token_for(stage.app), "round": "1"}
        asked = [("officer", "/disputes/new", data), ("side_a", "/order/seal", marks)]
        threads = [threading.Thread(target=send, args=each) for each in asked]
        for thread in threads:
            thread.start()
        assert stage.app.test_client().get("/healthz", base_url=BASE).status_code == 200
        for thread in threads:
            thread.join(30)
    for answer in answers.values():
        _busy(answer)
    assert len(answers) == 2
    assert _counted(stage.town.db) == before
    again = stage.browsers["officer"].post("/disputes/new", base_url=BASE, data=data)
    assert again.status_code == 303
    assert _counted(stage.town.db) == (before[0] + 1, before[1] + 1)
    stage.restore()


class _locked:  # noqa: N801 - read as a sentence
    """Hold every writer off: BEGIN IMMEDIATE on SQLite, LOCK TABLE on PostgreSQL."""

    def __init__(self, stage: Stage) -> None:
        settings = stage.town.db.settings
        if stage.kind == "sqlite":
            self.connection = sqlite_driver().connect(str(settings.sqlite_path), isolation_level=None)
            self.words = ["BEGIN IMMEDIATE"]
        else:
            self.connection = psycopg.connect(settings.database_url, autocommit=True)
            self.words = ["BEGIN", "LOCK TABLE dispute, form_key IN ACCESS EXCLUSIVE MODE"]

    def __enter__(self) -> None:
        for words in self.words:
            self.connection.execute(words)

    def __exit__(self, *_: object) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


def test_a_database_that_is_gone_says_so_and_comes_back(stage: Stage, tmp_path: Path) -> None:
    officer, before = stage.browsers["officer"], _counted(stage.town.db)
    data = _logging(stage, "gone-0123456789abcdef")
    with _gone(stage, tmp_path):
        _busy(officer.get("/", base_url=BASE))
        _busy(officer.post("/disputes/new", base_url=BASE, data=data))
        _busy(stage.browsers["side_a"].get("/order", base_url=BASE))
        anonymous = stage.app.test_client()
        assert anonymous.get("/healthz", base_url=BASE).status_code == 200
        assert anonymous.get("/readyz", base_url=BASE).status_code == 503
        assert anonymous.get("/sign-in", base_url=BASE).status_code == 200
    assert officer.get("/", base_url=BASE).status_code == 200
    assert _counted(stage.town.db) == before
    assert officer.post("/disputes/new", base_url=BASE, data=data).status_code == 303
    stage.restore()


class _gone:  # noqa: N801 - read as a sentence
    """Take the database away: the file on SQLite; on PostgreSQL nobody may connect, and whoever is in is thrown out."""

    def __init__(self, stage: Stage, aside: Path) -> None:
        self.stage, self.database, self.aside = stage, stage.town.db, aside

    def __enter__(self) -> None:
        if self.stage.kind == "sqlite":
            self.database.close()
            path = self.database.settings.sqlite_path
            self.moved = {each: self.aside / each.name for each in path.parent.glob(path.name + "*")}
            for here, there in self.moved.items():
                shutil.move(here, there)
        else:
            self._allow(False)

    def __exit__(self, *_: object) -> None:
        if self.stage.kind == "sqlite":
            path = self.database.settings.sqlite_path
            assert not path.exists(), "an empty database has taken the place of the lost one"
            for here, there in self.moved.items():
                shutil.move(there, here)
        else:
            self._allow(True)

    def _allow(self, yes: bool) -> None:
        url = make_url(self.database.settings.database_url)
        with psycopg.connect(
            url.set(database="postgres").render_as_string(hide_password=False), autocommit=True
        ) as own:
            own.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS {yes}')  # type: ignore[call-overload]
            if not yes:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
                own.execute(others, (url.database, self.stage.copy.info.backend_pid))


def test_nobody_at_the_databases_address(stage: Stage, tmp_path: Path) -> None:
    if stage.kind == "sqlite":
        settings = load(data_dir=tmp_path / "empty", secret_key=KEY)  # a folder in which there never was one
    else:
        url = make_url(stage.town.db.settings.database_url).set(port=1).render_as_string(hide_password=False)
        settings = load(data_dir=tmp_path, database_url=url, secret_key=KEY)
    database = Database(settings)
    client = create_app(settings, database, Clock()).test_client()
    assert client.get("/healthz", base_url=BASE).status_code == 200
    assert client.get("/readyz", base_url=BASE).status_code == 503
    _busy(client.get("/o/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", base_url=BASE))
    database.close()


def test_the_checks_would_see_it(stage: Stage) -> None:
    for words in (f"<script>{MARK}</script>", f"49{MARK}", "sqlalchemy.exc"):
        with pytest.raises(AssertionError):
            check(stage.app.response_class(words, mimetype="text/html"), "x")  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="500"):
        check(stage.app.response_class("", 500), "x")  # type: ignore[arg-type]
    client = signed_in(stage.app, stage.town.db, stage.town.people["officer"])
    assert client.get("/", base_url=BASE).status_code == 200
    with stage.town.db.read() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1
