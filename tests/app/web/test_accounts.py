"""What an administrator may do, and to whom."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import accounts, apikeys, staff
from app.accounts import sign_in
from app.db import Database
from app.errors import Forbidden, InvalidInput, NotFound
from app.models import Account, ApiKey, WebSession
from app.scope import NOBODY, Role
from app.staff import NewAccount
from tests.app.web.people import signed_in
from tests.builders import (
    JIAOKOUHE,
    LUOCHUAN,
    PASSWORD,
    YANAN,
    YICHUAN,
    a_coordinator,
    a_station,
    an_account,
    an_admin,
    an_officer,
    viewer,
)
from tests.clock import NOW
from tests.page import Page, Visitor


@pytest.fixture
def admin(app: Flask, db: Database) -> Visitor:
    """The administrator of Luochuan, with one station (id 1) in the county and one (id 2) next door."""
    return an_administrator(app, db)


@pytest.fixture
def quick_admin(quick_app: Flask, sqlite_db: Database) -> Visitor:
    """The same on SQLite alone."""
    return an_administrator(quick_app, sqlite_db)


def an_administrator(app: Flask, db: Database) -> Visitor:
    with db.write() as session:
        a_station(session, name="交口河派出所", area=JIAOKOUHE)
        a_station(session, name="宜川派出所", area=YICHUAN)
        row = an_admin(session)
    return signed_in(app, db, row)


NEW = {"login": "wang1", "name": "王民警", "role": "民警", "station": "交口河派出所"}


def password_of(page: Page) -> str:
    found = re.search(r"<strong>([a-z0-9-]+)</strong>", page.html)
    assert found is not None
    return found[1]


def row(db: Database, login: str) -> Account | None:
    with db.read() as session:
        return session.execute(select(Account).where(Account.login == login)).scalar_one_or_none()  # type: ignore[arg-type]


def test_a_new_officer_can_sign_in_with_the_password_shown_once(admin: Visitor, db: Database) -> None:
    page = admin.open("/accounts/new").fill(NEW).press("建账号,显示密码")
    assert page.heading == "密码只显示这一次"
    made = row(db, "wang1")
    assert made is not None
    assert (made.role, made.station_id, made.area, made.name) == (Role.OFFICER, 1, JIAOKOUHE, "王民警")
    password = password_of(page)
    assert len(password) >= 16
    assert password not in made.password_hash
    assert sign_in(db, login="wang1", password=password, address="x", now=NOW)
    assert "王民警" in admin.open("/accounts").links
    assert password not in admin.open(f"/accounts/{made.id}").html


def test_a_coordinator_answers_for_the_administrator_s_area_or_a_part(admin: Visitor, db: Database) -> None:
    page = admin.open("/accounts/new").fill({"login": "su1", "name": "苏", "role": "协调员"}).press("建账号,显示密码")
    assert page.status == 200
    made = row(db, "su1")
    assert made is not None
    assert (made.role, made.area, made.station_id) == (Role.COORDINATOR, LUOCHUAN, None)


WRONG = [
    ({"login": ""}, "login"),
    ({"login": "Wang 1"}, "login"),
    ({"login": "王"}, "login"),
    ({"login": "ab"}, "login"),
    ({"login": "x" * 41}, "login"),
    ({"login": "a\x00b\ud800c😀"}, "login"),
    ({"name": " "}, "name"),
    ({"name": "长" * 41}, "name"),
    ({"role": "admin"}, "role"),
    ({"role": ""}, "role"),
    ({"station": ""}, "station"),
    ({"station": "2"}, "station"),
    ({"station": "99"}, "station"),
    ({"station": "9" * 40}, "station"),
    ({"role": "coordinator", "area": str(YANAN)}, "area"),
    ({"role": "coordinator", "area": "6108"}, "area"),
    ({"role": "coordinator", "area": "x"}, "area"),
    ({"email": "nobody"}, "email"),
    ({"email": "a@b.cn\nBcc: c@d.cn"}, "email"),
]


def test_wrong_accounts_are_refused_at_their_field(sqlite_db: Database) -> None:
    with sqlite_db.write(NOBODY) as session:
        a_station(session, area=JIAOKOUHE)
        a_station(session, area=YICHUAN)
        admin = viewer(an_admin(session))
        for given, field in WRONG:
            typed = {"login": "wang1", "name": "王", "role": "officer", "station": "1"} | given
            with pytest.raises((InvalidInput, ValueError)) as problem:
                staff.add(session, admin, NewAccount.model_validate(typed))
            assert field in str(getattr(problem.value, "problems", problem.value)), given
        assert len(session.execute(select(Account)).all()) == 1


def test_the_form_keeps_what_was_typed(quick_admin: Visitor) -> None:
    page = (
        quick_admin.open("/accounts/new").fill({**NEW, "login": "W", "email": "x"}).press("建账号,显示密码", status=422)
    )
    assert page.error("login") == "账号用小写字母和数字,3到40位"
    assert page.error("email") == "邮箱不对,请核对"
    assert (page.value("name"), page.value("station")) == ("王民警", "交口河派出所")
    assert "宜川派出所" not in page.html


def test_a_name_is_given_once(admin: Visitor) -> None:
    admin.open("/accounts/new").fill(NEW).press("建账号,显示密码")
    page = admin.open("/accounts/new").fill(NEW).press("建账号,显示密码", status=422)
    assert page.error("login") == "这个账号已经有了"


def test_a_closed_account_is_out_at_once_and_may_come_back(app: Flask, admin: Visitor, db: Database) -> None:
    with db.write() as session:
        officer = an_officer(session)
        key = apikeys.create(session, officer, "x", NOW)
    their = signed_in(app, db, officer)
    their.open("/pool")
    page = admin.open(f"/accounts/{officer.id}").press("停用账号")
    assert "已停用" in page.text
    assert their.open("/pool").heading == "登录"
    assert apikeys.find_caller(db.engine, key) is None
    page = page.press("重新启用")
    with db.read(NOBODY) as session:
        account = session.get_one(Account, officer.id)
        assert (account.disabled_at, account.enabled_at) == (None, NOW)
    assert apikeys.find_caller(db.engine, key) is not None


def test_a_new_password_ends_the_old_one_and_every_session(app: Flask, admin: Visitor, db: Database) -> None:
    with db.write() as session:
        officer = an_account(session, Role.OFFICER, station=a_station(session), area=JIAOKOUHE, with_password=True)
    their = signed_in(app, db, officer)
    password = password_of(admin.open(f"/accounts/{officer.id}").press("换新密码"))
    assert their.open("/pool").heading == "登录"
    with pytest.raises(Forbidden):
        sign_in(db, login=officer.login, password=PASSWORD, address="x", now=NOW)
    assert sign_in(db, login=officer.login, password=password, address="x", now=NOW)


def test_keys_are_made_shown_once_and_ended(admin: Visitor, db: Database) -> None:
    with db.write() as session:
        officer = an_officer(session)
    page = admin.open(f"/accounts/{officer.id}").press("做一把钥匙", status=422)
    assert page.error("给谁用").startswith("请写这把钥匙给谁用")
    shown = page.fill({"给谁用": "12345热线 <b>"}).press("做一把钥匙")
    key = password_of_key(shown)
    assert apikeys.find_caller(db.engine, key) is not None
    page = admin.open(f"/accounts/{officer.id}")
    assert key not in page.html
    assert "12345热线 <b>" in page.text
    page = page.press("作废 12345热线 <b>")
    assert "还没有。" in page.text
    assert apikeys.find_caller(db.engine, key) is None


def password_of_key(page: Page) -> str:
    found = re.search(r"<strong>(dd_[\w-]+)</strong>", page.html)
    assert found is not None
    return found[1]


def test_accounts_elsewhere_do_not_exist(app: Flask, admin: Visitor, db: Database) -> None:
    """Every address of an account answers alike for one outside the area, one of an administrator, and none at all."""
    with db.write() as session:
        beyond = an_officer(session, a_station(session, area=YICHUAN))
        above = a_coordinator(session, area=YANAN)
        peer = an_admin(session)
        key = ApiKey(account_id=beyond.id or 0, name="x", key_hash="y", created_at=NOW)
        session.add(key)
    names = admin.open("/accounts").text
    assert beyond.name not in names
    for account in (beyond.id, above.id, peer.id, 999, "x", "9" * 40, "-1"):
        admin.open(f"/accounts/{account}", status=404)
        for deed in ("disable", "enable", "password", "keys", f"keys/{key.id}/revoke"):
            token = admin.open("/accounts").tree.find(".//input[@name='csrf_token']")
            assert token is not None
            admin.send(
                "POST", f"/accounts/{account}/{deed}", data={"csrf_token": token.get("value"), "name": "x"}, status=404
            )
    with db.read(NOBODY) as session:
        assert session.execute(select(Account).where(Account.disabled_at.is_not(None))).all() == []  # type: ignore[union-attr]
        assert len(session.execute(select(ApiKey)).all()) == 1


def test_a_key_is_ended_only_through_its_own_account(sqlite_db: Database) -> None:
    with sqlite_db.write(NOBODY) as session:
        mine, theirs = an_officer(session), an_officer(session)
        apikeys.create(session, theirs, "x", NOW)
        with pytest.raises(NotFound):
            apikeys.revoke(session, mine, 1, NOW)
        apikeys.revoke(session, theirs, 1, NOW)
        apikeys.revoke(session, theirs, 1, NOW + timedelta(days=1))
        assert session.get_one(ApiKey, 1).revoked_at == NOW


def test_only_administrators_come_here(quick_app: Flask, sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        people = [an_officer(session), a_coordinator(session)]
    for account in people:
        visitor = signed_in(quick_app, sqlite_db, account)
        for path in ("/accounts", "/accounts/new", "/accounts/1"):
            visitor.open(path, status=403)


def test_the_list_finds_people(quick_admin: Visitor, sqlite_db: Database) -> None:
    with sqlite_db.write() as session:
        an_account(session, Role.OFFICER, station=None, area=JIAOKOUHE, login="zhaoliu", name="赵六")
        an_account(session, Role.OFFICER, station=None, area=JIAOKOUHE, login="qianqi", name="钱七")
    page = quick_admin.open("/accounts").fill({"q": "zhao"}).press("查找")
    assert ("赵六" in page.links, "钱七" in page.links) == (True, False)
    assert "没有找到" in quick_admin.open("/accounts?q=%25&page=%00").text
    assert "没有找到" in quick_admin.open("/accounts?page=99").text


def test_passwords_differ_and_can_be_read_out() -> None:
    made = {staff.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", each) for each in made)


def test_the_sessions_of_others_stay(sqlite_db: Database) -> None:
    with sqlite_db.write(NOBODY) as session:
        one, other = an_officer(session), an_officer(session)
        for account in (one, other):
            accounts.open_session(session, now=NOW, hours=1, account_id=account.id)
        staff.disable(session, viewer(an_admin(session)), one.id or 0, NOW)
        assert [each.account_id for each in session.execute(select(WebSession)).scalars()] == [other.id]
