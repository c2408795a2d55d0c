"""Guarded expressions find what the same expressions find without their guards, only sooner."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching import gates
from matching.beginnings import beginnings, guarded
from matching.text import normalise
from matching.train import examples, shipped_corpus
from talent_pool import taxonomy


@pytest.mark.parametrize(
    ("pattern", "chars", "empty"),
    [
        ("abc", "a", False),
        ("a?b", "ab", False),
        ("a{0,3}b", "ab", False),
        ("a{2}b", "a", False),
        ("a*", "a", True),
        ("a+?b", "a", False),
        ("[ab]c|d", "abd", False),
        ("[a-c0]", "abc0", False),
        ("(?:a|b)?(?:c|d?)e", "abcde", False),
        ("(?:a|b)?(?:c|d?)", "abcd", True),
        ("(?<![0-9])(?!x)a(?=b)", "a", False),
        (r"\bw", "w", False),
        (r"\+?86", "+8", False),
        ("(a)(b)", "a", False),
        ("", "", True),
        ("(?:)x", "x", False),
        (".a", None, False),
        ("a?.b", None, False),
        ("[^,]x", None, False),
        (r"\d", None, False),
        (r"[\d]x", None, False),
    ],
)
def test_the_first_characters_of_a_match(pattern: str, chars: str | None, empty: bool) -> None:
    found = beginnings(pattern)
    assert found == (None if chars is None else frozenset(chars), empty)


@pytest.mark.parametrize("pattern", ["(?i)a", "(?P<n>a)", "(a", "a)", "[a"])
def test_what_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"not understood|not found"):
        beginnings(pattern)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(["ab?", "b|cd", "(?:a|bc)d{0,2}?", "[ac]b", ".c", "a{0,2}b", "(?!ab)a.", "c*"]), min_size=1
    ),
    st.text("abcd", max_size=12),
)
@example(["c*"], "cab")
def test_a_guard_changes_no_hit(patterns: list[str], text: str) -> None:
    quick, usual = (re.finditer(way(patterns), text) for way in (guarded, plain))
    assert [hit.span() for hit in quick] == [hit.span() for hit in usual]


def plain(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def test_gates_signs_and_idioms_of_the_corpus_are_those_of_plain_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [normalise(row.text) for row in examples(shipped_corpus(), frozenset(taxonomy.types()))[::3]]

    def found() -> list[object]:
        return [(gates.find_gates(text), gates.find_signs(text), gates.blanked(text.text)) for text in texts]

    quick = found()
    with monkeypatch.context() as patch:
        patch.setattr(gates, "guarded", plain)
        rules = gates.rulebook.__wrapped__()
    monkeypatch.setattr(gates, "rulebook", lambda: rules)
    assert quick == found()
    assert sum(bool(hits) for hits, _, _ in quick) > 50  # type: ignore[misc]
