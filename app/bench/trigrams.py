"""The peer of `bench duplicates` in a database: PostgreSQL with pg_trgm, if DIANDAN_DATABASE_URL leads to one."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.bench.retelling import peer_figures
from app.settings import load
from matching.duplicates import Case

if TYPE_CHECKING:
    from app.bench.duplicates import Told

TABLE = "CREATE TEMP TABLE past (id text, words text) ON COMMIT DROP"
INDEX = "CREATE INDEX ON past USING gin (words gin_trgm_ops)"
QUERY = "SELECT id FROM past WHERE words %% %s ORDER BY similarity(words, %s) DESC, id LIMIT %s"
LOOSE = "SET LOCAL pg_trgm.similarity_threshold = 0.1"


def measure(past: Sequence[Case], told: Sequence["Told"], own: float, limit: int) -> dict[str, Any] | str:
    """Return its figures, or why there are none. Everything happens in one transaction that is rolled back."""
    address = load().database_url
    if not address:
        return "not measured: DIANDAN_DATABASE_URL names no PostgreSQL"
    import psycopg

    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if cursor.fetchone() is None:
            return "not measured: this PostgreSQL has no pg_trgm"
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        began = time.perf_counter()
        cursor.execute(TABLE)
        with cursor.copy("COPY past FROM STDIN") as copy:
            for case in past:
                copy.write_row((case.id, case.text))
        cursor.execute(INDEX)
        cursor.execute(LOOSE)
        built = time.perf_counter() - began
        took, hits = [], 0
        for each in told:
            began = time.perf_counter()
            cursor.execute(QUERY, (each.again.text, each.again.text, limit))
            found = {row[0] for row in cursor.fetchall()}
            took.append(1000 * (time.perf_counter() - began))
            hits += each.first in found
        connection.rollback()
    return peer_figures(took, hits, own) | {"build_seconds": round(built, 1)}
