"""The history of a case in words: every kind of event, in both languages, whatever an old event holds."""

import pytest
from flask import session as cookie

from app.db import Database
from app.models import Event
from app.web import create_app, history
from tests.builders import a_case, a_mediator
from tests.clock import NOW

DATA = {
    "logged": {"officer": {"type": "neighbor", "subtype": "boundary"}, "machine": {"type": None}},
    "moved": {"before": "registered", "after": "triaged", "gates": []},
    "gate_decided": {"code": "court_seized", "state": "confirmed", "reason": "裁定书看过"},
    "gate_seconded": {"code": "crime_suspected", "agree": False},
    "gate_answered": {"code": "crime_suspected", "yes": False},
    "type_corrected": {"before": "neighbor", "after": "contract", "subtype": ""},
    "linked": {"link": "relapse_in", "other": "610629102-2026-0002"},
    "unlinked": {"link": "same", "other": "610629102-2026-0002"},
    "sealed": {"side": "A", "round": 1, "channel": "phone"},
    "session_recorded": {"outcome": "agreed_written"},
    "performance": {"performed": "partly"},
    "follow_up": {"performed": "performed", "relapsed": False},
}
KINDS = sorted({*history.SENTENCES, *DATA})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_event_has_its_sentence(sqlite_db: Database, language: str) -> None:
    app = create_app(sqlite_db.settings, sqlite_db)
    with sqlite_db.write() as session, app.test_request_context("/"):
        cookie["locale"] = language
        mediator = a_mediator(session, name="韩守信").id or 0
        dispute = a_case(session).dispute
        events = [
            Event(
                **dispute.owns(), at=NOW, kind=kind, actor=f"mediator:{mediator}", data={"mediator": mediator, "side": "B"} | DATA.get(kind, {})
            )
            for kind in KINDS
        ]  # fmt: skip
        told = dict(zip(KINDS, history.lines(session, events, {}), strict=True))
    assert all(line.words and "%" not in line.words and line.words != kind for kind, line in told.items())
    assert {line.who for line in told.values()} == {"韩守信"}
    assert "韩守信" in told["chosen"].words
    expected = {
        "zh": ("登记为邻里", "状态:登记 → 研判", "不同意排除:疑似刑事案件", "A方封好了选票(手机)", "记录一次调解:达成书面协议"),
        "en": ("Logged as Neighbours", "State: Registered → Triaged", "Refused to set aside: Crime suspected", "Side A sealed its ballot (Phone)",
               "A session was recorded: Written agreement"),
    }  # fmt: skip
    kinds = ("logged", "moved", "gate_seconded", "sealed", "session_recorded")
    assert tuple(told[kind].words for kind in kinds) == expected[language]
    assert told["gate_decided"].said == "裁定书看过"


def test_who_acted_is_named_as_far_as_known(sqlite_db: Database) -> None:
    app = create_app(sqlite_db.settings, sqlite_db)
    actors = {
        "account:3": "陆民警",
        "account:4": "",
        "side:B": "B方",
        "clock": "系统",
        "rule": "系统",
        "mediator:9": "",
    }
    with sqlite_db.write() as session, app.test_request_context("/"):
        dispute = a_case(session).dispute
        events = [Event(**dispute.owns(), at=NOW, kind="moved", actor=actor, data={}) for actor in actors]
        lines = history.lines(session, events, {3: "陆民警"})
    assert [line.who for line in lines] == list(actors.values())
    assert lines[0].words == "状态: → "


def test_an_event_of_another_time_is_told_by_its_name(sqlite_db: Database) -> None:
    app = create_app(sqlite_db.settings, sqlite_db)
    with sqlite_db.write() as session, app.test_request_context("/"):
        event = Event(
            **a_case(session).dispute.owns(), at=NOW, kind="blessed", actor="clock", data={"mediator": "gone"}
        )
        assert history.lines(session, [event], {})[0].words == "blessed"
