"""The form for logging and the page of a case, without JavaScript; bad input on both databases."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import matching
from app.db import Database
from tests.app.web.at_the_desk import ELDERS, Desk, ask, form_data
from tests.builders import a_case, a_coordinator
from tests.clock import Clock
from tests.page import Page, Visitor
from tests.unsure import an_unsure_text

DRAIN = "雨水从他家房檐流到我家院子,说了几次都不改。"
SURE = f"{matching.read(DRAIN).probability:.0%}"  # of its type, which every model knows
VAGUE = "有点事情。"
STABBED = "拿刀捅伤了邻居,人送医院了。"
NAMES = {"sides-0-parties-0-name": "童大山", "sides-1-parties-0-name": "邱有田"}
UNKNOWN = "/disputes/610629102-2026-9999"


@pytest.fixture
def desk(sqlite_db: Database, clock: Clock) -> Desk:
    return Desk(sqlite_db, clock)


@pytest.fixture
def on_both(db: Database, clock: Clock) -> Desk:
    """The same on SQLite and on PostgreSQL, which refuse different things."""
    return Desk(db, clock)


@pytest.fixture
def officer(desk: Desk) -> Visitor:
    return desk.sign_in()


def new(visitor: Visitor, narrative: str = DRAIN, **given: Any) -> Page:
    filled = {"narrative": narrative} | NAMES | {name.replace("__", "-"): value for name, value in given.items()}
    return visitor.open("/disputes/new").fill(filled)


def log(visitor: Visitor, narrative: str = DRAIN, **given: Any) -> Page:
    return new(visitor, narrative, **given).press("登记案件")


# --- logging ---


def test_logging_leads_to_the_case(desk: Desk, officer: Visitor) -> None:
    page = log(officer, place="交口河村", sides__0__parties__0__phone="138 0000 1234", source="网格员上报")
    assert page.path == "/disputes/610629102-2026-0001"
    assert page.heading == "610629102-2026-0001 邻里 · 排水通风采光"
    for words in (
        "童大山",
        "邱有田",
        "13800001234",
        "延安市洛川县交口河镇交口河村",
        "网格员上报",
        SURE,
        "发起点单",
        "登记为邻里",
    ):
        assert words in page.text
    assert all(name in page.text for name in ELDERS)
    assert desk.count() == 1


def test_the_form_speaks_english_too(officer: Visitor) -> None:
    page = officer.open("/disputes/new").press("English")
    assert page.heading == "Log a dispute"
    page = page.fill({"narrative": DRAIN} | NAMES).press("Read it")
    assert "Drainage" in page.text
    page = page.press("Log the case")
    assert "Side A" in page.text


def test_reading_without_javascript_shows_the_words_and_writes_nothing(desk: Desk, officer: Visitor) -> None:
    page = new(officer).press("看研判")
    assert f"邻里 · 排水通风采光 {SURE}" in page.text
    assert page.html.count("<mark") >= 2
    assert page.value("narrative") == DRAIN
    assert page.value("sides-1-parties-0-name") == "邱有田"
    assert all(name in page.text for name in ELDERS)
    assert desk.count() == 0


def test_an_unsure_machine_offers_its_three_best(officer: Visitor) -> None:
    page = new(officer, VAGUE).press("看研判")
    offered = [words for words in page.buttons if words.startswith("Alt+")]
    assert "拿不准,请选" in page.text
    assert [words[:5] for words in offered] == ["Alt+1", "Alt+2", "Alt+3"]
    page = page.press(offered[0])
    assert "您选的" in page.text
    assert page.value("type") != "按机器研判"
    assert page.press("登记案件").path.startswith("/disputes/610629102-")


def test_the_officer_is_asked_when_neither_is_sure(desk: Desk, officer: Visitor) -> None:
    page = new(officer, VAGUE).press("登记案件", status=422)
    assert page.error("type") == "拿不准是什么纠纷,请选一个类型"
    assert page.value("narrative") == VAGUE
    assert desk.count() == 0


def test_a_crime_is_told_with_article_and_next_step_and_without_names(officer: Visitor) -> None:
    page = new(officer, STABBED).press("看研判")
    for words in ("疑似刑事案件", "人民调解法第25条", "转办案", "不列名单"):
        assert words in page.text
    assert not any(name in page.text for name in ELDERS)


def test_a_likely_twin_is_shown_with_its_number(officer: Visitor) -> None:
    first = log(officer).path.rsplit("/", 1)[1]
    page = new(officer, DRAIN + "今天又吵。").press("看研判")
    assert first in page.links
    assert "当事人相同" in page.text


def test_foreign_twins_are_not_shown(desk: Desk, officer: Visitor) -> None:
    with desk.db.write() as session:
        foreign = a_case(session, narrative=DRAIN, sides=(("童大山",), ("邱有田",))).dispute.no
    assert foreign not in new(officer).press("看研判").text


# --- rows ---


def test_rows_are_added_and_everything_typed_stays(desk: Desk, officer: Visitor) -> None:
    page = new(officer).press("加一人 A方").fill({"sides-0-parties-1-name": "童小山"}).press("加一方")
    assert page.value("sides-0-parties-0-name") == "童大山"
    page = page.fill({"sides-2-parties-0-name": "村委会", "sides-0-parties-1-spokesperson": True}).press("登记案件")
    assert "C方" in page.text
    assert "童小山 代表人" in page.text
    assert desk.count() == 1


def test_empty_rows_are_nobody(officer: Visitor) -> None:
    page = new(officer).press("加一人 B方").press("加一方").press("登记案件")
    assert "C方" not in page.text


# --- twice ---


def test_a_resent_form_leads_to_the_same_case(on_both: Desk) -> None:
    officer = on_both.sign_in()
    data = form_data(
        officer.open("/disputes/new"), narrative=DRAIN, **{k.replace("-", "__"): v for k, v in NAMES.items()}
    )
    first, second = (officer.send("POST", "/disputes/new", data=data) for _ in range(2))
    assert first.path == second.path
    assert on_both.count() == 1


def test_going_back_and_changing_words_is_told_and_then_makes_a_second_case(desk: Desk, officer: Visitor) -> None:
    form = new(officer)
    form.press("登记案件")
    page = form.fill({"narrative": "欠我三万块钱两年不还。"}).press("登记案件", status=422)
    assert "已经交过" in page.error("narrative")
    assert desk.count() == 1
    page.press("登记案件")
    assert desk.count() == 2


def test_a_form_without_a_proper_key_is_asked_for_again(on_both: Desk) -> None:
    officer = on_both.sign_in()
    data = form_data(officer.open("/disputes/new"), narrative=DRAIN) | NAMES
    for key in ("", "short", "键" * 20, "\x00" * 20, "k" * 200):
        page = officer.send("POST", "/disputes/new", data=data | {"key": key}, status=422)
    assert on_both.count() == 0
    page.press("登记案件")
    assert on_both.count() == 1


# --- places ---


def test_a_place_is_understood_by_name_initials_and_town(officer: Visitor) -> None:
    for words in ("水渭", "shuiwei", "交口河镇水渭村"):
        assert "交口河镇水渭村" in log(officer, place=words).text


def test_several_places_are_offered_and_one_is_taken(desk: Desk, officer: Visitor) -> None:
    page = new(officer, place="交口河").press("登记案件", status=422)
    assert page.error("place") == "有几个地方都像,请选一个"
    page = page.fill({"place_code": "交口河镇交口河村"}).press("登记案件")
    assert "交口河镇交口河村" in page.text
    assert desk.count() == 1


def test_the_place_lies_in_the_county_but_people_live_anywhere(officer: Visitor) -> None:
    page = new(officer, place="鱼河峁镇").press("登记案件", status=422)
    assert page.error("place") == "本县没有这个地方,请换个写法"
    page = page.fill({"place": "", "sides-0-parties-0-village": "鱼河峁镇"}).press("登记案件")
    assert "鱼河峁镇" in page.text


def test_the_list_of_places_names_the_nearest_first(officer: Visitor) -> None:
    html = ask(officer, "GET", "/places?q=jkh").get_data(as_text=True)
    assert html.index("交口河镇</button>") < html.index("交口河镇交口河村</button>")
    assert 'data-code="610629102200"' in html


def test_odd_words_find_no_place(officer: Visitor) -> None:
    for words in ("", "%00", "x" * 5000, "%F0%9F%98%80", "%ED%A0%80", "<b>", "没有这个村子"):
        answer = ask(officer, "GET", f"/places?q={words}")
        assert answer.status_code == 200
        assert "data-code" not in answer.get_data(as_text=True)


# --- bad input ---

BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "empty": ({"narrative": " "}, "narrative", "请写明是什么事"),
    "too long": ({"narrative": "争" * 10_001}, "narrative", "事由最多10000个字"),
    "only unsafe": ({"narrative": "\x00\u202e"}, "narrative", "请写明是什么事"),
    "type": ({"type": "gossip"}, "type", "没有这个纠纷类型"),
    "subtype": ({"subtype": "gossip"}, "subtype", "没有这个纠纷子类"),
    "source": ({"source": "rumour"}, "source", "请从列表里选一项"),
    "place": ({"place": "无此村"}, "place", "本县没有这个地方,请换个写法"),
    "region": ({"place": "无此村", "place_code": "999999999999"}, "place", "本县没有这个地方,请换个写法"),
    "nobody": ({"sides-0-parties-0-name": ""}, "sides-0-parties-0-name", "请写姓名"),
    "name": ({"sides-0-parties-0-name": "长" * 41}, "sides-0-parties-0-name", "姓名最多40个字"),
    "phone": ({"sides-0-parties-0-phone": "不知道"}, "sides-0-parties-0-phone", "电话号码不对"),
    "sex": ({"sides-0-parties-0-sex": "both"}, "sides-0-parties-0-sex", "请从列表里选一项"),
    "year": ({"sides-0-parties-0-birth_year": "去年"}, "sides-0-parties-0-birth_year", "出生年份写四位数字,如1980"),
    "old": ({"sides-0-parties-0-birth_year": "1066"}, "sides-0-parties-0-birth_year", "出生年份写四位数字,如1980"),
    "date": (
        {"sides-0-parties-0-birth_year": "1980-13-41"},
        "sides-0-parties-0-birth_year",
        "出生年份写四位数字,如1980",
    ),
    "unborn": ({"sides-0-parties-0-birth_year": "2027"}, "sides-0-parties-0-birth_year", "出生年份不能在今年以后"),
    "child": ({"sides-0-parties-0-birth_year": "2015"}, "sides-0-parties-0-guardian", "未满16岁,请写监护人"),
    "village": ({"sides-0-parties-0-village": "无此村"}, "sides-0-parties-0-village", "没有这个地方,请换个写法"),
}


def test_every_bad_field_is_told_at_the_field_and_everything_typed_stays(on_both: Desk) -> None:
    officer = on_both.sign_in()
    blank = form_data(officer.open("/disputes/new"), narrative=DRAIN) | NAMES
    for name, (wrong, field, words) in BAD.items():
        page = officer.send("POST", "/disputes/new", data=blank | wrong, status=422)
        assert page.error(field) == words, name
        assert words in page.links, name
        assert page.links[words] == f"#{field}", name
        assert page.value("sides-1-parties-0-name") == "邱有田", name
        for typed, value in wrong.items():
            if typed in (
                "place",
                "sides-0-parties-0-phone",
                "sides-0-parties-0-village",
                "sides-0-parties-0-birth_year",
            ):
                assert page.value(typed) == value, name
    assert on_both.count() == 0
    assert (
        len(
            officer.send("POST", "/disputes/new", data=blank | {"narrative": "争" * 10_001}, status=422).value(
                "narrative"
            )
        )
        == 10_001
    )


def test_crowds_are_told_to_choose_representatives(on_both: Desk) -> None:
    officer = on_both.sign_in()
    blank = form_data(officer.open("/disputes/new"), narrative=DRAIN) | NAMES
    sixty = {f"sides-0-parties-{at}-name": f"村民{at}" for at in range(60)}
    page = officer.send("POST", "/disputes/new", data=blank | sixty, status=422)
    assert "一方最多写50人,人多可推选代表" in page.links
    assert page.value("sides-0-parties-59-name") == "村民59"
    nine = {f"sides-{at}-parties-0-name": f"第{at}家" for at in range(9)}
    assert "最多8方" in officer.send("POST", "/disputes/new", data=blank | nine, status=422).links
    thousand = {f"sides-0-parties-{at}-name": f"村民{at}" for at in range(300)}
    assert "推选代表" in officer.send("POST", "/disputes/new", data=blank | thousand, status=422).text
    assert on_both.count() == 0


def test_hostile_words_come_back_as_words(on_both: Desk) -> None:
    officer = on_both.sign_in()
    hostile = {
        "<script>alert(1)</script>两家争水": "<script>alert(1)</script>两家争水",
        "{{ 7*7 }}{% raw %}两家争水": "{{ 7*7 }}{% raw %}两家争水",
        "兩家爭水😀𠮷﷽": "兩家爭水😀𠮷﷽",
        "甲\u202e乙\x00丙争水": "甲乙丙争水",
        "'; DROP TABLE dispute; --": "'; DROP TABLE dispute; --",
    }
    for typed, kept in hostile.items():
        data = form_data(officer.open("/disputes/new"), narrative=typed, type="neighbor") | {
            "sides-0-parties-0-name": typed[:40],
            "sides-1-parties-0-name": "乙",
        }
        page = officer.send("POST", "/disputes/new", data=data)
        assert kept in page.text
        assert "<script>alert" not in page.html


def test_ten_thousand_characters_are_logged(on_both: Desk) -> None:
    officer = on_both.sign_in()
    text = "两家为水路争" + "吵" * 9_994
    assert text in log(officer, text, type="邻里").text


def test_bytes_that_are_no_text_are_no_error_of_ours(on_both: Desk) -> None:
    officer = on_both.sign_in()
    token = form_data(officer.open("/disputes/new"))
    for odd in (
        b"&narrative=%ff%fe%00&do=log",
        b"&narrative=%ed%a0%80&do=log",
        b"&place=%ed%a0%80&narrative=x",
        b"&%ff=%00",
    ):
        body = f"csrf_token={token['csrf_token']}&key={token['key']}".encode() + odd
        for path in ("/disputes/new", "/disputes/reading"):
            answer = ask(officer, "POST", path, data=body, content_type="application/x-www-form-urlencoded")
            assert answer.status_code in (200, 422)


ODD = st.text(st.characters(exclude_categories=()), max_size=30)
NAME = st.sampled_from(
    ["narrative", "type", "subtype", "source", "place", "place_code", "key", "do", "sides-0-parties-0-name", "sides-7-parties-3-village_code",
     "sides-0-parties-0-birth_year", "sides-999-parties-999-phone", "sides-00-parties-1-sex", "sides-0-parties-0-spokesperson"]
)  # fmt: skip


def test_no_form_whatever_makes_an_error_of_ours(sqlite_db: Database, clock: Clock) -> None:
    officer = Desk(sqlite_db, clock).sign_in()
    blank = form_data(officer.open("/disputes/new"))

    @settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(NAME, ODD, max_size=8))
    def post(odd: dict[str, str]) -> None:
        encodable = {name: value.encode("utf-8", "replace").decode() for name, value in odd.items()}
        for path in ("/disputes/new", "/disputes/reading"):
            answer = ask(officer, "POST", path, data=blank | encodable)
            assert answer.status_code in (200, 303, 422), (path, odd)

    post()


# --- reading while typing ---


def test_the_panel_alone_is_sent_while_typing(officer: Visitor) -> None:
    data = form_data(officer.open("/disputes/new"), narrative=DRAIN) | NAMES
    html = ask(officer, "POST", "/disputes/reading", data=data).get_data(as_text=True)
    assert "<html" not in html
    assert SURE in html


def test_typing_never_waits_for_a_writer(sqlite_db: Database, clock: Clock) -> None:
    desk = Desk(sqlite_db, clock)
    officer = desk.sign_in()
    data = form_data(officer.open("/disputes/new"), narrative=DRAIN) | NAMES
    with sqlite_db.write() as session:
        a_coordinator(session)  # a writer holds SQLite's only write lock
        assert ask(officer, "POST", "/disputes/reading", data=data).status_code == 200


# --- who may see ---


def test_foreign_and_unknown_cases_are_the_same_page(desk: Desk, officer: Visitor) -> None:
    with desk.db.write() as session:
        foreign = f"/disputes/{a_case(session).dispute.no}"
    # But for the address itself and the form's token, to which the switches of the page come back.
    own = re.compile(r'name="(back|csrf_token)" value="[^"]*"')
    paths = (foreign, UNKNOWN, "/disputes/%00", "/disputes/" + "9" * 300)
    assert len({own.sub("", officer.open(path, status=404).html) for path in paths}) == 1
    token = {
        "csrf_token": form_data(officer.open("/disputes/new"))["csrf_token"],
        "do": "confirm",
        "reason": "理由",
        "code": "court_seized",
    }
    for tail in ("gates", "gates/court_seized", "type", "recusals"):
        answers = {
            ask(officer, "POST", f"{path}/{tail}", data=token | {"mediator": "1"}).status_code
            for path in (foreign, UNKNOWN)
        }
        assert answers == {404}, tail


def test_the_coordinator_sees_the_case_but_changes_nothing(desk: Desk, officer: Visitor) -> None:
    path = log(officer, sides__0__parties__0__phone="13800001234").path
    coordinator = desk.sign_in(desk.coordinator)
    page = coordinator.open(path)
    assert "13800001234" in page.text
    assert not {"改为这个类型", "确认这一情形", "让他回避"} & set(page.buttons)
    assert coordinator.open("/disputes/new", status=403)


def test_administrators_and_strangers_see_no_case(desk: Desk, officer: Visitor) -> None:
    path = log(officer).path
    assert desk.sign_in(desk.admin).open(path, status=403)
    assert Visitor(desk.app).open(path).heading == "登录"


# --- the page ---


def test_setting_a_crime_aside_goes_through_the_head(desk: Desk, officer: Visitor) -> None:
    page = log(officer, STABBED, type="邻里")
    assert "不宜调解" in page.text
    page = page.press("申请排除", status=422)
    assert page.error("理由排除要所领导同意") == "请写明理由"
    page = page.fill({"理由排除要所领导同意": "查明是说笑"}).press("申请排除")
    assert "等所领导同意" in page.text
    assert "同意排除" not in page.buttons
    page = desk.sign_in(desk.head).open(page.path)
    assert "查明是说笑" in page.text
    page = page.press("同意排除")
    assert "已排除" in page.text
    assert all(name in page.text for name in ELDERS)
    assert "同意排除:疑似刑事案件" in page.text


def test_the_head_may_refuse_and_an_officer_may_decide_lighter_gates(desk: Desk, officer: Visitor) -> None:
    page = log(officer, "法院已经立案了,两家为地界还在争。")
    forms = {"reason": "裁定书看过", "do": "confirm", "csrf_token": token_of(page)}
    page = officer.send("POST", f"{page.path}/gates/court_seized", data=forms)
    assert "不宜调解" in page.text
    page = officer.send("POST", f"{page.path}/gates/court_seized", data=forms | {"do": "override"})
    assert "已排除" in page.text
    for wrong in ("agree", "shrug", ""):
        assert officer.send(
            "POST",
            f"{page.path}/gates/court_seized",
            data=forms | {"do": wrong},
            status=403 if wrong == "agree" else 404,
        )


def test_a_gate_added_by_hand_bars_the_case(officer: Visitor) -> None:
    page = log(officer)
    page = page.fill({"code": "一方明确不愿调解"}).press("确认这一情形", status=422)
    assert page.error("理由") == "请写明理由"
    page = page.fill({"code": "一方明确不愿调解", "理由": "A方当面说不调"}).press("确认这一情形")
    assert "人民调解法第17、26条" in page.text
    assert "A方当面说不调" in page.text
    assert not any(name in page.text for name in ELDERS)


def test_the_type_is_corrected_and_both_words_are_shown(officer: Visitor) -> None:
    page = log(officer).fill({"type": "合同", "subtype": "彩礼"}).press("改为这个类型", status=422)
    assert page.error("子类") == "这个子类不属于所选的类型"
    page = page.fill({"type": "婚姻家庭", "subtype": "彩礼"}).press("改为这个类型")
    assert page.heading.endswith("婚姻家庭 · 彩礼")
    assert f"邻里 · 排水通风采光 {SURE}" in page.text
    assert "类型由邻里改为婚姻家庭" in page.text


def test_a_recused_mediator_leaves_the_list_with_a_reason(officer: Visitor) -> None:
    page = log(officer)
    data = {"csrf_token": token_of(page), "mediator": re.findall(r'name="mediator" value="(\d+)"', page.html)[0]}
    page = officer.send("POST", f"{page.path}/recusals", data=data | {"reason": " "}, status=422)
    assert "请写明回避的理由,最多200个字" in page.links
    page = officer.send("POST", f"{log(officer).path}/recusals", data=data | {"reason": "是A方的舅舅"})
    assert "是A方的舅舅" in page.text
    assert "没列入:回避1人" in page.text
    for odd in ("", "0", "x", "１", "9" * 9, "-1"):
        officer.send("POST", f"{page.path}/recusals", data=data | {"mediator": odd, "reason": "舅舅"}, status=404)


def test_the_colour_expires(desk: Desk, officer: Visitor, clock: Clock) -> None:
    path = log(officer, "为院墙下的水路争了起来,扬言要拼命,同归于尽。").path
    assert "风险:红" in officer.open(path).text
    clock.forward(days=30)
    assert "风险:红" not in desk.sign_in().open(path).text


def token_of(page: Page) -> str:
    return next(each.get("value", "") for each in page.tree.iter("input") if each.get("name") == "csrf_token")


def test_a_case_without_a_reading_has_a_page_too(desk: Desk) -> None:
    with desk.db.write() as session:
        no = a_case(session, officer=session.merge(desk.officer)).dispute.no
    assert "没有判断" in desk.sign_in().open(f"/disputes/{no}").text


# --- what the machine is not sure of ---


def test_a_question_is_asked_on_the_form_and_its_answer_kept_there(desk: Desk, officer: Visitor) -> None:
    page = new(officer, an_unsure_text()).press("看研判")
    assert "拿不准:是不是“疑似刑事案件”?" in page.text
    assert "先回答上面的问题" in page.text
    answered = page.fill({"ask-crime_suspected": "no"}).press("看研判")
    assert "先回答上面的问题" not in answered.text
    case = answered.press("登记案件")
    assert "问过,没有" in case.text and "发起点单" in case.text


def test_a_question_left_open_is_asked_again_on_the_case(desk: Desk, officer: Visitor) -> None:
    case = log(officer, an_unsure_text())
    assert "拿不准,请回答" in case.text and "是不是“疑似刑事案件”?" in case.text
    done = case.press("问过,没有")
    assert "研判" in done.text and "是不是“疑似刑事案件”?" not in done.text
    assert "问过,没有:疑似刑事案件" in done.text
