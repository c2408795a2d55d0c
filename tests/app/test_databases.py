"""The tests' own databases: fresh for each test, the same on both kinds."""

from sqlmodel import Session, select

from app.db import Database
from app.models import Account, Dispute
from tests.builders import a_case, an_officer
from tests.databases import PostgresServer


def people(session: Session) -> int:
    """Count the accounts."""
    return len(session.exec(select(Account)).all())


def test_a_story_is_kept_and_the_next_test_begins_empty(db: Database) -> None:
    with db.write() as session:
        assert people(session) == 0
        case = a_case(session, officer=an_officer(session, name="甲"))
        assert [party.name for party in case.parties] == ["童大山", "邱有田"]
    with db.read() as session:
        assert people(session) == 1
        assert session.exec(select(Dispute)).one().no == case.dispute.no


def test_next_begins_empty(db: Database) -> None:
    with db.read() as session:
        assert people(session) == 0


def test_dropped_database_is_gone_though_somebody_is_connected(postgres: PostgresServer) -> None:
    import psycopg

    name = postgres.create()
    with psycopg.connect(postgres.url(name)):
        postgres.drop(name)
    try:
        psycopg.connect(postgres.url(name)).close()
    except psycopg.OperationalError as gone:
        assert "does not exist" in str(gone)
    else:
        raise AssertionError("still there")
