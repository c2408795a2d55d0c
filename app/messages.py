"""The words of messages, kept as data: `data/messages/messages.toml`, long ones beside it as `<name>.<language>.txt`.

The first line is the subject, the rest is the body. Templates are edited by counties (`app.message_texts`), so they run
in Jinja's sandbox, and a field that the message does not have stops it.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import N_, DiandanError
from app.wording import language
from talent_pool.files import data_dir

LANGUAGES = ("zh", "en")
SMS_ALONE, SMS_PART, SMS_PARTS = 70, 67, 3  # characters of one short message, of each of several; how many at most
SIGNATURE = len("【点单】")  # what the gateway writes before it
_ID_OR_PHONE = re.compile(r"\d{11}")


class MessageError(DiandanError):
    """A message's template is missing, cannot be read, or asks for a field that there is not."""

    status = 500


@dataclass(frozen=True)
class Kind:
    """One message: its title by language, the ways that it takes, its fields in order, those that must stand in it."""

    name: str
    title: dict[str, str]
    ways: tuple[str, ...]
    fields: tuple[str, ...]
    must: tuple[str, ...]
    words: dict[str, str]
    examples: dict[str, tuple[dict[str, Any], ...]]
    meanings: dict[str, dict[str, str]]

    @property
    def short(self) -> bool:
        """Tell whether it goes out as a short message."""
        return "sms" in self.ways


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """Return every message by its name, in the order of the file."""
    table = tomllib.loads((data_dir() / "messages" / "messages.toml").read_text(encoding="utf-8"))
    return {name: _kind(name, each, table["fields"]) for name, each in table["messages"].items()}


def _kind(name: str, given: dict[str, Any], fields: dict[str, Any]) -> Kind:
    own = {lang: dict(given.get("example", {}).get(lang, {})) for lang in LANGUAGES}
    common = {
        lang: {each: fields[each]["example"][lang] for each in given["fields"] if each not in own[lang]} for lang in own
    }
    return Kind(
        name=name,
        title=given["title"],
        ways=tuple(given["ways"]),
        fields=tuple(given["fields"]),
        must=tuple(given["must"]),
        words=given.get("words", {}),
        examples={
            lang: tuple(common[lang] | own[lang] | also for also in ({}, *given.get("also", []))) for lang in LANGUAGES
        },
        meanings={each: {lang: fields[each][lang] for lang in LANGUAGES} for each in given["fields"]},
    )


def default_words(name: str, lang: str) -> str:
    """Return a message's template as the house ships it."""
    kind = kinds().get(name)
    if kind is not None and lang in kind.words:
        return kind.words[lang]
    path = data_dir() / "messages" / f"{name}.{lang}.txt"
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise MessageError(N_("没有消息模板%(name)s"), name=path.name) from None


def render(name: str, locale: str, /, **fields: Any) -> tuple[str, str]:
    """Return subject and body of the message `name` in the language of `locale`, in the words of the house."""
    lang = language(locale)
    return render_text(default_words(name, lang), f"{name}.{lang}.txt", **fields)


def render_text(source: str, called: str, /, **fields: Any) -> tuple[str, str]:
    """Fill a template given as text; `called` names it in the refusal."""
    try:
        text = _compiled(source).render(**fields)
    except Exception as problem:  # a template can fail in as many ways as a program; whoever edits it reads this line
        what = str(problem) if isinstance(problem, TemplateError) else type(problem).__name__
        raise MessageError(N_("消息模板%(name)s有错:%(problem)s"), name=called, problem=what) from None
    subject, _, body = text.partition("\n")
    if not subject.strip() or not body.strip():
        raise MessageError(N_("消息模板%(name)s要有标题行和正文"), name=called)
    # Loops and conditions leave empty lines behind; nobody should have to count them in a template.
    return subject.strip(), re.sub(r"\n{3,}", "\n\n", body.strip()) + "\n"


# --- what an editor asks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """A template filled with the example; of a short message also how long it is and how many parts it takes."""

    subject: str
    body: str
    signs: int
    parts: int


def preview(kind: Kind, lang: str, source: str) -> Preview:
    """Fill a template with the message's example; raise MessageError as `render_text` does."""
    subject, body = render_text(source, f"{kind.name}.{lang}", **kind.examples[lang][0])
    signs = len(" ".join(body.split())) + SIGNATURE
    return Preview(subject, body, signs, sms_parts(signs))


def sms_parts(signs: int) -> int:
    """Return how many short messages so many characters take."""
    return 1 if signs <= SMS_ALONE else -(-signs // SMS_PART)


def check(kind: Kind, lang: str, source: str) -> Iterator[MessageError]:
    """Yield what is wrong with a template: unknown and missing fields, what fails, is too long or too personal."""
    try:
        asked = meta.find_undeclared_variables(_environment().parse(source))
    except TemplateError as problem:
        where = f"{getattr(problem, 'lineno', '')}: {problem.message or ''}"
        yield MessageError(N_("消息模板%(name)s有错:%(problem)s"), name=kind.title[lang], problem=where)
        return
    unknown, missing = sorted(asked - set(kind.fields)), [each for each in kind.must if each not in asked]
    if unknown:
        yield MessageError(N_("没有这样的字段:%(fields)s"), fields=", ".join(unknown))
    if missing:
        yield MessageError(N_("少了必须有的字段:%(fields)s"), fields=", ".join(missing))
    if unknown:
        return
    for example in kind.examples[lang]:
        try:
            render_text(source, kind.title[lang], **example)
        except MessageError as problem:
            yield problem
            return
    yield from _check_short(kind, lang, source)


def _check_short(kind: Kind, lang: str, source: str) -> Iterator[MessageError]:
    if not kind.short:
        return
    if preview(kind, lang, source).parts > SMS_PARTS:
        yield MessageError(N_("短信太长:最多%(parts)s条"), parts=SMS_PARTS)
    if _ID_OR_PHONE.search(source):
        yield MessageError(N_("短信里不要写身份证号和手机号"))


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    # Compiling costs ten times what filling does, and on Monday the same template is filled for everybody.
    return _environment().from_string(source)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    # Plain text: nothing is escaped, because no browser reads it as a page.
    return ImmutableSandboxedEnvironment(
        autoescape=select_autoescape(default=False, default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
