"""The words of messages, kept as data: `data/messages/<name>.<language>.txt`, subject first, the rest is the body.

Templates are edited by counties, so they run in Jinja's sandbox, and a field that the message does not have stops it.
"""

import re
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import N_, DiandanError
from app.wording import language
from talent_pool.files import data_dir


class MessageError(DiandanError):
    """A message's template is missing, cannot be read, or asks for a field that there is not."""

    status = 500


def render(name: str, locale: str, /, **fields: Any) -> tuple[str, str]:
    """Return subject and body of the message `name` in the language of `locale`."""
    return render_text(_source(name, language(locale)), f"{name}.{language(locale)}.txt", **fields)


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


@lru_cache(maxsize=32)
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


def _source(name: str, lang: str) -> str:
    path = data_dir() / "messages" / f"{name}.{lang}.txt"
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise MessageError(N_("没有消息模板%(name)s"), name=path.name) from None
