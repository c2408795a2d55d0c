"""The page about reading: who sees what, agreement, drift, and the way back."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import champion
from app.db import Database
from app.models import LearningRun, ReadingLabel
from matching.shelf import SHIPPED
from tests.app.web.people import signed_in
from tests.builders import a_case, a_coordinator, a_station, an_admin, an_officer
from tests.clock import NOW
from tests.matching.test_shelf import stocked
from tests.page import Visitor


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
def people(app: Flask, db: Database) -> dict[str, Visitor]:
    with db.write() as session:
        accounts = {"coordinator": a_coordinator(session), "admin": an_admin(session), "officer": an_officer(session)}
    return {role: signed_in(app, db, account) for role, account in accounts.items()}


def labelled(db: Database, *answers: tuple[str, str, float, bool]) -> list[str]:
    """Write labels (machine's type, officer's type, probability, abstained); return the numbers of their cases."""
    numbers = []
    with db.write() as session:
        officer = an_officer(session, a_station(session))
        for machine, type_code, probability, abstained in answers:
            case = a_case(session, officer=officer).dispute
            numbers.append(case.no)
            session.add(
                ReadingLabel(
                    **case.owns(), text="两家争水", model="m", machine_type=machine, type=type_code, how="chosen",
                    probability=probability, abstained=abstained, account_id=officer.id, at=NOW, month="2026-11",
                    machine_gates={"domestic_violence": "raised"}, gates={"domestic_violence": "overridden"},
                )
            )  # fmt: skip
    return numbers


def test_it_tells_agreement_by_month_and_type_without_what_was_left_open(
    people: dict[str, Visitor], db: Database
) -> None:
    labelled(
        db,
        ("labor", "labor", 0.9, False),
        ("labor", "contract", 0.8, False),
        ("contract", "contract", 0.7, False),
        ("labor", "contract", 0.3, True),
    )
    for role in ("coordinator", "admin"):
        page = people[role].open("/reading")
        text = page.text
        assert "2026-11" in text
        assert "100% (1)" in text  # labor
        assert "50% (3)" in text  # contract: one of two answered
        assert "67% (4)" in text
        assert "25%" in text  # left open
        assert "家庭暴力" in text
        assert "案件还太少" in text


def test_it_tells_drift_in_a_plain_sentence(people: dict[str, Visitor], db: Database) -> None:
    labelled(db, *[("labor", "labor", 0.05, True)] * 40)
    text = people["admin"].open("/reading").text
    assert "变化大" in text
    assert "100%" in text
    assert "各类一样多" in text  # compared with the corpus


def test_an_administrator_goes_back_and_lets_learning_go_on(
    people: dict[str, Visitor], db: Database, app: Flask
) -> None:
    first, second = stocked(db.shelf, 2)
    page = people["admin"].open("/reading")
    assert second in page.text
    page = page.press("退回前一个模型")
    assert db.shelf.speaking().version == first
    assert "暂停换新模型" in page.text
    page = page.press("恢复换新模型")
    assert not db.shelf.pointer().held
    page = page.press("退回前一个模型")
    assert db.shelf.speaking().version == SHIPPED
    assert "退回前一个模型" not in people["coordinator"].open("/reading").text


def test_a_coordinator_takes_a_case_out(people: dict[str, Visitor], db: Database) -> None:
    (number,) = labelled(db, ("labor", "labor", 0.9, False))
    page = people["coordinator"].open("/reading").fill({"把这个案子取出不学,案号": number}).press("取出不学")
    assert "取出不学的: 1" in page.text
    again = page.fill({"把这个案子取出不学,案号": number}).press("取出不学", status=404)
    assert "没有留下学习样本" in again.text


def test_nights_are_told_with_their_reasons(people: dict[str, Visitor], db: Database) -> None:
    figures = {"accuracy": 0.8}, {"accuracy": 0.75}
    verdict = {"before": figures[0], "after": figures[1], "won": 3, "lost": 9, "reasons": ["accuracy", "type:labor"]}
    with db.write() as session:
        session.add(
            LearningRun(at=NOW - timedelta(days=1), labels=12, champion="a", challenger="b", outcome="refused",
                        seconds=3, verdicts=[verdict])
        )  # fmt: skip
    text = people["admin"].open("/reading").text
    assert "比原来差,没有换" in text
    assert "80% → 75% (+3 −9)" in text


def test_a_damaged_model_is_told_to_who_can_help_and_none_to_everybody(
    people: dict[str, Visitor], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stocked(db.shelf, 2)
    Path(db.shelf.folder / second / "reading.npz").write_bytes(b"")
    db.shelf.resume()  # any new pointer: the damage is met when a process loads
    assert "前面一个" in people["admin"].open("/reading").text
    assert "前面一个" not in people["officer"].open("/").text
    monkeypatch.setattr("matching.shelf.shipped", lambda: None)
    Path(db.shelf.folder / first / "reading.npz").write_bytes(b"")
    db.shelf.resume()
    assert "识别暂时用不了" in people["officer"].open("/").text
    assert "没有可用的模型" in people["admin"].open("/reading").text


def test_what_the_champion_says_is_what_is_logged_and_shown(db: Database, people: dict[str, Visitor]) -> None:
    stocked(db.shelf, 1)
    page = people["officer"].open("/disputes/new")
    assert page.status == 200
    speaking = db.shelf.weights()
    assert speaking is not None
    with db.read() as session:
        assert champion.read(session, "两家为院墙争吵", 610629102000, NOW).model == speaking.version
