"""A county's own words: what is refused, versions, the way back, whose words hold where, and what never leaves."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from app import message_texts, messages, objections, order_clock, reminders, reminding, seal_codes
from app.db import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.message_texts import kind_of, reset, save, versions, words_for, write
from app.messages import LANGUAGES, Kind, kinds, preview, sms_parts
from app.models import MessageText, Outbox
from talent_pool.files import data_dir
from tests.builders import JIAOKOUHE, LUOCHUAN, YANAN, YICHUAN
from tests.clock import NOW

SHAANXI = 610000000000
EVERY = [(name, lang) for name in kinds() for lang in LANGUAGES]
OWN = "请选人\n{{ no }} 在{{ day }}前选。\n"


def kept(
    session, source: str, *, name: str = "silent_side", lang: str = "zh", area: int = LUOCHUAN, seen: int = 0
) -> MessageText:  # type: ignore[no-untyped-def]
    return save(session, kinds()[name], lang, source, area=area, seen=seen, by="account:1", now=NOW)


# --- the words of the house ---


@pytest.mark.parametrize(("name", "lang"), EVERY)
def test_the_house_follows_its_own_rules(name: str, lang: str) -> None:
    assert [str(each) for each in messages.check(kinds()[name], lang, messages.default_words(name, lang))] == []


def test_every_file_of_words_is_a_message_that_is_described() -> None:
    assert {path.name.split(".")[0] for path in (data_dir() / "messages").glob("*.txt")} <= set(kinds())


def test_every_message_that_the_code_writes_is_there() -> None:
    from app.order_news import News

    written = {f"order_{news}" for news in News} | {order_clock.REMINDER, "weekly_digest", "area_digest", "pool_terms"}
    written.add(reminders.GROUP)
    written |= {seal_codes.CODE, objections.TOLD, *reminding.BY_PHONE.values()}
    written |= {reminding.AHEAD, reminding.LATE, reminding.HIGHER, reminding.NO_PHONE}
    assert written == set(kinds())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_short_messages_are_short_and_name_nobody(lang: str) -> None:
    """A short message lies open on a phone that others read too: a number, a day, a way to reach the station."""
    short = [kind for kind in kinds().values() if kind.short]
    assert short
    for kind in short:
        assert set(kind.fields) <= {"no", "day", "station", "phone", "link", "place", "code"}
        seen = preview(kind, lang, messages.default_words(kind.name, lang))
        # A link that nobody can guess takes most of a short message by itself.
        most = messages.SMS_PARTS if "link" in kind.fields else {"zh": 1, "en": 2}[lang]
        assert seen.parts <= most


# --- what is refused ---


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("请选人\n{{ no }} {{ day }} {{ narrative }}", "没有这样的字段:narrative"),
        ("请选人\n{{ no }} {{ dya }}", "没有这样的字段:dya"),
        ("请选人\n{{ no }}前选", "少了必须有的字段:day"),
        ("请选人\n{{ no }} {{ day", "有错:2:"),
        ("请选人 {{ no }} {{ day }}", "要有标题行和正文"),
        ("请选人\n{{ no.x }} {{ day }}", "有错"),
        ("请选人\n{{ no }} {{ day }}" + "快" * 201, "短信太长:最多3条"),
        ("请选人\n{{ no }} {{ day }} 身份证610629199001011234", "不要写身份证号"),
        ("请选人\n{{ no }} {{ day }} 打13800000001", "不要写身份证号和手机号"),
        ("请选人\n{{ no }} {{ day }} {{ ''.__class__ }}", "有错"),
    ],
)
def test_words_that_would_fail_are_refused_before_they_are_kept(db: Database, source: str, said: str) -> None:
    with db.write() as session, pytest.raises(InvalidInput) as refused:
        kept(session, source)
    assert said in refused.value.problems["words"]
    with db.read() as session:
        assert versions(session, LUOCHUAN, "silent_side", "zh") == []


def test_a_mistake_that_only_a_late_or_empty_list_would_show_is_found() -> None:
    good = messages.default_words("weekly_digest", "zh")
    for wrong in ("{% if late %}{{ day.nothing }}{% endif %}", "{% if not total %}{{ bands.nothing }}{% endif %}"):
        assert list(messages.check(kinds()["weekly_digest"], "zh", good + wrong)), wrong


def test_an_unknown_message_or_language_is_not_found() -> None:
    for name, lang in (("nothing", "zh"), ("silent_side", "fr")):
        with pytest.raises(NotFound):
            kind_of(name, lang)


@pytest.mark.parametrize(("signs", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_short_messages_are_counted_as_the_operators_do(signs: int, parts: int) -> None:
    assert sms_parts(signs) == parts


# --- versions and levels ---


def test_versions_are_kept_and_the_way_back_leads_to_the_house(db: Database) -> None:
    with db.write() as session:
        kept(session, OWN)
        kept(session, OWN.replace("选人", "点单"), seen=1)
        assert write(session, JIAOKOUHE, "silent_side", "zh", no="1", day="明天")[0] == "请点单"
        reset(session, kinds()["silent_side"], "zh", area=LUOCHUAN, seen=2, by="account:2", now=NOW)
        assert words_for(session, JIAOKOUHE, "silent_side", "zh").area == message_texts.DEFAULT
        assert write(session, JIAOKOUHE, "silent_side", "zh", no="1", day="明天")[0] == "请选调解员"
        assert [(row.version, row.by, bool(row.words)) for row in versions(session, LUOCHUAN, "silent_side", "zh")] == [
            (3, "account:2", False), (2, "account:1", True), (1, "account:1", True),
        ]  # fmt: skip


def test_two_editors_do_not_overwrite_each_other(db: Database) -> None:
    with db.write() as session:
        kept(session, OWN)
        with pytest.raises(Conflict, match="别人刚改过"):
            kept(session, OWN.replace("前选", "以前选"))


def test_the_nearest_level_that_has_words_holds(db: Database) -> None:
    with db.write() as session:
        kept(session, OWN.replace("请选人", "省"), area=SHAANXI)
        kept(session, OWN.replace("请选人", "县"))
        heads = {
            area: write(session, area, "silent_side", "zh", no="1", day="2")[0]
            for area in (JIAOKOUHE, YICHUAN, 510100000000)
        }
        assert heads == {JIAOKOUHE: "县", YICHUAN: "省", 510100000000: "请选调解员"}
        kept(session, OWN.replace("请选人", "市"), area=YANAN)
        assert write(session, YICHUAN, "silent_side", "zh", no="1", day="2")[0] == "市"
        assert write(session, JIAOKOUHE, "silent_side", "en", no="1", day="2")[0] == "Please choose a mediator"


def test_own_words_that_no_longer_fit_give_way_to_the_house(db: Database) -> None:
    with db.write() as session:
        row = {"area": LUOCHUAN, "name": "silent_side", "lang": "zh", "version": 1, "by": "account:1", "at": NOW}
        session.add(MessageText(**row, words="旧\n{{ a_field_of_long_ago }}\n"))
        session.flush()
        assert write(session, JIAOKOUHE, "silent_side", "zh", no="1", day="2")[0] == "请选调解员"


def test_words_come_back_as_they_were_typed_but_for_line_ends(db: Database) -> None:
    with db.write() as session:
        assert kept(session, "请选人  \r\n{{ no }} 在{{ day }}前选。\r\n\r\n").words == OWN


def test_an_outbox_row_keeps_what_gateways_need(sqlite_db: Database) -> None:
    from app.notices import deliver, enqueue
    from tests.app.clockwork import Gateway

    fields = {"no": "610629102-2026-0001", "day": "11月27日(周五)"}
    with sqlite_db.write() as session:
        text = {"subject": "s", "body": "b", "now": NOW, "recipient": "13800000001"}
        enqueue(session, dedupe="k", channel="sms", template="silent_side", fields=fields, **text)
    way = Gateway("sms")
    assert deliver(sqlite_db, {"sms": way}, NOW, "me", 10).sent == 1
    assert (way.took[0].template, list(way.took[0].fields.items())) == ("silent_side", list(fields.items()))
    with sqlite_db.read() as session:
        assert session.execute(select(Outbox)).scalar_one().template == "silent_side"


def test_the_weekly_list_is_written_in_the_countys_words(db: Database) -> None:
    from app.reminders import queue_due
    from tests.app.clockwork import MONDAY, an_officer, outbox
    from tests.builders import a_station

    with db.write() as session:
        an_officer(session, a_station(session))
        kept(
            session,
            "本县清单\n{{ total }}件,超期{{ overdue }}件{% for g in own %}{{ g.code }}{% endfor %}\n",
            name="weekly_digest",
        )
    with db.write() as session:
        queue_due(session, MONDAY)
    assert {row.subject for row in outbox(db)} == {"本县清单"}


def kind_examples(kind: Kind) -> str:
    return " ".join(str(each) for lang in LANGUAGES for each in kind.examples[lang])


def test_examples_hold_no_real_phones() -> None:
    for kind in kinds().values():
        assert not re.search(r"1[3-9]\d{9}", kind_examples(kind))
    assert Path(data_dir() / "messages" / "messages.toml").is_file()


def test_a_reminder_tells_neither_names_nor_numbers_nor_the_story(sqlite_db: Database) -> None:
    """The whole way, from a case full of personal data to the row that leaves."""
    from tests.app.clockwork import outbox
    from tests.builders import a_case

    story = "童大山(身份证610629199001011234)和邱有田为院墙争吵,邱有田打了人"
    with sqlite_db.write() as session:
        made = a_case(session, narrative=story, due_at=NOW)
        made.parties[1].phone = ""
        for side in made.sides:
            order_clock._remind(session, made.dispute, side, 1, 1, NOW)
    rows = outbox(sqlite_db)
    assert [row.channel for row in rows] == ["sms", "inbox", "letter"]
    assert (rows[0].template, list(rows[0].fields)) == ("silent_side", ["no", "day"])
    for row in rows:
        words = f"{row.subject} {row.body} {row.fields}"
        assert made.dispute.no in words
        assert not any(secret in words for secret in ("童大山", "邱有田", "610629199001011234", "院墙", "13800"))
