"""How well the machine reads, told in numbers: agreement with officers, and how far today's texts have moved away."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.errors import N_
from app.models import LearningRun, ReadingLabel
from matching.drift import SHIFTED, STEADY, Reference, shares, stability, types_shift
from matching.weights import Weights
from talent_pool import taxonomy

MONTHS, NIGHTS = 6, 10
RECENT = timedelta(days=90)
MOST = 20_000  # labels that are looked at for drift and gates, the newest ones
FEW = 30  # below it nothing is said about drift


@dataclass(frozen=True)
class Tally:
    """Of some readings: how many, how many the machine left to the officer, how many of the others it had right."""

    n: int = 0
    abstained: int = 0
    agreed: int = 0

    @property
    def share(self) -> float | None:
        """Return the share of agreement among what the machine answered."""
        answered = self.n - self.abstained
        return self.agreed / answered if answered else None

    def plus(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(self.n + other.n, self.abstained + other.abstained, self.agreed + other.agreed)


@dataclass(frozen=True)
class Agreement:
    """Agreement by month (the newest first) and by the officer's type."""

    months: Sequence[str]
    types: Sequence[str]
    cells: Mapping[tuple[str, str], Tally]  # (type, month)

    def of_type(self, type_code: str) -> Tally:
        """Return a type over all months."""
        return _sum(self.cells.get((type_code, month)) for month in self.months)

    def of_month(self, month: str) -> Tally:
        """Return a month over all types."""
        return _sum(self.cells.get((type_code, month)) for type_code in self.types)


def _sum(tallies: Iterable[Tally | None]) -> Tally:
    total = Tally()
    for each in tallies:
        total = total.plus(each or Tally())
    return total


@dataclass(frozen=True)
class Drift:
    """Population stability indices of types and of top probabilities, and abstentions then and now."""

    n: int
    types: float
    sureness: float
    abstained_before: float
    abstained_now: float
    of: str  # what it is compared with: 'corpus' or 'county'

    @property
    def says(self) -> str:
        """Return what that means, as a msgid."""
        worst = self.sureness if self.of == "corpus" else max(self.types, self.sureness)
        if worst < STEADY:
            return N_("和模型学的时候差不多。")
        if worst < SHIFTED:
            return N_("有些变化,过几个月再看。")
        return N_("变化大:多核对机器的判断,改对了它夜里会学;一直这样请把在用的模型退回去比一比。")


def count(session: Session) -> tuple[int, int]:
    """Return how many labels there are to learn from, and how many were taken out."""
    removed = col(ReadingLabel.removed_at).is_not(None)
    rows = session.execute(select(removed, func.count(col(ReadingLabel.id))).group_by(removed)).all()
    found = {bool(gone): n for gone, n in rows}
    return found.get(False, 0), found.get(True, 0)


def agreement(session: Session) -> Agreement:
    """Return the agreement of the newest months."""
    fields = (ReadingLabel.month, ReadingLabel.type, ReadingLabel.abstained)
    agreed = col(ReadingLabel.type) == col(ReadingLabel.machine_type)
    keys = [*(col(field) for field in fields), agreed]
    rows = session.execute(select(*keys, func.count(col(ReadingLabel.id))).group_by(*keys)).all()
    months = sorted({row[0] for row in rows}, reverse=True)[:MONTHS]
    cells: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for month, type_code, abstained, right, n in rows:
        if month in months:
            tally = Tally(n, n if abstained else 0, n if right and not abstained else 0)
            cells[type_code, month] = cells[type_code, month].plus(tally)
    seen = {type_code for type_code, _ in cells}
    return Agreement(months, [code for code in taxonomy.types() if code in seen], dict(cells))


def gates(session: Session) -> dict[str, Counter[str]]:
    """Return for each gate how often it was raised, confirmed, overridden, and missed by the machine."""
    query = select(col(ReadingLabel.machine_gates), col(ReadingLabel.gates)).order_by(col(ReadingLabel.id).desc())
    found: dict[str, Counter[str]] = {code: Counter() for code in taxonomy.gates()}
    for raised, decided in session.execute(query.limit(MOST)):
        for code in raised:
            if code in found:
                found[code]["raised"] += 1
        for code, state in decided.items():
            if code in found:
                found[code][state if code in raised or state != "confirmed" else "missed"] += 1
    return {code: counts for code, counts in found.items() if counts}


def drift(session: Session, weights: Weights | None, now: datetime) -> Drift | None:
    """Compare the last 90 days with what the model answered on texts left out; None with too few, or no reference."""
    given = weights.manifest.get("reference") if weights else None
    fields = (ReadingLabel.machine_type, ReadingLabel.probability, ReadingLabel.abstained)
    query = select(*[col(field) for field in fields]).where(
        col(ReadingLabel.at) > now - RECENT, col(ReadingLabel.machine_type) != ""
    )
    rows = session.execute(query.order_by(col(ReadingLabel.id).desc()).limit(MOST)).all()
    if not given or len(rows) < FEW:
        return None
    before, after = Reference.from_json(given), shares([(row[0], row[1], row[2]) for row in rows])
    return Drift(
        n=len(rows),
        types=types_shift(before, after),
        sureness=stability(before.top, after.top),
        abstained_before=before.abstained,
        abstained_now=after.abstained,
        of=before.of,
    )


def nights(session: Session) -> list[LearningRun]:
    """Return the last nights of learning, the newest first."""
    query = select(LearningRun).order_by(col(LearningRun.at).desc(), col(LearningRun.id).desc()).limit(NIGHTS)
    return list(session.execute(query).scalars())
