"""Keys of stretches: the same characters have the same key wherever they stand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.features import extract
from matching.spans import BREAK, among, folded, keys_of, lay
from matching.text import normalise

TEXTS = st.lists(st.text(st.sampled_from("地界墙水赔三0ab" + BREAK), max_size=12), min_size=1, max_size=5)


@given(TEXTS)
def test_a_stretch_has_the_key_of_its_characters(texts: list[str]) -> None:
    sheet = lay(texts)
    for number, text in enumerate(texts):
        low = int(sheet.starts[number])
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                found = sheet.keys(np.array([low + start]), np.array([low + end]))
                assert found[0] == keys_of([text[start:end]])[0]


@given(TEXTS)
def test_positions_belong_to_their_texts(texts: list[str]) -> None:
    sheet = lay(texts)
    at = np.arange(len(sheet.codes))
    assert sheet.owners(at).tolist() == [n for n, text in enumerate(texts) for _ in range(len(text) + 1)]


def test_different_characters_and_different_salts_have_different_keys() -> None:
    words = [a + b + c for a in "地界墙水赔三甲乙" for b in "地界墙水赔三甲乙" for c in "地界墙水赔三甲乙"]
    keys = keys_of(words)
    assert len(set(keys.tolist())) == len(words) == len(set(folded(keys, 1).tolist()))
    assert not set(folded(keys, 1).tolist()) & set(folded(keys, 2).tolist())


def test_what_is_known_is_found() -> None:
    known = np.sort(keys_of(["地界", "水渠", "彩礼"]))
    assert among(known, keys_of(["水渠", "水", "彩礼", "礼"])).tolist() == [True, False, True, False]


def test_a_long_text_outgrows_the_kept_powers() -> None:
    long = "墙" * 9000 + "地界"
    sheet = lay([long])
    assert sheet.keys(np.array([9000]), np.array([9002]))[0] == keys_of(["地界"])[0]


def test_features_name_their_span_and_block() -> None:
    found = extract([normalise("他家, 占了塄坎").text, normalise("塄坎").text])
    second = found.text == 1
    spans = set(
        zip(found.start[second].tolist(), found.end[second].tolist(), found.block[second].tolist(), strict=True)
    )
    assert {(0, 1, 1), (1, 2, 1), (0, 2, 1), (0, 2, 0)} <= spans  # two characters, the pair of them, one word
    first = set(found.key[found.text == 0].tolist())
    assert set(found.key[second & (found.block == 1)].tolist()) <= first
    assert int(found.end.max()) <= len("他家, 占了塄坎")
    across = (found.text == 0) & (found.start < 2) & (found.end > 2)
    assert not across.any()  # nothing runs across a comma
