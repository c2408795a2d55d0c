"""What makes a page badly made: `problems(html)` names everything, in words that lead to the line."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element

import html5lib

LANGUAGES = ("zh-CN", "zh", "en")
# Inputs that need no label: unseen, or labelled by their own words.
UNLABELLED = frozenset({"hidden", "submit", "button", "reset", "image"})
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form", "list")
CSRF = "csrf_token"


# A visitor's page is read twice, for what it shows and for how it is made; nobody changes the tree.
@lru_cache(maxsize=4)
def parse(html: str) -> tuple[Element, list[str]]:
    """Return the tree that a browser would build, and every place where the page is not valid HTML."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree: Element = parser.parse(html)
    return tree, [f"not valid HTML at line {line}: {code} {data or ''}" for (line, _), code, data in parser.errors]


UNSEEN = ("script", "style", "template")
CONTROLS = (*UNSEEN, "select", "textarea", "button")


def words(element: Element | None, without: tuple[str, ...] = UNSEEN) -> str:
    """Return an element's visible words, blanks folded."""
    return " ".join("".join(_texts(element, without)).split()) if element is not None else ""


def _texts(element: Element, without: tuple[str, ...]) -> Iterator[str]:
    if element.tag in without or not isinstance(element.tag, str):
        return
    yield element.text or ""
    if element.tag == "img":
        yield element.get("alt", "")
    for child in element:
        yield from _texts(child, without)
        yield child.tail or ""


def problems(html: str) -> list[str]:
    """Return everything that is wrong with a page; an empty list for a well made one."""
    tree, invalid = parse(html)
    return [*invalid, *_headings(tree), *_ids(tree), *_forms(tree), *_labels(tree), *_images(tree), *_inline(tree)]


def _headings(tree: Element) -> Iterator[str]:
    if tree.get("lang") not in LANGUAGES:
        yield f"the page's language is {tree.get('lang')!r}"
    found, title = [words(each) for each in tree.iter("h1")], words(tree.find("head/title"))
    if len(found) != 1 or not found[0]:
        yield f"one h1 is wanted, these were found: {found}"
    elif not title.startswith(found[0]):
        yield f"the title {title!r} does not begin with the h1 {found[0]!r}"


def _ids(tree: Element) -> Iterator[str]:
    ids = Counter(each.attrib["id"] for each in tree.iter() if "id" in each.attrib)
    yield from (f"the id {name!r} is there {number} times" for name, number in ids.items() if number > 1)
    for element in tree.iter():
        for name in REFERENCES:
            wanted = element.get(name, "").split()
            lost = (each for each in wanted if each not in ids)
            yield from (f"<{element.tag} {name}> points to {each!r}, which is not there" for each in lost)
        target = element.get("href", "")
        if element.tag == "a" and target.startswith("#") and len(target) > 1 and target[1:] not in ids:
            yield f"a link points to {target!r}, which is not there"


def _forms(tree: Element) -> Iterator[str]:
    for form in tree.iter("form"):
        name = form.get("action") or form.get("id") or "?"
        if not form.get("action"):
            yield f"the form {name!r} has no action"
        if form.get("method", "get").lower() == "post" and not any(
            each.get("name") == CSRF for each in form.iter("input")
        ):
            yield f"the form {name!r} is posted without {CSRF}"
        if any(each.tag == "button" and not each.get("type") for each in form.iter()):
            yield f"the form {name!r} has a button without a type"
    for anchor in tree.iter("a"):
        if not (words(anchor) or anchor.get("aria-label")):
            yield f"a link to {anchor.get('href')!r} has no words"
    for button in tree.iter("button"):
        if not (words(button) or button.get("aria-label")):
            yield "a button has no words"


def fields(tree: Element) -> list[Element]:
    """Return everything that can be filled in."""
    typed = (each for each in tree.iter() if each.tag in ("input", "select", "textarea"))
    return [each for each in typed if each.tag != "input" or each.get("type", "text").lower() not in UNLABELLED]


def labels(tree: Element) -> dict[Element, str]:
    """Return the visible label of every field that has one."""
    pointed = {each.attrib["for"]: words(each, CONTROLS) for each in tree.iter("label") if "for" in each.attrib}
    around = {inner: words(each, CONTROLS) for each in tree.iter("label") for inner in each.iter() if inner is not each}
    named = {each.attrib["id"]: words(each) for each in tree.iter() if "id" in each.attrib}
    found = {}
    for field in fields(tree):
        by_id = " ".join(named.get(each, "") for each in field.get("aria-labelledby", "").split())
        own = by_id or field.get("aria-label") or pointed.get(field.get("id", "")) or around.get(field)
        if own:
            found[field] = own
    return found


def _labels(tree: Element) -> Iterator[str]:
    known = labels(tree)
    for field in fields(tree):
        if field not in known:
            yield f"the field {field.get('name')!r} has no label"


def _images(tree: Element) -> Iterator[str]:
    yield from (
        f"the image {each.get('src', '')[:60]!r} has no alt" for each in tree.iter("img") if "alt" not in each.attrib
    )


def _inline(tree: Element) -> Iterator[str]:
    for element in tree.iter():
        if element.tag == "style" or "style" in element.attrib:
            yield f"inline style at <{element.tag}>"
        if element.tag == "script" and (not element.get("src") or (element.text or "").strip()):
            yield "inline script"
        for name, value in element.attrib.items():
            # hx-on is htmx's way to write script into a page.
            if name.startswith(("on", "hx-on")) or value.strip().lower().startswith("javascript:"):
                yield f"inline script in <{element.tag} {name}>"
