"""Who fits: text and candidates in, ranked suggestions with reasons out."""

from matching.reading import Reading, barring_gate, read

__all__ = ["Reading", "barring_gate", "read"]
