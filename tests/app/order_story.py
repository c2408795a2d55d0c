"""The people of the order's tests: a case in a village, a pool that serves it, two sides with their links."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

import matching
from app import assignments, ballot_box, invitations, orders, shortlists
from app.db import Database
from app.models import Assignment, Ballot, BallotChannel, Dispute, Mark, Side
from talent_pool.index import RosterIndex
from talent_pool.models import Kind, Mediator
from tests.builders import ALSO_THERE, JIAOKOUHE_VILLAGE, Case, a_case, a_mediator
from tests.clock import NOW

NAMES = (
    "秦守信",
    "李长山",
    "刘桂英",
    "王德贵",
    "张守田",
    "赵明义",
    "孙玉兰",
    "周有才",
    "吴满仓",
    "郑秀莲",
    "冯立本",
    "陈大河",
)


def a_pool(session: Session, count: int = 12, **given: object) -> list[Mediator]:
    """So many mediators of all three kinds, at home in two villages."""
    homes = (JIAOKOUHE_VILLAGE, ALSO_THERE)
    phones = (f"1390000{number:04d}" for number in range(count))
    return [
        a_mediator(
            session,
            name=NAMES[number % len(NAMES)],
            kind=list(Kind)[number % 3],
            home=homes[number % 2],
            **({"phone": phone} | given),  # type: ignore[arg-type]
        )
        for number, phone in enumerate(phones)
    ]


@dataclass
class Story:
    """An order that is open: ids only, since every step is a transaction of its own."""

    db: Database
    no: str
    officer: int
    sides: dict[str, int] = field(default_factory=dict)

    def listed(self) -> list[int]:
        """The ids on the present list, in its order."""
        with self.db.read() as session:
            return listed(session, self.dispute(session))

    def dispute(self, session: Session) -> Dispute:
        """The case, in this session."""
        return session.execute(select(Dispute).where(col(Dispute.no) == self.no)).scalar_one()

    def side(self, session: Session, letter: str) -> Side:
        """One side, in this session."""
        return session.get_one(Side, self.sides[letter])

    def seal(
        self, letter: str, want: list[int] | None = None, strike: list[int] | None = None, **given: object
    ) -> bool:
        """Seal a side's ballot in a transaction: `want` in tap order, everybody else 可以."""
        with self.db.write() as session:
            return seal(session, self.dispute(session), self.side(session, letter), want, strike, **given)

    def token(self, letter: str, now: datetime = NOW) -> str:
        """The token of a side's link in force."""
        with self.db.read() as session:
            found = invitations.living(session, self.dispute(session), now, side_id=self.sides[letter])
            assert found is not None
            return self.db.links.token(found.nonce)

    def code(self, letter: str, now: datetime = NOW) -> str:
        """The short code of a side's link in force."""
        with self.db.read() as session:
            found = invitations.living(session, self.dispute(session), now, side_id=self.sides[letter])
            assert found is not None
            return self.db.links.code(found.nonce)

    def mediator_token(self, now: datetime = NOW) -> str:
        """The token of the mediator who is asked or has accepted."""
        with self.db.read() as session:
            present = assignments.living(session, self.dispute(session))
            assert present is not None
            found = invitations.living(session, self.dispute(session), now, assignment_id=present.id)
            assert found is not None
            return self.db.links.token(found.nonce)

    def present(self) -> Assignment | None:
        """The assignment that counts."""
        with self.db.read() as session:
            return assignments.living(session, self.dispute(session))

    def state(self) -> str:
        """The case's state."""
        with self.db.read() as session:
            return self.dispute(session).state.value


def an_order(db: Database, *, pool: int = 12, **given: object) -> Story:
    """A case whose list is out."""
    with db.write() as session:
        if pool:
            a_pool(session, pool)
        case = a_read_case(session, **given)
        open_list(session, case.dispute)
        return story_of(db, case)


def a_read_case(session: Session, **given: object) -> Case:
    """A case with what the machine read in it, as its page shows it."""
    case = a_case(session, **given)  # type: ignore[arg-type]
    case.dispute.reading = reading_of(case.dispute.narrative)
    session.flush()
    return case


@lru_cache(maxsize=2)
def reading_of(narrative: str) -> dict[str, object]:
    """What the machine reads in the builders' narrative."""
    return matching.read(narrative).as_json()


def story_of(db: Database, case: Case) -> Story:
    """The story of a case made in this transaction."""
    assert case.officer.id is not None
    sides = {side.letter: side.id for side in case.sides if side.id is not None}
    return Story(db, case.dispute.no, case.officer.id, sides)


def open_list(session: Session, dispute: Dispute, now: datetime = NOW) -> None:
    """Draw the list as an officer does."""
    orders.open_order(session, dispute, index=RosterIndex.load(session), by="account:1", now=now)


def listed(session: Session, dispute: Dispute) -> list[int]:
    """The ids on the present list."""
    shortlist = shortlists.current_round(session, dispute)
    assert shortlist is not None
    return [item.mediator_id for item in shortlists.listings_of(session, shortlist)]


def seal(
    session: Session,
    dispute: Dispute,
    side: Side,
    want: list[int] | None = None,
    strike: list[int] | None = None,
    *,
    now: datetime = NOW,
    round_no: int | None = None,
    channel: BallotChannel = BallotChannel.PHONE,
    reason: str = "",
) -> bool:
    """Seal a ballot on the present list."""
    shortlist = shortlists.current_round(session, dispute)
    assert shortlist is not None
    marks = dict.fromkeys(want or [], Mark.WANT) | dict.fromkeys(strike or [], Mark.STRIKE)
    ballot = orders.read_marks(listed(session, dispute), marks, want or [])
    number = shortlist.round if round_no is None else round_no
    return orders.seal(session, dispute, side, ballot, round_no=number, channel=channel, now=now, reason=reason)


def the_marks(session: Session) -> dict[str, list[str]]:
    """What the one ballot that there is holds."""
    return ballot_box.marks_in(session, session.execute(select(Ballot)).scalar_one())


def count(session: Session, table: type[SQLModel]) -> int:
    """How many rows a table has."""
    return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def held(session: Session, mediator_id: int) -> int:
    """How many slots of a mediator the assignments hold: counted, whatever the counter says."""
    query = select(func.count()).where(col(Assignment.mediator_id) == mediator_id, col(Assignment.slot_held))
    return int(session.execute(query).scalar_one())
