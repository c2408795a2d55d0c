"""Cases written in bulk, second part: lists, ballots, the choice, and the mediators who are asked."""

from datetime import datetime
from random import Random
from typing import Any

import matching
from app import ballot_box
from app.demo.lives import mark
from app.demo.logged import LoggedCase
from app.demo.quarrels import words
from app.lifecycle import State
from app.models import Assignment, AssignmentState, Ballot, BallotChannel, Choice, Listing, Shortlist
from app.suggesting import size_for
from app.workdays import add_workdays, shanghai
from matching import choice

CHANNELS = (BallotChannel.DESK,) * 5 + (BallotChannel.PHONE,) * 4 + (BallotChannel.HELPED,)


class ChosenCase(LoggedCase):
    """A case that is put before its sides."""

    def seek_consent(self, at: datetime) -> None:
        """Ask the other side whether it agrees to mediation."""
        self._move(State.SEEKING_CONSENT, self.officer.actor, at, due_at=add_workdays(at, self.policy.consent_workdays))

    def order(self, at: datetime) -> None:
        """Freeze a list of names, or a second one of fresh names."""
        self.desk.slots.settle()
        found = matching.suggest(self._query(at), self.desk.slots.index)
        self.seen |= {person.id for person in found.shortlist}
        if not found.shortlist:
            return
        self.round += 1
        key = self._add(
            Shortlist,
            **self.owns,
            round=self.round,
            made_at=at,
            widened_to=found.widened_to,
            excluded=dict(found.excluded),
        )
        self.listed, self.ballots = [], {}
        for position, person in enumerate(found.shortlist, start=1):
            self._list(key, position, person)
        goal = State.CHOOSING if self.round == 1 else State.CHOOSING_ROUND2
        listed = [row["mediator_id"] for row in self.listed]
        self._move(
            goal,
            self.officer.actor,
            at,
            due_at=add_workdays(at, self.policy.ballot_workdays),
            round=self.round,
            listed=listed,
        )

    def _query(self, at: datetime) -> matching.Query:
        reading = self.row["reading"]
        agrees = reading["type"] == self.quarrel.type
        return matching.Query(
            probabilities=reading["probabilities"] if agrees else {self.quarrel.type: 1.0},
            subtype=self.row["subtype"] or None,
            region=self.row["place"],
            villages=tuple(person.home for person in self.people),
            exclude=frozenset(self.seen),
            today=shanghai(at).date(),
            n=size_for(self.station.area, len(self.sides)),
            widen_below=self.policy.widen_below if self.round == 0 else size_for(self.station.area, len(self.sides)),
            outsiders=self.policy.outsiders_min,
        )

    def _list(self, shortlist_id: int, position: int, person: Any) -> None:
        self._add(
            Listing,
            **self.owns,
            shortlist_id=shortlist_id,
            position=position,
            mediator_id=person.id,
            fit=person.fit,
            open_cases=person.open_cases,
            name=person.name,
            kind=person.kind,
            card=person.card(),
            reasons=[reason.as_json() for reason in person.reasons],
        )
        self.listed.append(self.desk.ledger.rows[Listing][-1])

    def seal(self, letter: str, at: datetime, rng: Random, *, strict: bool) -> None:
        """Mark and seal for one side; the last one makes the choice."""
        side, channel = self.sides[letter], rng.choice(CHANNELS)
        marks = mark(rng, [row["mediator_id"] for row in self.listed], strict=strict).as_json()
        by = None if channel is BallotChannel.PHONE else self.officer.account_id
        self._add(
            Ballot,
            **self.owns,
            round=self.round,
            side_id=side["id"],
            channel=channel,
            by_account=by,
            sealed_at=at,
            **ballot_box.sealed(self.desk.keyring, self.no, self.owns, self.round, (side["id"], letter), marks),
        )
        self.ballots[letter] = marks
        if side["consented_at"] is None:
            side.update(consented_at=at, consent_how=channel.value)
        if channel is BallotChannel.PHONE:
            side["opened_at"] = side["opened_at"] or at
        actor = f"account:{by}" if by else f"side:{letter}"
        self._note("sealed", actor, at, side=letter, round=self.round, channel=channel.value)
        if len(self.ballots) == len(self.sides):
            self._resolve(at)

    def lapse(self, at: datetime) -> bool:
        """Count the list without the silent side, if its time is up; tell whether it was."""
        if self.row["due_at"] is None or at <= self.row["due_at"]:
            return False
        self._resolve(at)
        return True

    def _resolve(self, at: datetime) -> None:
        listed = [
            {"id": str(row["mediator_id"]), "fit": row["fit"], "open_cases": row["open_cases"]} for row in self.listed
        ]
        log = {
            "case": self.no,
            "round": self.round,
            "shortlist": listed,
            "ballots": {letter: self.ballots.get(letter) for letter in sorted(self.sides)},
        }
        outcome = choice.resolve_log(log)
        kept = ballot_box.sealed_choice(self.desk.keyring, self.owns, self.round, log, outcome)
        self._add(Choice, **self.owns, round=self.round, at=at, **kept)
        if outcome.chosen is None:
            self._move(State.DESIGNATING, "rule", at, due_at=self._name_due(at), why="no_common_name")
            return
        self._note("chosen", "rule", at, mediator=int(outcome.chosen), round=self.round)
        if outcome.provisional:
            self._move(State.PROVISIONAL, "rule", at, due_at=add_workdays(at, self.policy.yes_workdays))
            return
        self.waiting = [int(name) for name in (outcome.chosen, *outcome.reserves)]
        self._ask_next(at)

    def end(self, why: str, at: datetime) -> None:
        """End the case without an agreement."""
        if why == "refused":
            self._note("refused", "side:B", at, side="B")
        self._release(at)
        self.row.update(ended=why, closed_at=at)
        self._move(State.TERMINATED, "side:B" if why == "refused" else self.officer.actor, at, why=why)

    def _ask_next(self, at: datetime) -> None:
        free = self._declined() < self.policy.declines
        for mediator_id in [each for each in self.waiting if each not in {row["mediator_id"] for row in self.asked}]:
            if free and self._try(mediator_id, at):
                self._await(mediator_id, at)
                return
        self._move(State.DESIGNATING, "rule", at, due_at=self._name_due(at), why="nobody_left")

    def _name_due(self, at: datetime) -> datetime:
        return add_workdays(at, 0 if self.round < self.policy.rounds else self.policy.naming_workdays)

    def _declined(self) -> int:
        rows = (row for row in self.asked if row["mediator_id"] in self.waiting)
        return sum(row["state"] is AssignmentState.DECLINED for row in rows)

    def _try(self, mediator_id: int, at: datetime, role: str = "lead") -> bool:
        free = self.desk.slots.take(mediator_id, shanghai(at).date())
        self._add(
            Assignment,
            **self.owns,
            mediator_id=mediator_id,
            position=len(self.asked) + 1,
            state=AssignmentState.ASKED if free else AssignmentState.UNAVAILABLE,
            slot_held=free,
            asked_at=at,
            due_at=add_workdays(at, self.policy.accept_workdays),
            answered_at=None,
            reason="" if free else "full_or_absent",
            disclosed="",
            role=role,
        )
        self.asked.append(self.desk.ledger.rows[Assignment][-1])
        return free

    def _await(self, mediator_id: int, at: datetime, actor: str = "rule", **data: Any) -> None:
        due = self.asked[-1]["due_at"]
        if self.state is State.AWAITING_MEDIATOR:
            self.row["due_at"] = due
            self._note("asked", actor, at, mediator=mediator_id)
        else:
            self._move(State.AWAITING_MEDIATOR, actor, at, due_at=due, mediator=mediator_id, **data)

    def answer(self, at: datetime, *, accept: bool) -> None:
        """Let the mediator who is asked accept or decline."""
        asked = self.asked[-1]
        actor = f"mediator:{asked['mediator_id']}"
        if accept:
            asked.update(
                state=AssignmentState.ACCEPTED, answered_at=at, disclosed=self.rng.choice(words()["disclosures"])
            )
            due = add_workdays(at, self.policy.first_session_workdays)
            self._move(State.SCHEDULED, actor, at, due_at=due, mediator=asked["mediator_id"])
            return
        reason = self.rng.choice(words()["declines"])
        asked.update(state=AssignmentState.DECLINED, answered_at=at, reason=reason)
        self._give_back(asked)
        self._note("declined", actor, at, mediator=asked["mediator_id"], reason=reason)
        if asked["role"] == "named":
            self.row.update(ended="no_choice", closed_at=at)
            self._move(State.TERMINATED, "rule", at, why="no_choice")
            return
        self._ask_next(at)

    def designate(self, at: datetime) -> None:
        """Let the coordinator name somebody from the roll who is free and whom nobody struck."""
        known = {row["mediator_id"] for row in self.asked} | self._struck()
        free = [each for each in self.desk.slots.index.eligible(self.row["place"]) if each not in known]
        agreed = self.rng.choice(words()["designations"])
        for mediator_id in self.rng.sample(free, k=min(len(free), 5)):
            row = self.desk.slots.rows[mediator_id]
            if row.open_cases < row.load_cap and self._try(mediator_id, at, "named"):
                self._await(mediator_id, at, self.officer.actor, designated=True, agreed=agreed)
                return

    def _struck(self) -> set[int]:
        return {int(each) for marks in self.ballots.values() for each in marks["strike"]}
