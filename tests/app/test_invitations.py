"""Links: not to be guessed, kept only as hashes, shut when they are replaced, and never two alike."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app import cases, invitations
from app.db import Database
from app.errors import Conflict, NotFound
from app.lifecycle import State
from app.links import Links, fingerprint, show_code
from app.models import Invitation
from app.policies import policy_for
from tests.app.order_story import an_order
from tests.builders import LUOCHUAN
from tests.clock import NOW


def test_a_token_is_192_bits_and_follows_from_key_and_nonce() -> None:
    links = Links("https://diandan.example", "a key")
    token = links.token("nonce")
    assert (len(token), token) == (32, links.token("nonce"))
    assert token not in (links.token("nonce2"), Links("https://diandan.example", "another").token("nonce"))
    assert links.url(token) == f"https://diandan.example/o/{token}"


def test_a_code_has_ten_digits_and_reads_in_groups() -> None:
    codes = {Links("http://x", "key").code(str(number)) for number in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 10 and code.isdigit() for code in codes)
    assert show_code("0123456789") == "012 345 6789"


def test_neither_token_nor_code_stands_in_the_database(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    secrets_ = [story.token("A"), story.token("B"), story.code("A"), story.code("B")]
    folder: Path = sqlite_db.settings.data_dir
    kept = b"".join(path.read_bytes() for path in folder.glob("diandan.sqlite3*"))
    assert fingerprint(secrets_[0]).encode() in kept, "the bytes are the right ones"
    assert not [each for each in secrets_ if each.encode() in kept]


def test_a_link_opens_its_own_side_and_lives_for_the_policys_days(db: Database) -> None:
    story = an_order(db)
    token, code = story.token("B"), story.code("B")
    end = NOW + timedelta(days=policy_for(LUOCHUAN).link_days)
    with db.read() as session:
        for now, found in ((NOW, True), (end - timedelta(seconds=1), True), (end, False), (end + timedelta(1), False)):
            by_token = invitations.find_by_token(session, token, now)
            by_code = invitations.find_by_code(session, show_code(code), now)
            assert (by_token is not None, by_code is not None) == (found, found)
        assert by_code is by_token is None
        opened = invitations.find_by_token(session, token, NOW)
        assert opened is not None and opened.side_id == story.sides["B"]


def test_a_code_does_not_open_as_a_token(db: Database) -> None:
    story = an_order(db)
    with db.read() as session:
        assert invitations.find_by_token(session, story.code("A"), NOW) is None
        assert invitations.find_by_code(session, story.token("A"), NOW) is None


@pytest.mark.parametrize("token", ["", " ", "x" * 32, "\x00", "\ud800", "点单", "a" * 10_000, "%", "' OR 1=1 --"])
def test_what_was_never_a_link_opens_nothing(db: Database, token: str) -> None:
    an_order(db)
    with db.read() as session:
        assert invitations.find_by_token(session, token, NOW) is None
        assert invitations.find_by_code(session, token, NOW) is None


def test_a_link_reissued_shuts_the_old_one_and_only_that(db: Database) -> None:
    story = an_order(db)
    old, other = story.token("A"), story.token("B")
    with db.write() as session:
        invitations.reissue(session, story.dispute(session), story.side(session, "A"), by="account:1", now=NOW)
    new = story.token("A")
    with db.read() as session:
        assert new != old
        assert invitations.find_by_token(session, old, NOW) is None
        assert invitations.find_by_token(session, new, NOW) is not None
        assert invitations.find_by_token(session, other, NOW) is not None
        assert [event.kind for event in cases.history(session, story.dispute(session))][-1] == "reissued"


def test_no_link_is_given_for_a_foreign_side_or_a_case_that_has_ended(db: Database) -> None:
    story, other = an_order(db), an_order(db, pool=0)
    with db.write() as session, pytest.raises(NotFound):
        invitations.reissue(session, story.dispute(session), other.side(session, "A"), by="account:1", now=NOW)
    with db.write() as session, pytest.raises(Conflict):
        dispute = story.dispute(session)
        cases.move(session, dispute, State.TERMINATED, "account:1", NOW)
        invitations.reissue(session, dispute, story.side(session, "A"), by="account:1", now=NOW)


def test_a_code_that_is_taken_is_drawn_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    story = an_order(db)
    with db.read() as session:
        taken = session.execute(select(Invitation.nonce)).scalars().first()
    drawn = iter([taken, "a fresh one"])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _size: next(drawn))
    with db.write() as session:
        made = invitations.reissue(session, story.dispute(session), story.side(session, "B"), by="account:1", now=NOW)
        assert made.nonce == "a fresh one"


def test_nothing_opens_among_many_guesses(db: Database) -> None:
    an_order(db)
    with db.read() as session:
        guesses = (secrets.token_urlsafe(24) for _ in range(2000))
        assert not [guess for guess in guesses if invitations.find_by_token(session, guess, NOW)]
