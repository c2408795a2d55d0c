"""The roll as officers and coordinators see it."""

import pytest
from flask import Flask

from app import pool
from app.db import Database
from talent_pool import roster
from talent_pool.models import Kind, Status
from tests.app.web.people import signed_in
from tests.builders import (
    ALSO_THERE,
    ELSEWHERE,
    JIAOKOUHE,
    LUOCHUAN,
    YANAN,
    YICHUAN,
    YULIN,
    a_coordinator,
    a_mediator,
    a_station,
    an_admin,
    an_officer,
    viewer,
)
from tests.clock import NOW


@pytest.fixture
def filled(db: Database) -> Database:
    """A pool of five around one station."""
    with db.write() as session:
        a_mediator(session, name="雷长安", title="退休教师", phone="13900000001", areas=(JIAOKOUHE,))
        a_mediator(session, name="高医生", kind=Kind.INDUSTRY, types=("medical",), phone="13900000002", areas=(YANAN,))
        a_mediator(session, name="刘科长", kind=Kind.ADMINISTRATIVE, phone="13900000003", open_cases=3)
        a_mediator(session, name="邻县人", phone="13900000004", areas=(YICHUAN,))
        a_mediator(session, name="退休人", phone="13900000005", status=Status.RETIRED)
        roster.take_leave(session, 1, NOW.date(), NOW.date())
    return db


def test_an_officer_sees_who_serves_the_county(app: Flask, filled: Database) -> None:
    with filled.write() as session:
        officer = an_officer(session)
    page = signed_in(app, filled, officer).open("/pool")
    assert page.heading == "人才库"
    assert [name for name in ("雷长安", "高医生", "刘科长", "邻县人", "退休人") if name in page.links] == [
        "雷长安",
        "高医生",
        "刘科长",
    ]
    assert "洛川县 · 行政 1 · 行业 1 · 乡贤 1" in page.text
    assert "0/3 请假到 11月23日(周一)" in page.text
    assert "3/3 已满" in page.text
    assert "1390000" not in page.html


def test_filters_and_words(app: Flask, filled: Database) -> None:
    with filled.write() as session:
        officer = an_officer(session)
    visitor = signed_in(app, filled, officer)
    page = visitor.open("/pool").fill({"类别": "行业"}).press("查找")
    assert "高医生" in page.links
    assert "雷长安" not in page.links
    assert page.value("类别") == "行业"
    page = visitor.open("/pool").fill({"擅长的纠纷": "邻里", "查姓名、拼音、村或职务": "教师"}).press("查找")
    assert ("雷长安" in page.links, "刘科长" in page.links) == (True, False)
    assert "没有找到" in visitor.open("/pool").fill({"查姓名、拼音、村或职务": "%"}).press("查找").text


@pytest.mark.parametrize(
    "query", ["page=-1", "page=99999", "page=" + "9" * 99, "kind=x&type=y", "q=%00%ff", "q=" + "长" * 500]
)
def test_odd_questions_do_no_harm(quick_app: Flask, sqlite_db: Database, query: str) -> None:
    with sqlite_db.write() as session:
        officer = an_officer(session)
    assert signed_in(quick_app, sqlite_db, officer).open(f"/pool?{query}").heading == "人才库"


def test_pages_follow_one_another(quick_app: Flask, sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        for number in range(51):
            a_mediator(session, name=f"人{number:02d}")
        officer = an_officer(session)
    page = signed_in(quick_app, sqlite_db, officer).open("/pool")
    assert ("人49" in page.links, "人50" in page.links) == (True, False)
    page = page.follow("下一页")
    assert [name for name in page.links if name.startswith("人") and name != "人才库"] == ["人50"]
    assert "人00" in page.follow("上一页").links


def test_a_person_s_page_with_the_phone_only_where_it_concerns(app: Flask, filled: Database) -> None:
    with filled.write() as session:
        near, beside = an_officer(session), an_officer(session, a_station(session, area=YICHUAN))
        city, far = a_coordinator(session, area=YANAN), a_coordinator(session, area=YULIN)
    seen = {
        name: "13900000001" in signed_in(app, filled, who).open("/pool/1").text
        for name, who in (("near", near), ("beside", beside), ("city", city), ("far", far))
    }
    assert seen == {"near": True, "beside": False, "city": True, "far": False}
    page = signed_in(app, filled, near).open("/pool").follow("雷长安")
    assert page.heading == "雷长安"
    for words in ("退休教师", "乡贤", "邻里 · 5 年", "延安市洛川县交口河镇", "请假到 11月23日(周一)"):
        assert words in page.text


@pytest.mark.parametrize("given", ["0", "999", "-1", "x", "9" * 30, "%00", "１"])
def test_unknown_people_are_not_found(quick_app: Flask, sqlite_db: Database, given: str) -> None:
    with sqlite_db.write() as session:
        officer = an_officer(session)
    page = signed_in(quick_app, sqlite_db, officer).open(f"/pool/{given}", status=404)
    assert page.heading == "没有这位调解员"


def test_an_administrator_has_no_roll(quick_app: Flask, sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        admin = an_admin(session)
    signed_in(quick_app, sqlite_db, admin).open("/pool", status=403)


def test_hostile_names_are_only_words(quick_app: Flask, sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        a_mediator(session, name="<script>alert(1)</script>", title="{{ 7*7 }}", intro="</bdi><b>x")
        officer = an_officer(session)
    visitor = signed_in(quick_app, sqlite_db, officer)
    assert "<script>alert(1)</script>" in visitor.open("/pool").links
    page = visitor.open("/pool/1")
    assert "{{ 7*7 }}" in page.text
    assert "</bdi><b>x" in page.text


def test_whose_roll_it_is(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        officer, coordinator = an_officer(session), a_coordinator(session, area=YANAN)
    assert pool.area_of(viewer(officer)) == LUOCHUAN
    assert pool.area_of(viewer(coordinator)) == YANAN


def test_who_serves_one_village_only_is_on_its_county_s_roll(sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        a_mediator(session, name="村里人", areas=(ALSO_THERE,))
        a_mediator(session, name="外市人", areas=(ELSEWHERE,))
        rows = pool.roll(session, LUOCHUAN, today=NOW.date())
        assert [row.name for row in rows] == ["村里人"]
        assert pool.counts(session, LUOCHUAN) == {Kind.ADMINISTRATIVE: 0, Kind.INDUSTRY: 0, Kind.LOCAL_ELDER: 1}
