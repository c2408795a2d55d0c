"""Brings a database into the state that the demo needs: made, reused, made anew; a real one is never touched."""

from datetime import datetime
from enum import StrEnum

from app import migrate
from app.db import Database
from app.demo import marker, world
from app.errors import N_, DiandanError
from app.settings import Settings


class Done(StrEnum):
    """What was done about the data."""

    MADE = "made"
    REUSED = "reused"
    MADE_ANEW = "made_anew"


def prepare(
    settings: Settings, scale: str | None, *, fresh: bool, now: datetime, share: float = 1.0
) -> tuple[Done, marker.Mark]:
    """Make the demo's data, or reuse what an earlier demo made (of `scale`, if one is given).

    Raises DiandanError for a database that no demo made, and for one of another scale. An interrupted demo's is made
    anew.
    """
    mark = known(settings)
    if mark is not None and mark.ready and not fresh:
        if scale not in (None, mark.scale):
            raise DiandanError(N_("这里的演示数据是 %(scale)s 规模;要换规模请加 --fresh"), scale=mark.scale)
        migrate.upgrade(settings)
        return Done.REUSED, mark
    if mark is not None:
        wipe(settings)
    _make(settings, scale or "county", now, share)
    made = known(settings)
    assert made is not None
    return (Done.MADE if mark is None else Done.MADE_ANEW), made


def known(settings: Settings) -> marker.Mark | None:
    """Return the demo's mark, None where there is nothing yet; raise DiandanError for a database that no demo made."""
    database = Database(settings)
    try:
        mark = marker.find(database)
        if mark is None and marker.has_tables(database):
            raise DiandanError(N_("这里是正式数据,演示不会动它;请用 --data-dir 另选一个文件夹"))
        return mark
    finally:
        database.close()


def wipe(settings: Settings) -> None:
    """Remove a demo's database, and nothing else."""
    if settings.database_url:
        migrate.downgrade(settings, "base")
        return
    for ending in ("", "-wal", "-shm", "-journal"):
        settings.sqlite_path.with_name(settings.sqlite_path.name + ending).unlink(missing_ok=True)


def _make(settings: Settings, scale: str, now: datetime, share: float) -> None:
    migrate.upgrade(settings)
    database = Database(settings)
    try:
        world.build(database, scale, now, share=share)
    finally:
        database.close()
