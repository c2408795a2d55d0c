"""Papers: opened again as Word opens them, whatever was typed and whatever has become of the template."""

import shutil
import sys
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from sqlmodel import Session

from app import casework, documents
from app.casework import MeetingIn
from app.db import Database
from app.documents import build_templates, facts, filling
from app.errors import Conflict, NotFound
from app.lifecycle import State
from app.models import Assignment, AssignmentState, Dispute, Listing, Party, Shortlist
from talent_pool.models import Kind, Sex
from tests.builders import JIAOKOUHE, a_case, a_mediator, a_station, an_officer
from tests.clock import NOW

FOLDER = Path(documents.__file__).parent


def a_settled_case(session: Session, **agreed: Any) -> Dispute:
    """A case of 交口河派出所 with a mediator and an agreement."""
    station = a_station(session, name="洛川县公安局交口河派出所", area=JIAOKOUHE)
    officer = an_officer(session, station, name="陆民警")
    case = a_case(
        session,
        officer=officer,
        no="610629102-2026-0012",
        state=State.SCHEDULED,
        sides=(("童大山", "童小山"), ("邱有田",)),
    )
    child = case.parties[1]
    child.sex, child.birth_year, child.phone, child.guardian = Sex.FEMALE, 2015, "", "童大山"
    mediator = a_mediator(session, name="雷长安")
    session.add(
        Assignment(
            **case.dispute.owns(),
            mediator_id=mediator.id,
            position=1,
            state=AssignmentState.ACCEPTED,
            asked_at=NOW,
            due_at=NOW,
        )
    )
    given = {"held_at": NOW, "outcome": "agreed_written", "terms": "一、童大山清理水渠。\n二、邱有田不再堵。"}
    given |= {"facts": "两家为水路争吵。", "performance_way": "自行清理", "perform_by": date(2026, 12, 1)}
    meeting = MeetingIn(**(given | agreed))
    casework.record(session, case.dispute, meeting, by=f"account:{officer.id}", now=NOW)
    return case.dispute


def paragraphs(paper: bytes) -> list[str]:
    return [each.text for each in docx.Document(BytesIO(paper)).paragraphs if each.text]


def printed(session: Session, dispute: Dispute, name: str = "agreement") -> str:
    return "\n".join(paragraphs(documents.render(session, dispute, name, NOW)))


def test_the_agreement_holds_everything_that_the_law_asks_for(db: Database) -> None:
    with db.write() as session:
        dispute = a_settled_case(session)
        lines = paragraphs(documents.render(session, dispute, "agreement", NOW))
        party = session.get(Party, 1)
        assert party is not None
        assert lines == [
            "人民调解协议书",
            "编号:(2026)交口河人调字第12号(系统案号 610629102-2026-0012)",
            f"申请人:童大山,男,1970年出生(56岁),住延安市洛川县交口河镇{facts.regions.short_name(dispute.place)},电话{party.phone}",
            f"申请人:童小山,女,2015年出生(11岁),住延安市洛川县交口河镇{facts.regions.short_name(dispute.place)},监护人童大山",
            lines[4],
            "纠纷类型:邻里",
            "纠纷主要事实、争议事项和各方责任:",
            "两家为水路争吵。",
            "经调解,各方自愿达成如下协议:",
            "一、童大山清理水渠。\n二、邱有田不再堵。",
            "履行方式:自行清理",
            "履行期限:2026年12月1日",
            "达成日期:2026年11月23日",
            "本协议自各方签名、盖章或按指印,调解员签名并盖调委会印章之日起生效(人民调解法第二十九条)。",
            "各方可在协议生效之日起三十日内,共同向人民法院申请司法确认(人民调解法第三十三条)。",
            "本协议书一式3份,各方各执一份,人民调解委员会留存一份。",
            "申请人童大山(签名、盖章或按指印):＿＿＿＿＿＿＿＿",
            "申请人童小山(监护人童大山代)(签名、盖章或按指印):＿＿＿＿＿＿＿＿",
            "被申请人邱有田(签名、盖章或按指印):＿＿＿＿＿＿＿＿",
            "人民调解员(签名):雷长安  ＿＿＿＿＿＿＿＿",
            "记录人(签名):陆民警  ＿＿＿＿＿＿＿＿",
            "交口河镇人民调解委员会(印章)",
            "2026年11月23日",
        ]
        assert lines[4].startswith("被申请人:邱有田,男,1970年出生(56岁)")


def test_an_oral_agreement_is_a_record_without_signatures_of_the_sides(db: Database) -> None:
    with db.write() as session:
        text = printed(session, a_settled_case(session, outcome="agreed_oral", perform_by=None, performance_way=""))
        assert text.startswith("人民调解口头协议登记表")
        assert "口头协议自各方达成之日起生效" in text
        assert "按指印" not in text
        assert "一式" not in text
        assert "履行期限:未另行约定" in text


def test_marriage_and_family_are_not_sent_to_the_court_for_confirmation(db: Database) -> None:
    with db.write() as session:
        dispute = a_settled_case(session)
        dispute.type, dispute.subtype = "marriage_family", "divorce"
        text = printed(session, dispute)
        assert "司法确认" not in text
        assert "婚姻家庭" in text


def test_without_an_agreement_there_is_no_paper(sqlite_db: Database) -> None:
    with sqlite_db.write() as session, pytest.raises(Conflict):
        documents.render(session, a_case(session).dispute, "agreement", NOW)


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{_{ 7*7 }_} {_% x %_} {{_{{ }_}_}",
    "{# note #} ${x} #{y}",
    "</w:t></w:r></w:p><w:p/>&amp;<!-- -->]]>",
    "\"'<script>alert(1)</script>",
    "还款😀𠮷🀄壹萬圓整",
    "长" * 4000,
    "一\t二\n三",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_come_out_as_typed(sqlite_db: Database, text: str) -> None:
    with sqlite_db.write() as session:
        dispute = a_settled_case(session, terms=text)
        session.get_one(Party, 1).name = text[:40]
        assert text in paragraphs(documents.render(session, dispute, "agreement", NOW))
        assert f"申请人:{text[:40]},男" in printed(session, dispute)


def test_what_no_file_can_hold_is_left_out() -> None:
    builder = _one_line("{{ words }}")
    bad = "甲\x00乙\x0b\ud800丙￾丁\r\n戊\x07"
    filled = filling.fill("/nowhere.docx", builder, {"words": bad})
    assert paragraphs(filled) == ["甲乙丙丁\n戊"]


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 cut"])
def test_a_broken_template_is_made_again(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "agreement.docx"
    broken.write_bytes(content)
    filled = filling.fill(broken, _one_line("第{{ number }}号"), {"number": "7"})
    assert paragraphs(filled) == ["第7号"]


@pytest.mark.parametrize("words", ["{{ nubmer }}", "{% if %}", "{{ number", "{%p for x in missing %}"])
def test_a_template_that_asks_for_what_is_not_there_is_made_again(tmp_path: Path, words: str) -> None:
    edited = tmp_path / "agreement.docx"
    _one_line(words)().save(str(edited))
    assert paragraphs(filling.fill(edited, _one_line("第{{ number }}号"), {"number": "7"})) == ["第7号"]
    with pytest.raises(Conflict):
        filling.fill(edited, None, {"number": "7"})


def _one_line(words: str) -> Any:
    def build() -> Any:
        paper = docx.Document()
        paper.add_paragraph(words)
        return paper

    return build


@pytest.mark.parametrize("name", build_templates.BUILDERS)
def test_the_templates_in_the_tree_are_what_the_script_builds(name: str) -> None:
    kept, built = docx.Document(str(FOLDER / f"{name}.docx")), build_templates.BUILDERS[name]()
    assert kept.element.xml == built.element.xml


def test_the_script_writes_every_template_beside_its_paper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build_templates, "__file__", str(tmp_path / "build_templates.py"))
    build_templates.main()
    assert {each.stem for each in tmp_path.iterdir()} == set(build_templates.BUILDERS) == set(documents.names())


def test_a_new_paper_is_one_module_beside_its_template(
    sqlite_db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "thanks.py").write_text("def fields(session, dispute, now):\n    return {'no': dispute.no}\n")
    _one_line("谢谢,{{ no }}")().save(str(tmp_path / "thanks.docx"))
    monkeypatch.setattr(documents, "__path__", [*documents.__path__, str(tmp_path)])
    with sqlite_db.write() as session:
        dispute = a_case(session).dispute
        assert "thanks" in documents.names()
        assert paragraphs(documents.render(session, dispute, "thanks", NOW)) == [f"谢谢,{dispute.no}"]
    del sys.modules["app.documents.thanks"]
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("name", ["", "nothing", "facts", "filling", "build_templates", "../agreement", "os"])
def test_only_papers_are_papers(name: str) -> None:
    with pytest.raises(NotFound):
        documents.get(name)


def test_the_choice_slip_tells_whom_and_nobodys_marks(db: Database) -> None:
    with db.write() as session:
        dispute = a_settled_case(session)
        with pytest.raises(Conflict):
            documents.render(session, dispute, "choice_slip", NOW)
        shortlist = Shortlist(**dispute.owns(), made_at=NOW)
        session.add(shortlist)
        session.flush()
        for position, name in enumerate(("雷长安", "史文明"), start=1):
            mediator = a_mediator(session, name=name)
            session.add(
                Listing(
                    **dispute.owns(),
                    shortlist_id=shortlist.id,
                    position=position,
                    mediator_id=mediator.id,
                    fit=1,
                    open_cases=0,
                    name=name,
                    kind=Kind.LOCAL_ELDER,
                    card={"home": str(mediator.home)},
                )
            )
        session.flush()
        text = printed(session, dispute, "choice_slip")
        home = facts.regions.short_name(dispute.place)
        assert f"1. 雷长安(乡贤){home}\n2. 史文明(乡贤){home}" in text
        assert "共同选定的调解员:雷长安" in text
        assert text.count("(签名、盖章或按指印):") == 2
        assert "电话" not in text


@pytest.mark.parametrize(
    ("no", "station", "number"),
    [
        ("610629102-2026-0012", "洛川县公安局交口河派出所", "(2026)交口河人调字第12号"),
        ("610629102-2027-1234", "旧县派出所", "(2027)旧县人调字第1234号"),
        ("odd", "旧县派出所", "旧县人调字第odd号"),
    ],
)
def test_the_papers_number_comes_from_the_cases(no: str, station: str, number: str) -> None:
    assert facts.paper_number(Dispute(no=no), station) == number


def test_a_mediator_who_wrote_the_record_signs_by_hand(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        dispute = a_settled_case(session)
        meeting = MeetingIn(held_at=NOW + timedelta(days=1), outcome="continued")
        dispute.state = State.MEDIATING
        casework.record(session, dispute, meeting, by="mediator:1", now=NOW + timedelta(days=1))
        assert f"记录人(签名):{facts.LINE}" in printed(session, dispute)
        assert facts.name_of_actor(session, "account:999") == ""
