"""The pool in its coordinator's hands: a list goes in, entries are kept, gaps shown, the person corrects the own."""

import io
import re
from dataclasses import replace

import pytest
from flask import Flask
from sqlmodel import col, select

from app import pool_care, pool_entry
from app.db import Database
from app.jobs import tick
from app.models import InboxMessage, PoolDraft
from app.workbooks import Listed, workbook
from talent_pool import history, register, roster
from talent_pool.models import Kind, Mediator, Relation, Status
from talent_pool.profiles import Consent, Profile
from talent_pool.sheets import read_sheet
from tests.app.web.people import signed_in
from tests.builders import (
    ALSO_THERE,
    JIAOKOUHE,
    JIUXIAN,
    LUOCHUAN,
    YICHUAN,
    a_coordinator,
    a_mediator,
    an_officer,
)
from tests.clock import NOW
from tests.page import BASE, Page, Visitor
from tests.talent_pool.test_register import picture

HEADING = ["姓名", "类别", "籍贯", "电话", "擅长", "是否同意"]
PEOPLE = [["雷长安", "乡贤", "交口河镇", "13800000001", "邻里", "是"], ["坏人", "外星", "火星", "1", "", ""]]


@pytest.fixture
def coordinator(app: Flask, db: Database) -> Visitor:
    with db.write() as session:
        account = a_coordinator(session)
    return signed_in(app, db, account)


def upload(visitor: Visitor, given: bytes, name: str = "名单.xlsx", status: int = 200) -> Page:
    """Send a file as browsers do; by hand, since the test client leaves a large one open."""
    cut = "----cut"
    head = f'--{cut}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token_of(visitor)}\r\n--{cut}\r\n'
    head += f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + given + f"\r\n--{cut}--\r\n".encode()
    answer = visitor.client.post(
        "/pool/import", data=body, content_type=f"multipart/form-data; boundary={cut}", base_url=BASE
    )
    if answer.status_code == 303:
        return visitor.open(answer.headers["Location"])
    assert answer.status_code == status
    return Page(visitor, answer)


def token_of(visitor: Visitor) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', visitor.open("/pool/import").html)
    assert found is not None
    return found[1]


# --- a list goes in --------------------------------------------------------------------------------------------------


def test_a_list_goes_in_step_by_step(db: Database, coordinator: Visitor) -> None:
    page = upload(coordinator, workbook(Listed("名单", HEADING, PEOPLE)))
    assert page.heading == "每一列是什么"
    assert page.value("姓名 必有") == "姓名"
    page = page.press("对了,看结果")
    assert page.heading == "先看一遍"
    assert "新进库1" in page.text and "有错,不进库1" in page.text
    assert "类别: 行政、行业、乡贤三类里选一类" in page.text
    page = page.press("进库").press("继续")
    assert page.heading == "进库完了"
    assert "新进库1有变动0没有变动0 没有进库1" in page.text
    with db.read() as session:
        (one,) = session.exec(select(Mediator)).all()
        assert (one.name, one.status) == ("雷长安", Status.ACTIVE)
        assert history.of(session, one.id or 0)[0].by.startswith("account:")
        key = session.exec(select(PoolDraft.id)).one()
    answer = coordinator.client.get(f"/pool/import/{key}/wrong.xlsx", base_url=BASE)
    assert [row.cells[0] for row in read_sheet(answer.data)] == ["姓名", "坏人"]
    page = page.follow("撤销这次导入").press(next(iter(page.follow("撤销这次导入").buttons[-1:])))
    assert "撤销的改动: 1" in page.text


def test_a_double_is_decided_in_the_preview(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        a_mediator(session, name="雷大安", phone="13800000001")
    page = upload(coordinator, workbook(Listed("名单", HEADING, PEOPLE[:1]))).press("对了,看结果")
    assert "可能重复,要认定1" in page.text
    page.fill({"是另一个人,进库": True}).press("进库").press("继续")
    with db.read() as session:
        assert {one.name for one in session.exec(select(Mediator))} == {"雷大安", "雷长安"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"", "表里没有内容"),
        (b"\x89PNG\0", "只能用 Excel 文件"),
        (b"x" * (10 * 2**20 + 1), "文件超过 10 MB"),
        (b"x" * (12 * 2**20), "内容太大了"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told(coordinator: Visitor, given: bytes, words: str) -> None:
    page = upload(coordinator, given, status=413 if len(given) > 11 * 2**20 else 422)
    assert words in page.text


def test_a_large_form_is_nobody_else_s_right(app: Flask, db: Database, coordinator: Visitor) -> None:
    given = {"q": "x" * 1_200_000, "csrf_token": token_of(coordinator)}
    assert coordinator.client.post("/pool/many", data=given, base_url=BASE).status_code == 413


def test_somebody_else_s_list_is_not_there(app: Flask, db: Database, coordinator: Visitor) -> None:
    upload(coordinator, workbook(Listed("名单", HEADING, PEOPLE)))
    with db.write() as session:
        other = a_coordinator(session)
        key = session.exec(select(PoolDraft.id)).one()
    signed_in(app, db, other).open(f"/pool/import/{key}", status=404)


# --- an entry --------------------------------------------------------------------------------------------------------


def test_somebody_new_is_written_down_and_changed(db: Database, coordinator: Visitor) -> None:
    page = coordinator.open("/pool/new").fill({"姓名": "雷长安", "类别": "乡贤", "手机": "1"}).press("保存", status=422)
    assert page.error("手机") == "电话号码不对:1"
    page = page.fill(
        {"手机": "13800000001", "村或住址": "交口河镇", "擅长的纠纷用顿号隔开,例如:邻里、婚姻家庭(赡养)": "邻里"}
    ).press("保存")
    assert page.heading == "雷长安"
    assert "待本人同意" in page.text
    page = page.follow("修改")
    assert page.value("擅长的纠纷用顿号隔开,例如:邻里、婚姻家庭(赡养)") == "邻里"
    page = page.fill({"职务": "退休教师", "手机": "", "类别": "行业"}).press("保存")
    with db.read() as session:
        (one,) = session.exec(select(Mediator)).all()
        assert (one.title, one.phone, one.kind) == ("退休教师", "", Kind.INDUSTRY)
        assert [each["type"] for each in roster.expertise_of(session, one.id or 0)] == ["neighbor"]
    assert "修改" in page.text and "退休教师" in page.text


def test_a_possible_double_is_asked_about(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        a_mediator(session, name="雷大安", phone="13800000001")
    typed = {"姓名": "雷长安", "类别": "乡贤", "手机": "13800000001", "村或住址": "交口河镇"}
    page = coordinator.open("/pool/new").fill(typed).press("保存", status=422)
    assert "可能和库里的雷大安" in page.error("姓名")
    page.fill({"是另一个人,就这样加": True}).press("保存")
    with db.read() as session:
        assert len(session.exec(select(Mediator)).all()) == 2


def test_acts_on_an_entry(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        key = a_mediator(session).id or 0
    page = coordinator.open(f"/pool/{key}").press("续聘三年").press("本人不同意公示")
    assert "待本人同意" in page.text
    page = page.press("本人同意公示")
    page.fill({"姓名": "李秀英", "电话": "13911112222", "亲属的话是哪种": "2"})
    with db.read() as session:
        profile = session.get_one(Profile, key)
        assert (profile.term_from, profile.consent) == (NOW.date(), Consent.GIVEN)
        assert roster.get_mediator(session, key).status is Status.ACTIVE
    page = page.press("暂停派单").press("恢复派单").press("退出人才库")
    assert "退出" in page.text
    with db.read() as session:
        assert [event.what for event in history.of(session, key)][:3] == ["status", "status", "status"]


def post(visitor: Visitor, path: str, wanted: int = 200, **data: object) -> Page:
    return visitor.send("POST", path, data={"csrf_token": token_of(visitor), **data}, status=wanted)


def test_leave_ties_training_and_photo(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        key = a_mediator(session).id or 0
    post(coordinator, f"/pool/{key}/leave", first=str(NOW.date()), last=str(NOW.date()), reason="过事")
    post(coordinator, f"/pool/{key}/leave", 422, first="2020-01-01", last="2020-01-02")
    post(coordinator, f"/pool/{key}/tie", kind="kin", person="李秀英", phone="13911112222", degree="2")
    post(coordinator, f"/pool/{key}/tie", 422, kind="kin", person="李秀英")
    post(coordinator, f"/pool/{key}/training", day=str(NOW.date()), topic="调解技能", hours="8")
    post(coordinator, f"/pool/{key}/training", 422, day=str(NOW.date()), topic="调解技能", hours="9" * 5000)
    post(coordinator, f"/pool/{key}/photo/new", photo=(io.BytesIO(picture()), "x.jpg"))
    page = post(coordinator, f"/pool/{key}/photo/new", 422, photo=(io.BytesIO(b"GIF89a"), "x.gif"))
    assert "只能用 JPG、PNG 或 WebP 照片" in page.text
    page = coordinator.open(f"/pool/{key}")
    for words in ("请假到", "过事", "近亲属 · 兄弟姐妹、祖孙: 李秀英", "调解技能 · 8 学时"):
        assert words in page.text
    assert coordinator.client.get(f"/pool/{key}/photo", base_url=BASE).mimetype == "image/jpeg"
    page.press("取消 2026-11-23")
    with db.read() as session:
        assert session.exec(select(Relation.degree)).one() == 2
        assert roster.reserve(session, key, NOW.date())


def test_an_entry_of_another_county_is_only_looked_at(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        key = a_mediator(session, home=YICHUAN, areas=(YICHUAN, LUOCHUAN)).id or 0
    assert "修改" not in coordinator.open(f"/pool/{key}").links
    coordinator.open(f"/pool/{key}/edit", status=404)
    post(coordinator, f"/pool/{key}/status", 404, status="retired")
    post(coordinator, "/pool/many", 404, what="suspend", ids=str(key))


# --- the roll --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["雷长安", "leichangan", "LCA", "lei chang", "教师", "公道", "交口河", "jkh"])
def test_a_person_is_found_by_name_pinyin_village_and_words(quick_app: Flask, sqlite_db: Database, typed: str) -> None:
    with sqlite_db.write() as session:
        a_mediator(session, name="雷长安", title="退休教师", intro="说话公道")
        a_mediator(session, name="王小二", home=JIUXIAN)
        officer = an_officer(session)
    page = signed_in(quick_app, sqlite_db, officer).open(f"/pool?q={typed}")
    assert ("雷长安" in page.links, "王小二" in page.links) == (True, False)


def test_filters_by_town_state_and_room(app: Flask, db: Database) -> None:
    with db.write() as session:
        a_mediator(session, name="甲", areas=(JIUXIAN,))
        a_mediator(session, name="乙", areas=(JIAOKOUHE,), status=Status.SUSPENDED)
        a_mediator(session, name="丙", areas=(JIAOKOUHE,), open_cases=3)
        officer = an_officer(session)
    visitor = signed_in(app, db, officer)

    def names(query: str) -> set[str]:
        return {"甲", "乙", "丙"} & visitor.open(f"/pool?{query}").links.keys()

    assert names(f"town={JIUXIAN}") == {"甲"}
    assert names("status=suspended") == {"乙"}
    assert names("free=1") == {"甲"}


def test_many_are_changed_and_brought_back(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        for name in ("甲某", "乙某", "丙某"):
            a_mediator(session, name=name)
    page = (
        coordinator.open("/pool")
        .fill({"选 甲某": True, "选 乙某": True, "做什么": "cap", "接单上限": "9"})
        .press("一起改")
    )
    with db.read() as session:
        assert sorted(one.load_cap for one in session.exec(select(Mediator))) == [3, 9, 9]
    page.press(page.buttons[-1])
    with db.read() as session:
        assert [one.load_cap for one in session.exec(select(Mediator))] == [3, 3, 3]
    assert "请先在名单里勾选" in post(coordinator, "/pool/many", 422, what="cap", value="9").text
    for value in ("99", "9" * 5000):
        assert "0到50" in post(coordinator, "/pool/many", 422, what="cap", value=value, ids="1").text


def test_the_map_shows_where_nobody_is(app: Flask, db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        a_mediator(session, types=("neighbor", "labor"), areas=(JIUXIAN, JIUXIAN + 200, ALSO_THERE))
        a_mediator(session, types=("neighbor",), areas=(LUOCHUAN,))
        a_mediator(session, types=("medical",), areas=(LUOCHUAN,), status=Status.PENDING)
        gap = pool_care.coverage(session, LUOCHUAN)
    at = dict(zip(gap.towns, gap.counts["neighbor"], strict=True))
    assert (at[JIUXIAN], at[JIAOKOUHE], sum(at.values())) == (2, 2, len(gap.towns) + 2)
    assert sum(gap.counts["labor"]) == 2 and sum(gap.counts["medical"]) == 0
    assert gap.nobody == 19 * len(gap.towns) - len(gap.towns) - 2
    assert f"没有人的格子 {gap.nobody}" in coordinator.open("/pool/coverage").text


def test_the_book_has_the_active_and_no_phones(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        a_mediator(session, name="雷长安", phone="13800000001")
        a_mediator(session, name="没同意", status=Status.PENDING)
    page = coordinator.open("/pool/book")
    assert "雷长安" in page.text and "没同意" not in page.text and "13800000001" not in page.html
    assert "data:image/svg+xml" in page.html


def test_terms_that_end_are_told_once_a_month_and_lapse(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        key = a_mediator(session, name="雷长安").id or 0
        register.amend_profile(session, key, term_from=NOW.date().replace(year=2023), term_to=NOW.date().replace(day=1))
    for _ in range(2):
        tick(db, db.settings, NOW)
    with db.read() as session:
        told = select(InboxMessage).where(col(InboxMessage.subject).contains("聘期"))
        (message,) = session.exec(told).all()
        assert message.subject == "1位调解员的聘期要续" and "雷长安" in message.body
        assert roster.get_mediator(session, key).status is Status.LAPSED
    page = coordinator.open("/pool/renewals")
    page.fill({"选 雷长安": True}).press("选中的续聘三年")
    with db.read() as session:
        assert roster.get_mediator(session, key).status is Status.ACTIVE


def test_doubles_are_shown_and_merged(db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        for name, phone in (("雷长安", "13800000001"), ("雷长安", "13800000001"), ("雷常安", ""), ("王小二", "")):
            a_mediator(session, name=name, phone=phone)
        assert [(pair.kept.id, pair.other.id, pair.why) for pair in pool_care.doubles(session, LUOCHUAN)] == [
            (1, 2, "phone"), (1, 3, "name"), (2, 3, "name"),
        ]  # fmt: skip
    page = coordinator.open("/pool/doubles")
    page.press("留这一条 雷长安 1/2")
    with db.read() as session:
        assert roster.get_mediator(session, 2).status is Status.RETIRED


# --- the own entry ---------------------------------------------------------------------------------------------------


def test_a_person_sees_and_corrects_the_own_entry(app: Flask, db: Database, coordinator: Visitor) -> None:
    with db.write() as session:
        key = a_mediator(session, name="雷长安", phone="13800000001").id or 0
        a_mediator(session, name="别人")
    db.links = replace(db.links, base_url="https://diandan.example")  # what is set, not the host that was asked
    shown = coordinator.open(f"/pool/{key}").press("给本人一个链接")
    found = re.search(r"https://diandan\.example/own/([\w-]{32})", shown.html)
    assert found is not None
    person = Visitor(app)
    person.open("/own", status=404)
    door = person.open(f"/own/{found[1]}")
    assert "雷长安" not in door.text, "apps that look at links see nothing"
    page = door.press("打开")
    assert page.heading == "雷长安"
    page = page.fill({"电话": "13900000009", "一句话介绍最多60个字": "先听完再说"}).press("交上去")
    assert "等协调员看" in page.text
    page = page.press("我不同意")
    with db.read() as session:
        one = roster.get_mediator(session, key)
        assert (one.phone, one.status) == ("13800000001", Status.PENDING)
        assert history.of(session, key)[0].by == f"mediator:{key}"
    page.press("我同意")
    wanted = coordinator.open(f"/pool/{key}")
    assert "本人要求更正" in wanted.text
    wanted.press("采纳")
    with db.read() as session:
        one = roster.get_mediator(session, key)
        assert (one.phone, one.intro, one.status) == ("13900000009", "先听完再说", Status.ACTIVE)
    with db.write() as session:
        pool_entry.make_link(session, key, NOW)
    person.open("/own", status=404)
    person.open(f"/own/{found[1]}", status=404)


@pytest.mark.parametrize("token", ["x", "A" * 32, "%00", "长" * 40])
def test_links_that_are_none_open_nothing(quick_app: Flask, sqlite_db: Database, token: str) -> None:
    Visitor(quick_app).open(f"/own/{token}", status=404)
