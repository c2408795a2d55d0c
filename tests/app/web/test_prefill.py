"""What is read goes into empty fields, the officer's own words stay; read and corrected values are both kept."""

import pytest

import matching
from app import disputes
from app.db import Database
from app.web import prefill
from app.web.intake_form import IntakeForm, Person
from tests.app.web.at_the_desk import Desk, form_data
from tests.clock import Clock
from tests.page import Page, Visitor

AREA = 610629102000  # 交口河镇 in 洛川县
STORY = "报警人童大山(电话19900001234)称,邻居邱有田在交口河村占了他三分地,欠三千五不还,村主任高振邦劝过。"


@pytest.fixture
def desk(sqlite_db: Database, clock: Clock) -> Desk:
    return Desk(sqlite_db, clock)


@pytest.fixture
def officer(desk: Desk) -> Visitor:
    return desk.sign_in()


def found(text: str) -> dict[str, str]:
    facts = matching.read(text, str(AREA)).facts
    return {name: each.value for name, each in prefill.proposals(text, facts, AREA).items()}


def read(officer: Visitor, story: str = STORY, **given: str) -> Page:
    filled = {"narrative": story} | {name.replace("__", "-"): value for name, value in given.items()}
    return officer.open("/disputes/new").fill(filled).press("看研判")


# --- what is proposed ---


def test_sides_place_phones_sums_and_areas_are_proposed() -> None:
    assert found(STORY) == {
        "place": "交口河镇交口河村",
        "amounts": "3500",
        "areas": "0.3",
        "sides-0-parties-0-name": "童大山",
        "sides-0-parties-0-phone": "19900001234",
        "sides-1-parties-0-name": "邱有田",
    }


def test_the_one_piece_of_land_is_proposed_and_of_two_none() -> None:
    assert found("李国强占了王海军的西坡地")["parcel"] == "西坡地"
    assert "parcel" not in found("李国强占了王海军的西坡地,王海军占了他的南沟地")


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("赵支书说,李国强和王海军吵过", ["李国强", "王海军"]),
        ("李国强把水渠堵了。我叫王海军,住后村", ["王海军", "李国强"]),
        ("调解员吴淑琴到场,李国强不认", ["李国强"]),
        ("李国强打电话说王海军占地,国强很气", ["李国强", "王海军"]),
    ],
)
def test_who_holds_an_office_is_no_side_and_the_teller_comes_first(text: str, sides: list[str]) -> None:
    names = found(text)
    assert [names[f"sides-{n}-parties-0-name"] for n in (0, 1) if f"sides-{n}-parties-0-name" in names] == sides


def test_guesses_services_and_places_of_other_counties_are_not_proposed() -> None:
    assert found("打12345投诉,欠几千块,在合阳县同家庄镇干活") == {}


# --- the rule of the empty field ---


def test_what_was_read_follows_the_words_until_somebody_touches_it() -> None:
    form = IntakeForm()
    prefill.fill(form, {"amounts": prefill.Proposal("3500")})
    prefill.fill(form, {"amounts": prefill.Proposal("3500、20")})
    assert (form.amounts, form.read["amounts"]) == ("3500、20", "3500、20")
    form.amounts = "3600"
    prefill.fill(form, {"amounts": prefill.Proposal("9")})
    assert (form.amounts, form.read["amounts"]) == ("3600", "3500、20")


def test_an_emptied_field_stays_empty() -> None:
    form = IntakeForm(sides=[[Person()], [Person()]])
    prefill.fill(form, {"sides-1-parties-0-name": prefill.Proposal("王海军")})
    assert form.sides[1][0].name == "王海军"
    form.sides[1][0].name = ""
    prefill.fill(form, {"sides-1-parties-0-name": prefill.Proposal("王海军")})
    assert form.sides[1][0].name == ""


def test_what_is_no_longer_read_leaves_the_field() -> None:
    form = IntakeForm()
    prefill.fill(form, {"place": prefill.Proposal("交口河镇", "610629102000")})
    assert (form.place, form.place_code) == ("交口河镇", "610629102000")
    prefill.fill(form, {})
    assert (form.place, form.place_code) == ("", "")


# --- in the form, without JavaScript ---


def test_pressing_read_fills_the_form_and_marks_the_words(officer: Visitor) -> None:
    page = read(officer)
    assert page.value("sides-0-parties-0-name") == "童大山"
    assert page.value("sides-0-parties-0-phone") == "19900001234"
    assert page.value("sides-1-parties-0-name") == "邱有田"
    assert (page.value("place"), page.value("amounts"), page.value("areas")) == ("交口河镇交口河村", "3500", "0.3")
    assert '<mark class="fact">三千五</mark>' in page.html
    assert "三千五 = 3500" in page.text


def test_the_officers_entries_are_never_overwritten(officer: Visitor) -> None:
    page = read(officer, sides__0__parties__0__name="童小山", amounts="4000")
    assert (page.value("sides-0-parties-0-name"), page.value("amounts")) == ("童小山", "4000")
    page = page.fill({"areas": "", "sides-1-parties-0-name": "邱老大"}).press("看研判")
    assert (page.value("areas"), page.value("sides-1-parties-0-name")) == ("", "邱老大")
    page = page.fill({"narrative": STORY.replace("三千五", "九千")}).press("看研判")
    assert page.value("amounts") == "4000"


def test_read_and_corrected_values_are_both_kept_and_shown(desk: Desk, officer: Visitor) -> None:
    page = read(officer).fill({"amounts": "3600、1.2万", "areas": "", "type": "neighbor"}).press("登记案件")
    no = page.path.rsplit("/", 1)[1]
    with desk.db.read() as session:
        case = disputes.get(session, no)
        assert [fact["yuan"] for fact in case.reading["facts"]["amounts"]] == [3500]
        assert case.reading["entered"] == {"amounts": [3600.0, 12000.0], "areas": []}
        assert "19900001234" not in str(case.reading) and "童大山" not in str(case.reading)
        span = case.reading["facts"]["people"][0]
        assert case.narrative[span["start"] : span["end"]] == "童大山"
    assert "三千五 = 3500 民警填 3600、12000" in page.text and "三分 = 0.3 民警填 0" in page.text


def test_what_the_officer_left_as_it_was_read_is_no_correction(officer: Visitor) -> None:
    page = read(officer).fill({"type": "neighbor"}).press("登记案件")
    assert "三千五 = 3500" in page.text and "民警填" not in page.text


def test_a_number_that_is_none_is_told_at_its_field(officer: Visitor) -> None:
    body = form_data(read(officer)) | {"amounts": "很多", "areas": "1、-2", "type": "neighbor"}
    page = officer.send("POST", "/disputes/new", data=body, status=422)
    assert (page.value("amounts"), page.value("areas")) == ("很多", "1、-2")
    assert page.text.count("请写数字,几个用顿号隔开") == 4  # on top and at each field


def test_unknown_fields_of_memory_are_no_harm(officer: Visitor) -> None:
    given = {"narrative": STORY, "do": "read", "read-sides-9-parties-0-name": "x", "read-": "y"}
    body = form_data(officer.open("/disputes/new")) | given
    assert officer.send("POST", "/disputes/new", data=body).value("amounts") == "3500"
