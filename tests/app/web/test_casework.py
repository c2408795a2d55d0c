"""The pages of casework, as an officer and a mediator use them."""

import re
from io import BytesIO

import docx
import pytest
from flask import Flask, g, render_template
from sqlalchemy import select
from sqlmodel import col

from app import casework
from app.db import Database
from app.lifecycle import State
from app.models import Account, Agreement, Assignment, AssignmentState, Dispute, FollowUp, Meeting
from app.web import casework as pages
from talent_pool import roster
from tests.app.web.people import a_site, by_link, signed_in
from tests.builders import a_case, a_coordinator, a_mediator, an_officer, viewer
from tests.clock import NOW
from tests.page import Visitor

NOT_READ = {"type": None, "probabilities": {}}  # the machine had no word: enough for the case's page


class Story:
    """A scheduled case with its officer, its mediator and their browsers."""

    def __init__(self, db: Database, state: State = State.SCHEDULED) -> None:
        self.db, self.app = db, a_site(db)
        with db.write() as session:
            case = a_case(session, state=state, due_at=NOW, reading=NOT_READ)
            mediator = a_mediator(session, name="雷长安")
            assert mediator.id is not None
            roster.reserve(session, mediator.id, NOW.date())
            self.assignment = Assignment(
                **case.dispute.owns(),
                mediator_id=mediator.id,
                position=1,
                state=AssignmentState.ACCEPTED,
                slot_held=True,
                asked_at=NOW,
                due_at=NOW,
            )
            session.add(self.assignment)
        self.dispute, self.officer_row = case.dispute, case.officer
        self.officer = signed_in(self.app, db, case.officer)

    @property
    def at(self) -> str:
        return f"/disputes/{self.dispute.no}"

    def now(self) -> Dispute:
        with self.db.read() as session:
            return session.get_one(Dispute, self.dispute.id)

    def settled(self) -> "Story":
        self.officer.open(f"{self.at}/session").fill(AGREED).press("保存记录")
        return self


AGREED = {
    "地点": "交口村委会",
    "调解结果": "达成书面协议",
    "terms": "童大山清理水渠。",
    "履行方式": "自行清理",
    "履行期限": "2026-12-01",
}


def count(db: Database, table: type) -> int:
    with db.read() as session:
        return len(session.execute(select(table)).all())


def test_the_form_comes_filled_with_what_is_known(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    page = story.officer.open(f"{story.at}/session")
    assert page.value("调解时间") == "2026-11-23T09:00"
    assert page.value("到场的人") == "童大山、邱有田、雷长安"
    assert page.value("facts") == story.dispute.narrative


def test_an_officer_records_an_agreement_and_takes_the_paper_home(db: Database) -> None:
    story = Story(db).settled()
    assert story.now().state is State.PERFORMING
    answer = story.officer.client.get(f"{story.at}/agreement.docx", base_url=story.officer.base)
    assert answer.status_code == 200
    assert f"{story.dispute.no}-agreement.docx" in answer.headers["Content-Disposition"]
    text = "\n".join(each.text for each in docx.Document(BytesIO(answer.data)).paragraphs)
    assert "童大山清理水渠。" in text
    assert "人民调解员(签名):雷长安" in text


def test_a_mediator_records_a_session_of_the_own_case(db: Database) -> None:
    story = Story(db)
    mediator = by_link(story.app, db, story.dispute, story.assignment)
    mediator.open("/assignment/session").fill({"调解结果": "再约一次", "notes": "谈了两个小时"}).press("保存记录")
    assert story.now().state is State.MEDIATING
    with db.read() as session:
        row = session.execute(select(Meeting)).scalar_one()
        assert (row.recorded_by, row.notes) == (f"mediator:{story.assignment.mediator_id}", "谈了两个小时")


@pytest.mark.parametrize("state", [AssignmentState.ASKED, AssignmentState.DECLINED, AssignmentState.RELEASED])
def test_a_mediator_who_has_not_the_case_records_nothing(sqlite_db: Database, state: AssignmentState) -> None:
    story = Story(sqlite_db)
    mediator = by_link(story.app, sqlite_db, story.dispute, story.assignment)
    with sqlite_db.write() as session:
        session.get_one(Assignment, story.assignment.id).state = state
    page = mediator.open("/assignment/session", status=409)
    assert page.heading == "您接单以后才能记录调解"


def test_what_is_missing_is_said_at_its_field_and_what_was_typed_stays(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    page = story.officer.open(f"{story.at}/session")
    page = page.fill({"调解结果": "达成书面协议", "地点": "<b>村委会</b>", "调解时间": "2027-01-01T00:00"})
    page = page.press("保存记录", status=422)
    assert page.error("调解时间") == "时间在将来,请核对"
    assert page.error("terms") == "请写协议内容"
    assert page.value("地点") == "<b>村委会</b>"
    assert page.links["请写协议内容"] == "#terms"
    page.fill({"调解时间": "2026-11-23T08:00", "terms": "还钱"}).press("保存记录")
    assert story.now().state is State.PERFORMING


HOSTILE = [
    {"held_at": ""},
    {"held_at": "\x00"},
    {"held_at": "0001-01-01T00:00"},
    {"held_at": "9999-12-31T23:59"},
    {"held_at": "2026-11-23T09:00+99:99"},
    {"outcome": ""},
    {"outcome": "won"},
    {"terms": "长" * 4001},
    {"terms": "\x00\x01"},
    {"perform_by": "2026-02-30"},
    {"perform_by": "1"},
    {"notes": "长" * 4001},
]


@pytest.mark.parametrize("given", HOSTILE)
def test_hostile_records_are_refused_in_words(sqlite_db: Database, given: dict[str, str]) -> None:
    story = Story(sqlite_db)
    fine = {"held_at": "2026-11-23T09:00", "outcome": "agreed_written", "terms": "还钱"}
    assert _post(story, f"{story.at}/session", fine | given) == 422
    assert count(sqlite_db, Meeting) == 0
    assert story.now().state is State.SCHEDULED


def _post(story: Story, path: str, data: dict[str, str], who: Visitor | None = None) -> int:
    """Send what no form of ours would send."""
    who = who or story.officer
    token = who.open("/help").tree.find(".//input[@name='csrf_token']")
    assert token is not None
    body = data | {"csrf_token": token.get("value", "")}
    return who.client.post(path, data=body, base_url=who.base).status_code


def test_surrogates_and_emoji_in_a_form_do_no_harm(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    body = {"held_at": "2026-11-23T09:00", "outcome": "continued", "notes": "😀\u202e\x00好"}
    assert _post(story, f"{story.at}/session", body) == 303
    with sqlite_db.read() as session:
        assert session.execute(select(col(Meeting.notes))).scalar_one() == "😀好"


def test_a_form_sent_twice_counts_once(db: Database) -> None:
    story = Story(db)
    page = story.officer.open(f"{story.at}/session").fill({"调解结果": "再约一次"})
    page.press("保存记录")
    page.press("保存记录")
    assert count(db, Meeting) == 1
    page.fill({"地点": "别处"}).press("保存记录", status=409)
    assert count(db, Meeting) == 1


def test_performance_is_one_tap_and_the_revisit_one_page(db: Database) -> None:
    story = Story(db).settled()
    assert _post(story, f"{story.at}/performance", {"performed": "performed"}) == 303
    assert story.now().state is State.PERFORMED
    page = story.officer.open(f"{story.at}/follow-up")
    assert page.value("履行了没有") == "履行完毕"
    page.fill({"当事人满意吗": "5 很满意", "备注": "两家和好"}).press("保存回访")
    assert story.now().state is State.FOLLOWING_UP
    with db.read() as session:
        row = session.execute(select(FollowUp)).scalar_one()
        assert (row.satisfied, row.relapsed, row.notes) == (5, False, "两家和好")


def test_a_relapse_and_its_reopening(db: Database) -> None:
    story = Story(db).settled()
    page = story.officer.open(f"{story.at}/follow-up").fill({"又闹起来了吗": "又闹起来了", "履行了没有": "没有履行"})
    page.press("保存回访")
    assert story.now().state is State.RELAPSED
    assert _post(story, f"{story.at}/reopen", {}) == 303
    assert story.now().state is State.TRIAGED


@pytest.mark.parametrize("given", [{"satisfied": "9"}, {"relapsed": "maybe"}, {"performed": ""}, {"visited_at": "x"}])
def test_hostile_visits_are_refused(sqlite_db: Database, given: dict[str, str]) -> None:
    story = Story(sqlite_db).settled()
    body = {"visited_at": "2026-11-23T09:00", "performed": "pending", "relapsed": "no", "satisfied": ""}
    assert _post(story, f"{story.at}/follow-up", body | given) == 422
    assert count(sqlite_db, FollowUp) == 0


@pytest.mark.parametrize("word", ["", "pending", "x" * 5000])
def test_unknown_words_for_performance(sqlite_db: Database, word: str) -> None:
    story = Story(sqlite_db).settled()
    assert _post(story, f"{story.at}/performance", {"performed": word}) == 422
    with sqlite_db.read() as session:
        assert session.execute(select(col(Agreement.performed))).scalar_one() == "pending"


def test_an_extension_asks_how_the_sides_agreed(sqlite_db: Database) -> None:
    story = Story(sqlite_db, State.MEDIATING)
    page = story.officer.open(f"{story.at}/extend").press("延长期限", status=422)
    assert page.error("各方怎样同意的") == "请写明各方怎样同意的"
    page.fill({"各方怎样同意的": "当面同意"}).press("延长期限")
    assert story.now().state is State.EXTENDED
    assert story.officer.open(f"{story.at}/extend", status=409).heading.startswith("案件的情况变了")


def test_a_case_is_handed_over(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    page = story.officer.open(f"{story.at}/transfer").fill({"移送的理由": "属仲裁"}).press("移送案件", status=422)
    assert page.value("移送的理由") == "属仲裁"
    page.fill({"移送到哪里": "县仲裁委"}).press("移送案件")
    assert story.now().state is State.TRANSFERRED
    assert _post(story, f"{story.at}/close", {}) == 303
    assert story.now().state is State.CLOSED
    assert _post(story, f"{story.at}/close", {}) == 409


def test_a_change_of_mediator_needs_its_reason_and_comes_once(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    page = story.officer.open(f"{story.at}/replace").press("更换调解员", status=422)
    page.fill({"更换的理由": "一方要求"}).press("更换调解员")
    # Nobody is left on the list: the case goes to the coordinator.
    assert story.now().state is State.DESIGNATING


PATHS = ["session", "follow-up", "extend", "transfer", "replace", "agreement.docx", "papers/choice_slip.docx"]


@pytest.mark.parametrize("path", PATHS)
def test_a_colleague_of_another_station_finds_nothing(sqlite_db: Database, path: str) -> None:
    story = Story(sqlite_db)
    with sqlite_db.write() as session:
        stranger = an_officer(session)
    visitor = signed_in(story.app, sqlite_db, stranger)
    here = visitor.open(f"{story.at}/{path}", status=404)
    assert here.text == visitor.open(f"/disputes/none/{path}", status=404).text


def test_a_coordinator_reads_the_paper_but_records_nothing(sqlite_db: Database) -> None:
    story = Story(sqlite_db).settled()
    with sqlite_db.write() as session:
        coordinator = a_coordinator(session)
    visitor = signed_in(story.app, sqlite_db, coordinator)
    assert visitor.client.get(f"{story.at}/agreement.docx", base_url=visitor.base).status_code == 200
    visitor.open(f"{story.at}/session", status=403)


def test_papers_that_are_not_there_yet(sqlite_db: Database) -> None:
    story = Story(sqlite_db)
    assert story.officer.open(f"{story.at}/agreement.docx", status=409).heading == "还没有达成协议,没有协议书"
    story.officer.open(f"{story.at}/papers/nothing.docx", status=404)
    story.officer.open(f"{story.at}/papers/build_templates.docx", status=404)


def part(app: Flask, db: Database, account: Account, dispute: Dispute) -> str:
    """Draw the part of the case's page that belongs here."""
    with app.test_request_context("/"), db.read() as session:
        g.viewer = viewer(account)
        work = pages.context(session, session.get_one(Dispute, dispute.id))
        return render_template("disputes/_casework.html", parts={"casework": work})


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.SCHEDULED, "记录调解"),
        (State.MEDIATING, "记录调解"),
        (State.PERFORMING, "协议履行了没有?"),
        (State.PERFORMED, "记录回访"),
        (State.FOLLOWING_UP, "记录回访"),
        (State.FAILED, "结案"),
        (State.TERMINATED, "结案"),
        (State.BARRED, "移送案件"),
        (State.RELAPSED, "重新受理"),
        (State.CLOSED, "重新受理"),
    ],
)
def test_the_cases_page_shows_the_one_next_step(sqlite_db: Database, state: State, words: str) -> None:
    story = Story(sqlite_db).settled()
    with sqlite_db.write() as session:
        session.get_one(Dispute, story.dispute.id).state = state
    html = part(story.app, sqlite_db, story.officer_row, story.dispute)
    main = re.findall(r'class="(?:button )?main"[^>]*>([^<]*)<', html)
    assert main == ["履行完毕" if state is State.PERFORMING else words]
    assert words in html


def test_after_the_last_revisit_the_next_step_is_to_close(sqlite_db: Database) -> None:
    story = Story(sqlite_db).settled()
    with sqlite_db.write() as session:
        row = session.get_one(Dispute, story.dispute.id)
        row.state, row.due_at = State.FOLLOWING_UP, None
    assert 'main">结案<' in part(story.app, sqlite_db, story.officer_row, story.dispute)


def test_the_part_shows_what_was_done_and_a_coordinator_gets_no_buttons(sqlite_db: Database) -> None:
    story = Story(sqlite_db).settled()
    with sqlite_db.write() as session:
        coordinator = a_coordinator(session)
        row = session.get_one(Dispute, story.dispute.id)
        visit = casework.FollowUpIn(visited_at=NOW, performed="partly", relapsed=True, satisfied=2, notes="又堵上了")
        casework.record_follow_up(session, row, visit, by="account:1", now=NOW)
    mine = part(story.app, sqlite_db, story.officer_row, story.dispute)
    for words in (
        "雷长安",
        "童大山清理水渠。",
        "履行了一部分",
        "又闹起来了",
        "2/5",
        "又堵上了",
        "交口村委会",
        "下载协议书(Word)",
    ):
        assert words in mine
    theirs = part(story.app, sqlite_db, coordinator, story.dispute)
    assert "<button" not in theirs
    assert "下载协议书(Word)" in theirs
