"""Who fits: text and candidates in, ranked suggestions with reasons out."""

from matching.query import Query
from matching.rank import Candidate, Suggestion, suggest
from matching.reading import Reading, barring_gate, read

__all__ = ["Candidate", "Query", "Reading", "Suggestion", "barring_gate", "read", "suggest"]
