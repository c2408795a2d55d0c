"""The papers of a case: one module per paper beside its .docx template, found by its name.

A module `thank_you.py` with `fields(session, dispute, now)` beside `thank_you.docx` is a paper; nothing else names it.
`build_templates.py` holds the templates as code, so that they can be reviewed, and made again when a file is broken.
"""

import importlib
import pkgutil
from datetime import datetime
from pathlib import Path
from types import ModuleType

from sqlmodel import Session

from app.errors import NotFound
from app.models import Dispute

_NO_PAPERS = ("build_templates", "filling", "facts")

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def names() -> list[str]:
    """Return the names of all papers."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name not in _NO_PAPERS)


def get(name: str) -> ModuleType:
    """Return a paper's module; raise NotFound when there is none of this name."""
    if name not in names():
        raise NotFound()
    return importlib.import_module(f"{__name__}.{name}")


def render(session: Session, dispute: Dispute, name: str, now: datetime) -> bytes:
    """Return a paper about a case as a Word file.

    Raises NotFound for an unknown paper, Conflict when the case does not have what the paper is about yet, or when the
    paper's template is broken and nobody knows how to make it again.
    """
    # Here, since Word's libraries are slow to load and most processes never print.
    from app.documents import build_templates, filling

    paper = get(name)
    assert paper.__file__ is not None
    fields = paper.fields(session, dispute, now)
    return filling.fill(Path(paper.__file__).with_suffix(".docx"), build_templates.BUILDERS.get(name), fields)
