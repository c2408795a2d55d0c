"""Gates on both databases: who may decide, that crime and violence need two people, and that everything stops meanwhile."""

from datetime import timedelta

import pytest

from app import cases, disputes, gates
from app.accounts import Viewer
from app.db import Database
from app.errors import Conflict, Forbidden, InvalidInput, NotFound
from app.intake import Intake
from app.lifecycle import State
from app.models import Assignment, AssignmentState, GateState, Invitation, Purpose
from talent_pool.models import Mediator
from tests.builders import a_case, a_coordinator, a_head, a_mediator, a_station, an_officer, viewer
from tests.clock import NOW
from tests.unsure import an_unsure_text

STABBED = "拿刀捅伤了邻居,人送医院了。"
SCUFFLE = "收摊时两家为摊位吵起来,互相推搡了几下,一个脸上抓破点皮。"
COURT = "法院已经立案了,下月开庭,两家为地界还在争,想问村上能不能再调。"


class Station:
    """A station with an officer and two heads; cases are logged there."""

    def __init__(self, db: Database) -> None:
        self.db = db
        with db.write() as session:
            station = a_station(session)
            self.officer = viewer(an_officer(session, station))
            self.head, self.deputy = viewer(a_head(session, station)), viewer(a_head(session, station, name="副所长"))

    def log(self, narrative: str) -> str:
        sides = [{"parties": [{"name": "童大山"}]}, {"parties": [{"name": "邱有田"}]}]
        given = Intake.model_validate({"narrative": narrative, "type": "neighbor", "sides": sides})
        with self.db.write(self.officer.scope) as session:
            return disputes.log(session, given, by=self.officer, key="key-of-the-form-1", now=NOW).no

    def decide(
        self, no: str, code: str, *, by: Viewer | None = None, confirm: bool = False, reason: str = "看过现场"
    ) -> None:
        by = by or self.officer
        with self.db.write(by.scope) as session:
            case = disputes.get(session, no)
            gates.decide(session, case, code, confirm=confirm, reason=reason, by=by, now=NOW)

    def second(self, no: str, code: str, *, by: Viewer | None = None, agree: bool = True) -> None:
        by = by or self.head
        with self.db.write(by.scope) as session:
            gates.second(session, disputes.get(session, no), code, agree=agree, by=by, now=NOW)

    def state(self, no: str) -> tuple[State, list[GateState]]:
        with self.db.read(self.officer.scope) as session:
            case = disputes.get(session, no)
            return case.state, [gate.state for gate in gates.of(session, case)]


@pytest.fixture
def station(db: Database) -> Station:
    return Station(db)


def test_a_suspected_crime_bars_at_once_and_keeps_its_words_and_clock(station: Station) -> None:
    no = station.log(STABBED)
    with station.db.read(station.officer.scope) as session:
        case = disputes.get(session, no)
        (gate,) = gates.of(session, case)
        assert (case.state, case.due_at) == (State.BARRED, NOW + timedelta(hours=1))
        assert gate.code == "crime_suspected"
        assert "捅" in case.narrative[gate.start : gate.end]


def test_setting_a_crime_aside_takes_two_people(station: Station) -> None:
    no = station.log(STABBED)
    station.decide(no, "crime_suspected")
    assert station.state(no) == (State.BARRED, [GateState.OVERRIDE_ASKED])
    station.second(no, "crime_suspected")
    assert station.state(no) == (State.TRIAGED, [GateState.OVERRIDDEN])


def test_the_head_may_refuse(station: Station) -> None:
    no = station.log(STABBED)
    station.decide(no, "crime_suspected")
    station.second(no, "crime_suspected", agree=False)
    assert station.state(no) == (State.BARRED, [GateState.CONFIRMED])


def test_a_head_cannot_second_the_own_word_but_another_head_can(station: Station) -> None:
    no = station.log(STABBED)
    station.decide(no, "crime_suspected", by=station.head)
    with pytest.raises(Forbidden):
        station.second(no, "crime_suspected")
    assert station.state(no) == (State.BARRED, [GateState.OVERRIDE_ASKED])
    station.second(no, "crime_suspected", by=station.deputy)
    assert station.state(no)[0] is State.TRIAGED


def test_an_officer_cannot_second(station: Station) -> None:
    no = station.log(STABBED)
    station.decide(no, "crime_suspected", by=station.head)
    with pytest.raises(Forbidden):
        station.second(no, "crime_suspected", by=station.officer)


def test_there_must_be_something_to_second(station: Station) -> None:
    no = station.log(STABBED)
    with pytest.raises(Conflict):
        station.second(no, "crime_suspected")


def test_asking_again_after_an_agreement_bars_again(station: Station) -> None:
    no = station.log(STABBED)
    station.decide(no, "crime_suspected")
    station.second(no, "crime_suspected")
    station.decide(no, "crime_suspected", confirm=True)
    assert station.state(no) == (State.BARRED, [GateState.CONFIRMED])


def test_lighter_gates_are_the_officers_alone(station: Station) -> None:
    no = station.log(COURT)
    assert station.state(no) == (State.TRIAGED, [GateState.SUSPECTED])
    station.decide(no, "court_seized", confirm=True)
    assert station.state(no) == (State.BARRED, [GateState.CONFIRMED])
    station.decide(no, "court_seized")
    assert station.state(no) == (State.TRIAGED, [GateState.OVERRIDDEN])


def test_a_public_security_case_that_may_be_mediated_goes_on(station: Station) -> None:
    no = station.log(SCUFFLE)
    station.decide(no, "public_security_mediable", confirm=True)
    assert station.state(no) == (State.TRIAGED, [GateState.CONFIRMED])


def test_a_decision_needs_a_reason_of_bearable_length(station: Station) -> None:
    no = station.log(STABBED)
    for reason in ("", " \n", "\x00", "长" * 501):
        with pytest.raises(InvalidInput):
            station.decide(no, "crime_suspected", confirm=True, reason=reason)
    assert station.state(no)[1] == [GateState.SUSPECTED]


def test_a_gate_that_the_case_does_not_have_is_not_found(station: Station) -> None:
    no = station.log(STABBED)
    for code in ("court_seized", "nonsense", "\x00"):
        with pytest.raises(NotFound):
            station.decide(no, code)


def test_a_coordinator_looks_on(station: Station) -> None:
    no = station.log(STABBED)
    with station.db.write() as session:
        coordinator = viewer(a_coordinator(session))
    with pytest.raises(Forbidden):
        station.decide(no, "crime_suspected", by=coordinator)


def test_an_officer_adds_what_the_machine_did_not_see(station: Station) -> None:
    no = station.log("两家为院墙下的水路争了起来,谁也不让。")
    with station.db.write(station.officer.scope) as session:
        case = disputes.get(session, no)
        for reason in ("A方当面说不调", "又说了一次"):
            gates.add(session, case, "party_refused", reason=reason, by=station.officer, now=NOW)
        with pytest.raises(InvalidInput):
            gates.add(session, case, "nonsense", reason="不知道", by=station.officer, now=NOW)
    assert station.state(no) == (State.BARRED, [GateState.CONFIRMED])


def test_violence_found_out_while_choosing_stops_everything(db: Database) -> None:
    with db.write() as session:
        case = a_case(session, state=State.AWAITING_MEDIATOR)
        mediator = a_mediator(session, open_cases=1)
        dispute, officer = case.dispute, viewer(case.officer)
        held = Assignment(
            **dispute.owns(), mediator_id=mediator.id or 0, position=1, state=AssignmentState.ASKED, slot_held=True, asked_at=NOW, due_at=NOW
        )  # fmt: skip
        link = Invitation(
            **dispute.owns(), purpose=Purpose.ORDER, side_id=case.sides[0].id, nonce="n", token_hash="h", code_hash="c", created_at=NOW, expires_at=NOW
        )  # fmt: skip
        session.add_all([held, link])
        session.flush()
        keys = mediator.id, held.id, link.id
    with db.write(officer.scope) as session:
        found = disputes.get(session, dispute.no)
        gates.add(session, found, "domestic_violence", reason="妇联来电", by=officer, now=NOW)
    with db.read() as session:
        assert disputes.get(session, dispute.no).state is State.BARRED
        assert session.get_one(Mediator, keys[0]).open_cases == 0
        assert session.get_one(Assignment, keys[1]).state is AssignmentState.RELEASED
        assert session.get_one(Invitation, keys[2]).revoked_at == NOW
        last = cases.history(session, disputes.get(session, dispute.no))[-1]
        assert (last.kind, last.data["gates"]) == ("moved", ["domestic_violence"])


def test_a_case_that_is_over_takes_no_new_gate(db: Database) -> None:
    with db.write() as session:
        case = a_case(session, state=State.CLOSED)
    officer = viewer(case.officer)
    with pytest.raises(Conflict), db.write(officer.scope) as session:
        found = disputes.get(session, case.dispute.no)
        gates.add(session, found, "crime_suspected", reason="后来才知道", by=officer, now=NOW)


# --- what the machine is not sure of ---


def asked(station: Station, answers: dict[str, bool] | None = None) -> str:
    narrative = an_unsure_text()
    sides = [{"parties": [{"name": "童大山"}]}, {"parties": [{"name": "邱有田"}]}]
    given = Intake.model_validate(
        {"narrative": narrative, "type": "neighbor", "sides": sides, "answers": answers or {}}
    )
    with station.db.write(station.officer.scope) as session:
        return disputes.log(session, given, by=station.officer, key="key-of-the-form-1", now=NOW).no


def say(station: Station, no: str, *, yes: bool, by: Viewer | None = None) -> None:
    by = by or station.officer
    with station.db.write(by.scope) as session:
        gates.answer(session, disputes.get(session, no), "crime_suspected", yes=yes, by=by, now=NOW)


def test_a_case_waits_until_the_question_about_a_crime_is_answered(station: Station) -> None:
    no = asked(station)
    assert station.state(no) == (State.BARRED, [GateState.ASKED])
    say(station, no, yes=False)
    assert station.state(no) == (State.TRIAGED, [GateState.OVERRIDDEN])
    with pytest.raises(Conflict):
        say(station, no, yes=True)


def test_yes_makes_a_question_a_suspicion_that_takes_two_people(station: Station) -> None:
    no = asked(station)
    say(station, no, yes=True)
    assert station.state(no) == (State.BARRED, [GateState.SUSPECTED])
    station.decide(no, "crime_suspected")
    assert station.state(no) == (State.BARRED, [GateState.OVERRIDE_ASKED])


@pytest.mark.parametrize(
    ("yes", "state", "gate"),
    [(False, State.TRIAGED, GateState.OVERRIDDEN), (True, State.BARRED, GateState.SUSPECTED)],
)
def test_an_answer_given_on_the_form_counts_at_once(station: Station, yes: bool, state: State, gate: GateState) -> None:
    no = asked(station, {"crime_suspected": yes})
    assert station.state(no) == (state, [gate])
    with station.db.read(station.officer.scope) as session:
        (row,) = gates.of(session, disputes.get(session, no))
        assert row.decided_by == station.officer.account_id and row.decided_at == NOW and row.reason


def test_no_answer_on_the_form_sets_aside_what_the_machine_is_sure_of(station: Station) -> None:
    sides = [{"parties": [{"name": "童大山"}]}, {"parties": [{"name": "邱有田"}]}]
    body = {"narrative": STABBED, "type": "neighbor", "sides": sides, "answers": {"crime_suspected": False}}
    with station.db.write(station.officer.scope) as session:
        no = disputes.log(session, Intake.model_validate(body), by=station.officer, key="key-of-the-form-2", now=NOW).no
    assert station.state(no) == (State.BARRED, [GateState.SUSPECTED])


def test_only_a_station_answers_and_only_known_gates_are_answered(station: Station) -> None:
    no = asked(station)
    with station.db.write() as session:
        outsider = viewer(a_coordinator(session))
    with pytest.raises(Forbidden):
        say(station, no, yes=False, by=outsider)
    with pytest.raises(ValueError, match="没有这一项"):
        asked(station, {"war": True})
