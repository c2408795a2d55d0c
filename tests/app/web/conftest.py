"""The web application on a test's database, at the tests' moment."""

import pytest
from flask import Flask

from app.db import Database
from app.web import create_app
from tests.clock import Clock


@pytest.fixture
def app(db: Database, clock: Clock) -> Flask:
    """The application, once on SQLite and once on PostgreSQL."""
    return create_app(db.settings, db, clock)


@pytest.fixture
def quick_app(sqlite_db: Database, clock: Clock) -> Flask:
    """The application on SQLite alone: for tests in which SQL is not the point."""
    return create_app(sqlite_db.settings, sqlite_db, clock)
