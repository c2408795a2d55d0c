"""The ballot box: nothing lies open, what was changed or moved is noticed, and only the coordinator sees a log."""

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import inspect, select, update
from sqlmodel import col

from app import ballot_box, cases, orders
from app.cli import cli
from app.db import Database
from app.errors import Forbidden, InvalidInput, NotFound, SettingsError
from app.keyring import FILE, Keyring, SealBroken
from app.models import Ballot, Choice
from matching.choice import resolve_log
from tests.app.order_story import Story, an_order
from tests.builders import a_coordinator, viewer
from tests.clock import NOW

# --- the keys --------------------------------------------------------------------------------------------------------


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / FILE)


def test_what_is_sealed_opens_at_its_place_alone(keyring: Keyring) -> None:
    kept = keyring.seal("ballot/1", {"want": ["3"], "理由": "熟人"})
    assert "want" not in kept and "熟" not in kept
    assert keyring.open("ballot/1", kept) == {"want": ["3"], "理由": "熟人"}
    assert keyring.seal("ballot/1", {"want": ["3"]}) != keyring.seal("ballot/1", {"want": ["3"]})
    with pytest.raises(SealBroken, match="改动"):
        keyring.open("ballot/2", kept)


def test_a_changed_bit_anywhere_is_noticed(keyring: Keyring) -> None:
    kept = keyring.seal("x", {"a": 1})
    for at in range(len(kept)):
        other = "A" if kept[at] != "A" else "B"
        changed = kept[:at] + other + kept[at + 1 :]
        # The last digit of base64 has bits that say nothing.
        if at < len(kept) - 3:
            with pytest.raises(SealBroken):
                keyring.open("x", changed)
    for broken in ("", "v1.k1.", "v1.k1.AAAA", kept[:-4], "v1.k1.\u00e9"):
        with pytest.raises(SealBroken):
            keyring.open("x", broken)


def test_the_file_is_its_owners_alone(keyring: Keyring) -> None:
    keyring.seal("x", 1)
    assert stat.S_IMODE(keyring.path.stat().st_mode) == 0o600
    if os.name == "posix":
        keyring.path.chmod(0o640)
        with pytest.raises(SettingsError, match="chmod 600"):
            Keyring(keyring.path).seal("x", 1)
    keyring.path.chmod(0o600)
    for words in ("", "k1\n", "k1 short\n", "k1 %%%\n"):
        keyring.path.write_text(words)
        with pytest.raises(SettingsError, match="restore"):
            Keyring(keyring.path).seal("x", 1)


def test_after_a_rotation_the_old_is_opened_and_the_new_seals(keyring: Keyring) -> None:
    other = Keyring(keyring.path)  # another process
    old = keyring.seal("x", "before")
    assert other.open("x", old) == "before"
    assert keyring.rotate() == keyring.newest() != "k1"
    new = keyring.seal("x", "after")
    assert other.open("x", new) == "after", "it reads the file again"
    assert (keyring.open("x", old), stat.S_IMODE(keyring.path.stat().st_mode)) == ("before", 0o600)
    assert len({keyring.rotate() for _ in range(5)}) == 5
    keyring.drop_older()
    with pytest.raises(SealBroken, match="密钥"):
        Keyring(keyring.path).open("x", old)


def test_the_first_rotation_makes_the_file(keyring: Keyring) -> None:
    assert keyring.rotate() == "k1"


# --- ballots ---------------------------------------------------------------------------------------------------------


def everything_in(db: Database) -> str:
    """Every value of every row, as a backup would hold it."""
    with db.engine.connect() as connection:
        names = [name for name in inspect(connection).get_table_names() if name not in ("mediator", "listing")]
        return "\n".join(
            repr(tuple(row)) for name in names for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
        )


def test_no_mark_and_no_reason_lies_open_before_or_after_the_choice(db: Database) -> None:
    story = an_order(db)
    a, b, c, *_ = story.listed()
    story.seal("A", want=[c, a], strike=[b], reason="他跟对方沾亲")
    for sealed_by_all in (False, True):
        if sealed_by_all:
            story.seal("B", want=[a])
        words = everything_in(db)
        assert "沾亲" not in words and "strike" not in words and "want" not in words
        assert '"ranks"' not in words and "'ranks'" not in words
    with db.read() as session:
        ballot = session.execute(select(Ballot).where(col(Ballot.side_id) == story.sides["A"])).scalar_one()
        assert ballot_box.reason_in(session, ballot) == "他跟对方沾亲"
        log = ballot_box.log_of(session, session.execute(select(Choice)).scalar_one())
    assert "沾亲" not in json.dumps(log, ensure_ascii=False), "the reason is no part of the count"


def test_a_side_can_check_that_its_ballot_was_counted_as_marked(db: Database) -> None:
    story = an_order(db)
    a, *_ = story.listed()
    story.seal("A", want=[a])
    with db.read() as session:
        mine = session.execute(select(Ballot)).scalar_one()
        receipt = ballot_box.receipt_of(session, mine)
    story.seal("B")
    with db.read() as session:
        ballots = {each.side_id: each for each in session.execute(select(Ballot)).scalars()}
        dispute, side_a, side_b = story.dispute(session), story.side(session, "A"), story.side(session, "B")
        assert ballot_box.is_as_marked(session, ballots[side_a.id or 0], dispute, side_a, receipt)
        assert not ballot_box.is_as_marked(session, ballots[side_b.id or 0], dispute, side_b, receipt)
        log = ballot_box.log_of(session, session.execute(select(Choice)).scalar_one())
    assert log["commitments"]["A"] == receipt.as_json()


def test_ballots_swapped_between_sides_are_noticed(db: Database) -> None:
    story = an_order(db)
    a, b, *_ = story.listed()
    story.seal("A", want=[a])
    with db.write() as session:
        kept = session.execute(select(Ballot)).scalar_one()
        side = story.side(session, "B").id
        session.execute(update(Ballot).where(col(Ballot.id) == kept.id).values(side_id=side))
    with pytest.raises(SealBroken):
        story.seal("A", want=[b])
    with db.read() as session:
        assert session.execute(select(Choice)).first() is None, "nothing is chosen from what was changed"


def test_a_commitment_that_does_not_fit_its_ballot_stops_the_count(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    with db.write() as session:
        session.execute(update(Ballot).values(commitment="0" * 64))
    with pytest.raises(SealBroken):
        story.seal("B")


# --- the log ---------------------------------------------------------------------------------------------------------


def open_log(
    story: Story, reason: str = "当事人投诉,核对选择过程", round_no: int = 1, *, as_head: bool = False
) -> dict[str, object]:
    with story.db.write() as session:
        who = viewer(a_coordinator(session))
        dispute = story.dispute(session)
        if as_head:
            who = viewer(session.get_one(type(a_coordinator(session)), story.officer))
        return ballot_box.open_log(session, dispute, round_no, viewer=who, reason=reason, now=NOW)


def test_a_log_opens_for_the_coordinator_on_a_recorded_reason_and_runs_again(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    with pytest.raises(NotFound):
        open_log(story)
    story.seal("B")
    with pytest.raises(InvalidInput):
        open_log(story, " ")
    with pytest.raises(Forbidden):
        open_log(story, as_head=True)
    log = json.loads(json.dumps(open_log(story)))
    present = story.present()
    assert present is not None and resolve_log(log).chosen == str(present.mediator_id)
    with db.read() as session:
        (opened,) = [each for each in cases.history(session, story.dispute(session)) if each.kind == "log_opened"]
    assert opened.data["reason"] == "当事人投诉,核对选择过程" and opened.actor.startswith("account:")


def test_every_row_is_sealed_anew_after_a_rotation(db: Database) -> None:
    story = an_order(db)
    story.seal("A")
    story.seal("B")
    db.keyring.rotate()
    with db.write() as session:
        assert ballot_box.reseal(session) == 3
    with db.write() as session:
        assert ballot_box.reseal(session) == 0
    db.keyring.drop_older()
    with db.read() as session:
        made = session.execute(select(Choice)).scalar_one()
        assert resolve_log(ballot_box.log_of(session, made)).chosen == made.result["chosen"]
        assert orders.own_rank(session, story.dispute(session), story.side(session, "A")) == 1


def test_the_command_rotates_seals_anew_and_forgets_the_old(sqlite_db: Database) -> None:
    story = an_order(sqlite_db)
    story.seal("A")
    story.seal("B")
    folder = str(sqlite_db.settings.data_dir)
    assert run("keys", "rotate", "--data-dir", folder) == f"{sqlite_db.keyring.newest()[:1]}2: 3\n"
    lines = sqlite_db.keyring.path.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["k2"]
    assert run("keys", "rotate", "--keep-old", "--data-dir", folder).endswith(": 3\n")
    assert len(sqlite_db.keyring.path.read_text().splitlines()) == 2
    with sqlite_db.read() as session:
        made = session.execute(select(Choice)).scalar_one()
        assert resolve_log(ballot_box.log_of(session, made)).chosen == made.result["chosen"]


def run(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output
