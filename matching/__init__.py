"""Who fits: text and candidates in, ranked suggestions with reasons out."""

from matching.query import Query
from matching.rank import Candidate, Suggestion, suggest
from matching.reading import Reading, read

__all__ = ["Candidate", "Query", "Reading", "Suggestion", "read", "suggest"]
