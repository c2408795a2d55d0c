"""Migrations: up, down with data, up again; killed anywhere, a database is at one step or the next, never between."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text
from sqlmodel import SQLModel

from app import ballot_box, migrate, orders
from app.db import Database, make_engine
from app.models import Ballot, CaseLink, Choice, DueRun, Heartbeat, InboxMessage, LinkKind, Outbox
from app.settings import Settings, load
from talent_pool import register, roster
from talent_pool.models import RelationKind
from talent_pool.roster import Person
from tests.app.order_story import a_pool, listed, open_list, seal, story_of
from tests.builders import a_case, a_mediator
from tests.clock import NOW
from tests.databases import KEY, PostgresServer

ROOT = Path(__file__).parent.parent.parent


def revisions() -> list[str]:
    """Every revision, the oldest first."""
    scripts = ScriptDirectory(str(migrate.MIGRATIONS))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


@pytest.fixture
def engine(bare_settings: Settings) -> Iterator[Engine]:
    engine = make_engine(bare_settings)
    yield engine
    engine.dispose()


def at(engine: Engine) -> str:
    with engine.connect() as connection:
        return migrate.current(connection)


def shape(engine: Engine) -> dict[str, Any]:
    """Everything about the tables that can be asked of the database: columns, then five kinds of named things."""
    asked = inspect(engine)
    columns = {
        name: sorted((column["name"], str(column["type"]), column["nullable"]) for column in found)
        for (_, name), found in asked.get_multi_columns().items()
    }
    named = [
        {name: sorted(_named(each) for each in found) for (_, name), found in kind.items()}
        for kind in (
            asked.get_multi_indexes(),
            asked.get_multi_foreign_keys(),
            asked.get_multi_unique_constraints(),
            asked.get_multi_check_constraints(),
            {table: [key] for table, key in asked.get_multi_pk_constraint().items()},
        )
    ]
    return {
        name: (columns[name], *(kind.get(name, []) for kind in named)) for name in columns if name != "alembic_version"
    }


def _named(thing: Any) -> tuple[str, str]:
    """Return the name of an index or constraint, and what it says."""
    says = {
        key: thing.get(key) for key in ("column_names", "constrained_columns", "referred_table", "sqltext", "unique")
    }
    return thing["name"] or "", repr((says, thing.get("options", {}).get("ondelete")))


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that is there and not empty, with the columns that are there."""
    found = {}
    with engine.connect() as connection:
        for name in sorted(set(inspect(connection).get_table_names()) - {"alembic_version"}):
            table = SQLModel.metadata.tables[name]
            there = {column["name"] for column in inspect(connection).get_columns(name)}
            chosen = select(*(column for column in table.columns if column.name in there))
            ordered = connection.execute(chosen.order_by(*table.primary_key.columns))
            found[name] = [dict(row._mapping) for row in ordered]
    return {name: kept for name, kept in found.items() if kept}


def in_shape(whole: dict[str, list[dict[str, Any]]], known: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows as a step's tables can hold them."""
    columns = {name: {column for column, *_ in found} for name, (found, *_) in known.items()}
    return {
        name: [{column: value for column, value in row.items() if column in columns[name]} for row in kept]
        for name, kept in whole.items()
        if name in known
    }


def tell_a_story(settings: Settings) -> None:
    """Put something into the tables of every step."""
    database = Database(settings)
    with database.write() as session:
        case = a_case(session)
        mediator = a_mediator(session)
        roster.declare_relation(session, mediator.id or 0, RelationKind.KIN, Person("李秀英", "13911112222"), 2)
        register.add_training(session, mediator.id or 0, NOW.date(), "调解技能")
        message = {"subject": "周报", "body": "一件", "dedupe": "2026-W48"}
        session.add(DueRun(name="digest", period="2026-W48", whom="account:1", ran_at=NOW))
        session.add(Heartbeat(name="clock", at=NOW))
        session.add(InboxMessage(account_id=case.officer.id, at=NOW, **message))
        other = a_case(session, officer=case.officer, household="童家", parcel="东坡3号").dispute
        linked = {"kind": LinkKind.RELATED, "made_by": case.officer.id, "made_at": NOW}
        session.add(CaseLink(**case.dispute.owns(), other_id=other.id, **linked))
        session.add(Outbox(channel="smtp", recipient="a@localhost", created_at=NOW, next_at=NOW, **message))
    database.close()


def test_tables_after_all_steps_are_the_models(bare_settings: Settings, engine: Engine) -> None:
    migrate.upgrade(bare_settings)
    assert at(engine) == migrate.heads() == revisions()[-1]
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_steps_make_the_same_tables_as_the_models_do(bare_settings: Settings, engine: Engine) -> None:
    migrate.upgrade(bare_settings)
    stepped = shape(engine)
    with engine.begin() as connection:
        SQLModel.metadata.drop_all(connection)
    SQLModel.metadata.create_all(engine)
    assert shape(engine) == stepped
    # A constraint without a name could not be changed by a later step.
    assert [
        table for table, (_, *kinds) in stepped.items() if any(name == "" for kind in kinds for name, _ in kind)
    ] == []


def test_down_step_by_step_with_data_and_up_again(bare_settings: Settings, engine: Engine) -> None:
    shapes = [shape(engine)]
    for step in revisions():
        migrate.upgrade(bare_settings, step)
        shapes.append(shape(engine))
    tell_a_story(bare_settings)
    whole = rows(engine)
    assert {
        "station",
        "mediator",
        "dispute",
        "party",
        "outbox",
        "inbox_message",
        "due_run",
        "case_link",
    } <= whole.keys()
    for number, step in reversed(list(enumerate(["base", *revisions()[:-1]]))):
        migrate.downgrade(bare_settings, step)
        assert shape(engine) == shapes[number]
        assert rows(engine) == in_shape(whole, shapes[number])
    assert at(engine) == ""
    migrate.upgrade(bare_settings)
    assert shape(engine) == shapes[-1]
    tell_a_story(bare_settings)


def test_ballots_that_lay_open_are_sealed_and_opened_again_on_the_way_down(
    bare_settings: Settings, engine: Engine
) -> None:
    migrate.upgrade(bare_settings)
    database = Database(bare_settings)
    with database.write() as session:
        a_pool(session, 6)
        case = a_case(session)
        open_list(session, case.dispute)
        ids = listed(session, case.dispute)
        seal(session, case.dispute, case.sides[0], want=[ids[1], ids[0]], strike=[ids[2]])
        seal(session, case.dispute, case.sides[1], strike=ids[3:])
        story = story_of(database, case)
        made = session.execute(select(Choice)).scalar_one()
        log, answer = ballot_box.log_of(session, made), ballot_box.answer_of(session, made)
    migrate.downgrade(bare_settings, "0003_messages_and_clock")
    with engine.connect() as connection:
        open_marks = [
            json.loads(row[0]) if isinstance(row[0], str) else row[0]
            for row in connection.execute(text("SELECT marks FROM ballot ORDER BY id"))
        ]
    assert open_marks == [log["ballots"]["A"], log["ballots"]["B"]]
    migrate.upgrade(bare_settings)
    with database.read() as session:
        made = session.execute(select(Choice)).scalar_one()
        assert (ballot_box.log_of(session, made), ballot_box.answer_of(session, made)) == (log, answer)
        assert made.result["chosen"] == answer["chosen"]
        ballots = session.execute(select(Ballot).order_by(Ballot.id)).scalars().all()
        assert [ballot_box.marks_in(session, each) for each in ballots] == open_marks
        assert orders.own_rank(session, story.dispute(session), story.side(session, "A")) == 1
    with engine.connect() as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("ballot")}
        assert "marks" not in columns
    database.close()


def test_again_changes_nothing(bare_settings: Settings, engine: Engine) -> None:
    migrate.upgrade(bare_settings)
    tell_a_story(bare_settings)
    before = rows(engine)
    migrate.upgrade(bare_settings)
    assert (at(engine), rows(engine)) == (migrate.heads(), before)


def test_foreign_keys_hold_after_a_migration(bare_settings: Settings, engine: Engine) -> None:
    migrate.upgrade(bare_settings)
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(text("INSERT INTO case_number (station_id, year, last) VALUES (999, 2026, 0)"))


# A process of its own for each point: it forks, and the child kills itself at the n-th statement of the migration.
KILLED = """
import json, os, signal, sys
from sqlalchemy import Engine, event
from app import ballot_box, migrate, orders
from app.settings import load

def run(plan):
    seen = 0
    @event.listens_for(Engine, "before_cursor_execute")
    def count(connection, cursor, statement, *_):
        nonlocal seen
        seen += 1
        if seen == plan["at"]:
            os.kill(os.getpid(), signal.SIGKILL)
    migrate.upgrade(load(**plan["settings"]))

for plan in json.load(sys.stdin):
    child = os.fork()
    if child == 0:
        run(plan)
        os._exit(0)
    print(os.WTERMSIG(os.waitpid(child, 0)[1]))
"""
POINTS = (2, 20, 44, 73, 100, 120)


def kill_at(plans: list[dict[str, Any]]) -> list[int]:
    """Run migrations that die; return the signals they died of (0: reached the end)."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED], input=json.dumps(plans), capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_anywhere_the_schema_is_the_old_or_the_new_one(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server: PostgresServer | None = request.getfixturevalue("postgres") if kind == "postgresql" else None
    names = [server.create(empty=True) for _ in POINTS] if server else [""] * len(POINTS)
    given = [
        {"data_dir": str(tmp_path / str(point)), "secret_key": KEY, "database_url": server.url(name) if server else ""}
        for point, name in zip(POINTS, names, strict=True)
    ]
    expected = {"": set[str]()} | _tables_by_revision(tmp_path)
    died = kill_at([{"at": point, "settings": each} for point, each in zip(POINTS, given, strict=True)])
    assert died.count(9) >= len(POINTS) - 2
    found = set()
    for each, name in zip(given, names, strict=True):
        engine = make_engine(load(**each))
        found.add(at(engine))
        assert set(inspect(engine).get_table_names()) - {"alembic_version"} == expected[at(engine)]
        migrate.upgrade(load(**each))
        assert at(engine) == migrate.heads()
        engine.dispose()
        if server:
            server.drop(name)
    assert len(found) >= 3  # it was killed within several steps


def _tables_by_revision(folder: Path) -> dict[str, set[str]]:
    settings = load(data_dir=folder / "stepped", secret_key=KEY)
    engine, tables = make_engine(settings), {}
    for step in revisions():
        migrate.upgrade(settings, step)
        tables[step] = set(inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return tables
