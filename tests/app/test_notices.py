import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import notices
from app.channels import Channel, ChannelError, Message
from app.channels.smtp import Smtp
from app.db import Database
from app.errors import Conflict, NotFound
from app.models import Outbox, SendState
from app.notices import (
    LEASE,
    LONGEST_WAIT,
    Pace,
    deliver,
    enqueue,
    explain,
    replay,
    supersede,
    unsent_longer_than,
    wait_after,
)
from app.scope import NOBODY
from tests.app.clockwork import MONDAY, Gateway, count, mail_server, outbox

MINUTE = timedelta(minutes=1)
AFTER_LEASE = MONDAY + LEASE + timedelta(seconds=30)


def write(database: Database, *keys: str, channel: str = "smtp", now: Any = MONDAY) -> list[bool]:
    with database.write(NOBODY) as session:
        return [
            enqueue(
                session,
                dedupe=key,
                channel=channel,
                recipient="li@station.example",
                subject=f"题 {key}",
                body="正文\n",
                now=now,
            )
            for key in keys
        ]


def send(
    database: Database, *ways: Channel, now: Any = MONDAY, owner: str = "a", limit: int = 100, pace: Pace | None = None
) -> tuple[int, int]:
    done = deliver(database, {way.name: way for way in ways}, now, owner, limit, pace)
    return done.sent, done.failed


# --- writing down


def test_a_message_is_written_once_and_the_second_writer_is_told(db: Database) -> None:
    assert write(db, "a", "b", "a") == [True, True, False]
    assert write(db, "b", "c") == [False, True]
    assert [row.dedupe for row in outbox(db)] == ["a", "b", "c"]


def test_a_message_is_gone_with_its_cause(db: Database) -> None:
    with pytest.raises(RuntimeError, match="the case was refused"), db.write() as session:
        enqueue(session, dedupe="a", channel="smtp", recipient="x", subject="s", body="b", now=MONDAY)
        raise RuntimeError("the case was refused")
    assert count(db, Outbox) == 0


def test_what_no_database_or_header_can_hold_is_taken_out(db: Database) -> None:
    with db.write() as session:
        enqueue(
            session,
            dedupe="a",
            channel="smtp",
            recipient="x",
            subject="题\r\nBcc: y" + "长" * 300,
            body="一\x00二\ud800\n三\t四",
            now=MONDAY,
        )
    (row,) = outbox(db)
    assert row.subject.startswith("题 Bcc: y长")
    assert len(row.subject) == 200
    assert row.body == "一二?\n三\t四"


def test_many_writers_at_once_write_one_message(db: Database) -> None:
    new: list[bool] = []
    start = threading.Barrier(4)

    def writer() -> None:
        start.wait()
        for number in range(10):
            new.extend(write(db, f"k{number}"))

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(new) == {True: 10, False: 30}
    assert count(db, Outbox) == 10


# --- sending


def test_due_messages_are_sent_in_order_and_never_again(db: Database) -> None:
    way = Gateway()
    write(db, "b", "a")
    write(db, "later", now=MONDAY + MINUTE)
    assert send(db, way) == (2, 0)
    assert send(db, way) == (0, 0)
    assert [message.key for message in way.took] == ["b", "a"]
    assert way.took[0] == Message("b", "li@station.example", "题 b", "正文\n", MONDAY)
    first = outbox(db)[0]
    assert (first.state, first.sent_at, first.attempts, first.lease_owner, first.lease_until) == (
        SendState.SENT,
        first.sent_at,
        1,
        "",
        None,
    )
    assert send(db, way, now=MONDAY + MINUTE) == (1, 0)


def test_no_transaction_is_open_while_a_channel_sends(db: Database) -> None:
    class Curious(Gateway):
        def send(self, message: Message) -> None:
            # Beside an open write transaction this would fail on SQLite and wait for the row on PostgreSQL.
            with db.write() as session:
                session.execute(text("UPDATE outbox SET subject = 'seen'"))
            super().send(message)

    write(db, "a", "b")
    assert send(db, Curious()) == (2, 0)
    assert {row.subject for row in outbox(db)} == {"seen"}


def test_a_failed_try_is_kept_on_the_row_and_put_off_twice_as_long_each_time(db: Database) -> None:
    write(db, "a")
    way, now, waits = Gateway(fail=[ChannelError("邮件服务器拒收", "451")] * 12), MONDAY, []
    for tries in range(1, 13):
        assert send(db, way, now=now) == (0, 1)
        (row,) = outbox(db)
        assert (row.attempts, row.error, row.lease_owner, row.lease_until) == (tries, "邮件服务器拒收 (451)", "", None)
        waits.append(round((row.next_at - now) / MINUTE))
        assert send(db, way, now=row.next_at - timedelta(seconds=1)) == (0, 0)
        now = row.next_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240, 240]
    assert outbox(db)[0].state is SendState.FAILED
    assert send(db, way, now=now + timedelta(days=1)) == (0, 0)


@given(st.integers(min_value=1, max_value=10**6))
@hypothesis_settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_waits_never_shrink_and_never_pass_four_hours(tries: int) -> None:
    assert MINUTE <= wait_after(tries) <= wait_after(tries + 1) <= LONGEST_WAIT


def test_a_defect_of_a_channel_is_a_failed_try_that_tells_no_secrets(db: Database) -> None:
    write(db, "a", "b")
    assert send(db, Gateway(fail=[KeyError("王老五 13800000000")])) == (1, 1)
    assert outbox(db)[0].error == "发送程序出错 (KeyError)"


def test_a_channel_that_is_shut_is_not_knocked_at_for_every_message(db: Database) -> None:
    write(db, "a", "b", "c")
    way = Gateway(fail=[ChannelError("连不上邮件服务器", down=True)])
    assert send(db, way) == (0, 1)
    assert [row.attempts for row in outbox(db)] == [1, 0, 0]
    assert send(db, way) == (2, 0)


def test_a_shut_channel_does_not_keep_the_others(db: Database) -> None:
    write(db, "mail")
    write(db, "page", channel="inbox")
    shut, page = Gateway(fail=[ChannelError("连不上邮件服务器", down=True)]), Gateway("inbox")
    assert send(db, shut, page) == (1, 1)
    assert [message.key for message in page.took] == ["page"]


def test_messages_wait_for_a_channel_that_is_not_set_up_without_using_up_their_tries(db: Database) -> None:
    write(db, "a", "b")
    unset = Smtp(db.settings)
    for day in range(20):
        assert send(db, unset, now=MONDAY + timedelta(days=day)) == (0, 0)
    assert [(row.state, row.attempts, row.error, row.lease_until) for row in outbox(db)] == [
        (SendState.WAITING, 0, "未设置邮件服务器", None)
    ] * 2
    with mail_server() as (server, settings):
        assert send(db, Smtp(settings), now=MONDAY + timedelta(days=21)) == (2, 0)
        assert len(server.mails) == 2
    assert [row.error for row in outbox(db)] == ["", ""]


def test_a_message_for_a_channel_that_was_taken_away_says_so_and_goes_out_when_it_is_back(db: Database) -> None:
    write(db, "a", channel="pigeon")
    assert send(db, Gateway()) == (0, 0)
    assert [(row.state, row.error) for row in outbox(db)] == [(SendState.WAITING, "没有这种发送方式")]
    assert send(db, Gateway("pigeon")) == (1, 0)


def test_a_round_ends_after_its_time_and_the_rest_waits_for_the_next(db: Database) -> None:
    write(db, *"abcdef")
    ticks = iter(range(0, 1000, 4))  # each look at the watch is four seconds later
    assert send(db, Gateway(), pace=Pace(seconds=10, timer=lambda: next(ticks))) == (2, 0)
    assert send(db, Gateway(), limit=1) == (1, 0)
    stops = iter([False, True])
    assert send(db, Gateway(), pace=Pace(stopped=lambda: next(stops))) == (1, 0)
    assert send(db, Gateway()) == (2, 0)


# --- leases


class Killed(BaseException):
    """The process dies here."""


def test_after_a_crash_before_sending_another_sender_takes_over_under_the_same_key(db: Database) -> None:
    write(db, "a")
    with mail_server() as (server, settings):
        with pytest.raises(Killed):
            send(db, Gateway(fail=[Killed()]), owner="dead")  # type: ignore[list-item]
        alive = Smtp(settings)
        assert send(db, alive, now=MONDAY + LEASE - timedelta(seconds=30), owner="b") == (0, 0)
        assert send(db, alive, now=AFTER_LEASE, owner="b") == (1, 0)
        assert [mail["Subject"] for mail in server.mails] == ["题 a"]


def test_after_a_crash_behind_sending_the_second_copy_carries_the_same_message_id(db: Database) -> None:
    class DiesAfterwards(Smtp):
        def send(self, message: Message) -> None:
            super().send(message)
            raise Killed

    write(db, "a")
    with mail_server() as (server, settings):
        with pytest.raises(Killed):
            send(db, DiesAfterwards(settings), owner="dead")
        assert send(db, Smtp(settings), now=AFTER_LEASE, owner="b") == (1, 0)
        first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()


def test_a_slow_sender_does_not_undo_what_its_successor_wrote(db: Database) -> None:
    class Slow(Gateway):
        def send(self, message: Message) -> None:
            assert send(db, successor, now=AFTER_LEASE, owner="b") == (1, 0)
            raise ChannelError("邮件服务器没有回应")

    write(db, "a")
    successor = Gateway()
    assert send(db, Slow(), owner="a") == (0, 1)
    (row,) = outbox(db)
    assert (row.state, row.attempts, row.error) == (SendState.SENT, 1, "")


def test_a_slow_sender_that_got_through_spares_the_next_try(db: Database) -> None:
    class Slow(Gateway):
        def send(self, message: Message) -> None:
            assert send(db, Gateway(fail=[ChannelError("邮件服务器拒收")]), now=AFTER_LEASE, owner="b") == (0, 1)

    write(db, "a")
    assert send(db, Slow(), owner="a") == (1, 0)
    assert outbox(db)[0].state is SendState.SENT
    assert send(db, Gateway(), now=MONDAY + timedelta(days=1)) == (0, 0)


def test_a_long_round_gives_out_leases_that_are_not_over(db: Database) -> None:
    class LooksAtTheLease(Gateway):
        def send(self, message: Message) -> None:
            leases.extend(row.lease_until for row in outbox(db) if row.lease_until)

    leases: list[Any] = []
    write(db, "a", "b")
    seconds = iter(range(0, 100_000, 600))  # ten minutes for each message
    send(db, LooksAtTheLease(), pace=Pace(timer=lambda: next(seconds)))
    assert [round((lease - MONDAY) / MINUTE) for lease in leases] == [25, 35]


@pytest.mark.parametrize("name", ["next_at", "lease_until"])
def test_a_clock_that_was_years_ahead_does_not_hold_a_message_for_years(db: Database, name: str) -> None:
    write(db, "a")
    with db.write() as session:
        row = session.get(Outbox, outbox(db)[0].id)
        setattr(row, name, MONDAY + timedelta(days=3650))
    assert send(db, Gateway()) == (1, 0)


def deliver_side_by_side(database: Database, workers: int) -> Counter[str]:
    """Let several senders loose on thirty messages; return how often each came through."""
    write(database, *[f"m{number:02}" for number in range(30)])
    way, start = Gateway(), threading.Barrier(workers)

    def sender(name: str) -> None:
        start.wait()
        send(database, way, owner=name)

    threads = [threading.Thread(target=sender, args=(f"w{number}",)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(message.key for message in way.took)


def test_senders_side_by_side_send_everything_once(db: Database) -> None:
    took = deliver_side_by_side(db, 3)
    assert (len(took), set(took.values())) == (30, {1})


def test_and_without_the_lease_they_would_not(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_without_asking(database: Database, row_id: int, now: Any, owner: str) -> tuple[Message, int]:
        with database.read() as session:
            row = session.get(Outbox, row_id)
            assert row is not None
            return Message(row.dedupe, row.recipient, row.subject, row.body, row.created_at), row.attempts

    monkeypatch.setattr(notices, "_claim", take_without_asking)
    assert max(deliver_side_by_side(db, 3).values()) > 1


# --- for the people who look after it


def test_what_waits_for_more_than_an_hour_is_raised_by_channel(db: Database) -> None:
    write(db, "a", "b", now=MONDAY - timedelta(minutes=61))
    write(db, "c", now=MONDAY - timedelta(minutes=59))
    write(db, "d", channel="inbox", now=MONDAY - timedelta(minutes=61))
    send(db, Gateway("inbox"))
    with db.read() as session:
        assert unsent_longer_than(session, timedelta(hours=1), MONDAY) == {"smtp": 2}
        assert unsent_longer_than(session, timedelta(hours=2), MONDAY) == {}


def test_a_failed_message_is_sent_again_by_hand_with_all_its_tries(db: Database) -> None:
    write(db, "a")
    with db.write() as session:
        row = session.get(Outbox, outbox(db)[0].id)
        assert row is not None
        assert row.id is not None
        number, row.state, row.attempts, row.error = row.id, SendState.FAILED, 12, "邮件服务器拒收 (550)"
    with db.write() as session:
        replay(session, number, MONDAY)
    (row,) = outbox(db)
    assert (row.state, row.attempts, row.error) == (SendState.WAITING, 0, "")
    assert send(db, Gateway()) == (1, 0)
    with db.write() as session, pytest.raises(Conflict):
        replay(session, number, MONDAY)
    with db.write() as session, pytest.raises(NotFound):
        replay(session, number + 1, MONDAY)


def test_a_message_on_its_way_cannot_be_sent_again_by_hand(db: Database) -> None:
    class Impatient(Gateway):
        def send(self, message: Message) -> None:
            with db.write() as session, pytest.raises(Conflict):
                replay(session, outbox(db)[0].id or 0, MONDAY)

    write(db, "a")
    assert send(db, Impatient()) == (1, 0)


def test_an_older_issue_is_withdrawn_when_a_newer_one_is_out(db: Database) -> None:
    write(db, "weekly_digest:2026-W48:x", "weekly_digest:2026-W49:x", "weeklyXdigest:2026-W48:x", "other")
    with db.write() as session:
        assert supersede(session, "weekly_digest:", "weekly_digest:2026-W49:") == 1
    assert [(row.state.value, row.error) for row in outbox(db)] == [
        ("failed", "已有更新的一期"),
        *[("waiting", "")] * 3,
    ]


def test_a_message_that_is_being_sent_is_not_withdrawn(db: Database) -> None:
    class Meanwhile(Gateway):
        def send(self, message: Message) -> None:
            with db.write() as session:
                assert supersede(session, "weekly_digest:", "weekly_digest:2026-W49:") == 0

    write(db, "weekly_digest:2026-W48:x")
    assert send(db, Meanwhile()) == (1, 0)


def test_an_error_is_explained_in_the_readers_language() -> None:
    english = {"邮件服务器拒收": "The mail server refused it"}.__getitem__
    assert explain("邮件服务器拒收 (451)", english) == "The mail server refused it (451)"
    assert explain("邮件服务器拒收", english) == "The mail server refused it"
    assert explain("", english) == ""
