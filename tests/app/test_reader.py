"""The reader in a process of its own says what reading here says, and no answer depends on its being there."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from threading import Thread

import pytest

import matching
from app import reader
from app.reader import Reader

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
    return found._ready


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


def test_whoever_waits_too_long_for_a_turn_reads_here(running: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BUSY", 0.01)
    with running._turn:
        assert running.read(TEXT, HERE, today=TODAY) == matching.read(TEXT, HERE, today=TODAY)


def test_it_ends_when_it_is_closed_and_starts_no_more() -> None:
    found = Reader()
    found.start()
    child = found._child
    assert child is not None
    found.close()
    assert not child.is_alive()
    assert found.read(TEXT).type == matching.read(TEXT).type
    assert found.pid is None


def test_it_ends_when_the_service_is_gone() -> None:
    mine, its = reader.get_context("spawn").Pipe()
    thread = Thread(target=reader._serve, args=(its,))
    thread.start()
    assert mine.recv() is True
    mine.close()
    thread.join(30)
    assert not thread.is_alive()
