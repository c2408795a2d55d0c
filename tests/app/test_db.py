"""The database keeps its word: what is acknowledged stays, readers do not wait, waits are bounded, on both kinds."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, col

from app.db import SAFE_SQLITE, Database, make_engine, sqlite_driver
from app.models import Account, CaseNumber, Heartbeat, Station
from app.scope import SYSTEM
from app.settings import load
from tests.builders import a_station, an_officer
from tests.clock import NOW
from tests.databases import KEY
from tests.postgres import free_port

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: an acknowledged commit survives a power cut
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
    "secure_delete": 1,
    "mmap_size": 0,
}
POSTGRES = {"statement_timeout": "15s", "lock_timeout": "5s", "TimeZone": "UTC"}


def one(session: Session, sql: str) -> Any:
    return session.execute(text(sql)).scalar_one()


def names(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.execute(select(col(Station.name)).order_by(col(Station.id))).scalars())


# --- both ---


def test_write_keeps_everything_or_nothing(db: Database) -> None:
    with db.write() as session:
        a_station(session, name="甲")
        an_officer(session, a_station(session, name="乙"))
    with pytest.raises(RuntimeError), db.write() as session:
        a_station(session, name="丙")
        raise RuntimeError("half way")
    assert names(db) == ["甲", "乙"]


def test_read_keeps_nothing(db: Database) -> None:
    with db.read() as session:
        a_station(session)
    assert names(db) == []


def test_reader_does_not_wait_for_a_writer_and_sees_what_was_kept(db: Database) -> None:
    with db.write() as session:
        a_station(session, name="甲")
    with db.session(SYSTEM) as writing:
        a_station(writing, name="乙")
        begun = time.monotonic()
        assert names(db) == ["甲"]
        assert time.monotonic() - begun < 1
        writing.commit()
    assert names(db) == ["甲", "乙"]


def test_writer_does_not_wait_for_a_reader_and_the_reader_keeps_its_view(sqlite_db: Database) -> None:
    with sqlite_db.read() as reading:
        before = reading.execute(select(func.count()).select_from(Station)).scalar_one()
        with sqlite_db.write() as session:
            a_station(session)
        assert reading.execute(select(func.count()).select_from(Station)).scalar_one() == before
    assert len(names(sqlite_db)) == before + 1


def test_row_that_points_nowhere_is_refused(db: Database) -> None:
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(CaseNumber(station_id=999, year=2026))


def test_counting_from_many_threads_loses_nothing_and_nobody_is_turned_away(db: Database) -> None:
    with db.write() as session:
        session.add(CaseNumber(station_id=a_station(session).id, year=2026))

    def count(_: int) -> int:
        with db.write() as session:
            session.execute(select(col(CaseNumber.last))).scalar_one()  # read first, write later: the dangerous order
            statement = update(CaseNumber).values(last=CaseNumber.last + 1).returning(col(CaseNumber.last))
            return session.execute(statement).scalar_one()

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(count, range(100))) == list(range(1, 101))


MOMENTS = [
    NOW,
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    NOW + timedelta(microseconds=1),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_moment_comes_back_as_the_same_moment_in_utc(db: Database, moment: datetime) -> None:
    with db.write() as session:
        session.add(Heartbeat(name="clock", at=moment))
    with db.read() as session:
        kept = session.execute(select(col(Heartbeat.at)).where(col(Heartbeat.at) == moment)).scalar_one()
    assert (kept, kept.tzinfo) == (moment, UTC)


def test_moments_of_two_zones_are_ordered_by_time(db: Database) -> None:
    with db.write() as session:
        session.add(Heartbeat(name="later", at=NOW))  # 09:00 in Shanghai is 01:00 UTC
        session.add(Heartbeat(name="earlier", at=datetime(2026, 11, 23, 0, 59, tzinfo=UTC)))
    with db.read() as session:
        ordered = session.execute(select(col(Heartbeat.name)).order_by(col(Heartbeat.at))).scalars().all()
    assert ordered == ["earlier", "later"]


def test_naive_moment_and_unknown_word_are_refused(db: Database) -> None:
    with db.write() as session:
        officer = an_officer(session)
    for column, wrong in ((Account.disabled_at, datetime(2026, 1, 1)), (Account.role, "king")):
        with pytest.raises(StatementError), db.write() as session:
            session.execute(update(Account).values({column: wrong}))
    with db.read() as session:
        assert session.get_one(Account, officer.id).role is officer.role


# --- SQLite ---


def test_every_connection_has_the_promised_pragmas(sqlite_db: Database) -> None:
    with sqlite_db.session(SYSTEM) as first, sqlite_db.read() as second:
        for session in (second, first):
            assert {name: one(session, f"PRAGMA {name}") for name in PRAGMAS} == PRAGMAS


def test_library_is_one_without_the_wal_bug() -> None:
    driver = sqlite_driver()
    assert driver.__name__ != "pysqlite3.dbapi2" or driver.sqlite_version_info >= SAFE_SQLITE


def test_old_library_gets_the_rollback_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.db.SAFE_SQLITE", (99, 0, 0))
    database = Database(load(data_dir=tmp_path, secret_key=KEY))
    with database.read() as session:
        assert (one(session, "PRAGMA journal_mode"), one(session, "PRAGMA synchronous")) == ("delete", 2)
    database.close()


def test_writer_takes_the_lock_with_its_first_statement_reader_takes_none(sqlite_db: Database) -> None:
    path = str(sqlite_db.settings.sqlite_path)
    other = sqlite_driver().connect(path, timeout=0, isolation_level=None)
    with sqlite_db.read() as reading:
        one(reading, "SELECT count(*) FROM station")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with sqlite_db.session(SYSTEM) as writing:
        one(writing, "SELECT count(*) FROM station")
        with pytest.raises(sqlite_driver().OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_waiting_for_the_write_lock_ends(sqlite_settings: Any) -> None:
    """A database that somebody else holds is a plain OperationalError after the busy timeout, not a page that hangs."""
    database = Database(sqlite_settings)
    with database.session(SYSTEM) as waiting:
        one(waiting, "PRAGMA busy_timeout=200")
    held = sqlite_driver().connect(str(sqlite_settings.sqlite_path), isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(OperationalError, match="locked"), database.write() as session:
        a_station(session)
    assert time.monotonic() - begun < 4
    held.close()
    database.close()


def test_deleted_words_are_gone_from_the_file(sqlite_db: Database) -> None:
    secret = "苍耳子山的石头路" * 20
    forms = (secret[:8].encode(), secret[:8].encode("unicode_escape"))  # JSON writes it one way or the other
    with sqlite_db.write() as session:
        session.add(Heartbeat(name="note", at=NOW, data={"words": secret}))
    assert any(form in _bytes(sqlite_db) for form in forms)
    with sqlite_db.write() as session:
        session.delete(session.get_one(Heartbeat, "note"))
    with sqlite_db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not any(form in _bytes(sqlite_db) for form in forms)


def _bytes(db: Database) -> bytes:
    return b"".join(path.read_bytes() for path in db.settings.data_dir.iterdir() if path.is_file())


# --- PostgreSQL ---


def test_every_connection_has_bounded_waits(postgres_db: Database) -> None:
    with postgres_db.read() as session:
        assert {name: one(session, f"SHOW {name}") for name in POSTGRES} == POSTGRES


def test_full_pool_is_an_error_soon_and_leaves_threads_for_health(postgres_db: Database) -> None:
    size = postgres_db.settings.threads - 3
    sessions = [postgres_db.session(SYSTEM) for _ in range(size)]
    for session in sessions:
        one(session, "SELECT 1")
    begun = time.monotonic()
    with pytest.raises(PoolTimeout), postgres_db.read() as session:
        one(session, "SELECT 1")
    assert 1.5 < time.monotonic() - begun < 5
    for session in sessions:
        session.close()


def test_waiting_for_a_row_that_somebody_holds_ends(postgres_db: Database) -> None:
    with postgres_db.write() as session:
        a_station(session)
    held, done = Signal(), Signal()

    def hold() -> None:
        with postgres_db.write() as session:
            session.execute(update(Station).values(phone="1"))
            held.set()
            done.wait(20)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(20)
        with pytest.raises(OperationalError, match="lock timeout"), postgres_db.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            session.execute(update(Station).values(phone="2"))
        done.set()
        holding.result()


def test_lost_connection_is_replaced(postgres_db: Database) -> None:
    with postgres_db.read() as session:
        lost = one(session, "SELECT pg_backend_pid()")  # goes back to the pool
    with psycopg.connect(postgres_db.settings.database_url, autocommit=True) as other:
        assert other.execute(SQL("SELECT pg_terminate_backend({})").format(lost)).fetchone() == (True,)
    with postgres_db.read() as session:
        assert one(session, "SELECT pg_backend_pid()") != lost


def test_server_that_is_not_there_is_an_error_soon(tmp_path: Path) -> None:
    address = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    engine = make_engine(load(data_dir=tmp_path, database_url=address, secret_key=KEY))
    begun = time.monotonic()
    with pytest.raises(OperationalError):
        engine.connect()
    assert time.monotonic() - begun < 6
    engine.dispose()


def test_no_empty_database_takes_the_place_of_a_lost_file(sqlite_db: Database, tmp_path: Path) -> None:
    path = sqlite_db.settings.sqlite_path
    with sqlite_db.write() as session:
        a_station(session, name="在")
    sqlite_db.close()
    moved = path.rename(tmp_path / "aside")
    for _ in range(2):
        with pytest.raises(OperationalError, match="gone"), sqlite_db.read() as session:
            session.execute(select(Station))
    assert not path.exists()
    moved.rename(path)
    with sqlite_db.read() as session:
        assert session.execute(select(col(Station.name))).scalar_one() == "在"
