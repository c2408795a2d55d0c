"""The manual: there for everybody, in both languages, plain for villagers."""

import re
from pathlib import Path

import pytest
from flask import Flask

import app
from app.web.help import TOPICS
from tests.page import BASE, Visitor

WORDS = Path(app.__file__).parent / "templates" / "help"


def in_english(quick_app: Flask) -> Visitor:
    visitor = Visitor(quick_app)
    with visitor.client.session_transaction(base_url=BASE) as cookie:
        cookie["locale"] = "en"
    return visitor


def test_the_manual_leads_to_every_page(quick_app: Flask) -> None:
    page = Visitor(quick_app).open("/help")
    for title in TOPICS.values():
        assert page.follow(title).heading == title


def test_every_page_is_there_in_english(quick_app: Flask) -> None:
    visitor = in_english(quick_app)
    for topic in TOPICS:
        page = visitor.open(f"/help/{topic}")
        assert not re.search(r"[\u4e00-\u9fff]", page.text.replace("中文", "")), page.text


@pytest.mark.parametrize("topic", TOPICS)
def test_both_languages_say_the_same_number_of_things(topic: str) -> None:
    counts = [
        [len(re.findall(f"<{tag}>", (WORDS / language / f"{topic}.html").read_text(encoding="utf-8")))
         for tag in ("h2", "li", "p", "dt")]
        for language in ("zh", "en")
    ]  # fmt: skip
    assert counts[0] == counts[1]


def test_villagers_read_short_sentences() -> None:
    text = re.sub(r"<[^>]+>", "\n", (WORDS / "zh" / "party.html").read_text(encoding="utf-8"))
    sentences = [each.strip() for each in re.split(r"[。\n]", text) if each.strip()]
    assert len(sentences) > 30
    assert [each for each in sentences if len(each) > 25] == []


@pytest.mark.parametrize(
    "topic", ["nothing", "..%2Fbase", "%00", "officer.html", "x" * 300, "Officer", "../errors/error"]
)
def test_unknown_topics_are_not_found(quick_app: Flask, topic: str) -> None:
    page = Visitor(quick_app).open(f"/help/{topic}", status=404)
    assert page.heading in ("没有这一页帮助", "没有找到这个页面")
