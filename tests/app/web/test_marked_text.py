"""Marked words: the pieces give the text again, and the gravest reason wins."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.marked_text import KINDS, Piece, Span, pieces, words_of

SPANS = st.lists(st.builds(Span, st.integers(-5, 30), st.integers(-5, 30), st.sampled_from(KINDS)), max_size=8)


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(st.text(max_size=20), SPANS)
def test_the_pieces_joined_are_the_text(text: str, spans: list[Span]) -> None:
    cut = pieces(text, spans)
    assert "".join(piece.text for piece in cut) == text
    assert all(one.kind != two.kind for one, two in pairwise(cut))
    for at in range(len(text)):
        kinds = [kind for kind in KINDS if any(s.kind == kind and s.start <= at < s.end for s in spans)]
        reached, kind = 0, ""
        for piece in cut:
            if reached <= at < reached + len(piece.text):
                kind = piece.kind
            reached += len(piece.text)
        assert kind == (kinds[0] if kinds else "")


def test_a_gate_shows_through_words_for_the_type() -> None:
    spans = [Span(0, 4, "type"), Span(1, 3, "gate")]
    assert pieces("拿刀捅人了", spans) == [Piece("拿", "type"), Piece("刀捅", "gate"), Piece("人", "type"), Piece("了")]


def test_the_words_are_named_once_in_order() -> None:
    spans = [Span(3, 5, "type"), Span(0, 2, "type"), Span(6, 8, "type"), Span(2, 3, "sign")]
    assert words_of("邻居,水沟,邻居", spans, "type") == ["邻居", "水沟"]
