"""Normalising with a way back, cutting alike with both engines, masking before training."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.text import LONGEST, Word, cut, cutter, jieba_cutter, lexicon, normalise, plain
from matching.train import examples, shipped_corpus
from talent_pool import taxonomy

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
SETTINGS = settings(derandomize=True, database=None, deadline=None, max_examples=200)


def corpus_texts() -> list[str]:
    return [row.text for row in examples(shipped_corpus(), frozenset(taxonomy.types()))]


@pytest.mark.parametrize(
    ("given_text", "matched"),
    [
        ("鄰居蓋房，滴水到我家院牆", "邻居盖房,滴水到我家院墙"),
        ("欠３５００元（没还）", "欠3500元(没还)"),
        ("QQ群里ＡＢＣ", "qq群里abc"),
        ("打\u200b人\u202e了\ufeff", "打人了"),
        ("a\x00b\ud800c\td", "a b c d"),
        ("第一行\n第二行", "第一行\n第二行"),
        ("占地200㎡", "占地200m2"),
        ("", ""),
    ],
)
def test_a_text_is_matched_in_its_plain_form(given_text: str, matched: str) -> None:
    assert normalise(given_text).text == matched


def test_spans_lead_back_to_the_text_as_given() -> None:
    given_text = "他占了\u200b我家２００㎡的地"
    normal = normalise(given_text)
    at = normal.text.index("200m2")
    low, high = normal.span(at, at + len("200m2"))
    assert given_text[low:high] == "２００㎡"


@SETTINGS
@given(ANY_TEXT)
@example("\ud800\udfff\x00\u202e")
@example("ﷺ½İ㍿")
def test_any_text_is_normalised_and_every_character_knows_its_origin(given_text: str) -> None:
    normal = normalise(given_text)
    assert len(normal.origin) == len(normal.text)
    assert plain(given_text) == normal.text
    assert normal.origin == sorted(normal.origin)
    assert all(0 <= at < len(given_text) for at in normal.origin)
    assert not any(unicodedata.category(char) in ("Cs", "Cf") or char == "\x00" for char in normal.text)


def test_only_the_first_ten_thousand_characters_are_read() -> None:
    assert len(normalise("长" * (LONGEST + 5)).text) == len(plain("长" * (LONGEST + 5))) == LONGEST


def test_both_engines_cut_the_whole_corpus_alike() -> None:
    quick, reference = cutter(), jieba_cutter()
    assert quick is not reference  # otherwise this compares jieba with itself
    different = [
        text for text in corpus_texts() if cut(normalise(text).text, quick) != cut(normalise(text).text, reference)
    ]
    assert different == []


@SETTINGS
@given(ANY_TEXT)
def test_words_cover_the_text_without_gap_or_overlap(given_text: str) -> None:
    text = normalise(given_text).text
    words = cut(text)
    assert "".join(word.text for word in words) == text
    assert [word.start for word in words] == [0, *(word.end for word in words)][: len(words)]


def test_words_of_the_lexicon_are_joined_after_cutting() -> None:
    def letters(text: str) -> list[str]:
        return list(text)

    assert "塄坎" in lexicon()
    assert cut("他挖塄坎", letters) == [Word("他", 0, 1), Word("挖", 1, 2), Word("塄坎", 2, 4)]
    assert [word.text for word in cut("去拆迁办公室", letters)][:2] == ["去", "拆迁办"]  # the longest entry wins
