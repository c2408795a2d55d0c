"""Cases written in bulk, third part: sessions, agreements, performance, revisits, the end."""

from datetime import datetime, timedelta

from app.casework import end_of_day
from app.demo.chosen import ChosenCase
from app.demo.quarrels import words
from app.lifecycle import State
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
        self._move(State.PERFORMING, by, at, due_at=end_of_day(day))

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
        assert self.agreement is not None
        self.agreement.update(performed=how, performed_at=at if how == "performed" else None)
        self._note("performance", self.officer.actor, at, performed=how)
        if how == "performed":
            self._move(State.PERFORMED, self.officer.actor, at, due_at=self._next_visit(at))

    def visit(self, at: datetime, *, performed: str, relapsed: bool) -> None:
        """Record a revisit."""
        assert self.agreement is not None
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
        self.visits += 1
        self.agreement["performed"] = performed
        if performed == "performed" and self.agreement["performed_at"] is None:
            self.agreement["performed_at"] = at
        self._note("follow_up", self.officer.actor, at, performed=performed, relapsed=relapsed)
        self._after_visit(at, performed, relapsed=relapsed)

    def _after_visit(self, at: datetime, performed: str, *, relapsed: bool) -> None:
        by = self.officer.actor
        if relapsed:
            self._move(State.RELAPSED, by, at, due_at=at + timedelta(hours=self.policy.first_contact_hours))
            return
        if performed == "performed" and self.state in (State.PERFORMING, State.CONFIRMED):
            self._move(State.PERFORMED, by, at)
        if self.state is State.PERFORMED:
            self._move(State.FOLLOWING_UP, by, at)
        self.row["due_at"] = self._next_visit(at)

    def _next_visit(self, at: datetime) -> datetime | None:
        assert self.agreement is not None
        days = self.policy.revisit_days
        if self.visits >= len(days):
            return None
        agreed_at: datetime = self.agreement["agreed_at"]
        return max(agreed_at + timedelta(days=days[self.visits]), at + timedelta(days=1))

    def close(self, at: datetime, *, archive: bool) -> None:
        """Close the case, or put the closed one into the archive."""
        if not archive:
            self.row["closed_at"] = at
        self._move(State.ARCHIVED if archive else State.CLOSED, self.officer.actor, at)
