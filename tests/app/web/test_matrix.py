"""Who may call what: every address × every visitor × own, foreign and missing objects, as `access.toml` says.

The walker knows the answers of every refusal; the file says who may, and what they get. An address that the file does
not name fails. What a visitor must never read (the words of other people's cases) is looked for in every answer.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.db import Database, sqlite_driver
from app.scope import Role
from app.settings import load
from app.web import create_app, guards
from tests.clock import Clock
from tests.databases import KEY
from tests.page import BASE
from tests.town import CaseIn, Town, a_town, everybody, token_for

POLICY: dict[str, Any] = tomllib.loads((Path(__file__).parent / "access.toml").read_text(encoding="utf-8"))
ENDPOINTS: dict[str, dict[str, Any]] = POLICY["endpoints"]
SAFE = ("GET", "HEAD", "OPTIONS")
WHO = (
    "anonymous", "side_a", "side_b", "other_side", "mediator", "other_mediator", "officer", "other_officer", "head",
    "coordinator", "other_coordinator", "admin", "disabled",
)  # fmt: skip
# Whose case is whose: the station whose cases are a visitor's own, and one whose cases are not.
OWN = {"other_officer": "two", "other_coordinator": "three"}
FOREIGN = {
    "officer": "two", "head": "two", "coordinator": "three", "other_officer": "one", "other_coordinator": "one",
    "anonymous": "three", "disabled": "three", "admin": "three", "side_a": "three", "side_b": "three",
    "other_side": "three", "mediator": "three", "other_mediator": "three",
}  # fmt: skip
GUARDS = {
    "public": ("public",),
    "party": ("party",),
    "mediator": ("mediator",),
    "api": ("api",),
    "station": guards.STATION,
    "cases": guards.CASES,
    "accounts": guards.ACCOUNTS,
    "coordinator": (Role.COORDINATOR,),
    "admin": (Role.ADMIN,),
    "watchers": (Role.STATION_HEAD, Role.COORDINATOR),
    "watch": (Role.COORDINATOR, Role.ADMIN),
}
MISSING = "610629102-2026-0999"
COOKIE = "diandan"


@dataclass
class Stage:
    """The site, its town, a browser for each visitor, and the way back to how things were."""

    app: Flask
    town: Town
    browsers: dict[str, FlaskClient]
    copy: Any
    witness: Any
    cookies: dict[str, str]
    version: int = 0

    def send(self, who: str, method: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a request as a visitor, with a CSRF token of his or her own; look for leaks in the answer."""
        data = {"csrf_token": token_for(self.app)} | (body or {}) if method not in SAFE else None
        answer = self.browsers[who].open(path, method=method, base_url=BASE, data=data, **more)
        assert answer.status_code < 500, f"{who} {method} {path} answered {answer.status_code}"
        self._check_leaks(who, method, path, answer)
        return answer

    def _check_leaks(self, who: str, method: str, path: str, answer: TestResponse) -> None:
        words = (
            answer.get_data(as_text=True) if (answer.mimetype or "").startswith(("text/", "application/json")) else ""
        )
        # What one asked for oneself comes back in the address: not a leak.
        found = [secret for secret in hidden_from(who, self.town) if secret in words]
        assert not found, f"{who} reads {found} at {method} {path}"

    def changed(self) -> bool:
        """Tell whether anything was written since the last time; what was, is undone."""
        version = self.witness.execute("PRAGMA data_version").fetchone()[0]
        if version == self.version:
            return False
        changed = self._rows(self.witness) != self._rows(self.copy)
        self.restore()
        return changed

    def restore(self) -> None:
        """Bring every row back to how it was."""
        with closing(self._connect()) as target:
            self.copy.backup(target)
        self.bring_back_cookies()
        self.app.extensions["diandan"]._index = None  # it follows the pool's changes forwards only
        self.version = self.witness.execute("PRAGMA data_version").fetchone()[0]

    def bring_back_cookies(self) -> None:
        """Give every browser the cookie back with which it began."""
        for who, browser in self.browsers.items():
            browser.set_cookie(COOKIE, self.cookies[who], domain="127.0.0.1")

    def _connect(self) -> Any:
        return sqlite_driver().connect(str(self.town.db.settings.sqlite_path), timeout=5)

    @staticmethod
    def _rows(connection: Any) -> str:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        digest = hashlib.sha256()
        for table in sorted(tables):
            digest.update(repr((table, connection.execute(f"SELECT * FROM {table}").fetchall())).encode())
        return digest.hexdigest()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Stage]:
    """The stage of this file, on SQLite: reads are scoped in the same way on both databases."""
    settings = load(data_dir=tmp_path_factory.mktemp("matrix"), secret_key=KEY)
    settings.sqlite_path.write_bytes(sqlite_template.read_bytes())
    database, clock = Database(settings), Clock()
    town = a_town(database)
    app = create_app(settings, database, clock)
    browsers = everybody(app, town)
    copy, path = sqlite_driver().connect(":memory:"), str(settings.sqlite_path)
    witness = sqlite_driver().connect(path, timeout=5)
    witness.backup(copy)
    made = Stage(app, town, browsers, copy, witness, {who: cookie_of(each) for who, each in browsers.items()})
    made.restore()
    yield made
    witness.close()
    copy.close()
    database.close()


def cookie_of(browser: FlaskClient) -> str:
    """Return a browser's session cookie."""
    found = browser.get_cookie(COOKIE, domain="127.0.0.1")
    assert found is not None
    return found.value


# --- what the policy says --------------------------------------------------------------------------------------------


def hidden_from(who: str, town: Town) -> list[str]:
    """Return every word that must never be in an answer to this visitor."""
    own = {"officer": "one", "head": "one", "other_officer": "two", "other_coordinator": "three"}
    mine = {"coordinator": ("one", "two")}.get(who, (own.get(who, ""),))
    return [
        word
        for station, cases in town.cases.items()
        for case in cases.values()
        for word in ([] if station in mine else _hidden_words(who, station, case))
    ]


def _hidden_words(who: str, station: str, case: CaseIn) -> tuple[str, ...]:
    named = {
        "mediator": ("one", "asked", "AB"), "other_mediator": ("two", "accepted", "AB"),
        "side_a": ("one", "choosing", "A"), "side_b": ("one", "choosing", "B"), "other_side": ("two", "choosing", "A"),
    }  # fmt: skip
    at, at_stage, letters = named.get(who, ("", "", ""))
    if (station, case.stage) == (at, at_stage):
        return (*case.story, *(name for letter, name in case.names.items() if letter not in letters))
    return case.secrets


def may(who: str, allowed: str) -> bool:
    """Tell whether the policy lets a visitor in."""
    return allowed == "public" or who in POLICY["who"].get(allowed, ())


def refusal(who: str, allowed: str) -> tuple[int, str]:
    """Return what a visitor gets who is not let in: status, and where a redirect leads."""
    if allowed in ("party", "mediator", "api"):
        return (401 if allowed == "api" else 404), ""
    signed_in = who in POLICY["who"]["accounts"]
    return (403, "") if signed_in else (302, "/sign-in")


def rules(app: Flask) -> list[Rule]:
    """Return every address of the site but the static files'."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Rule, case: CaseIn, town: Town, entry: dict[str, Any], **over: str) -> str:
    """Return a rule's address for a case, with other values put in by name."""
    values = {"no": case.no} | _filled(POLICY["arguments"] | entry.get("args", {}), case, town) | over
    built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
    assert built is not None, rule
    return built[1]


def _filled(given: dict[str, str], case: CaseIn, town: Town) -> dict[str, str]:
    facts = {
        "listed": str(case.listed[0]) if case.listed else "1",
        "assignment": str(case.assignment),
        "link": str(case.link),
        "far_link": str(town.case("triaged", "three").link),
        "sibling": case.sibling,
        "token": case.tokens.get("A", ""),
        "first": case.first,
        "officer": str(town.people["officer"]),
        "far": str(town.people["far_officer"]),
        "key": str(town.key_ids["officer"]),
        "far_key": str(town.key_ids["far_officer"]),
        "revoked": town.revoked,
    }
    return {name: value.format(**facts) for name, value in given.items()}


def case_for(who: str, entry: dict[str, Any], town: Town) -> CaseIn:
    """Return the case at the entry's stage that is a visitor's own, or the first station's."""
    return town.case(entry.get("stage", "choosing"), OWN.get(who, "one"))


def masked(answer: TestResponse, number: str) -> tuple[int, str, str, str]:
    """Return an answer without what must differ: the form token and the number that was asked for."""
    words = answer.get_data(as_text=True)
    words = re.sub(r'name="csrf_token" value="[^"]+"', 'name="csrf_token"', words)
    location = answer.headers.get("Location", "").replace(number, "NO")
    return answer.status_code, answer.content_type, location, words.replace(number, "NO")


# --- the walk --------------------------------------------------------------------------------------------------------


def test_every_address_is_placed_and_nothing_else(stage: Stage) -> None:
    found = {rule.endpoint for rule in rules(stage.app)}
    assert found == set(ENDPOINTS)


def test_every_view_has_the_guard_that_the_policy_names(stage: Stage) -> None:
    views = {rule.endpoint: stage.app.view_functions[rule.endpoint] for rule in rules(stage.app)}
    wrong = {
        name: guards.rule_of(view)
        for name, view in views.items()
        if guards.rule_of(view) != GUARDS[ENDPOINTS[name]["who"]]
    }
    assert not wrong


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_walk(stage: Stage, endpoint: str) -> None:
    entry = ENDPOINTS[endpoint]
    for rule in rules(stage.app):
        if rule.endpoint == endpoint:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                assert method in entry, f"access.toml does not say what {method} {rule.rule} answers"
                for who in WHO:
                    _walk(stage, rule, entry, method, who)


def _walk(stage: Stage, rule: Rule, entry: dict[str, Any], method: str, who: str) -> None:
    if may(who, entry["who"]):
        _let_in(stage, rule, entry, method, who)
    else:
        _refused(stage, rule, entry, method, who)


def _let_in(stage: Stage, rule: Rule, entry: dict[str, Any], method: str, who: str) -> None:
    town, own = stage.town, case_for(who, entry, stage.town)
    body = _filled(entry.get("body", {}), own, town)
    path = address(rule, own, town, entry)
    wanted = entry.get("for", {}).get(who, entry[method])
    answer = stage.send(who, method, path, body)
    assert answer.status_code == wanted, f"{who} {method} {path}: {answer.status_code}, not {wanted}"
    if method in SAFE:
        _safe_methods_change_nothing(stage, who, path, answer.status_code)
    stage.changed()
    stage.bring_back_cookies()
    if "no" in rule.arguments:
        foreign = town.case(entry.get("stage", "choosing"), FOREIGN[who])
        _same_as_missing(stage, rule, entry, method, who, (foreign,), entry.get("foreign", 404))
    for name, values in entry.get("missing", {}).items():
        _all_alike(stage, rule, entry, method, who, own, name, values)


def _all_alike(
    stage: Stage, rule: Rule, entry: dict[str, Any], method: str, who: str, own: CaseIn, name: str, values: list[str]
) -> None:
    """Ask for what is not there, or is somebody else's: 404 in the same bytes for all of them."""
    body, answers = _filled(entry.get("body", {}), own, stage.town), set()
    for value in (_filled({name: value}, own, stage.town)[name] for value in values):
        path = address(rule, own, stage.town, entry, **{name: value})
        answer = stage.send(who, method, path, body)
        assert answer.status_code == 404, f"{who} {method} {path}: {answer.status_code}"
        answers.add(masked(answer, path))
    assert len(answers) == 1, f"{who} can tell {name} {values} apart at {rule}"
    assert not stage.changed()


def _safe_methods_change_nothing(stage: Stage, who: str, path: str, status: int) -> None:
    # Message apps and mail scanners open every link that they meet, some of them three times.
    for method in ("HEAD", "GET", "OPTIONS"):
        answer = stage.send(who, method, path, headers={"User-Agent": "MicroMessenger LinkPreview"})
        assert answer.status_code == (200 if method == "OPTIONS" else status), f"{who} {method} {path}"
    assert not stage.changed(), f"{who} changed something by looking at {path}"


def _refused(stage: Stage, rule: Rule, entry: dict[str, Any], method: str, who: str) -> None:
    status, goal = refusal(who, entry["who"])
    own = case_for(who, entry, stage.town)
    foreign = stage.town.case(entry.get("stage", "choosing"), FOREIGN[who])
    cases = (own, foreign) if "no" in rule.arguments else (own,)
    location = _same_as_missing(stage, rule, entry, method, who, cases, status)
    assert location.partition("?")[0] == goal, f"{who} {method} {rule} is led to {location}"
    for method_too in ("HEAD", "OPTIONS") if method in SAFE else ("OPTIONS",):
        path = address(rule, own, stage.town, entry)
        assert stage.send(who, method_too, path).status_code == status, f"{who} {method_too} {path}"
    assert not stage.changed()


def _same_as_missing(
    stage: Stage, rule: Rule, entry: dict[str, Any], method: str, who: str, cases: tuple[CaseIn, ...], status: int
) -> str:
    """Ask for cases that are not one's own and for one that is not there: the same bytes, and nothing is changed."""
    town, answers = stage.town, []
    body = _filled(entry.get("body", {}), cases[0], town)
    for number in (*(case.no for case in cases), MISSING):
        path = address(rule, cases[0], town, entry, no=number)
        answer = stage.send(who, method, path, body)
        assert answer.status_code == status, f"{who} {method} {path}: {answer.status_code}, not {status}"
        answers.append(masked(answer, number))
    assert len(set(answers)) == 1, f"{who} can tell {method} {rule} of others from nothing"
    assert not stage.changed(), f"{who} changed something with {method} {rule}"
    return answer.headers.get("Location", "")


# --- what no visitor may do anywhere ---------------------------------------------------------------------------------


def test_nothing_is_posted_without_a_token_of_the_form(stage: Stage) -> None:
    for rule in rules(stage.app):
        entry = ENDPOINTS[rule.endpoint]
        for method in (rule.methods or set()) - set(SAFE) if entry["who"] != "api" else ():
            for who in [who for who in WHO if may(who, entry["who"])][-1:]:
                own = case_for(who, entry, stage.town)
                path = address(rule, own, stage.town, entry)
                body = _filled(entry.get("body", {}), own, stage.town)
                for token in ("", "wrong"):
                    answer = stage.send(who, method, path, body | {"csrf_token": token})
                    assert answer.status_code == 400, f"{who} {method} {path} without a token: {answer.status_code}"
    assert not stage.changed()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_methods_that_nobody_asked_for_do_nothing(stage: Stage, method: str) -> None:
    for rule in rules(stage.app):
        if method in (rule.methods or ()):
            continue
        entry = ENDPOINTS[rule.endpoint]
        for who in ("officer", "side_a", "anonymous"):
            path = address(rule, case_for(who, entry, stage.town), stage.town, entry)
            assert stage.send(who, method, path).status_code in (404, 405), f"{who} {method} {path}"
    assert not stage.changed()


@pytest.mark.parametrize("who", WHO)
def test_no_page_of_any_case_shows_a_word_that_is_not_the_visitors(stage: Stage, who: str) -> None:
    pages = [rule for rule in rules(stage.app) if "GET" in (rule.methods or ()) and "no" in rule.arguments]
    for rule in (rule for rule in pages if may(who, ENDPOINTS[rule.endpoint]["who"])):
        for case in (case for station in ("one", "three") for case in stage.town.cases[station].values()):
            stage.send(who, "GET", address(rule, case, stage.town, ENDPOINTS[rule.endpoint]))
    for path in ("/?q=童", "/?q=邱", "/?page=0", "/?state=choosing", "/places?q=jkh", "/inbox", "/clock", "/metrics"):
        stage.send(who, "GET", path)
    assert not stage.changed()


# --- keys ------------------------------------------------------------------------------------------------------------

LETTERBOX = {
    "narrative": "两家为院墙下的水路争吵", "type": "neighbor",
    "sides": [{"parties": [{"name": "甲"}]}, {"parties": [{"name": "乙"}]}],
}  # fmt: skip


def ask(stage: Stage, who: str, method: str, path: str, key: str = "", **more: Any) -> TestResponse:
    """Send a request with an account's API key and no cookie; look for leaks in the answer."""
    headers = {"Authorization": f"Bearer {key or stage.town.keys[who]}", "Idempotency-Key": "matrix-0123456789"}
    answer = stage.app.test_client().open(f"/api/v1/{path}", method=method, base_url=BASE, headers=headers, **more)
    assert answer.status_code < 500
    stage._check_leaks(who, method, path, answer)
    return answer


@pytest.mark.parametrize("who", ["officer", "head", "other_officer", "coordinator", "other_coordinator", "admin"])
def test_a_key_sees_what_its_owner_sees(stage: Stage, who: str) -> None:
    own, foreign = case_for(who, {}, stage.town), stage.town.case("choosing", FOREIGN[who])
    assert ask(stage, who, "GET", f"disputes/{own.no}").status_code == (404 if who == "admin" else 200)
    gone, none = ask(stage, who, "GET", f"disputes/{foreign.no}"), ask(stage, who, "GET", f"disputes/{MISSING}")
    assert gone.status_code == 404
    assert masked(gone, foreign.no) == masked(none, MISSING)
    for path in ("mediators", "reports/ageing"):
        assert ask(stage, who, "GET", path).status_code == 200
    assert not stage.changed()
    logged = ask(stage, who, "POST", "disputes", json=LETTERBOX).status_code
    assert logged == (201 if who in POLICY["who"]["station"] else 403)
    stage.restore()


def test_keys_that_do_not_work_are_all_alike(stage: Stage) -> None:
    keys = ("dd_" + "A" * 43, stage.town.keys["disabled"], stage.town.keys["revoked"], "x", "dd_", "\u00e9" * 10)
    answers = {
        masked(ask(stage, "anonymous", "GET", f"disputes/{stage.town.case('choosing').no}", key), "") for key in keys
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 401
    assert not stage.changed()


def test_the_walk_would_see_a_leak(stage: Stage) -> None:
    word = stage.town.case("choosing", "two").phones["A"]
    with pytest.raises(AssertionError, match=rf"officer reads \['{word}'\]"):
        stage._check_leaks("officer", "GET", "/", stage.app.response_class(word))  # type: ignore[arg-type]
