"""A form that is sent twice counts once, one after the other and at the same instant, on both databases."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from app import formkeys
from app.db import Database
from app.errors import InvalidInput
from app.models import Station
from app.scope import SYSTEM
from tests.builders import a_station
from tests.clock import NOW

BODY = {"name": "交口河派出所", "towns": [1, 2]}


def make_once(db: Database, *, actor: str = "account:1", key: str = "k", body: Mapping[str, Any] = BODY) -> str:
    """What an entry point does with a form: make a station, unless this form already made one; return its name."""
    with db.write(SYSTEM) as session:
        known = formkeys.claim(session, actor=actor, key=key, body=body, now=NOW)
        if known is not None:
            return known
        name = a_station(session).name
        formkeys.answer(session, actor=actor, key=key, answer=name)
        return name


def stations(db: Database) -> int:
    with db.read(SYSTEM) as session:
        return session.execute(select(func.count()).select_from(Station)).scalar_one()


def test_the_same_form_again_gives_the_same_answer(db: Database) -> None:
    assert make_once(db) == make_once(db) == make_once(db)
    assert stations(db) == 1


def test_order_of_the_fields_does_not_matter(db: Database) -> None:
    assert make_once(db) == make_once(db, body=dict(reversed(BODY.items())))


def test_sent_many_times_at_once_it_counts_once(db: Database) -> None:
    crowd = 4  # not more than PostgreSQL's pool holds, so that all are inside at the same time
    for number in range(10):
        together = Barrier(crowd)

        def send(number: int = number, together: Barrier = together) -> str:
            together.wait()
            return make_once(db, key=f"key {number}")

        with ThreadPoolExecutor(crowd) as pool:
            names = [each.result() for each in [pool.submit(send) for _ in range(crowd)]]
        assert len(set(names)) == 1
        assert stations(db) == number + 1


def test_another_form_or_another_actor_counts_anew(db: Database) -> None:
    names = {make_once(db), make_once(db, key="other"), make_once(db, actor="account:2")}
    assert len(names) == stations(db) == 3


@pytest.mark.parametrize("other", [{}, {"name": "甲"}, BODY | {"towns": [2, 1]}, BODY | {"more": ""}])
def test_same_key_with_other_words_is_refused(db: Database, other: dict[str, Any]) -> None:
    make_once(db)
    with pytest.raises(InvalidInput) as refusal:
        make_once(db, body=other)
    assert set(refusal.value.problems) == {"key"}
    assert stations(db) == 1


def test_what_failed_may_be_sent_again(db: Database) -> None:
    with pytest.raises(RuntimeError), db.write(SYSTEM) as session:
        assert formkeys.claim(session, actor="account:1", key="k", body=BODY, now=NOW) is None
        raise RuntimeError("the work failed")
    assert make_once(db)
    assert stations(db) == 1


def test_second_waits_for_the_first_and_takes_over_when_it_fails(db: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(RuntimeError), db.write(SYSTEM) as session:
            formkeys.claim(session, actor="account:1", key="k", body=BODY, now=NOW)
            waiting = pool.submit(make_once, db)
            raise RuntimeError("the work failed")
        assert waiting.result()
    assert stations(db) == 1


@pytest.mark.parametrize("key", ["", "k" * 500, "a\x00b", "a\ud800b", "键", "a b", "\n"])
def test_a_key_of_any_shape_counts_once(db: Database, key: str) -> None:
    assert make_once(db, key=key) == make_once(db, key=key)
    assert make_once(db, key=f"{key}x") != make_once(db, key=key)
    assert stations(db) == 2
