"""The quick way to ask for one row says the same as the usual one, types and troubles included, on both databases."""

from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import col

from app.db import Database
from app.models import Account, Heartbeat
from app.questions import Question
from app.scope import Role
from tests.builders import a_station, an_officer
from tests.clock import NOW

BEAT = select(col(Heartbeat.name), col(Heartbeat.at)).where(
    col(Heartbeat.at) <= bindparam("now"), col(Heartbeat.at) >= bindparam("then"), col(Heartbeat.name) != "nobody"
)


def usual(db: Database, query: Any, **values: Any) -> Any:
    with db.engine.connect() as connection:
        row = connection.execute(query, values).first()
    return row and tuple(row)


def quick(db: Database, question: Question, **values: Any) -> Any:
    return question.ask(db.engine, **values)


def test_moments_and_words_come_back_as_they_are_kept(db: Database) -> None:
    with db.write() as session:
        session.add(Heartbeat(name="clock", at=NOW))
        an_officer(session, a_station(session))
    span = {"then": NOW, "now": NOW}
    assert quick(db, Question(BEAT), **span) == usual(db, BEAT, **span) == ("clock", NOW)
    role = select(col(Account.role), col(Account.disabled_at))
    assert quick(db, Question(role)) == (Role.OFFICER, None)
    assert isinstance(quick(db, Question(role))[0], Role)


def test_no_row_is_none_and_a_naive_moment_is_refused(db: Database) -> None:
    assert quick(db, Question(BEAT), then=NOW, now=NOW) is None
    with pytest.raises(ValueError, match="naive"):
        quick(db, Question(BEAT), then=NOW.replace(tzinfo=None), now=NOW)


def test_a_question_sees_what_was_kept_since(db: Database) -> None:
    question = Question(BEAT)
    assert quick(db, question, then=NOW, now=NOW) is None
    with db.write() as session:
        session.add(Heartbeat(name="clock", at=NOW))
        session.flush()
        assert quick(db, question, then=NOW, now=NOW) is None
    assert quick(db, question, then=NOW, now=NOW) is not None


def test_trouble_is_told_as_by_any_query_without_the_values(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        session.connection().execute(text("DROP TABLE heartbeat"))
    with pytest.raises(OperationalError) as told:
        quick(sqlite_db, Question(BEAT), then=NOW, now=NOW)
    assert "no such table" in str(told.value) and "2026" not in str(told.value)


def test_a_lost_file_is_told_as_by_any_query(sqlite_db: Database) -> None:
    assert quick(sqlite_db, Question(BEAT), then=NOW, now=NOW) is None
    sqlite_db.close()
    sqlite_db.settings.sqlite_path.unlink()
    with pytest.raises(OperationalError, match="gone"):
        quick(sqlite_db, Question(BEAT), then=NOW, now=NOW)


def test_after_a_lost_connection_the_next_question_is_answered(postgres_db: Database) -> None:
    fatal = Question(select(func.pg_terminate_backend(func.pg_backend_pid())))
    with pytest.raises(DBAPIError) as told:
        quick(postgres_db, fatal)
    assert told.value.connection_invalidated
    assert quick(postgres_db, Question(BEAT), then=NOW, now=NOW) is None
