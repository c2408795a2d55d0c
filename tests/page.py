"""A visitor with a plain browser and no JavaScript: opens pages, follows links, fills in forms by the words on them.

`Visitor(app).open("/sign-in").fill({"账号": "lu", "密码": "…"}).press("登录")` returns the page that comes next.
A badly made page (see `tests.page_rules`) fails the test that opens it.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urldefrag, urljoin
from xml.etree.ElementTree import Element

from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.page_rules import fields, labels, parse, problems, words

BASE = "http://127.0.0.1:8000"


class Visitor:
    """One browser with its own cookies. `base` is the site's address: cookies of a TLS site need https."""

    def __init__(self, app: Flask, base: str = BASE, **headers: str) -> None:
        self.base = base
        self.client = app.test_client()
        self.headers = headers

    def open(self, path: str, *, status: int = 200) -> "Page":
        """Open a page, following redirects; `status` is what the last answer must be."""
        return self.send("GET", path, status=status)

    def send(self, method: str, path: str, *, status: int = 200, data: Any = None, query: Any = None) -> "Page":
        """Send a request as a form does and return the page on which it ends."""
        response = self.client.open(
            urldefrag(path).url, method=method, base_url=self.base, data=data, query_string=query, headers=self.headers,
            follow_redirects=True,
        )  # fmt: skip
        page = Page(self, response)
        assert page.status == status, (
            f"{method} {path} answered {page.status}, not {status}: {page.heading or page.text[:300]}"
        )
        return page


class Page:
    """What the visitor sees now."""

    def __init__(self, visitor: Visitor, response: TestResponse) -> None:
        self.visitor, self.response = visitor, response
        self.status = response.status_code
        self.path = response.request.full_path.rstrip("?")
        self.html = response.get_data(as_text=True) if response.mimetype.startswith("text/") else ""
        self.tree, _ = parse(self.html)
        self._filled: list[tuple[Element, Any]] = []
        if response.mimetype == "text/html":
            wrong = problems(self.html)
            assert not wrong, f"{self.path} is badly made:\n" + "\n".join(wrong)

    # --- seeing ---

    @property
    def heading(self) -> str:
        """The page's h1."""
        return words(self.tree.find(".//h1"))

    @property
    def text(self) -> str:
        """All visible words of the page's body."""
        return words(self.tree.find("body"))

    @property
    def links(self) -> dict[str, str]:
        """Words → address of every link; the first of several with the same words."""
        return {
            words(each) or each.get("aria-label", ""): each.get("href", "")
            for each in reversed(list(self.tree.iter("a")))
        }

    @property
    def buttons(self) -> list[str]:
        """The words of every button that sends a form."""
        return [_button_words(each) for each in self._submits()]

    def value(self, label: str) -> Any:
        """Return what stands in a field: text, the chosen words, or whether it is ticked."""
        field = self._find(label)
        if _kind(field) in ("checkbox", "radio"):
            return "checked" in field.attrib
        if field.tag == "select":
            return next((words(each) for each in field.iter("option") if "selected" in each.attrib), None)
        return _text_of(field)

    def error(self, label: str) -> str:
        """Return the words of what the field points to as its error; '' when it has none."""
        field = self._find(label)
        if field.get("aria-invalid") != "true":
            return ""
        ids = field.get("aria-describedby", "").split()
        return " ".join(words(each) for each in self.tree.iter() if each.get("id") in ids)

    # --- doing ---

    def follow(self, label: str, *, status: int = 200) -> "Page":
        """Follow the link with these words."""
        assert label in self.links, f"no link {label!r} on {self.path}, only {sorted(self.links)}"
        return self.visitor.open(urljoin(self.path, self.links[label]), status=status)

    def fill(self, values: Mapping[str, Any]) -> "Page":
        """Fill in fields by their labels: text, an option's words, True or False for boxes, (name, bytes) for files.

        Where a label is there twice, put the group's words before it: `"对方 / 姓名"`. A field's name will do too.
        """
        self._filled.extend((self._find(label, value), value) for label, value in values.items())
        return self

    def press(self, label: str, *, status: int = 200) -> "Page":
        """Send the form of the button with these words, as filled in."""
        button = next((each for each in self._submits() if _button_words(each) == label), None)
        assert button is not None, f"no button {label!r} on {self.path}, only {self.buttons}"
        form = self._form_of(button)
        data = self._data(form, button)
        address = urljoin(self.path, button.get("formaction") or form.get("action", ""))
        if button.get("formmethod", form.get("method", "get")).lower() == "get":
            return self.visitor.send("GET", address, query=data, status=status)
        return self.visitor.send("POST", address, data=data, status=status)

    # --- how ---

    def _submits(self) -> list[Element]:
        return [each for each in self.tree.iter() if _sends(each)]

    def _form_of(self, field: Element) -> Element:
        for form in self.tree.iter("form"):
            if field.get("form") == form.get("id") if "form" in field.attrib else field in form.iter():
                return form
        raise AssertionError(f"{field.get('name')!r} is in no form")

    def _find(self, label: str, value: Any = None) -> Element:
        found = [field for field in fields(self.tree) if field.get("name") == label and _takes(field, value)]
        found = found or [field for field, own in labels(self.tree).items() if self._called(field, own, label, value)]
        assert found, f"no field {label!r} on {self.path}, only {sorted(set(labels(self.tree).values()))}"
        assert len(found) == 1, (
            f"{len(found)} fields are called {label!r} on {self.path}: put their group's words before it"
        )
        return found[0]

    def _called(self, field: Element, own: str, label: str, value: Any) -> bool:
        # One of several radio buttons: its group is what is asked, its own words are the answer.
        path = [*self._groups(field), own]
        if _kind(field) == "radio" and isinstance(value, str):
            if own != value:
                return False
            path = path[:-1]
        *above, last = label.split(" / ")
        return bool(path) and path[-1] == last and all(group in path for group in above)

    def _groups(self, field: Element) -> list[str]:
        around = [each for each in self.tree.iter("fieldset") if field in each.iter()]
        return [words(each.find("legend")) for each in around if each.find("legend") is not None]

    def _data(self, form: Element, button: Element) -> MultiDict[str, Any]:
        filled = dict(self._filled)
        # Choosing one of several radio buttons takes the mark from the others.
        marked = {
            (id(self._form_of(each)), each.get("name")) for each in filled if _kind(each) == "radio" and filled[each]
        }
        data: MultiDict[str, Any] = MultiDict()
        for field in self.tree.iter():
            if not _counts(field, button) or self._form_of(field) is not form:
                continue
            unmarked = _kind(field) == "radio" and (id(form), field.get("name")) in marked and field not in filled
            for value in [] if unmarked else _values(field, filled.get(field), button):
                data.add(field.attrib["name"], value)
        return data


def _kind(field: Element) -> str:
    return field.get("type", "text").lower() if field.tag == "input" else field.tag


def _sends(element: Element) -> bool:
    return _kind(element) == "submit" or (element.tag == "button" and element.get("type", "submit") == "submit")


def _button_words(button: Element) -> str:
    return button.get("aria-label") or words(button) or button.get("value", "")


def _takes(field: Element, value: Any) -> bool:
    return _kind(field) != "radio" or value is None or field.get("value") == value


def _counts(field: Element, button: Element) -> bool:
    if not field.get("name") or "disabled" in field.attrib:
        return False
    return field is button if _sends(field) else field.tag in ("input", "select", "textarea")


def _text_of(field: Element) -> str:
    if field.tag == "textarea":
        return (field.text or "").removeprefix("\n")
    return field.get("value", "")


def _values(field: Element, filled: Any, button: Element) -> list[Any]:
    kind = _kind(field)
    if kind in ("checkbox", "radio"):
        ticked = "checked" in field.attrib if filled is None else bool(filled)
        return [field.get("value", "on")] if ticked else []
    if kind == "select":
        return _options(field, filled)
    if kind == "file":
        name, content = filled or ("", b"")
        return [(BytesIO(content), name)]
    return [_text_of(field) if filled is None or field is button else str(filled)]


def _options(field: Element, filled: Any) -> list[str]:
    options = list(field.iter("option"))
    if filled is not None:
        wanted = [each for each in options if filled in (words(each), each.get("value"))]
        assert wanted, f"no {filled!r} to choose, only {[words(each) for each in options]}"
        return [wanted[0].get("value", words(wanted[0]))]
    chosen = [each for each in options if "selected" in each.attrib]
    if not chosen and "multiple" not in field.attrib:
        chosen = options[:1]
    return [each.get("value", words(each)) for each in chosen]
