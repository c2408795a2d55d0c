"""Learning at night: a challenger from the shipped corpus and the house's labels speaks only if it is not worse."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.claims import take
from app.db import Database
from app.models import DueRun, LearningRun, ReadingLabel
from app.settings import Settings
from app.workdays import shanghai
from matching.drift import COUNTY
from matching.shelf import SHIPPED, Shelf, ShelfError, Speaking
from matching.weights import Weights, load, shipped
from talent_pool import taxonomy

NIGHTLY = "learning"
FROM, UNTIL = 1, 5  # o'clock in Shanghai: the hours in which nobody waits for the processor
WAITED = timedelta(days=3)  # a machine that is off at night learns by day, when labels have waited so long
LONGEST = timedelta(minutes=20)  # then the child is ended; a county's night takes about a minute
# How much a label counts beside a text of the corpus: real words are worth more, a type that nobody touched less.
WEIGHTS = {"corrected": 3.0, "chosen": 3.0, "accepted": 1.0}


@dataclass(frozen=True)
class Lesson:
    """A label as it is learnt from."""

    text: str
    type: str
    subtype: str
    gates: tuple[str, ...]  # confirmed ones
    account_id: int
    how: str

    def line(self) -> str:
        """Return it as a line of a corpus file."""
        from matching.county import learnable

        return json.dumps(
            {
                "text": learnable(self.text),
                "type": self.type,
                "subtype": self.subtype,
                "register": COUNTY,
                "gates": [{"code": code} for code in self.gates],
            }
        )


# --- when ------------------------------------------------------------------------------------------------------------


def due(session: Session, now: datetime, *, only_at_night: bool = False) -> bool:
    """Tell whether a challenger is to be trained: there are labels that the last night did not see."""
    last = session.execute(select(func.max(LearningRun.at))).scalar_one()
    fresh = select(func.min(ReadingLabel.at)).where(col(ReadingLabel.removed_at).is_(None))
    removed = select(func.count()).select_from(ReadingLabel)
    if last is not None:
        fresh = fresh.where(col(ReadingLabel.at) > last)
        removed = removed.where(col(ReadingLabel.removed_at) > last)
    oldest = session.execute(fresh).scalar_one()
    forgets = last is not None and session.execute(removed).scalar_one()
    if oldest is None and not forgets:
        return False
    if FROM <= shanghai(now).hour < UNTIL:
        return True
    return not only_at_night and oldest is not None and now - oldest > WAITED


def claim(session: Session, now: datetime) -> bool:
    """Take this night's learning; False when another clock has it."""
    period = shanghai(now).date().isoformat()
    return take(session, DueRun, name=NIGHTLY, period=period, whom="house", ran_at=now, late=False)


# --- what ------------------------------------------------------------------------------------------------------------


def lessons(session: Session) -> list[Lesson]:
    """Return the labels that are learnt from, the eldest first. Types that are no longer known are left out."""
    rows = session.execute(
        select(ReadingLabel).where(col(ReadingLabel.removed_at).is_(None)).order_by(col(ReadingLabel.id))
    ).scalars()
    known = taxonomy.types()
    return [
        Lesson(
            row.text,
            row.type,
            row.subtype,
            tuple(code for code, state in row.gates.items() if state == "confirmed" and code in taxonomy.gates()),
            row.account_id,
            row.how,
        )
        for row in rows
        if row.type in known and row.text.strip()
    ]


def train(shelf: Shelf, labels: Sequence[Lesson], corpus: Sequence[Path]) -> str:
    """Train a challenger on corpus and labels, put it on the shelf and return its version.

    The corpus is counted once and kept; labels are counted each time.
    """
    from matching import classify, county
    from matching import train as training

    known = frozenset(taxonomy.types())
    base = training.examples(corpus, known)
    own = [training.example(label.line(), f"label:{place}", known) for place, label in enumerate(labels, start=1)]
    weights = county.capped(
        [str(label.account_id) for label in labels], [WEIGHTS[label.how] for label in labels], float(len(base))
    )
    seen = county.counted([row.text for row in base], shelf.folder / "counted")
    if own:
        seen = seen.and_(classify.count([row.text for row in own]))
    more = {
        "corpus": training.corpus_hashes(corpus),
        "labels": len(own),
        "accounts": len({e.account_id for e in labels}),
    }
    learnt = training.learn([*base, *own], seen, [1.0] * len(base) + weights, more)
    return shelf.add(learnt.write)


# --- the night -------------------------------------------------------------------------------------------------------


def run(database: Database, now: datetime, corpus: Sequence[Path] | None = None) -> LearningRun:
    """Train a challenger, compare it, let it speak if it is not worse, and write down what came of it."""
    from matching.promotion import gold, judge
    from matching.train import shipped_corpus

    began, shelf = time.monotonic(), database.shelf
    with database.read() as session:
        labels = lessons(session)
    champion = shelf.speaking()
    version = train(shelf, labels, shipped_corpus() if corpus is None else corpus)
    same = champion.weights is not None and champion.weights.version == version
    verdicts = [] if same else judge(load(shelf.folder / version), _champions(champion), gold())
    outcome = "same" if same else _settle(shelf, version, champion, passed=all(each.passed for each in verdicts))
    if outcome != "promoted":
        shelf.discard(version)
    done = LearningRun(
        at=now,
        labels=len(labels),
        champion=champion.version,
        challenger=version,
        outcome=outcome,
        seconds=round(time.monotonic() - began, 1),
        verdicts=[each.as_json() for each in verdicts],
    )
    with database.write() as session:
        session.add(done)
    return done


def _champions(speaking: Speaking) -> dict[str, Weights]:
    """Return what a challenger must not fall behind: who speaks now, and the shipped model."""
    found = {speaking.version: speaking.weights, SHIPPED: shipped()}
    return {name: weights for name, weights in found.items() if weights is not None}


def _settle(shelf: Shelf, version: str, champion: Speaking, *, passed: bool) -> str:
    if not passed:
        return "refused"
    try:
        # Somebody may have rolled back while it was learning: then the comparison is out of date.
        shelf.promote(version, instead_of=None if champion.trouble else champion.version)
    except ShelfError:
        return "held"
    return "promoted"


# --- in a process of its own -----------------------------------------------------------------------------------------


class LearningFailed(Exception):
    """The child ended otherwise than it should."""


def in_a_child(settings: Settings, stopped: Callable[[], bool]) -> None:
    """Run `diandan train --nightly` beside this process and wait for it; its memory goes when it ends.

    Ends the child when `stopped` says so; raises LearningFailed when it fails.
    """
    given = {"DIANDAN_DATA_DIR": str(settings.data_dir), "DIANDAN_DATABASE_URL": settings.database_url}
    code = "from app.cli import main; main()"
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-c", code, "train", "--nightly"],
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        while child.poll() is None:
            if stopped() or time.monotonic() - began > LONGEST.total_seconds():
                child.terminate()
            time.sleep(0.2)
    if child.returncode and not stopped():
        raise LearningFailed(str(child.returncode))
