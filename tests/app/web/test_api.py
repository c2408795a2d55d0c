"""The JSON API as another system meets it: by its key, against its own description, and with bodies that are none."""

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import accounts, apikeys
from app.db import Database
from app.lifecycle import State
from app.models import Account, ApiKey, Dispute
from app.web import openapi
from talent_pool import roster
from talent_pool.models import Kind
from tests.builders import (
    ALSO_THERE,
    ELSEWHERE,
    JIAOKOUHE_VILLAGE,
    LUOCHUAN,
    YANAN,
    YULIN,
    a_case,
    a_coordinator,
    a_mediator,
    a_station,
    an_admin,
    an_officer,
)
from tests.clock import NOW
from tests.page import BASE

QUARREL = "东邻砌墙把我家院里的排水沟堵了,下雨水倒灌进屋,找他说了几回都不听,两家吵了起来。"
BLOWS = "他拿刀砍伤我丈夫,人现在医院重伤,还说要杀我们全家。"


class Caller:
    """Another system with a key."""

    def __init__(self, app: Flask, key: str = "") -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers, base_url=BASE)

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {"Content-Type": "application/json", **self.headers, **headers}
        return self.client.post(f"/api/v1{path}", data=data, headers=sent, base_url=BASE)


def calling(app: Flask, db: Database, account: Account) -> Caller:
    with db.write() as session:
        return Caller(app, apikeys.create(session, session.get_one(Account, account.id), "测试", NOW))


def an_account(db: Database, role: str = "officer", **given: Any) -> Account:
    make = {"officer": an_officer, "coordinator": a_coordinator, "admin": an_admin}[role]
    with db.write() as session:
        return make(session, **given)


@pytest.fixture
def caller(quick_app: Flask, sqlite_db: Database) -> Caller:
    """An officer's key, with a small pool, on SQLite."""
    return a_caller(quick_app, sqlite_db)


def a_caller(app: Flask, db: Database) -> Caller:
    with db.write() as session:
        for number, kind in enumerate(Kind):
            a_mediator(session, name=f"第{number}位", kind=kind, phone=f"1390000000{number}")
        officer = an_officer(session)
    return calling(app, db, officer)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    return openapi.document()


def fits(answer: TestResponse, path: str, method: str = "get") -> Any:
    """Check an answer against what the description promises for its status; return the JSON."""
    promised = document()["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    assert list(promised) == [answer.mimetype]
    schema = {**promised[answer.mimetype]["schema"], "components": document()["components"]}
    Draft202012Validator(schema).validate(answer.json)
    return answer.json


# --- the description -------------------------------------------------------------------------------------------------


def test_the_description_is_valid_and_open_to_all(quick_app: Flask) -> None:
    answer = Caller(quick_app).get("/openapi.json")
    assert answer.status_code == 200
    validate(answer.json)
    assert set(answer.json["paths"]) == {
        "/suggestions", "/disputes", "/disputes/{no}", "/mediators", "/reports/ageing",
    }  # fmt: skip


def test_every_route_is_described(quick_app: Flask) -> None:
    rules = [rule for rule in quick_app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    served = {
        (rule.rule.removeprefix("/api/v1").replace("<no>", "{no}"), method.lower())
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert served == described | {("/openapi.json", "get")}


# --- keys ------------------------------------------------------------------------------------------------------------

CALLS = [
    ("get", "/mediators"),
    ("get", "/reports/ageing"),
    ("get", "/disputes/x"),
    ("post", "/suggestions"),
    ("post", "/disputes"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_key_that_works_all_answers_are_the_same(
    quick_app: Flask, sqlite_db: Database, method: str, path: str
) -> None:
    with sqlite_db.write() as session:
        account = an_officer(session)
        revoked = apikeys.create(session, account, "旧", NOW)
        apikeys.revoke(session, account, 1, NOW)
        closed_account = an_officer(session)
        closed = apikeys.create(session, closed_account, "停", NOW)
        accounts.disable(session, closed_account, NOW)
    wrong = [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {revoked}",
        f"Bearer {closed}",
        "Bearer dd_x",
        f"Basic {revoked}",
        "Bearer dd_" + "长" * 9,
        "Bearer dd_" + "x" * 5000,
    ]
    answers = set()
    for header in wrong:
        caller = Caller(quick_app)
        sent = {"Authorization": header.encode().decode("latin-1")} if header else {}
        answer = caller.client.open(f"/api/v1{path}", method=method, headers=sent, base_url=BASE)
        answers.add((answer.status_code, answer.data, answer.headers["WWW-Authenticate"], answer.mimetype))
    assert len(answers) == 1
    (only,) = answers
    assert (only[0], only[2], only[3]) == (401, "Bearer", "application/problem+json")


def test_only_the_keys_hash_is_kept(db: Database) -> None:
    with db.write() as session:
        account = an_officer(session)
        key = apikeys.create(session, account, "信访系统", NOW)
        row = session.execute(select(ApiKey)).scalar_one()
        assert key not in str(row.model_dump())
        assert len(key) > 40
        owner = (account.id, account.station_id)
    caller = apikeys.find_caller(db.engine, key)
    assert caller is not None
    assert (caller.viewer.account_id, caller.viewer.station_id) == owner


def test_a_cookie_opens_nothing_here(quick_app: Flask, sqlite_db: Database) -> None:
    account = an_account(sqlite_db)
    with sqlite_db.write() as session:
        secret = accounts.open_session(session, now=NOW, hours=1, account_id=account.id)
    client = quick_app.test_client()
    with client.session_transaction(base_url=BASE) as cookie:
        cookie["account"] = secret
    assert client.get("/api/v1/mediators", base_url=BASE).status_code == 401


# --- suggestions -----------------------------------------------------------------------------------------------------


def test_a_quarrel_gets_its_reading_and_names(app: Flask, db: Database) -> None:
    answer = a_caller(app, db).post("/suggestions", {"text": QUARREL, "region": str(JIAOKOUHE_VILLAGE), "n": 2})
    found = fits(answer, "/suggestions", "post")
    assert answer.status_code == 200
    assert found["reading"]["type"] == "neighbor"
    assert len(found["shortlist"]) == 2
    assert found["barred"] is None
    assert "1390000000" not in answer.text


def test_the_region_may_be_short_or_left_out(caller: Caller) -> None:
    given = [{"region": "610629"}, {"region": "610629000000"}, {"region": None}, {"region": ""}, {}]
    for each in given:
        found = fits(caller.post("/suggestions", {"text": QUARREL, **each}), "/suggestions", "post")
        assert len(found["shortlist"]) == 3


def test_crime_gets_no_names(caller: Caller) -> None:
    found = fits(caller.post("/suggestions", {"text": BLOWS}), "/suggestions", "post")
    assert found["shortlist"] == []
    assert found["barred"] == "crime_suspected"


def test_a_party_s_own_self_is_recused(caller: Caller) -> None:
    body = {"text": QUARREL, "parties": [{"name": "第0位", "phone": "13900000000"}]}
    found = fits(caller.post("/suggestions", body), "/suggestions", "post")
    assert {each["name"] for each in found["shortlist"]} == {"第1位", "第2位"}
    assert found["excluded"]["recusal"] == 1


def test_what_changes_in_the_pool_is_seen_at_once(caller: Caller, sqlite_db: Database) -> None:
    assert len(caller.post("/suggestions", {"text": QUARREL}).json["shortlist"]) == 3
    with sqlite_db.write() as session:
        roster.suspend(session, 1)
    assert len(caller.post("/suggestions", {"text": QUARREL}).json["shortlist"]) == 2


ODD_TEXTS = [
    "繁體字:兩家為地界爭執",
    "a" * 10_000,
    "😀" * 500,
    "\x00\x00",
    "\u202e倒过来\u2066",
    " ",
    "{{ 7*7 }}",
    "' OR 1=1 --",
]


def test_odd_texts_are_read_all_the_same(caller: Caller) -> None:
    for text in ODD_TEXTS:
        fits(caller.post("/suggestions", {"text": text}), "/suggestions", "post")


BAD_BODIES: list[tuple[Any, int]] = [
    (b"", 400),
    (b"{", 400),
    (b"\xff\xfe{}", 400),
    (b'{"text": "\\ud800"}', 400),
    (b'{"text": "\\udc00\\ud800"}', 400),
    (b"[" * 100_000, 400),
    (b'{"text": NaN}', 422),
    (b"null", 422),
    (b"[]", 422),
    (b'"text"', 422),
    ({}, 422),
    ({"text": ""}, 422),
    ({"text": None}, 422),
    ({"text": 7}, 422),
    ({"text": ["a"]}, 422),
    ({"text": "长" * 10_001}, 422),
    ({"text": "x", "n": 0}, 422),
    ({"text": "x", "n": 21}, 422),
    ({"text": "x", "n": "6"}, 422),
    ({"text": "x", "n": 6.5}, 422),
    ({"text": "x", "n": True}, 422),
    ({"text": "x", "n": 10**30}, 422),
    ({"text": "x", "region": "99"}, 422),
    ({"text": "x", "region": "61062"}, 422),
    ({"text": "x", "region": "六一"}, 422),
    ({"text": "x", "region": 610629}, 422),
    ({"text": "x", "region": {}}, 422),
    ({"text": "x", "more": 1}, 422),
    ({"text": "x", "parties": "all"}, 422),
    ({"text": "x", "parties": [{"name": "长" * 41}]}, 422),
    ({"text": "x", "parties": [{}] * 401}, 422),
    (b'{"text": "' + b"x" * 1_000_001 + b'"}', 413),
]


@pytest.mark.parametrize("path", ["/suggestions", "/disputes"])
def test_bad_bodies_are_refused_in_words(caller: Caller, path: str) -> None:
    for body, status in BAD_BODIES:
        answer = caller.post(path, body, **{"Idempotency-Key": "0123456789"})
        assert answer.status_code == status, body
        problem = fits(answer, path, "post")
        assert problem["detail"]
        assert bool(problem["errors"]) == (status == 422), body


def test_what_is_wrong_is_named_by_field(caller: Caller) -> None:
    body = {"text": "", "n": 99, "region": "99", "parties": [{"village": "1"}]}
    errors = caller.post("/suggestions", body).json["errors"]
    assert errors == {
        "text": "请填这一项",
        "region": "没有这个地方",
        "n": "数字太大",
        "parties.0.village": "没有这个地方",
    }


def test_only_json_is_taken(caller: Caller) -> None:
    for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
        answer = caller.post("/suggestions", {"text": "x"}, **{"Content-Type": kind})
        assert fits(answer, "/suggestions", "post")["status"] == 415


# --- disputes --------------------------------------------------------------------------------------------------------

DISPUTE = {
    "narrative": QUARREL,
    "type": "neighbor",
    "place": str(JIAOKOUHE_VILLAGE),
    "source": "from_hotline",
    "sides": [
        {
            "parties": [
                {"name": "童大山", "sex": "male", "birth_year": 1970, "phone": "13800001111", "village": "610629102"}
            ]
        },
        {"parties": [{"name": "邱有田"}]},
    ],
}


def test_a_dispute_is_logged_once_for_a_key(app: Flask, db: Database) -> None:
    caller = a_caller(app, db)
    first = caller.post("/disputes", DISPUTE, **{"Idempotency-Key": "hotline-0001"})
    again = caller.post("/disputes", DISPUTE, **{"Idempotency-Key": "hotline-0001"})
    other = caller.post("/disputes", {**DISPUTE, "type": ""}, **{"Idempotency-Key": "hotline-0001"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json == again.json == fits(first, "/disputes", "post")
    fits(other, "/disputes", "post")
    with db.read() as session:
        assert session.execute(select(func.count()).select_from(Dispute)).scalar_one() == 1
    assert first.json["sides"][0]["parties"] == [{"name": "童大山", "village": "610629102000", "spokesperson": True}]
    assert (first.json["source"], first.json["place"]) == ("from_hotline", str(JIAOKOUHE_VILLAGE))
    assert "13800001111" not in first.text
    here = caller.get(first.headers["Location"].removeprefix("/api/v1"))
    assert here.status_code == 200
    assert fits(here, "/disputes/{no}") == first.json


def test_two_keys_make_two_disputes(caller: Caller) -> None:
    numbers = {caller.post("/disputes", DISPUTE, **{"Idempotency-Key": f"hotline-{n}"}).json["no"] for n in range(2)}
    assert len(numbers) == 2


def test_a_dispute_needs_a_proper_key(caller: Caller) -> None:
    for key in ("", "short", "长" * 10, "x" * 81, "with space in"):
        answer = caller.post("/disputes", DISPUTE, **{"Idempotency-Key": key.encode().decode("latin-1")})
        assert list(fits(answer, "/disputes", "post")["errors"]) == ["Idempotency-Key"]


WRONG = [
    ({"narrative": ""}, "narrative"),
    ({"narrative": " \x00 "}, "narrative"),
    ({"type": "war"}, "type"),
    ({"source": "x"}, "source"),
    ({"place": "610699999999"}, "place"),
    ({"sides": []}, "sides"),
    ({"sides": [{"parties": []}, {"parties": []}]}, "sides.0.parties"),
    (
        {"sides": [{"parties": [{"name": "甲", "birth_year": 3000}]}, {"parties": [{"name": "乙"}]}]},
        "sides.0.parties.0.birth_year",
    ),
    (
        {"sides": [{"parties": [{"name": "甲", "phone": "abc"}]}, {"parties": [{"name": "乙"}]}]},
        "sides.0.parties.0.phone",
    ),
    ({"sides": [{"parties": [{"name": "甲"}]}] * 9}, "sides"),
]


def test_a_wrong_dispute_is_refused_at_its_field(caller: Caller) -> None:
    for given, field in WRONG:
        answer = caller.post("/disputes", {**DISPUTE, **given}, **{"Idempotency-Key": "hotline-0001"})
        assert answer.status_code == 422
        assert field in fits(answer, "/disputes", "post")["errors"]


def test_a_refused_dispute_leaves_its_key_free(caller: Caller, sqlite_db: Database) -> None:
    key = {"Idempotency-Key": "hotline-0001"}
    child = {"sides": [{"parties": [{"name": "甲", "birth_year": 2020}]}, {"parties": [{"name": "乙"}]}]}
    assert caller.post("/disputes", {**DISPUTE, **child}, **key).status_code == 422
    assert caller.post("/disputes", DISPUTE, **key).status_code == 201
    with sqlite_db.read() as session:
        assert session.execute(select(func.count()).select_from(Dispute)).scalar_one() == 1


def test_only_a_station_logs(quick_app: Flask, sqlite_db: Database) -> None:
    for role in ("coordinator", "admin"):
        caller = calling(quick_app, sqlite_db, an_account(sqlite_db, role))
        answer = caller.post("/disputes", DISPUTE, **{"Idempotency-Key": "hotline-0001"})
        assert fits(answer, "/disputes", "post")["status"] == 403


def test_a_key_sees_what_its_owner_sees(app: Flask, db: Database) -> None:
    with db.write() as session:
        case = a_case(session)
        stranger, near = an_officer(session), a_coordinator(session)
        far = a_coordinator(session, area=YULIN)
        nobody = an_admin(session)
    path = f"/disputes/{case.dispute.no}"
    seen = [calling(app, db, who).get(path) for who in (case.officer, near, stranger, far, nobody)]
    assert [answer.status_code for answer in seen] == [200, 200, 404, 404, 404]
    unknown = calling(app, db, stranger).get("/disputes/none")
    assert unknown.data == seen[2].data
    fits(seen[2], "/disputes/{no}")


def test_odd_numbers_are_not_found(caller: Caller) -> None:
    for no in ("%00", "x" * 500, "%ED%A0%80", "..%2F..", "610629102-2026-9999"):
        assert caller.get(f"/disputes/{no}").status_code == 404


# --- the pool, the report --------------------------------------------------------------------------------------------


def test_the_roll_of_the_owners_area(app: Flask, db: Database) -> None:
    with db.write() as session:
        a_mediator(session, name="刘村长", home=ALSO_THERE, title="村主任")
        a_mediator(session, name="高医生", kind=Kind.INDUSTRY, types=("medical",), areas=(YANAN,))
        a_mediator(session, name="远处人", areas=(ELSEWHERE,))
        officer = an_officer(session)
    caller = calling(app, db, officer)
    found = fits(caller.get("/mediators"), "/mediators")
    assert {each["name"] for each in found["mediators"]} == {"刘村长", "高医生"}
    assert found["next"] is None
    assert "phone" not in caller.get("/mediators").text
    names = {
        name: [each["name"] for each in caller.get("/mediators", **query).json["mediators"]]
        for name, query in {"kind": {"kind": "industry"}, "type": {"type": "neighbor"}, "words": {"q": "村主"}}.items()
    }
    assert names == {"kind": ["高医生"], "type": ["刘村长"], "words": ["刘村长"]}


def test_regions_elsewhere_are_refused(caller: Caller) -> None:
    for region in ("99", "abc", "6108", str(YANAN), f"{LUOCHUAN}0"):
        answer = caller.get("/mediators", region=region)
        assert list(fits(answer, "/mediators")["errors"]) == ["region"]


def test_odd_questions_get_plain_answers(caller: Caller) -> None:
    odd = [{"page": "-1"}, {"page": "9" * 50}, {"kind": "x"}, {"type": "\x00"}, {"q": "%_\\'\x00" * 30}]
    for query in odd:
        fits(caller.get("/mediators", **query), "/mediators")


def test_ageing_by_band_and_officer(app: Flask, db: Database) -> None:
    with db.write() as session:
        station = a_station(session)
        lu, an = an_officer(session, station, name="陆民警"), an_officer(session, station, name="安民警")
        for days in (0, 7, 8, 15, 16, 30, 31, 400):
            a_case(session, officer=lu, opened_at=NOW - timedelta(days=days), due_at=NOW + timedelta(days=days - 10))
        a_case(session, officer=an)
        a_case(session, officer=an, state=State.CLOSED)
        a_case(session)  # of another station
        coordinator = a_coordinator(session)
    found = fits(calling(app, db, lu).get("/reports/ageing"), "/reports/ageing")
    assert found["officers"] == [
        {"officer": "安民警", "bands": {"0-7": 1, "8-15": 0, "16-30": 0, "30+": 0}, "overdue": 0, "total": 1},
        {"officer": "陆民警", "bands": {"0-7": 2, "8-15": 2, "16-30": 2, "30+": 2}, "overdue": 3, "total": 8},
    ]
    assert (found["total"], found["overdue"], found["bands"]["0-7"]) == (9, 3, 3)
    assert calling(app, db, coordinator).get("/reports/ageing").json["total"] == 10
    assert fits(calling(app, db, an_account(db, "admin")).get("/reports/ageing"), "/reports/ageing")["total"] == 0


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("PUT", "/suggestions"), ("GET", "/suggestions")])
def test_other_ways_are_refused_as_json(caller: Caller, method: str, path: str) -> None:
    answer = caller.client.open(f"/api/v1{path}", method=method, headers=caller.headers, base_url=BASE)
    assert answer.status_code in (404, 405)
    assert answer.mimetype == "application/problem+json"
