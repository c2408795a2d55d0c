"""Cases that are played: each step is the use case that an officer, a side or a mediator would call."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

from sqlmodel import Session

from app import assignments, cases, casework, disputes, gates, intake, orders, shortlists
from app.cases import move
from app.demo.chosen import CHANNELS
from app.demo.lives import mark
from app.demo.logged import SOURCES
from app.demo.people import Person
from app.demo.quarrels import Quarrel, words
from app.demo.station import DemoStation
from app.errors import Conflict
from app.lifecycle import State
from app.models import BallotChannel, Dispute, GateState, Side
from app.policies import policy_for
from app.workdays import add_workdays, shanghai
from talent_pool import taxonomy
from talent_pool.index import RosterIndex


class PlayedCase:
    """One case, led through the use cases."""

    def __init__(
        self,
        session: Session,
        index: RosterIndex,
        station: DemoStation,
        quarrel: Quarrel,
        people: tuple[Person, Person],
        rng: Random,
        key: str,
    ) -> None:
        self.session, self.index, self.station, self.quarrel, self.people = session, index, station, quarrel, people
        self.rng, self.key, self.officer = rng, key, station.officer(rng)
        self.dispute: Dispute

    @property
    def state(self) -> State:
        """Return where the case stands."""
        return self.dispute.state

    def log(self, at: datetime) -> None:
        """Log the quarrel as the form would."""
        sides = [intake.SideIn(parties=[_party(person)]) for person in self.people]
        form = intake.Intake(
            narrative=self.quarrel.tell(self.quarrel.text, self.people),
            type=self.quarrel.type,
            subtype=self.quarrel.subtype,
            source=self.rng.choice(SOURCES),
            place=self.people[0].home,
            sides=sides,
            answers={code: code == self.quarrel.gate for code in taxonomy.gates()},
        )
        self.dispute = disputes.log(self.session, form, by=self.officer, key=self.key, now=at.astimezone(UTC))

    def clear_gates(self, at: datetime) -> None:
        """Ask to override every gate that stops the case, and let the head agree."""
        reason = self.rng.choice(words()["overrides"])
        for gate in gates.standing(gates.of(self.session, self.dispute)):
            asked = gates.decide(
                self.session, self.dispute, gate.code, confirm=False, reason=reason, by=self.officer, now=at
            )
            if asked.state is GateState.OVERRIDE_ASKED:
                head = self.station.the_head()
                gates.second(self.session, self.dispute, gate.code, agree=True, by=head, now=at)

    def hand_over(self, at: datetime) -> None:
        """Confirm the gate, if there is one, and give the case to whom it belongs."""
        if code := self.quarrel.gate:
            reason = self.rng.choice(words()["confirms"])
            gates.add(self.session, self.dispute, code, reason=reason, by=self.officer, now=at)
        to = self.quarrel.to
        casework.transfer(self.session, self.dispute, to=to, reason="", by=self.officer.actor, now=at)

    def seek_consent(self, at: datetime) -> None:
        """Ask the other side whether it agrees to mediation."""
        due = add_workdays(at, policy_for(self.dispute.area).consent_workdays)
        move(self.session, self.dispute, State.SEEKING_CONSENT, self.officer.actor, at, due_at=due)

    def order(self, at: datetime) -> None:
        """Put names before the sides."""
        orders.open_order(self.session, self.dispute, index=self.index, by=self.officer.actor, now=at)

    def seal(self, letter: str, at: datetime, rng: Random, *, strict: bool) -> None:
        """Mark and seal for one side."""
        shortlist = shortlists.current_round(self.session, self.dispute)
        assert shortlist is not None
        channel = rng.choice(CHANNELS)
        listed = [row.mediator_id for row in shortlists.listings_of(self.session, shortlist)]
        by = None if channel is BallotChannel.PHONE else self.officer.account_id
        side = self._side(letter)
        if channel is BallotChannel.PHONE:
            side.opened_at = side.opened_at or at
        orders.seal(
            self.session,
            self.dispute,
            side,
            mark(rng, listed, strict=strict),
            round_no=shortlist.round,
            channel=channel,
            now=at,
            by_account=by,
        )

    def lapse(self, at: datetime) -> bool:
        """Count the list without the silent side, if its time is up; tell whether it was."""
        if self.dispute.due_at is None or at <= self.dispute.due_at:
            return False
        orders.close_list(self.session, self.dispute, by="clock", now=at)
        return True

    def end(self, why: str, at: datetime) -> None:
        """End the case without an agreement."""
        if why == "refused":
            orders.refuse(self.session, self.dispute, self._side("B"), by="side:B", now=at)
        else:
            orders.end(self.session, self.dispute, why, by=self.officer.actor, now=at)

    def answer(self, at: datetime, *, accept: bool) -> None:
        """Let the mediator who is asked accept or decline."""
        asked = assignments.living(self.session, self.dispute)
        assert asked is not None and asked.id is not None
        by = f"mediator:{asked.mediator_id}"
        if accept:
            disclosed = self.rng.choice(words()["disclosures"])
            assignments.accept(self.session, self.dispute, asked.id, disclosed=disclosed, by=by, now=at)
        else:
            reason = self.rng.choice(words()["declines"])
            assignments.decline(self.session, self.dispute, asked.id, reason=reason, by=by, now=at)

    def designate(self, at: datetime) -> None:
        """Let the coordinator name somebody from the roll who may and can take the case."""
        barred = assignments.barred_from(self.session, self.dispute)
        names = [each for each in self.index.eligible(self.dispute.place) if each not in barred]
        agreed = self.rng.choice(words()["designations"])
        for mediator_id in self.rng.sample(names, k=min(len(names), 3)):
            with suppress(Conflict), self.session.begin_nested():
                assignments.designate(
                    self.session, self.dispute, mediator_id, agreed=agreed, by=self.officer.actor, now=at
                )
                return

    def meet(self, at: datetime, outcome: str) -> None:
        """Record a session and what came of it."""
        agreed = outcome.startswith("agreed")
        day = shanghai(at).date() + timedelta(days=self.rng.choice((3, 7, 15, 20, 30)))
        meeting = casework.MeetingIn(
            held_at=at,
            place=self.rng.choice(words()["places"]),
            present="、".join(person.name for person in self.people),
            notes=self.rng.choice(words()[f"notes_{'agreed' if agreed else outcome}"]),
            outcome=outcome,  # type: ignore[arg-type]
            terms=self.quarrel.tell(self.quarrel.terms, self.people) if agreed else "",
            performance_way=self.rng.choice(words()["ways"]) if agreed else "",
            perform_by=day if agreed else None,
        )
        asked = assignments.living(self.session, self.dispute)
        assert asked is not None
        casework.record(self.session, self.dispute, meeting, by=f"mediator:{asked.mediator_id}", now=at)

    def extend(self, at: datetime) -> None:
        """Extend the month of mediation with both sides' consent."""
        agreed = self.rng.choice(words()["extends"])
        casework.extend(self.session, self.dispute, agreed=agreed, by=self.officer.actor, now=at)

    def confirm(self, at: datetime, *, done: bool) -> None:
        """Go to the court for confirmation, or come back with it."""
        agreement = casework.agreement_of(self.session, self.dispute)
        assert agreement is not None and agreement.perform_by is not None
        due = agreement.agreed_at + timedelta(days=policy_for(self.dispute.area).confirmation_days)
        state = State.CONFIRMED if done else State.CONFIRMING
        due = casework.end_of_day(agreement.perform_by) if done else due
        move(self.session, self.dispute, state, self.officer.actor, at, due_at=due)

    def perform(self, at: datetime, how: str) -> None:
        """Record whether what was agreed has been done."""
        casework.record_performance(self.session, self.dispute, how, by=self.officer.actor, now=at)

    def visit(self, at: datetime, *, performed: str, relapsed: bool) -> None:
        """Record a revisit."""
        notes = "visits_back" if relapsed else "visits_good" if performed == "performed" else "visits_partly"
        satisfied = self.rng.choice((1, 2)) if relapsed else self.rng.choice((3, 4, 4, 5, 5))
        visit = casework.FollowUpIn(
            visited_at=at,
            performed=performed,  # type: ignore[arg-type]
            relapsed=relapsed,
            satisfied=satisfied,
            notes=self.rng.choice(words()[notes]),
        )
        casework.record_follow_up(self.session, self.dispute, visit, by=self.officer.actor, now=at)

    def close(self, at: datetime, *, archive: bool) -> None:
        """Close the case, or put the closed one into the archive."""
        if archive:
            move(self.session, self.dispute, State.ARCHIVED, self.officer.actor, at)
        else:
            casework.close(self.session, self.dispute, by=self.officer.actor, now=at)

    def _side(self, letter: str) -> Side:
        return next(side for side in cases.sides_of(self.session, self.dispute) if side.letter == letter)


def _party(person: Person) -> intake.PartyIn:
    who = {"name": person.name, "sex": person.sex, "birth_year": person.birth_year, "phone": person.phone}
    return intake.PartyIn(**who, village=person.home, spokesperson=True)  # type: ignore[arg-type]
