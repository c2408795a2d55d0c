"""Labels: what was read, what the officer chose, without personal data; removable for good."""

import pytest
from sqlmodel import select

from app import disputes, gates, labels
from app.db import Database
from app.errors import Forbidden, NotFound
from app.intake import Intake
from app.models import Event, ReadingLabel
from tests.builders import a_coordinator, a_head, a_station, an_officer, viewer
from tests.clock import NOW

NARRATIVE = "童大山(电话13800138000)说邱有田家的水流进他家院墙,两人推搡了几下,脸上抓了一道。"
SIDES = [{"parties": [{"name": "童大山", "phone": "13800138000"}]}, {"parties": [{"name": "邱有田"}]}]


class House:
    def __init__(self, db: Database) -> None:
        self.db = db
        with db.write() as session:
            station = a_station(session)
            self.officer, self.head = viewer(an_officer(session, station)), viewer(a_head(session, station))
            self.coordinator = viewer(a_coordinator(session))

    def log(self, narrative: str = NARRATIVE, type_code: str = "", key: str = "key-of-the-form-1") -> str:
        given = Intake.model_validate({"narrative": narrative, "type": type_code, "sides": SIDES})
        with self.db.write(self.officer.scope) as session:
            return disputes.log(session, given, by=self.officer, key=key, now=NOW).no

    def label(self, no: str) -> ReadingLabel:
        with self.db.read() as session:
            found = labels.of(session, disputes.get(session, no))
            assert found is not None
            return found


@pytest.fixture
def house(db: Database) -> House:
    return House(db)


def test_logging_keeps_what_was_read_and_what_was_chosen(house: House) -> None:
    label = house.label(house.log(type_code="consumer"))
    assert (label.type, label.how, label.account_id) == ("consumer", "chosen", house.officer.account_id)
    assert label.machine_type not in ("", "consumer")
    assert len(label.model) == 12
    assert 0 < label.probability <= 1
    assert (label.at, label.month, label.removed_at) == (NOW, f"{NOW:%Y-%m}", None)


def test_no_name_and_no_number_of_a_person_is_kept(house: House) -> None:
    text = house.label(house.log(type_code="neighbor")).text
    assert "院墙" in text
    for personal in ("童大山", "邱有田", "13800138000"):
        assert personal not in text


def test_what_nobody_touched_is_accepted_and_what_is_corrected_is_the_last_word(house: House) -> None:
    no = house.log("工头拖欠工资,快过年了还不给。")
    assert house.label(no).how == "accepted"
    assert house.label(no).type == "labor"
    with house.db.write(house.officer.scope) as session:
        case = disputes.get(session, no)
        disputes.correct_type(session, case, type_code="contract", subtype="", by=house.officer, now=NOW)
    label = house.label(no)
    assert (label.machine_type, label.type, label.how) == ("labor", "contract", "corrected")
    with house.db.read() as session:
        assert len(session.execute(select(ReadingLabel)).all()) == 1


def test_gates_confirmed_and_set_aside_are_kept(house: House) -> None:
    no = house.log("丈夫喝了酒就打我。", "marriage_family")
    raised = set(house.label(no).machine_gates)
    assert "domestic_violence" in raised
    with house.db.write(house.officer.scope) as session:
        case = disputes.get(session, no)
        gates.decide(session, case, "domestic_violence", confirm=False, reason="口角", by=house.officer, now=NOW)
        gates.add(session, case, "party_refused", reason="有传票", by=house.officer, now=NOW)
    assert house.label(no).gates == {"party_refused": "confirmed"}  # the other waits for the head
    with house.db.write(house.head.scope) as session:
        gates.second(session, disputes.get(session, no), "domestic_violence", agree=True, by=house.head, now=NOW)
    assert house.label(no).gates == {"party_refused": "confirmed", "domestic_violence": "overridden"}
    assert house.label(no).how == "chosen"


def test_a_removed_label_has_no_words_and_does_not_come_back(house: House) -> None:
    no = house.log(type_code="neighbor")
    with house.db.write(house.officer.scope) as session, pytest.raises(Forbidden):
        labels.remove(session, disputes.get(session, no), by=house.officer, now=NOW)
    with house.db.write(house.coordinator.scope) as session:
        labels.remove(session, disputes.get(session, no), by=house.coordinator, now=NOW)
    with house.db.write(house.officer.scope) as session:
        case = disputes.get(session, no)
        disputes.correct_type(session, case, type_code="contract", subtype="", by=house.officer, now=NOW)
    label = house.label(no)
    assert (label.text, label.removed_at, label.type) == ("", NOW, "neighbor")
    with house.db.write(house.coordinator.scope) as session, pytest.raises(NotFound):
        labels.remove(session, disputes.get(session, no), by=house.coordinator, now=NOW)
    with house.db.read() as session:
        assert "label_removed" in {each.kind for each in session.execute(select(Event)).scalars()}
