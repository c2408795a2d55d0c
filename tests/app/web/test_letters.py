"""Letters for sides without a phone: the channel writes each once, the station prints it and says that it is there."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlmodel import col

from app.channels import ChannelError, Message
from app.channels.letter import Letters
from app.db import Database
from app.models import Letter
from tests.app.clockwork import count
from tests.app.web.people import signed_in
from tests.builders import Case, a_case, a_station, an_officer
from tests.clock import NOW
from tests.page import Page, Visitor

WORDS = Message(key="silent:1:A:1:1:letter", recipient="", subject="请选调解员", body="请在<11月27日>前选。", at=NOW)


@pytest.fixture
def case(db: Database) -> Case:
    with db.write() as session:
        made = a_case(session, officer=an_officer(session, a_station(session, name="交口河派出所")))
        made.parties[0].phone = ""
        return made


@pytest.fixture
def officer(app: Flask, db: Database, case: Case) -> Visitor:
    return signed_in(app, db, case.officer)


def test_a_letter_is_written_once_printed_and_delivered(db: Database, case: Case, officer: Visitor) -> None:
    letter = replace(WORDS, recipient=str(case.sides[0].id))
    for _ in range(3):
        Letters(db).send(letter)
    page = officer.open("/inbox").follow("要送的信")
    assert page.text.count("童大山") == 1
    sheet = page.follow(f"打开和打印 {case.dispute.no} A")
    assert "请在<11月27日>前选。" in sheet.text and "交口河派出所" in sheet.text and "0911-0000110" in sheet.text
    assert case.dispute.narrative not in sheet.text
    again: Page = sheet.press("已送到")
    assert "没有要送的信" in again.text
    assert "通知书送到A方" in officer.open(f"/disputes/{case.dispute.no}").text


def test_another_stations_letters_are_not_there(app: Flask, db: Database, case: Case) -> None:
    Letters(db).send(replace(WORDS, recipient=str(case.sides[0].id)))
    with db.write() as session:
        stranger = an_officer(session)
        number = session.execute(select(col(Letter.id))).scalar_one()
    visitor = signed_in(app, db, stranger)
    assert "没有要送的信" in visitor.open("/letters").text
    visitor.open(f"/letters/{number}", status=404)


@pytest.mark.parametrize("nobody", ["", "4711", "side", "-1", "99999999999999999999"])
def test_a_side_that_does_not_exist_is_refused(db: Database, nobody: str) -> None:
    with pytest.raises(ChannelError, match="没有这一方"):
        Letters(db).send(replace(WORDS, recipient=nobody))
    assert count(db, Letter) == 0
