"""The tests' plain browser: it sees what is on a page, sends what a browser sends, refuses a badly made page."""

from typing import Any

import pytest
from flask import Flask, Response, redirect, request

from tests.page import Page, Visitor
from tests.page_rules import problems

GOOD = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>登记纠纷 · 点单</title><script src="/a.js" defer></script></head>
<body><h1>登记纠纷</h1><p><a href="/next?x=1#foot">下一页</a></p><p id="foot">完</p>
<form id="main" action="/take" method="post">
<input type="hidden" name="csrf_token" value="t0"><input type="hidden" name="key" value="k">
<label for="text">经过</label><textarea id="text" name="text" aria-invalid="true" aria-describedby="why">
旧</textarea><p id="why">请写经过</p>
<fieldset><legend>申请方</legend><label>姓名 <input name="a" value="童大山"></label>
<fieldset><legend>性别</legend><label><input type="radio" name="sex" value="m" checked>男</label>
<label><input type="radio" name="sex" value="f">女</label></fieldset></fieldset>
<fieldset><legend>对方</legend><label>姓名 <input name="b"></label></fieldset>
<label>类型 <select name="type">
<option value="">请选</option><option value="neighbor">邻里</option></select></label>
<label><input type="checkbox" name="urgent" value="yes">紧急</label>
<label><input type="checkbox" name="kept" checked>留着</label>
<label for="file">材料</label><input type="file" id="file" name="file">
<label>停用 <input name="off" value="1" disabled></label>
<button type="submit" name="do" value="save">保存</button>
<button type="submit" name="do" value="send" formaction="/take?sent=1">登记</button>
</form><label for="late">补一句</label><input id="late" name="late" form="main" value="嗯">
<form action="/next" method="get">
<label for="q">查找</label><input id="q" name="q"><button type="submit">找</button></form>
</body></html>"""  # fmt: skip


def an_app() -> Flask:
    """A site with one page, and an answer that shows what it was sent."""
    app = Flask("page")

    @app.get("/")
    def home() -> str:
        return GOOD

    @app.post("/take")
    def take() -> Response:
        sent = [*request.args.items(), *request.form.items(multi=True)]
        files = [(name, f"{file.filename}:{file.read().decode()}") for name, file in request.files.items()]
        app.config["sent"] = dict(sent + files)
        return redirect("/next")  # type: ignore[return-value]

    @app.get("/next")
    def following() -> str:
        return GOOD.replace("登记纠纷", "下一步").replace("完", request.query_string.decode())

    return app


@pytest.fixture
def page() -> Page:
    return Visitor(an_app()).open("/")


def sent(page: Page, button: str) -> dict[str, Any]:
    """Press a button and return what the site got."""
    app = page.visitor.client.application
    page.press(button)
    taken: dict[str, Any] = app.config["sent"]
    return taken


def test_sees_words_links_buttons_values_and_errors(page: Page) -> None:
    assert page.heading == "登记纠纷"
    assert "请写经过" in page.text and "a.js" not in page.text
    assert page.links == {"下一页": "/next?x=1#foot"}
    assert page.buttons == ["保存", "登记", "找"]
    assert [page.value("经过"), page.value("申请方 / 姓名"), page.value("紧急"), page.value("留着")] == [
        "旧",
        "童大山",
        False,
        True,
    ]
    assert page.error("经过") == "请写经过"
    assert page.error("紧急") == ""


def test_follows_a_link_by_its_words(page: Page) -> None:
    after = page.follow("下一页")
    assert (after.heading, after.path) == ("下一步", "/next?x=1")


def test_sends_what_a_browser_sends(page: Page) -> None:
    unseen = {"csrf_token": "t0", "key": "k"}
    seen = {"text": "旧", "a": "童大山", "sex": "m", "b": "", "type": "", "kept": "on", "file": ":", "late": "嗯"}
    assert sent(page, "保存") == unseen | seen | {"do": "save"}


def test_sends_what_was_filled_in_and_the_button_that_was_pressed(page: Page) -> None:
    page.fill(
        {
            "经过": "新\n行",
            "对方 / 姓名": "邱有田",
            "性别": "女",
            "类型": "邻里",
            "紧急": True,
            "留着": False,
            "补一句": "好",
        }
    )
    got = sent(page.fill({"材料": ("a.txt", b"abc")}), "登记")
    assert got["text"] == "新\n行"
    assert (got["b"], got["sex"], got["type"], got["late"], got["file"]) == (
        "邱有田",
        "f",
        "neighbor",
        "好",
        "a.txt:abc",
    )
    assert (got["urgent"], got["do"], got["sent"]) == ("yes", "send", "1")
    assert "kept" not in got


def test_fields_can_be_named_by_their_names(page: Page) -> None:
    got = sent(page.fill({"b": "甲", "sex": "f"}), "保存")
    assert (got["b"], got["sex"]) == ("甲", "f")


def test_form_of_questions_goes_into_the_address(page: Page) -> None:
    assert page.fill({"查找": "shuilu"}).press("找").path == "/next?q=shuilu"


@pytest.mark.parametrize(
    ("what", "label"), [("follow", "没有"), ("press", "没有"), ("value", "没有"), ("value", "姓名")]
)
def test_says_what_is_not_there_or_not_clear(page: Page, what: str, label: str) -> None:
    with pytest.raises(AssertionError, match=label):
        getattr(page, what)(label)


def test_an_unexpected_answer_fails() -> None:
    with pytest.raises(AssertionError, match="answered 200, not 404"):
        Visitor(an_app()).open("/", status=404)


def test_a_good_page_has_no_problems() -> None:
    assert problems(GOOD) == []


BAD = {
    "not valid HTML": ("<h1>登记纠纷</h1>", "<h1>登记纠纷</h2></h1>"),
    "language": (' lang="zh-CN"', ""),
    "one h1 is wanted": ("<p id", "<h1>又一个</h1><p id"),
    "does not begin with": ("<title>登记纠纷 · 点单", "<title>点单"),
    "is there 2 times": ('<p id="why"', '<p id="text"'),
    "aria-describedby> points to": ('<p id="why"', "<p"),
    "link points to": ("/next?x=1#foot", "#nowhere"),
    "has no action": (' action="/take"', ""),
    "without csrf_token": ('name="csrf_token"', 'name="token"'),
    "button without a type": ('<button type="submit">找', "<button>找"),
    "a button has no words": (">找</button>", "></button>"),
    "has no words": (">下一页</a>", "></a>"),
    "has no label": ('<label for="q">查找</label>', ""),
    "has no alt": ("<p id=", '<img src="a.png"><p id='),
    "inline style": ("<p>", '<p style="color:red">'),
    "inline style at <style>": ("</head>", "<style>p{}</style></head>"),
    "inline script": ('<script src="/a.js" defer>', "<script>"),
    "inline script in <p onclick>": ("<p>", '<p onclick="f()">'),
    "inline script in <a href>": ("/next?x=1#foot", "javascript:f()"),
}


@pytest.mark.parametrize("complaint", BAD)
def test_a_badly_made_page_is_refused(complaint: str) -> None:
    good, bad = BAD[complaint]
    assert good in GOOD
    assert any(complaint in each for each in problems(GOOD.replace(good, bad, 1)))


def test_opening_a_badly_made_page_fails() -> None:
    app = Flask("bad")
    app.add_url_rule("/", view_func=lambda: "<h1>x")
    with pytest.raises(AssertionError, match="badly made"):
        Visitor(app).open("/")
