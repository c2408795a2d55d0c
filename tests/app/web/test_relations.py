"""Merging and linking on the case's page and on the form, without JavaScript; household and parcel; the API."""

import json
from datetime import timedelta

import pytest

from app import apikeys, disputes
from app.db import Database
from app.lifecycle import State
from tests.app.web.at_the_desk import Desk, ask
from tests.builders import a_case, an_officer
from tests.clock import NOW, Clock
from tests.page import Page, Visitor

DRAIN = "雨水从他家房檐流到我家院子,说了几次都不改。"
NAMES = {"sides-0-parties-0-name": "童大山", "sides-1-parties-0-name": "邱有田"}


@pytest.fixture
def desk(sqlite_db: Database, clock: Clock) -> Desk:
    return Desk(sqlite_db, clock)


@pytest.fixture
def officer(desk: Desk) -> Visitor:
    return desk.sign_in()


def log(visitor: Visitor, narrative: str = DRAIN, **given: str) -> Page:
    page = visitor.open("/disputes/new").fill({"narrative": narrative} | NAMES | given)
    return page.press("登记案件")


def number(page: Page) -> str:
    return page.path.split("?")[0].split("#")[0].rsplit("/", 1)[1]


def test_twins_stand_side_by_side_and_are_merged_by_one_button(desk: Desk, officer: Visitor) -> None:
    first = number(log(officer, household="童家老院", parcel="东坡3号"))
    page = log(officer, DRAIN + "今天又吵。", parcel="东坡三号地")
    second = number(page)
    assert "地块相同" in page.text
    assert page.text.count("童大山") >= 3  # on both sides of the pair, and as a party
    assert "户 童家老院" in page.text
    page = page.press("m 同一件,并入另一案")
    assert f"已记下:并入 {first}" in page.text
    assert "终止" in page.text
    assert "并入另一案" in page.text
    other = officer.open(f"/disputes/{first}")
    assert f"并来 {second}" in other.text
    assert DRAIN + "今天又吵。" in other.text
    assert "可能是同一件事" not in other.text
    # Undone from the other case's page, without the bar.
    back = other.press(f"撤销 并来 {second}")
    assert f"撤销:并来{second}" in back.text
    assert "可能是同一件事" in back.text
    with desk.db.read() as session:
        assert disputes.get(session, second).state is State.TRIAGED


@pytest.mark.parametrize(("button", "word"), [("r 又闹起来了(复发)", "复发,原案"), ("l 只是有关联", "关联")])
def test_relapse_and_relation_leave_both_open(officer: Visitor, button: str, word: str) -> None:
    first = number(log(officer))
    page = log(officer, DRAIN + "今天又吵。").press(button)
    assert f"已记下:{word} {first}" in page.text
    assert "终止" not in page.text
    page = page.press(f"u 撤销 {word} {first}")
    assert "并案和关联" not in page.text


def test_the_form_links_the_new_case_when_it_is_logged(desk: Desk, officer: Visitor) -> None:
    first = number(log(officer))
    page = officer.open("/disputes/new").fill({"narrative": DRAIN + "又吵。"} | NAMES).press("看研判")
    assert DRAIN in page.text
    page = page.fill({"登记后": f"same:{first}"}).press("看研判")
    assert page.value("登记后") == f"并入 {first}"  # what was chosen outlives another look
    page = page.press("登记案件")
    assert f"并入 {first}" in page.text
    assert desk.count() == 2


def test_a_barred_case_is_linked_instead_of_merged(officer: Visitor) -> None:
    first = number(log(officer))
    page = (
        officer.open("/disputes/new").fill({"narrative": DRAIN + "他拿刀捅伤了我,人送医院了。"} | NAMES).press("看研判")
    )
    page = page.fill({"登记后": f"same:{first}"}).press("登记案件")
    assert f"关联 {first}" in page.text
    assert "不宜调解" in page.text


def test_a_foreign_number_and_none_are_alike_and_nothing_is_kept(desk: Desk, officer: Visitor) -> None:
    mine = number(log(officer))
    with desk.db.write() as session:
        foreign = a_case(session, officer=an_officer(session), narrative=DRAIN).dispute.no
    token = officer.open(f"/disputes/{mine}")
    csrf = next(each.get("value") for each in token.tree.iter("input") if each.get("name") == "csrf_token")
    answers = set()
    for other in (foreign, "610629102-2026-0999", "", "\x00"):
        data = {"csrf_token": csrf, "kind": "related", "other": other}
        answers.add(ask(officer, "POST", f"/disputes/{mine}/links", data=data).status_code)
    assert answers == {404}
    undo = f"/disputes/{mine}/links/{'9' * 20}/undo"
    assert ask(officer, "POST", undo, data={"csrf_token": csrf}).status_code == 404
    assert "并案和关联" not in officer.open(f"/disputes/{mine}").text


def test_names_that_sound_alike_are_shown(officer: Visitor) -> None:
    log(officer, "欠我三万块钱两年不还。")
    page = log(officer, DRAIN, **{"sides-0-parties-0-name": "童达山", "sides-1-parties-0-name": "何石头"})
    assert "也许是同一个人,写法不同" in page.text
    assert "童达山 / 童大山" in page.text


def test_a_label_too_long_is_told_at_its_field(officer: Visitor) -> None:
    page = officer.open("/disputes/new").fill({"narrative": DRAIN, "parcel": "坡" * 81} | NAMES)
    assert page.press("登记案件", status=422).error("parcel") == "地块最多80个字"


def test_an_old_case_is_no_twin(desk: Desk, officer: Visitor) -> None:
    with desk.db.write() as session:
        a_case(session, officer=desk.officer, narrative=DRAIN, opened_at=NOW - timedelta(days=181))
    assert "可能是同一件事" not in log(officer).text


def test_the_api_takes_and_gives_them(desk: Desk, officer: Visitor) -> None:
    with desk.db.write() as session:
        key = apikeys.create(session, desk.officer, "hotline", NOW)
    heads = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one-two-three"}
    sides = [{"parties": [{"name": "童大山"}]}, {"parties": [{"name": "邱有田"}]}]
    body = {"narrative": DRAIN, "household": "童家", "parcel": "东坡3号", "sides": sides}
    made = ask(officer, "POST", "/api/v1/disputes", json=body, headers=heads)
    assert made.status_code == 201
    given = json.loads(made.data)
    assert (given["household"], given["parcel"], given["links"]) == ("童家", "东坡3号", [])
    page = log(officer, DRAIN + "又吵。").press("m 同一件,并入另一案")
    seen = json.loads(ask(officer, "GET", f"/api/v1/disputes/{given['no']}", headers=heads).data)
    assert seen["links"] == [{"no": number(page), "kind": "same_in"}]
