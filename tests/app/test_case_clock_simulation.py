"""Years of a house with open cases: every step of every clock, whatever dies, sleeps, is wrong or answers too late.

The functions and the SQL are the shipped ones. A second, simple reckoning beside them keeps the account: what was due
while a worker came through, and what nobody was owed. The controls take the claim, then the lease, away.
"""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from app import case_clock, cases, casework, notices
from app.case_facts import facts_of
from app.channels import ChannelError, Message
from app.channels.inbox import Inbox
from app.clocks import running, steps
from app.db import Database
from app.jobs import tick
from app.lifecycle import OPEN, State
from app.models import Account, CaseWatch, Dispute, DueRun, Meeting, Outbox
from app.policies import policy_for
from tests.app.clockwork import LONG_AGO, an_officer, its_id
from tests.app.test_clock_simulation import Died, House, World
from tests.builders import a_case, a_coordinator, a_head, a_station
from tests.economy import seeds

pytestmark = pytest.mark.unmeasured
CALM = {"deaths": 0.0, "refusals": 0.0, "wrong_clocks": 0.0}


class KnowingGateway:
    """A gateway that knows keys: what it took twice it shows once. Its answer may get lost behind that."""

    def __init__(self, name: str, world: "CaseWorld") -> None:
        self.name, self.world = name, world

    def send(self, message: Message) -> None:
        self.world.door()
        if self.world.happens(self.world.refusals / 2):
            raise ChannelError("短信网关拒收", "500")
        self.world.taken[message.key] += 1
        self.world.shown.add(message.key)
        self.world.door()
        if self.world.happens(self.world.refusals / 2):
            raise ChannelError("短信网关没有回应", down=True)


class CaseWorld(World):
    """A world in which cases come, are called about, mediated and ended, or are left lying."""

    def __init__(self, house: House, seed: int, **given: float) -> None:
        super().__init__(house, seed, **({"deaths": 0.01, "refusals": 0.2, "wrong_clocks": 0.05} | given))  # type: ignore[arg-type]
        self.taken: Counter[str] = Counter()
        self.shown: set[str] = set()
        self.claims_owed: set[tuple[str, str, str]] = set()
        self.claims_allowed: set[tuple[str, str, str]] = set()
        self.officers: list[int] = []

    def work(self, now: datetime) -> None:
        """Let one worker tick, and note which steps it owed if it came through."""
        due, allowed = self.steps_due(now)
        self.claims_allowed |= allowed
        self.running += 1
        ways = {
            each.name: each for each in (Inbox(self.house), *(KnowingGateway(name, self) for name in ("smtp", "sms")))
        }
        try:
            tick(self.house, self.house.settings, now, channels=ways)
            self.claims_owed |= due
        except Died:
            self.count["died"] += 1
        finally:
            self.running -= 1

    def steps_due(self, now: datetime) -> tuple[set[tuple[str, str, str]], set[tuple[str, str, str]]]:
        """Reckon the steps that are owed now, and all that may be told: for every case anew, from its rows alone."""
        owed, allowed = set(), set()
        with Database.read(self.house) as session:
            for dispute in session.execute(select(Dispute).where(col(Dispute.state).in_(OPEN))).scalars():
                policy, facts = policy_for(dispute.area), facts_of(session, dispute, now)
                last: dict[tuple[str, str], tuple[datetime, tuple[str, str, str]]] = {}
                for step in steps(running(facts, policy), facts, policy):
                    if now - case_clock.STALE < step.at <= now:
                        claim = (
                            f"{step.code}:{step.name}"[:40],
                            case_clock.stamp(step.due),
                            f"case:{dispute.id}:{step.to}",
                        )
                        allowed.add(claim)
                        last[step.code, step.to] = max(
                            last.get((step.code, step.to), (step.at, claim)), (step.at, claim)
                        )
                owed |= {claim for _, claim in last.values()}
        return owed, allowed

    def step(self) -> None:
        self.live_a_little()
        super().step()

    def live_a_little(self) -> None:
        """Log, call about, mediate or end a case, at this very moment."""
        with Database.write(self.house) as session:
            if self.happens(0.25) or not session.execute(select(col(Dispute.id))).first():
                self._log(session)
            for dispute in session.execute(select(Dispute)).scalars():
                if self.happens(0.12):
                    self._move_on(session, dispute)

    def _log(self, session: Session) -> None:
        officer = session.get_one(Account, self.fate.choice(self.officers))
        colour = "red" if self.happens(0.15) else "green"
        case = a_case(session, officer=officer, opened_at=self.now, colour=colour)
        cases.wake(session, case.dispute, self.now)

    def _move_on(self, session: Session, dispute: Dispute) -> None:
        match dispute.state:
            case State.TRIAGED if self.happens(0.5):
                casework.record_contact(session, dispute, by="account:1", now=self.now)
            case State.TRIAGED:
                due = self.now + timedelta(days=30)
                dispute.state, dispute.due_at = State.MEDIATING, due
                session.add(Meeting(**dispute.owns(), held_at=self.now, outcome="continued", recorded_by="account:1"))
                cases.note(session, dispute, "session_recorded", "account:1", self.now)
            case State.MEDIATING if self.happens(0.3):
                casework.extend(session, dispute, agreed="各方当面同意", by="account:1", now=self.now)
            case State.MEDIATING | State.EXTENDED:
                dispute.state, dispute.due_at = State.FAILED, None
                cases.note(session, dispute, "session_recorded", "account:1", self.now)
            case _:
                return
        self.count["moves"] += 1

    def told(self) -> Counter[tuple[str, str, str]]:
        """Return how often each step was claimed."""
        query = select(col(DueRun.name), col(DueRun.period), col(DueRun.whom)).where(
            col(DueRun.whom).startswith("case:")
        )
        with Database.read(self.house) as session:
            return Counter((name, period, whom) for name, period, whom in session.execute(query))


def a_case_world(database: Database, seed: int, **given: float) -> CaseWorld:
    world = CaseWorld(House(database.settings), seed, **given)
    with database.write() as session:
        station = a_station(session)
        world.officers = [its_id(an_officer(session, station)) for _ in range(2)]
        a_head(session, station, enabled_at=LONG_AGO)
        a_coordinator(session, enabled_at=LONG_AGO)
    return world


def live(world: CaseWorld, rounds: int) -> tuple[list[object], list[object]]:
    """Let time pass; return what is missing and what is too much, of claims and of messages."""
    try:
        for _ in range(rounds):
            world.step()
        world.settle()
        told = world.told()
    finally:
        world.house.close()
    missing: list[object] = sorted(world.claims_owed - set(told))
    extra: list[object] = sorted(
        claim for claim, times in told.items() if times > 1 or claim not in world.claims_allowed
    )
    return missing, extra + sorted(key for key, times in world.ledger.items() if times > 1)


@seeds(by_day=1, at_night=40)
def test_no_step_of_any_clock_is_missing_and_none_is_told_twice(db: Database, seed: int) -> None:
    world = a_case_world(db, seed)
    assert live(world, 30) == ([], []), f"seed {seed}"
    assert world.count["died"] >= 3 and world.count["overtaken"] >= 3 and world.count["moves"] >= 5
    assert len(world.claims_owed) >= 8
    # What was not given up or taken back arrived; where the other end knows keys, it is shown once.
    mine = {key for key in world.ledger if key.startswith("clock:") and not key.endswith(":inbox")}
    assert mine - world.shown <= set(world.unsent)


def test_without_the_claim_steps_are_told_twice(sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_clock, "take", lambda *_, **__: True)
    world = a_case_world(sqlite_db, 0)
    try:
        for _ in range(12):
            world.step()
            with sqlite_db.write() as session:  # a change of the case wakes its clock again
                session.execute(update(CaseWatch).values(wake_at=world.now))
    finally:
        world.house.close()
    assert max(world.ledger.values()) > 1


def test_without_looking_again_after_a_change_steps_are_missing(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "wake", lambda *_, **__: None)
    world = a_case_world(sqlite_db, 1, **CALM)
    assert live(world, 16)[0] != []


def test_without_the_lease_the_same_calm_times_hand_things_over_twice(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_without_lease(database: Database, row_id: int, _now: datetime, _owner: str) -> tuple[Message, int]:
        with database.read() as session:
            row = session.get_one(Outbox, row_id)
            return Message(row.dedupe, row.recipient, row.subject, row.body, row.created_at), row.attempts

    monkeypatch.setattr(notices, "_claim", take_without_lease)
    world = a_case_world(sqlite_db, 3, **CALM)
    live(world, 16)
    assert max(world.taken.values()) > 1


def test_in_calm_times_everything_is_handed_over_exactly_once(sqlite_db: Database) -> None:
    world = a_case_world(sqlite_db, 3, **CALM)
    assert live(world, 16) == ([], [])
    assert world.count["overtaken"] >= 3
    assert set(world.taken.values()) == {1}
