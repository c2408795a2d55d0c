"""The night: when it is due, what a challenger learns from, when it may speak, and what poison does."""

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from sqlmodel import select

from app import jobs, learning
from app.db import Database
from app.jobs import TickError, tick
from app.learning import Lesson
from app.models import DueRun, Heartbeat, LearningRun, ReadingLabel
from matching import promotion
from matching.promotion import GoldChanged, Tolerance, compare, gold, judge
from matching.shelf import SHIPPED, Shelf
from matching.train import Example, shipped_corpus
from matching.weights import Weights, load, shipped
from talent_pool import taxonomy
from tests.app.clockwork import shanghai
from tests.builders import a_case, a_station, an_officer

NIGHT = shanghai("2026-11-25 02:00:00")
CORPUS, LABELS = 700, 150  # lines; the night itself takes the whole corpus


def lines() -> list[dict[str, Any]]:
    rows = [json.loads(line) for path in shipped_corpus() for line in path.read_text(encoding="utf-8").splitlines()]
    Random(0).shuffle(rows)
    return rows[: CORPUS + LABELS]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    path = tmp_path_factory.mktemp("corpus") / "small.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in lines()[:CORPUS]), encoding="utf-8")
    return [path]


def lessons(flipped: float = 0.0, accounts: int = 3) -> list[Lesson]:
    """Labels of one station's officers, some of them turned into another type."""
    rng, types = Random(1), list(taxonomy.types())
    made = []
    for place, row in enumerate(lines()[CORPUS:]):
        wrong = rng.random() < flipped
        type_code = rng.choice([code for code in types if code != row["type"]]) if wrong else row["type"]
        made.append(Lesson(row["text"], type_code, "", (), place % accounts, "chosen"))
    return made


@pytest.fixture(scope="module")
def honest(corpus: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """The model of corpus and honest labels."""
    shelf = Shelf(tmp_path_factory.mktemp("honest"))
    return load(shelf.folder / learning.train(shelf, lessons(), corpus))


def label(session: Any, at: datetime, text: str = "两家为院墙争吵", type_code: str = "neighbor") -> ReadingLabel:
    """A label of a case of its own."""
    made = a_case(session, officer=an_officer(session, a_station(session)))
    row = ReadingLabel(
        **made.dispute.owns(), text=text, model="m", machine_type=type_code, probability=0.9, abstained=False,
        type=type_code, how="chosen", account_id=made.dispute.officer_id, at=at, month="2026-11",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


# --- when


def test_it_is_due_at_night_when_there_is_something_new(db: Database) -> None:
    noon = NIGHT + timedelta(hours=10)
    with db.write() as session:
        assert not learning.due(session, NIGHT)
        row = label(session, NIGHT - timedelta(hours=8))
        assert learning.due(session, NIGHT)
        assert not learning.due(session, noon)
        late = noon + learning.WAITED
        assert learning.due(session, late)
        assert not learning.due(session, late, only_at_night=True)
        session.add(LearningRun(at=NIGHT, labels=1, champion="a", challenger="b", outcome="same", seconds=1))
        session.flush()
        tomorrow = NIGHT + timedelta(days=1)
        assert not learning.due(session, tomorrow)
        row.removed_at = noon
        session.flush()
        assert learning.due(session, tomorrow)  # what was taken out is to be forgotten


def test_the_running_clock_goes_on_ticking_while_it_learns(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    held, began = Event(), Event()

    def takes_long(*_: object) -> None:
        began.set()
        held.wait(30)

    monkeypatch.setattr(jobs, "_learn", takes_long)
    clock = jobs.Clock(db, db.settings, interval=timedelta(seconds=0.05))
    clock.start()
    try:
        assert began.wait(30)
        beats = set()
        for _ in range(400):
            with db.read() as session:
                beats |= set(session.execute(select(Heartbeat.at)).scalars())
            if len(beats) > 3:
                break
            time.sleep(0.05)
        assert len(beats) > 3
    finally:
        held.set()
        clock.stop()


def test_a_tick_claims_the_night_once_and_the_child_learns(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[Path] = []
    monkeypatch.setattr(jobs.learning, "in_a_child", lambda settings, _stopped: began.append(settings.data_dir))
    tick(db, db.settings, NIGHT)
    assert began == []
    with db.write() as session:
        label(session, NIGHT - timedelta(hours=8))
    for minute in range(3):
        tick(db, db.settings, NIGHT + timedelta(minutes=minute))
    assert began == [db.settings.data_dir]
    with db.read() as session:
        runs = session.execute(select(DueRun).where(DueRun.name == learning.NIGHTLY)).scalars().all()
    assert [(run.period, run.whom) for run in runs] == [("2026-11-25", "house")]


def test_a_child_that_fails_is_told_and_one_that_is_stopped_ends(sqlite_db: Database) -> None:
    db = sqlite_db
    nowhere = db.settings.model_copy(update={"data_dir": db.settings.data_dir / "nowhere", "database_url": ""})
    with pytest.raises(learning.LearningFailed):
        learning.in_a_child(nowhere, lambda: False)
    learning.in_a_child(db.settings, lambda: True)


def test_a_night_that_fails_keeps_nothing_else_from_running(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise learning.LearningFailed("1")

    monkeypatch.setattr(jobs.learning, "in_a_child", fails)
    with db.write() as session:
        label(session, NIGHT - timedelta(hours=8))
    with pytest.raises(TickError) as problem:
        tick(db, db.settings, NIGHT)
    assert problem.value.parts == ["learn"]


# --- what


def test_labels_come_as_lessons_without_those_taken_out_or_of_unknown_types(db: Database) -> None:
    with db.write() as session:
        kept = label(session, NIGHT, "〔姓名〕家的水流过来")
        kept.gates = {"court_seized": "confirmed", "crime_suspected": "overridden"}
        label(session, NIGHT, "不学").removed_at = NIGHT
        label(session, NIGHT, "旧类型", "no_such_type")
    with db.read() as session:
        (only,) = learning.lessons(session)
    assert (only.type, only.gates, only.how) == ("neighbor", ("court_seized",), "chosen")
    row = json.loads(only.line())
    assert (row["text"], row["register"]) == ("某家的水流过来", "county")


def test_a_night_learns_compares_writes_down_and_lets_the_better_speak(
    sqlite_db: Database, corpus: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    db = sqlite_db
    with db.write() as session:
        label(session, NIGHT - timedelta(hours=8))
    # The small corpus is no match for the shipped model: it is refused, and nothing is left of it.
    done = learning.run(db, NIGHT, corpus)
    assert done.outcome == "refused"
    assert done.verdicts[0]["reasons"]
    assert db.shelf.speaking().version == SHIPPED
    assert not (db.shelf.folder / done.challenger).exists()
    # Beside a champion of its own size it is not worse.
    same_size = load(db.shelf.folder / learning.train(db.shelf, [], corpus))
    monkeypatch.setattr(learning, "_champions", lambda _: {"same size": same_size})
    done = learning.run(db, NIGHT + timedelta(days=1), corpus)
    assert (done.outcome, done.labels) == ("promoted", 1)
    found = db.shelf.speaking()
    assert found.version == done.challenger
    assert found.weights is not None
    assert found.weights.manifest["labels"] == 1
    # Rolled back: the next night learns, but lets nobody speak.
    db.shelf.roll_back()
    with db.write() as session:
        label(session, NIGHT, "工头欠工资不给", "labor")
    assert learning.run(db, NIGHT + timedelta(days=2), corpus).outcome == "held"
    with db.read() as session:
        assert len(session.execute(select(LearningRun)).all()) == 3


# --- may it speak


ROWS = [Example(f"t{place}", type_) for place, type_ in enumerate(["a"] * 40 + ["b"] * 40)]


def given(wrong: list[int], sure: float = 0.8) -> Any:
    import numpy as np

    right = np.array([[sure, 1 - sure] if row.type == "a" else [1 - sure, sure] for row in ROWS], dtype=np.float32)
    right[wrong] = right[wrong][:, ::-1]
    return right


def verdict(before: Any, after: Any, **tolerance: Any) -> tuple[str, ...]:
    return compare(before, after, ["a", "b"], ROWS, replace(Tolerance(), **tolerance)).reasons


def test_the_same_and_the_better_pass() -> None:
    assert verdict(given([1, 2]), given([1, 2])) == ()
    assert verdict(given([1, 2, 50], 0.975), given([1], 0.975)) == ()


def test_the_worse_is_refused_overall_on_a_type_and_in_calibration() -> None:
    loose = {"accuracy": 1, "macro_f1": 1, "sure": 1, "calibration": 1}
    assert "accuracy" in verdict(given([]), given([1]))
    assert verdict(given([]), given([1]), **loose) == ()  # a text of forty may be lost
    assert verdict(given([]), given([1, 2, 3]), **loose) == ("type:a",)
    # What one type wins does not make up for what another loses.
    assert verdict(given([50, 51, 52]), given([1, 2, 3]), **loose) == ("type:a",)
    assert verdict(given([], 0.99), given([], 0.7)) == ("calibration",)


def test_verdicts_count_what_was_won_and_lost() -> None:
    found = compare(given([1, 2, 3]), given([3, 50]), ["a", "b"], ROWS, Tolerance(), "old")
    assert (found.won, found.lost, found.by_type) == (2, 1, {"a": 2, "b": -1})
    assert found.as_json()["against"] == "old"
    assert found.before["n"] == 80


def test_gold_that_was_touched_is_not_measured_on(tmp_path: Path) -> None:
    assert len(gold()) > 400
    (tmp_path / promotion.GOLD).write_text('{"text": "x", "type": "labor"}\n', encoding="utf-8")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  {promotion.GOLD}\n", encoding="ascii")
    with pytest.raises(GoldChanged):
        gold(tmp_path)


@pytest.mark.parametrize(("flipped", "accounts"), [(0.2, 3), (1.0, 1)])
def test_poison_is_refused_or_costs_a_point_at_most(
    flipped: float, accounts: int, corpus: list[Path], honest: Weights, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    poisoned = load(shelf.folder / learning.train(shelf, lessons(flipped, accounts), corpus))
    (found,) = judge(poisoned, {"honest": honest}, gold())
    fall = found.before["macro_f1"] - found.after["macro_f1"]
    assert not found.passed or fall <= 0.01


def test_a_wrecked_model_is_refused() -> None:
    model = shipped()
    assert model is not None
    wreck = replace(model, coef=model.coef[:, ::-1])
    (found,) = judge(wreck, {SHIPPED: model}, gold())
    assert {"accuracy", "macro_f1"} <= set(found.reasons)
    assert any(reason.startswith("type:") for reason in found.reasons)
