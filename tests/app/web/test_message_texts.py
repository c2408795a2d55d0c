"""A coordinator edits a message: the preview, the count, what is refused, the versions, the way back."""

import pytest
from flask import Flask

from app.db import Database
from app.message_texts import words_for
from tests.app.web.people import signed_in
from tests.builders import JIAOKOUHE, LUOCHUAN, YANAN, a_coordinator
from tests.page import BASE, Visitor

PATH = "/message-texts/silent_side/zh"
OWN = "请点单\n{{ no }} 请在{{ day }}前点单。"


@pytest.fixture
def coordinator(app: Flask, db: Database) -> Visitor:
    with db.write() as session:
        account = a_coordinator(session)
    return signed_in(app, db, account)


def words_of(db: Database, area: int = JIAOKOUHE) -> str:
    with db.read() as session:
        return words_for(session, area, "silent_side", "zh").source


def test_words_are_seen_counted_changed_and_put_back(coordinator: Visitor, db: Database) -> None:
    page = coordinator.open("/clock").follow("消息的文字").follow("看和改 提醒没选的一方 中文")
    assert "现在用的是系统的文字" in page.text
    assert "算1条短信" in page.text and "610629102-2026-0012 请在11月27日(周五)前选调解员" in page.text
    page = page.fill({"文字": OWN}).press("预览")
    assert "610629102-2026-0012 请在11月27日(周五)前点单。" in page.text and "共40个字" in page.text
    assert "请选调解员" in words_of(db)  # looking keeps nothing
    page = page.press("保存")
    assert words_of(db) == OWN + "\n" and "第1版" in page.text and "洛川县" in page.text
    assert "已改" in coordinator.open("/message-texts").text
    page = page.fill({"文字": OWN.replace("请点单\n", "点单啦\n")}).press("保存")
    page = page.press("恢复原来的文字")
    assert "请选调解员" in words_of(db) and "已改" not in coordinator.open("/message-texts").text
    assert page.follow("第1版").value("文字").strip() == OWN


def test_what_would_fail_is_said_and_what_was_typed_stays(coordinator: Visitor, db: Database) -> None:
    page = coordinator.open(PATH).fill({"文字": "请点单\n{{ nо }} {{ day }}"}).press("保存", status=422)
    assert "没有这样的字段" in page.error("文字") and "{{ nо }}" in page.value("文字")
    page = page.fill({"文字": "请点单\n" + "快" * 300 + "{{ no }}{{ day }}"}).press("保存", status=422)
    assert page.error("文字") == "短信太长:最多3条"
    assert "请选调解员" in words_of(db)


def test_the_preview_alone_is_answered_while_somebody_types(coordinator: Visitor) -> None:
    page = coordinator.open(PATH)
    field = page.tree.find(".//input[@name='csrf_token']")
    token = field.get("value") if field is not None else ""
    given = {"csrf_token": token, "words": "<b>{{ no }}</b>\n" + "字" * 70 + "{{ day }}{{ no }}"}
    answer = coordinator.client.post(f"{PATH}/preview", data=given, base_url=BASE)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and "<html" not in text
    assert "算2条短信" in text and "&lt;b&gt;610629102-2026-0012&lt;/b&gt;" in text


def test_somebody_elses_change_in_between_is_not_overwritten(coordinator: Visitor, db: Database) -> None:
    first, second = coordinator.open(PATH), coordinator.open(PATH)
    first.fill({"文字": OWN}).press("保存")
    second.fill({"文字": OWN.replace("点单", "选人")}).press("保存", status=409)
    assert words_of(db) == OWN + "\n"


def test_each_area_writes_for_itself(app: Flask, db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        account = a_coordinator(session, YANAN)
    above = signed_in(app, db, account)
    above.open(PATH).fill({"文字": OWN.replace("请点单\n", "全市\n")}).press("保存")
    assert words_of(db).startswith("全市") and words_of(db, YANAN).startswith("全市")
    page = coordinator.open(PATH)
    assert "延安市" in page.text and "第1版" not in page.text
    page.fill({"文字": OWN}).press("保存")
    assert words_of(db).startswith("请点单") and words_of(db, YANAN).startswith("全市")
    assert words_of(db, LUOCHUAN).startswith("请点单")


def test_english_pages_edit_both_languages(app: Flask, db: Database) -> None:
    with db.write() as session:
        account = a_coordinator(session)
    reader = signed_in(app, db, account, locale="en")
    page = reader.open("/message-texts").follow("Look and edit Weekly list of open cases English")
    assert "YOUR CASES" in page.text and "short message(s)" not in page.text
