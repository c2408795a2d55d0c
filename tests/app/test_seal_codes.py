"""The six digits by SMS: ten minutes, five tries, exact under a hundred at once, one use, another after a pause."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app import seal_codes
from app.db import Database
from app.errors import Conflict, DiandanError, InvalidInput
from app.models import Outbox, Party, SealCode
from tests.app.order_story import Story, an_order
from tests.clock import NOW

MINUTE = timedelta(minutes=1)


def send(story: Story, now: datetime = NOW, *, round_no: int = 1, again: bool = False) -> bool:
    with story.db.write() as session:
        side = story.side(session, "A")
        return seal_codes.send(session, story.dispute(session), side, round_no, now, again=again)


def codes(story: Story) -> list[str]:
    """The digits of every message to a phone, oldest first."""
    with story.db.read() as session:
        query = select(Outbox).where(col(Outbox.dedupe).startswith("code:")).order_by(col(Outbox.id))
        return [row.body.partition("封存码")[2][:6] for row in session.execute(query).scalars()]


def give(story: Story, code: str, now: datetime = NOW) -> bool:
    """Try a code as the page does; tell whether it opened."""
    try:
        seal_codes.count_try(story.db, story.sides["A"], now)
        with story.db.write() as session:
            seal_codes.redeem(session, story.side(session, "A"), code, now)
    except InvalidInput:
        return False
    return True


def test_a_code_is_sent_to_the_phone_on_file_and_opens_once(db: Database) -> None:
    story = an_order(db)
    assert send(story)
    assert not send(story, NOW + MINUTE), "one lives"
    (code,) = codes(story)
    assert code.isdigit() and len(code) == 6
    with db.read() as session:
        kept = session.execute(select(SealCode)).scalar_one()
        phone = session.execute(select(col(Party.phone)).where(col(Party.side_id) == story.sides["A"])).scalar_one()
        assert code not in kept.code_hash
        recipients = session.execute(select(col(Outbox.recipient)).where(col(Outbox.channel) == "sms")).scalars()
        assert set(recipients) == {phone}
    assert give(story, f" {code[:3]} {code[3:]} ")
    assert not give(story, code), "used up"


def test_a_code_dies_after_ten_minutes_and_belongs_to_its_side(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    send(story)
    (code,) = codes(story)
    assert not give(story, code, NOW + 10 * MINUTE)
    with sqlite_db.write() as session, pytest.raises(InvalidInput):
        seal_codes.redeem(session, story.side(session, "B"), code, NOW)
    assert give(story, code, NOW + 9 * MINUTE)


def test_five_tries_and_then_not_even_the_right_one(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    send(story)
    (code,) = codes(story)
    wrong = "000000" if code != "000000" else "000001"
    assert [give(story, wrong) for _ in range(5)] == [False] * 5
    assert not give(story, code)
    assert not send(story, NOW + 30 * timedelta(seconds=1), again=True), "not before a minute has passed"
    assert send(story, NOW + MINUTE, again=True)
    assert not give(story, code, NOW + MINUTE), "the old one is gone"
    assert give(story, codes(story)[-1], NOW + MINUTE)


def test_a_list_costs_so_many_codes_and_no_more(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    for each in range(seal_codes.SENDS):
        assert send(story, NOW + each * MINUTE, again=True)
    with pytest.raises(Conflict):
        send(story, NOW + 60 * MINUTE, again=True)
    assert send(story, NOW + 61 * MINUTE, round_no=2), "another list begins anew"


def at_once(work: Callable[[int], bool], times: int, threads: int) -> int:
    """Do something so many times at the same moment; return how often it went well."""
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(times)))


def test_a_hundred_parallel_tries_are_five(db: Database) -> None:
    story = an_order(db)
    send(story)

    def attempt(_each: int) -> bool:
        try:
            seal_codes.count_try(db, story.sides["A"], NOW)
        except DiandanError:
            return False
        return True

    assert at_once(attempt, 100, 6) == 5
    with db.read() as session:
        assert session.execute(select(col(SealCode.tries))).scalar_one() == 5


def test_a_right_code_given_at_the_same_moment_opens_once(db: Database) -> None:
    story = an_order(db)
    send(story)
    (code,) = codes(story)
    assert at_once(lambda _each: give(story, code), 5, 5) == 1
