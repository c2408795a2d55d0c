"""A county's list in a real Chromium: it goes in by itself, part after part. How pages look is measured in test_pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from app import accounts, pool_import
from app.db import Database
from app.settings import load
from app.web import create_app
from app.workbooks import Listed, workbook
from talent_pool.models import Mediator
from tests.browser import OpenTab, Site
from tests.builders import a_coordinator
from tests.clock import NOW, Clock
from tests.town import client_of

pytestmark = pytest.mark.browser


@pytest.fixture
def site(live: Callable[[Callable[[str], Any]], Site], sqlite_db: Database, clock: Clock) -> Site:
    """The site on this test's database."""

    def build(base_url: str) -> Flask:
        settings = load(data_dir=sqlite_db.settings.data_dir, secret_key=sqlite_db.settings.key(), base_url=base_url)
        return create_app(settings, sqlite_db, clock)

    return live(build)


def test_a_list_goes_in_part_after_part(
    site: Site, sqlite_db: Database, open_tab: OpenTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_import.step, "__kwdefaults__", {"size": 2})
    with sqlite_db.write() as session:
        account = a_coordinator(session)
        secret = accounts.open_session(session, now=NOW, hours=12, account_id=account.id)
    client = client_of(site.app, "account", secret)
    cookie = client.get_cookie("diandan", domain="127.0.0.1")
    assert cookie is not None
    people = [[f"雷{name}安", "乡贤", "旧县镇", f"1380000000{at}"] for at, name in enumerate("甲乙丙丁戊")]
    file = tmp_path / "名单.xlsx"
    file.write_bytes(workbook(Listed("名单", ["姓名", "类别", "籍贯", "电话"], people)))
    page = open_tab(width=360, height=780)
    page.context.add_cookies([{"name": "diandan", "value": cookie.value, "url": site.url}])
    page.goto(f"{site.url}/pool/import")
    page.set_input_files("#file", file)
    page.click("main button.main")
    page.click("main button.main")
    page.click("main button.main")
    page.locator("h1", has_text="进库完了").wait_for()
    assert page.locator("progress").get_attribute("value") == "5"
    with sqlite_db.read() as session:
        assert len(session.exec(select(Mediator)).all()) == 5
