"""Both languages are complete: every Chinese sentence that a user can meet has its English one, none is left over."""

import ast
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "app" / "translations" / "en"
METHODS = [
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**/templates/**.txt", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
]
# ChoiceError: matching knows no translation, its refusals are translated where they are shown.
KEYWORDS = {
    "ChoiceError": None,
    "_": None,
    "gettext": None,
    "N_": None,
    "lazy": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
OPTIONS = {"**/templates/**.html": {"silent": "false"}, "**/templates/**.txt": {"silent": "false"}}
FIELDS = re.compile(r"%\((\w+)\)[sd]")


@lru_cache(maxsize=1)
def used() -> dict[str, str]:
    """Every sentence in code and templates, and where it is."""
    found = {}
    for package in ("app", "matching", "talent_pool"):
        extracted = extract_from_dir(ROOT / package, METHODS, OPTIONS, keywords=KEYWORDS)
        for name, line, message, _, _ in extracted:
            for each in (message,) if isinstance(message, str) else message:
                if each:
                    found[each] = f"{package}/{name}:{line}"
    return found


@lru_cache(maxsize=1)
def literals() -> set[str]:
    """Every string in matching and talent_pool: words kept in tables there, translated where they are shown."""
    modules = [path for package in ("matching", "talent_pool") for path in (ROOT / package).rglob("*.py")]
    nodes = (node for path in modules for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@lru_cache(maxsize=1)
def translated() -> list[tuple[str, Message]]:
    """Every entry of every .po file."""
    entries = []
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            entries += [
                (path.name, message) for message in read_po(file, locale="en", abort_invalid=True) if message.id
            ]
    return entries


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def test_extraction_finds_code_and_templates() -> None:
    where = {place.split(":")[0].rsplit(".", 1)[1] for place in used().values()}
    assert where >= {"py", "html"}
    assert len(used()) > 100


def test_every_sentence_has_its_english_one() -> None:
    known = {each for _, message in translated() for each in ids(message) if all(strings(message))}
    missing = {f"{place}: {each}" for each, place in used().items() if each not in known and chinese(each)}
    assert not missing, "\n".join(sorted(missing))


def test_no_translation_is_left_over() -> None:
    left = {
        f"{name}: {each}"
        for name, message in translated()
        for each in ids(message)
        if each not in used() and each not in literals()
    }
    assert not left, "\n".join(sorted(left))


def test_a_sentence_is_translated_once() -> None:
    twice = Counter(each for _, message in translated() for each in ids(message))
    assert {each: number for each, number in twice.items() if number > 1} == {}


def test_no_translation_is_a_guess() -> None:
    assert [message.id for _, message in translated() if message.fuzzy] == []


def test_fields_are_the_same_in_both_languages() -> None:
    wrong = [
        (name, message.id, each)
        for name, message in translated()
        for each in strings(message)
        if set(FIELDS.findall(each)) != set(FIELDS.findall(" ".join(ids(message))))
    ]
    assert wrong == []


def test_english_is_english() -> None:
    """Chinese in an English sentence only as a name beside it: what stands there must have Latin letters too."""
    mute = [
        (name, message.id, each)
        for name, message in translated()
        for each in strings(message)
        if chinese(each) and not re.search(r"[A-Za-z]{2}", each)
    ]
    assert mute == []


def chinese(words: str) -> bool:
    return re.search(r"[㐀-鿿]", words) is not None


TEMPLATES = sorted(path.relative_to(ROOT / "app").as_posix() for path in (ROOT / "app").rglob("*.html"))
UNSEEN = (r"\{#.*?#\}", r"\{% *trans.*?endtrans *%\}", r"\{%.*?%\}", r"\{\{.*?\}\}", r"<!--.*?-->")


@pytest.mark.parametrize("name", [name for name in TEMPLATES if "/zh/" not in name])
def test_template_has_no_chinese_outside_of_translation(name: str) -> None:
    """What is not marked stays Chinese on the English page. Whole pages have a folder for each language."""
    words = (ROOT / "app" / name).read_text(encoding="utf-8")
    for unseen in UNSEEN:
        words = re.sub(unseen, "", words, flags=re.DOTALL)
    allowed = ("中文",)  # the switch names each language in itself
    beside = re.compile(r"[A-Za-z]{2}.*[㐀-鿿]|[㐀-鿿].*[A-Za-z]{2}") if "/en/" in name else re.compile("(?!)")
    found = [
        line.strip() for line in words.splitlines() if chinese(line) and not beside.search(re.sub(r"<[^>]*>", "", line))
    ]
    assert [line for line in found if not any(each in line for each in allowed)] == []


def test_pages_in_two_folders_are_there_in_both() -> None:
    chinese_ones = {name for name in TEMPLATES if "/zh/" in name}
    assert {name.replace("/zh/", "/en/") for name in chinese_ones} == {name for name in TEMPLATES if "/en/" in name}
