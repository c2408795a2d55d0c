"""Who fits: text and candidates in, ranked suggestions with reasons out."""
