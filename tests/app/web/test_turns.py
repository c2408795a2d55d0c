"""Turns: one computes at a time, nobody waits for long, and a turn is given back whatever happens."""

import time
from threading import Event, Thread

import pytest
from flask import Flask

from app.db import Database
from app.web import turns
from tests.app.web.test_api import QUARREL, Caller, a_caller


def free() -> bool:
    began = time.monotonic()
    with turns.taken():
        return time.monotonic() - began < turns.PATIENCE / 2


def test_who_has_the_turn_is_alone() -> None:
    inside, most = [0], [0]

    def compute() -> None:
        for _ in range(20):
            with turns.taken():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0001)  # lets go of the interpreter, as NumPy does
                inside[0] -= 1

    threads = [Thread(target=compute) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1]


def test_a_turn_that_is_not_given_back_holds_up_nobody() -> None:
    done = Event()

    def keep() -> None:
        with turns.taken():
            done.wait(5)

    stuck = Thread(target=keep)
    stuck.start()
    began = time.monotonic()
    with turns.taken():
        waited = time.monotonic() - began
    done.set()
    stuck.join()
    assert turns.PATIENCE * 0.9 < waited < 2


def test_a_failed_turn_is_given_back() -> None:
    with pytest.raises(RuntimeError), turns.taken():
        raise RuntimeError
    assert free()


def test_every_answer_of_the_api_gives_the_turn_back(quick_app: Flask, sqlite_db: Database) -> None:
    caller, stranger = a_caller(quick_app, sqlite_db), Caller(quick_app, "dd_none")
    for asking, body, status in ((caller, {"text": QUARREL}, 200), (caller, "{", 400), (stranger, {"text": "x"}, 401)):
        assert asking.post("/suggestions", body).status_code == status
        assert free()


def test_a_suggestion_waits_for_its_turn(quick_app: Flask, sqlite_db: Database) -> None:
    caller = a_caller(quick_app, sqlite_db)
    caller.post("/suggestions", {"text": QUARREL})
    with turns.taken():
        began = time.monotonic()
        assert caller.post("/suggestions", {"text": QUARREL}).status_code == 200
        assert time.monotonic() - began > turns.PATIENCE * 0.9
        assert caller.get("/reports/ageing").status_code == 200
