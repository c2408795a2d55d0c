"""Cases written in bulk, first part: logging and gates. Each step appends the rows of its use case."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import matching
from app.demo.people import Person
from app.demo.quarrels import Quarrel, words
from app.demo.rows import Ledger, Row
from app.demo.slots import Slots
from app.demo.station import DemoStation
from app.disputes import kept, settled_type
from app.gates import NO, YES
from app.keyring import Keyring
from app.lifecycle import State, check_move
from app.models import AssignmentState, Dispute, Event, Gate, GateState, Party, Side, Source
from app.policies import Policy, policy_for
from app.workdays import shanghai
from talent_pool import taxonomy

SOURCES = (Source.APPLIED,) * 6 + (
    Source.PROACTIVE,
    Source.PROACTIVE,
    Source.FROM_POLICE,
    Source.FROM_GRID,
    Source.FROM_HOTLINE,
)


@dataclass
class Desk:
    """What all written cases of a run share."""

    ledger: Ledger
    slots: Slots
    keyring: Keyring


class LoggedCase:
    """A case written down, its gates, and the rows that every step adds."""

    def __init__(
        self, desk: Desk, station: DemoStation, quarrel: Quarrel, people: tuple[Person, Person], no: str, rng: Random
    ) -> None:
        self.desk, self.station, self.quarrel, self.people, self.rng = desk, station, quarrel, people, rng
        self.no, self.officer = no, station.officer(rng)
        self.policy: Policy = policy_for(station.area)
        self.row: Row = {}
        self.owns: Row = {}
        self.sides: dict[str, Row] = {}
        self.gates: list[Row] = []
        self.listed: list[Row] = []  # of the newest list
        self.seen: set[int] = set()
        self.ballots: dict[str, Row] = {}
        self.round = 0
        self.waiting: list[int] = []
        self.asked: list[Row] = []
        self.agreement: Row | None = None
        self.visits: list[datetime] = []

    @property
    def state(self) -> State:
        """Return where the case stands."""
        return State(self.row["state"])

    def log(self, at: datetime) -> None:
        """Write the case down with its people and what the machine reads in it."""
        at = at.astimezone(UTC)
        quarrel, place = self.quarrel, self.people[0].home
        narrative = quarrel.tell(quarrel.text, self.people)
        reading = matching.read(narrative, str(place), today=shanghai(at).date())
        said = kept(reading)
        type_code, subtype = settled_type(quarrel.type, quarrel.subtype, reading)
        colour = said["risk"]["colour"]
        hours = self.policy.first_contact_red_hours if colour == "red" else self.policy.first_contact_hours
        key = self._add(
            Dispute,
            no=self.no,
            station_id=self.station.id,
            area=self.station.area,
            place=place,
            narrative=narrative,
            type=type_code,
            subtype=subtype,
            source=self.rng.choice(SOURCES),
            state=State.REGISTERED,
            ended="",
            colour=colour,
            colour_until=None if colour == "green" else at + timedelta(days=self.policy.colour_days),
            reading=said,
            officer_id=self.officer.account_id,
            opened_at=at,
            due_at=at + timedelta(hours=hours),
            closed_at=None,
            version=1,
        )
        self.row = self.desk.ledger.rows[Dispute][-1]
        self.owns = {"dispute_id": key, "station_id": self.station.id, "area": self.station.area}
        for letter, person in zip("AB", self.people, strict=True):
            self._side(letter, person)
        self._found_gates(said["gates"], said["asks"], at)
        machine = {name: said[name] for name in ("type", "subtype", "probability", "abstain")}
        self._note(
            "logged",
            self.officer.actor,
            at,
            machine=machine,
            officer={"type": type_code, "subtype": subtype, "asked": True},
        )
        self._triage(self.officer.actor, at)

    def _side(self, letter: str, person: Person) -> None:
        key = self._add(
            Side, **self.owns, letter=letter, applicant=letter == "A", consented_at=None, consent_how="", opened_at=None
        )
        self.sides[letter] = self.desk.ledger.rows[Side][-1]
        self._add(
            Party,
            **self.owns,
            side_id=key,
            name=person.name,
            sex=person.sex,
            birth_year=person.birth_year,
            phone=person.phone,
            village=person.home,
            spokesperson=True,
            guardian="",
        )

    def _found_gates(self, hits: list[dict[str, Any]], asks: list[dict[str, Any]], at: datetime) -> None:
        sure, first = {hit["code"] for hit in hits}, {hit["code"]: hit for hit in reversed([*asks, *hits])}
        for code in [code for code in taxonomy.gates() if code in first]:
            gate = self._gate(code, first[code]["start"], first[code]["end"])
            if code not in sure:
                yes = code == self.quarrel.gate
                gate.update(state=GateState.SUSPECTED if yes else GateState.OVERRIDDEN)
                gate.update(reason=YES if yes else NO, decided_by=self.officer.account_id, decided_at=at)

    def _gate(self, code: str, start: int | None = None, end: int | None = None) -> Row:
        self._add(
            Gate,
            **self.owns,
            code=code,
            state=GateState.SUSPECTED,
            start=start,
            end=end,
            reason="",
            decided_by=None,
            decided_at=None,
            seconded_by=None,
        )
        self.gates.append(self.desk.ledger.rows[Gate][-1])
        return self.gates[-1]

    def _stops(self, gate: Row) -> bool:
        rule = taxonomy.get_gate(gate["code"])
        return (
            gate["state"] is not GateState.OVERRIDDEN
            if rule.bars_shortlist
            else gate["state"] is GateState.CONFIRMED and rule.stops
        )

    def _triage(self, actor: str, at: datetime) -> None:
        stop = [gate["code"] for gate in self.gates if self._stops(gate)]
        goal = State.BARRED if stop else State.TRIAGED
        if self.state is not goal:
            self._move(goal, actor, at, due_at=self.row["due_at"], gates=stop)

    def clear_gates(self, at: datetime) -> None:
        """Override every gate that stops the case: the officer asks, the head agrees."""
        reason = self.rng.choice(words()["overrides"])
        for gate in [gate for gate in self.gates if self._stops(gate)]:
            self._decide(
                gate,
                GateState.OVERRIDE_ASKED if taxonomy.get_gate(gate["code"]).needs_head else GateState.OVERRIDDEN,
                reason,
                at,
            )
            if gate["state"] is GateState.OVERRIDE_ASKED:
                head = self.station.the_head()
                gate.update(state=GateState.OVERRIDDEN, seconded_by=head.account_id)
                self._note("gate_seconded", head.actor, at, code=gate["code"], agree=True)
        self._triage(self.officer.actor, at)

    def _decide(self, gate: Row, state: GateState, reason: str, at: datetime) -> None:
        gate.update(state=state, reason=reason, decided_by=self.officer.account_id, decided_at=at)
        self._note("gate_decided", self.officer.actor, at, code=gate["code"], state=state.value, reason=reason)

    def hand_over(self, at: datetime) -> None:
        """Confirm the gate, if there is one, and give the case to whom it belongs."""
        if code := self.quarrel.gate:
            gate = next((gate for gate in self.gates if gate["code"] == code), None) or self._gate(code)
            self._decide(gate, GateState.CONFIRMED, self.rng.choice(words()["confirms"]), at)
            self._triage(self.officer.actor, at)
        self._move(State.TRANSFERRED, self.officer.actor, at, to=self.quarrel.to, reason="")
        self.row["closed_at"] = at
        self._release(at)

    def _release(self, at: datetime) -> None:
        for row in self.asked:
            if row["state"] in (AssignmentState.ASKED, AssignmentState.ACCEPTED):
                row.update(state=AssignmentState.RELEASED, answered_at=at)
                self._give_back(row)

    def _give_back(self, row: Row) -> None:
        if row["slot_held"]:
            row["slot_held"] = False
            self.desk.slots.give_back(row["mediator_id"])

    def _add(self, table: type[Any], **fields: Any) -> int:
        return self.desk.ledger.add(table, **fields)

    def _move(self, state: State, actor: str, at: datetime, due_at: datetime | None = None, **data: Any) -> None:
        before = self.state
        check_move(before, state)
        self.row.update(state=state, due_at=due_at)
        self._note("moved", actor, at, before=before.value, after=state.value, **data)

    def _note(self, kind: str, actor: str, at: datetime, **data: Any) -> None:
        self._add(Event, **self.owns, at=at, kind=kind, actor=actor, data=data)
