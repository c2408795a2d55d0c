"""Steps of an order for its tests: a use case in a transaction, the clock's tick, and the places a story comes to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from app import order_clock
from app.db import Database
from app.models import Assignment, Dispute, Outbox
from app.workdays import add_workdays
from talent_pool.index import RosterIndex
from tests.app.order_story import Story, an_order
from tests.builders import a_mediator
from tests.clock import NOW

OVER = timedelta(seconds=1)
yes = partial(dict, yes=True, how="phone", by="account:1")
no = partial(dict, yes=False, how="phone", by="account:1")


def do(story: Story, work: Callable[..., object], *given: object, now: datetime = NOW, **named: object) -> object:
    """Run a use case on the story's case in a transaction; a letter among `given` stands for its side."""
    with story.db.write() as session:
        args = [story.side(session, each) if each in ("A", "B", "C") else each for each in given]  # type: ignore[arg-type]
        return work(session, story.dispute(session), *args, now=now, **named)


def due_at(story: Story) -> datetime:
    with story.db.read() as session:
        found = story.dispute(session).due_at
    assert found is not None
    return found


def let_the_clock_tick(story: Story, now: datetime) -> list[int]:
    """Let the clock tick for orders alone; return the cases that it took on."""
    with story.db.read() as session:
        found = order_clock.due(session, now)
    for each in found:
        with story.db.write() as session:
            order_clock.take_on(session, session.get_one(Dispute, each), partial(RosterIndex.load, session), now)
    return found


def the_case(story: Story) -> Dispute:
    with story.db.read() as session:
        return story.dispute(session)


def told(story: Story, news: str) -> int:
    """How many messages of this kind an officer was sent."""
    with story.db.read() as session:
        return len([each for each in session.execute(select(Outbox.dedupe)).scalars() if f":{news}:" in each])


def no_common_name(story: Story, now: datetime = NOW) -> None:
    """One side strikes all; the other marks nothing."""
    story.seal("A", strike=story.listed(), now=now)
    story.seal("B", now=now)


def naming(db: Database) -> tuple[Story, int]:
    """Two lists without a common name; whom the coordinator may name."""
    story = an_order(db, pool=12)
    no_common_name(story)
    let_the_clock_tick(story, due_at(story) + OVER)
    no_common_name(story, add_workdays(NOW, 1))
    with db.write() as session:
        return story, a_mediator(session, name="安公道", phone="13922220000").id or 0


def asked(db: Database) -> tuple[Story, list[int], Assignment]:
    """The first of four common names is asked."""
    story = an_order(db)
    ids = story.listed()
    story.seal("A", want=ids)
    story.seal("B", want=ids)
    present = story.present()
    assert present is not None
    return story, ids, present
