"""Who fits: text and candidates in, ranked suggestions with reasons out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from matching.reading import Reading, barring_gate, read

if TYPE_CHECKING:
    from matching.query import Query
    from matching.rank import Candidate, Suggestion, suggest

__all__ = ["Candidate", "Query", "Reading", "Suggestion", "barring_gate", "read", "suggest"]

# Loaded when first asked for: who only reads a text (`diandan read`) need not wait for the pool's tables.
_LATER = {
    "Candidate": "matching.rank",
    "Query": "matching.query",
    "Suggestion": "matching.rank",
    "suggest": "matching.rank",
}


def __getattr__(name: str) -> Any:
    """Import the part of the package that holds `name`."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
