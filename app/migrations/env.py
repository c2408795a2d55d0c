"""Alembic's environment: one open connection given by app.migrate, one transaction for each step."""

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import talent_pool.models  # noqa: F401 - registers its tables
from app import models  # noqa: F401 - registers its tables


def run(connection: Connection) -> None:
    """Run the steps; batch mode lets SQLite rebuild a table where it cannot alter it."""
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # A rebuilt table is dropped for a moment; this can only be switched outside of a transaction.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        transaction_per_migration=True,
        transactional_ddl=True,
        compare_type=True,
        include_name=lambda name, kind, _parents: kind != "table" or name in SQLModel.metadata.tables,
    )
    with context.begin_transaction():
        context.run_migrations()
    if sqlite:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]


run(context.config.attributes["connection"])
