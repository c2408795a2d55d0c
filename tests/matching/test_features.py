"""Features of one text, which take a shorter way, are those of the same text among many."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.classify import vectors_of
from matching.features import Features, extract, lexicon
from matching.text import lexicon as joined_words
from matching.text import normalise
from matching.weights import shipped

_groups = [word for words in lexicon()["groups"].values() for word in words.split()]
_pieces = st.sampled_from(
    [*sorted(_groups)[::7], *sorted(joined_words())[::7], "地", "界", "他家", "12", "a", "，", "。 "]
)
TEXTS = st.lists(st.lists(_pieces, max_size=12).map("".join), min_size=2, max_size=5)


@settings(derandomize=True, deadline=None)
@given(TEXTS)
def test_a_text_alone_has_the_features_that_it_has_among_many(texts: list[str]) -> None:
    plain = [normalise(text).text for text in texts]
    together = extract(plain)
    for number, text in enumerate(plain):
        own = together.text == number
        found = Features(*(column[own] for column in together))
        alone = extract([text])
        assert _as_rows(alone) == _as_rows(found._replace(text=np.zeros_like(found.text)))


def _as_rows(found: Features) -> list[tuple[int, ...]]:
    return sorted(zip(*(column.tolist() for column in found), strict=True))


@settings(derandomize=True, deadline=None)
@given(TEXTS)
def test_a_text_alone_has_the_vector_that_it_has_among_many(texts: list[str]) -> None:
    weights = shipped()
    assert weights is not None
    together = vectors_of(weights, texts)
    for number, text in enumerate(texts):
        alone = vectors_of(weights, [text])
        own = slice(*together.bounds[number : number + 2].tolist())
        assert alone.rows.tolist() == together.rows[own].tolist()
        assert alone.values.tolist() == together.values[own].tolist()
        assert alone.bounds.tolist() == [0, len(alone.rows)]
