"""The reader in a process of its own says what reading here says, and no answer depends on its being there."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from threading import Thread

import pytest
from pydantic_core import to_json

import matching
from app import reader, suggesting
from app.db import Database
from app.reader import Reader
from talent_pool import roster
from talent_pool.index import RosterIndex
from tests.app.order_story import a_pool
from tests.clock import NOW

TEXT = "邻居童大山前天把水排到我家院子里,墙根泡塌了,要求赔三千五"
TODAY = date(2026, 11, 23)
HERE = "610629102000"


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "nothing happened for a minute"
        time.sleep(0.02)


def answers(found: Reader) -> bool:
    """Tell whether the other process answers, not this one."""
    found.read(TEXT)
    return found.is_ready


@pytest.fixture(scope="module")
def running() -> Iterator[Reader]:
    found = Reader()
    found.start()
    wait_for(lambda: answers(found))
    yield found
    found.close()


def nobody_reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> matching.Reading:
        raise AssertionError("read in this process")

    monkeypatch.setattr(matching, "read", refuse)


def test_without_being_started_it_reads_here() -> None:
    found = Reader()
    assert found.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)
    assert found.pid is None


def test_the_other_process_says_the_same(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TEXT, "", "无" * 12_000, "他用刀捅了人\x00\ud800", "👨‍👩‍👧 NUL"]
    here = [matching.read(text, HERE, today=TODAY) for text in texts]
    nobody_reads_here(monkeypatch)
    assert [running.read(text, HERE, today=TODAY) for text in texts] == here


def test_eight_threads_get_each_the_answer_to_their_own_text(running: Reader) -> None:
    texts = [f"{TEXT},{number}块" for number in range(100, 180)]
    given: dict[str, matching.Reading] = {}

    def ask(mine: list[str]) -> None:
        for text in mine:
            given[text] = running.read(text, HERE, today=TODAY)

    threads = [Thread(target=ask, args=(texts[number::8],)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [given[text] for text in texts] == [matching.read(text, HERE, today=TODAY) for text in texts]


def test_a_reader_that_dies_is_replaced_and_the_text_is_read_all_the_same(
    running: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "AGAIN", 0.0)
    first = running.pid
    assert first is not None
    os.kill(first, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    assert running.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)
    wait_for(lambda: answers(running))
    assert running.pid not in (None, first)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_reader_that_says_nothing_is_not_waited_for(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "AGAIN", 0.0)
    monkeypatch.setattr(reader, "SILENT", 0.1)
    stopped = running.pid
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    assert running.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)
    wait_for(lambda: answers(running))
    assert running.pid != stopped


def test_whoever_finds_the_queue_full_reads_here(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BUSY", 0.01)
    child = running._child
    assert child is not None
    with child._sending:
        assert running.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)


def test_whoever_waits_for_a_reader_that_dies_reads_here(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "AGAIN", 0.0)
    stopped, given = running.pid, []
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    threads = [Thread(target=lambda: given.append(running.read(TEXT, HERE, today=TODAY))) for _ in range(6)]
    for each in threads:
        each.start()
    time.sleep(0.1)  # some wait for an answer, others for a place
    os.kill(stopped, signal.SIGKILL)
    for each in threads:
        each.join(30)
    assert given == [matching.read(TEXT, HERE, today=TODAY)] * 6
    wait_for(lambda: answers(running))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_an_answer_that_comes_too_late_is_nobodys(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    child, late = running._child, "他欠我八千块工资三个月不给"
    assert child is not None
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGSTOP)
    monkeypatch.setattr(reader, "SILENT", 0.1)
    with pytest.raises(TimeoutError):
        child.ask("read", late, HERE, TODAY)
    os.kill(child.process.pid, signal.SIGCONT)
    assert child._pipe.poll(30)  # before the one who gave up has ended it
    monkeypatch.setattr(reader, "AGAIN", 0.0)
    assert running.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)
    wait_for(lambda: answers(running))
    assert running.pid != child.process.pid


def test_it_suggests_what_is_suggested_here_also_after_the_pool_has_changed(db: Database) -> None:
    found = Reader(db.settings)
    with db.write() as session:
        first = a_pool(session)[0].id or 0
    found.start()
    try:
        wait_for(lambda: answers(found))
        for change in range(2):
            with db.write() as session:
                if change:
                    roster.suspend(session, first)
            with db.read() as session:
                index = RosterIndex.load(session)
            named = suggesting.for_text(None, matching.read(TEXT, HERE, today=TODAY), index, NOW, region=int(HERE))
            said = found.suggest(TEXT, region=int(HERE), n=6, now=NOW, version=index.version)
            assert said is not None
            assert json.loads(said)["shortlist"] == json.loads(to_json(named.as_json()))["shortlist"]
            assert len(json.loads(said)["shortlist"]) >= 3
    finally:
        found.close()


def test_without_a_database_it_suggests_nothing(running: Reader) -> None:
    assert running.suggest(TEXT, region=int(HERE), n=6, now=NOW, version=1) is None
    assert running.is_ready


def test_it_ends_when_it_is_closed_and_starts_no_more() -> None:
    found = Reader()
    found.start()
    child = found._child
    assert child is not None
    found.close()
    assert not child.process.is_alive()
    assert found.read(TEXT).type == matching.read(TEXT).type
    assert found.pid is None


def test_it_ends_when_the_service_is_gone() -> None:
    mine, its = reader.get_context("spawn").Pipe()
    thread = Thread(target=reader._serve, args=(its, None, None))
    thread.start()
    assert mine.recv() is True
    mine.close()
    thread.join(30)
    assert not thread.is_alive()
