"""Who fits: text and candidates in, ranked suggestions with reasons out."""

from matching.reading import Reading, read

__all__ = ["Reading", "read"]
