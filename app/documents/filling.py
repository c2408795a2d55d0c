"""Putting fields into a Word template: whatever people have typed comes out as it was typed, and as nothing else."""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import structlog
from docx.document import Document
from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from app.errors import N_, Conflict

log = structlog.get_logger()
# What XML cannot hold at all; a file with one of these does not open. Line breaks and tabs may stay.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# docxtpl turns these back into Jinja's own marks after filling; an entity in their middle keeps them as typed.
_MARKS = re.compile(r"([{%}])_(?=[{%}])")


def fill(template: str | Path, builder: Callable[[], Document] | None, fields: Mapping[str, Any]) -> bytes:
    """Return the filled template as a Word file.

    A template that cannot be opened, or asks for fields that there are not, is made again by `builder`; without one the
    paper is refused (Conflict).
    """
    safe = _safe(fields)
    try:
        return _filled(Path(template).read_bytes(), safe)
    except Exception as problem:  # a file from outside may be broken in any way
        log.warning("template_broken", template=Path(template).name, kind=type(problem).__name__)
        if builder is None:
            raise Conflict(N_("这份文书的模板坏了,请告诉管理员")) from problem
    fresh = BytesIO()
    builder().save(fresh)
    return _filled(fresh.getvalue(), safe)


def _filled(template: bytes, fields: Mapping[str, Any]) -> bytes:
    document = DocxTemplate(BytesIO(template))
    # Strict: a name that a template misspells must not leave a hole on a paper that people sign.
    document.render(dict(fields), Environment(autoescape=True, undefined=StrictUndefined), autoescape=True)
    filled = BytesIO()
    document.save(filled)
    return filled.getvalue()


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, Mapping):
        return {name: _safe(each) for name, each in value.items()}
    return [_safe(each) for each in value] if isinstance(value, (list, tuple)) else value


def _escaped(text: str) -> Markup:
    plain = _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return Markup(_MARKS.sub(r"\1&#95;", str(escape(plain))))  # noqa: S704 - escaped one step before
