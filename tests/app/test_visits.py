"""Browsers that came by a link: looking changes nothing, entering opens one case, and nothing outlives its link."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from app import accounts, invitations, visits
from app.accounts import TooManyTries
from app.db import Database
from app.errors import NotFound
from app.models import Ballot, Dispute, Party, Purpose, Side, SignInTry
from app.scope import Role
from tests.app.order_story import Story, an_order, count
from tests.clock import NOW

ADDRESS = "198.51.100.7"


def rows(db: Database) -> dict[str, list[object]]:
    """Everything that the database holds."""
    with db.read() as session:
        return {
            table.name: sorted(map(repr, session.connection().execute(table.select())))
            for table in SQLModel.metadata.sorted_tables
        }


def enter(story: Story, letter: str, now: object = NOW) -> visits.Visit:
    """Open a side's link and return the visit."""
    entry = visits.enter(story.db, story.token(letter), NOW)
    found = visits.find(story.db.engine, entry.secret, now)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_looking_at_a_link_changes_nothing(db: Database) -> None:
    story = an_order(db)
    before = rows(db)
    assert visits.look(db, story.token("A"), NOW) is Purpose.ORDER
    assert rows(db) == before


def test_entering_opens_one_side_of_one_case_and_notes_the_first_time(db: Database) -> None:
    story, other = an_order(db), an_order(db, pool=0)
    visit = enter(story, "A")
    visits.enter(db, story.token("A"), NOW + timedelta(hours=5))
    assert (visit.purpose, visit.side_id, visit.scope.role) == (Purpose.ORDER, story.sides["A"], Role.PARTY)
    other.seal("A")
    with db.session(visit.scope, read_only=True) as session:
        assert [row.no for row in session.execute(select(Dispute)).scalars()] == [story.no]
        assert count(session, Ballot) == 0
        assert {row.dispute_id for row in session.execute(select(Party)).scalars()} == {visit.dispute_id}
    with db.read() as session:
        assert session.get_one(Side, story.sides["A"]).opened_at == NOW
        assert session.get_one(Side, story.sides["B"]).opened_at is None


def test_a_visit_ends_with_its_day_its_link_and_its_reissue(db: Database) -> None:
    story = an_order(db)
    secret = visits.enter(db, story.token("A"), NOW).secret

    def open_at(hours: float) -> bool:
        return visits.find(db.engine, secret, NOW + timedelta(hours=hours)) is not None

    assert (open_at(0), open_at(visits.HOURS - 0.01), open_at(visits.HOURS)) == (True, True, False)
    with db.write() as session:
        invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    assert open_at(0) is False


@pytest.mark.parametrize("way", ["unknown", "revoked", "expired"])
def test_a_link_that_opens_nothing_is_refused_alike(db: Database, way: str) -> None:
    story = an_order(db)
    token, now = story.token("A"), NOW
    if way == "unknown":
        token = "x" * 32
    elif way == "expired":
        now = NOW + timedelta(days=400)
    else:
        with db.write() as session:
            invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    for use in (visits.look, visits.enter):
        with pytest.raises(NotFound):
            use(db, token, now)  # type: ignore[operator]


def test_a_code_opens_too_and_a_right_one_forgets_the_wrong_ones(db: Database) -> None:
    story = an_order(db)
    code = story.code("B")
    for _ in range(accounts.TRIES - 1):
        with pytest.raises(NotFound):
            visits.enter_by_code(db, "000 000 0000", ADDRESS, NOW)
    entry = visits.enter_by_code(db, f"{code[:3]} {code[3:6]} {code[6:]}", ADDRESS, NOW)
    found = visits.find(db.engine, entry.secret, NOW)
    assert found is not None and found.side_id == story.sides["B"]
    with db.read() as session:
        assert count(session, SignInTry) == 0


def test_wrong_codes_are_counted_per_address_and_shut_it_for_a_while(db: Database) -> None:
    story = an_order(db)
    code = story.code("A")
    for _ in range(accounts.TRIES):
        with pytest.raises(NotFound):
            visits.enter_by_code(db, "1" * 10, ADDRESS, NOW)
    with pytest.raises(TooManyTries):
        visits.enter_by_code(db, code, ADDRESS, NOW)
    assert visits.enter_by_code(db, code, "203.0.113.9", NOW).purpose is Purpose.ORDER
    later = NOW + accounts.WINDOW + timedelta(seconds=1)
    assert visits.enter_by_code(db, code, ADDRESS, later).purpose is Purpose.ORDER


def test_sessions_are_kept_as_hashes(db: Database) -> None:
    story = an_order(db)
    secret = visits.enter(db, story.token("A"), NOW).secret
    with db.read() as session:
        kept = session.connection().execute(text("SELECT id_hash FROM web_session")).scalars().all()
    assert len(kept) == 1 and secret not in kept[0]
