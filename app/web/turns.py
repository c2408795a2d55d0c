"""Requests that compute take turns.

Python runs one thread at a time. Eight that read texts at once do not finish sooner: they wake each other whenever one
of them lets go of the interpreter for a moment, as NumPy does dozens of times a suggestion, and up to half of the
processor's time goes into that. Who waits here waits without waking anybody, and not for long: a turn is no promise,
so that a request that is stuck holds up none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

PATIENCE = 0.05  # seconds; the dearest reading takes a few thousandths
_turn = Lock()


@contextmanager
def taken() -> Iterator[None]:
    """Go on when it is this request's turn, or all the same after PATIENCE."""
    mine = _turn.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            _turn.release()
