"""Cases written in bulk, third part: sessions, agreements, performance, revisits, the end."""

from datetime import datetime, timedelta

from app.casework import end_of_day
from app.demo.chosen import ChosenCase
from app.demo.quarrels import words
from app.lifecycle import MOVES, State
from app.models import Agreement, FollowUp, Meeting
from app.workdays import shanghai


class WrittenCase(ChosenCase):
    """A whole case, written as rows: the bulk twin of `app.demo.played.PlayedCase`. A test holds the two together."""

    def meet(self, at: datetime, outcome: str) -> None:
        """Record a session and what came of it."""
        by = f"mediator:{self.asked[-1]['mediator_id']}"
        notes = "agreed" if outcome.startswith("agreed") else outcome
        present = "、".join(person.name for person in self.people)
        self._add(
            Meeting,
            **self.owns,
            held_at=at,
            place=self.rng.choice(words()["places"]),
            present=present,
            notes=self.rng.choice(words()[f"notes_{notes}"]),
            outcome=outcome,
            recorded_by=by,
        )
        self._note("session_recorded", by, at, outcome=outcome)
        if self.state is State.SCHEDULED:
            self._move(State.MEDIATING, by, at, due_at=at + timedelta(days=self.policy.mediation_days))
        if outcome == "continued":
            return
        self._conclude(at, outcome, by)
        for row in self.asked:
            self._give_back(row)

    def _conclude(self, at: datetime, outcome: str, by: str) -> None:
        if outcome == "failed":
            self.row["closed_at"] = at
            self._move(State.FAILED, by, at)
        elif outcome == "withdrawn":
            self.row.update(ended="withdrawn", closed_at=at)
            self._move(State.TERMINATED, by, at, why="withdrawn")
        else:
            self._agree(at, by, oral=outcome == "agreed_oral")

    def _agree(self, at: datetime, by: str, *, oral: bool) -> None:
        day = shanghai(at).date() + timedelta(days=self.rng.choice((3, 7, 15, 20, 30)))
        self._add(
            Agreement,
            **self.owns,
            oral=oral,
            facts=self.row["narrative"],
            terms=self.quarrel.tell(self.quarrel.terms, self.people),
            performance_way=self.rng.choice(words()["ways"]),
            perform_by=day,
            agreed_at=at,
            performed="pending",
            performed_at=None,
        )
        self.agreement = self.desk.ledger.rows[Agreement][-1]
        self._move(State.AGREED_ORAL if oral else State.AGREED_WRITTEN, by, at)
        self._move(State.PERFORMING, by, at, due_at=self._promised(at))

    def extend(self, at: datetime) -> None:
        """Extend the month of mediation with both sides' consent."""
        due = (self.row["due_at"] or at) + timedelta(days=self.policy.extension_days)
        self._move(State.EXTENDED, self.officer.actor, at, due_at=due, agreed=self.rng.choice(words()["extends"]))

    def confirm(self, at: datetime, *, done: bool) -> None:
        """Go to the court for confirmation, or come back with it."""
        assert self.agreement is not None
        due = self.agreement["agreed_at"] + timedelta(days=self.policy.confirmation_days)
        self._move(
            State.CONFIRMED if done else State.CONFIRMING,
            self.officer.actor,
            at,
            due_at=end_of_day(self.agreement["perform_by"]) if done else due,
        )

    def perform(self, at: datetime, how: str) -> None:
        """Record whether what was agreed has been done."""
        self._note("performance", self.officer.actor, at, performed=how)
        self._performed(how, at)
        self._follow(at, visited=False)

    def visit(self, at: datetime, *, performed: str, relapsed: bool) -> None:
        """Record a revisit."""
        notes = "visits_back" if relapsed else "visits_good" if performed == "performed" else "visits_partly"
        satisfied = self.rng.choice((1, 2)) if relapsed else self.rng.choice((3, 4, 4, 5, 5))
        self._add(
            FollowUp,
            **self.owns,
            visited_at=at,
            performed=performed,
            relapsed=relapsed,
            satisfied=satisfied,
            notes=self.rng.choice(words()[notes]),
            recorded_by=self.officer.actor,
        )
        self.visits.append(at)
        self._note("follow_up", self.officer.actor, at, performed=performed, relapsed=relapsed)
        self._performed(performed, at)
        if relapsed:
            due = at + timedelta(hours=self.policy.first_contact_hours)
            self._move(State.RELAPSED, self.officer.actor, at, due_at=due)
        else:
            self._follow(at, visited=True)

    def _performed(self, how: str, at: datetime) -> None:
        assert self.agreement is not None
        since = self.agreement["performed_at"] or at
        self.agreement.update(performed=how, performed_at=since if how == "performed" else None)

    def _follow(self, at: datetime, *, visited: bool) -> None:
        assert self.agreement is not None
        if self.agreement["performed"] != "performed":
            self.row["due_at"] = self._promised(at)
            return
        if State.PERFORMED in MOVES[self.state] and self.state is not State.FOLLOWING_UP:
            self._move(State.PERFORMED, self.officer.actor, at)
        if visited and self.state is State.PERFORMED:
            self._move(State.FOLLOWING_UP, self.officer.actor, at)
        self.row["due_at"] = self._next_visit(at)

    def _promised(self, at: datetime) -> datetime:
        assert self.agreement is not None
        promised = end_of_day(self.agreement["perform_by"])
        return promised if promised > at else at + timedelta(days=self.policy.revisit_days[0])

    def _next_visit(self, at: datetime) -> datetime | None:
        assert self.agreement is not None
        since: datetime = self.agreement["performed_at"] or at
        days = self.policy.revisit_days[sum(visit > since for visit in self.visits) :]
        return max(since + timedelta(days=days[0]), at + timedelta(days=1)) if days else None

    def close(self, at: datetime, *, archive: bool) -> None:
        """Close the case, or put the closed one into the archive."""
        self._move(State.ARCHIVED if archive else State.CLOSED, self.officer.actor, at)
        if not archive:
            self.row["closed_at"] = at
