"""Slips are seeded, as many as asked for, and said alike where they are homophones."""

import pytest

from matching.noise import noisy, parse, sounds_like

TEXT = "他家的羊啃了我半亩麦苗,要赔八百块钱,说了三回都不认账。" * 20


def test_the_same_seed_makes_the_same_slips_and_another_seed_others() -> None:
    assert noisy(TEXT, "mixed", 0.1) == noisy(TEXT, "mixed", 0.1) != noisy(TEXT, "mixed", 0.1, seed=1)
    assert noisy(TEXT, "mixed", 0) == TEXT


def test_homophones_are_said_alike_and_as_many_as_asked_for() -> None:
    slips = [(a, b) for a, b in zip(TEXT, noisy(TEXT, "homophone", 0.1), strict=True) if a != b]
    assert 0.05 < len(slips) / len(TEXT) < 0.13
    assert all(b in sounds_like()[a] for a, b in slips)


@pytest.mark.parametrize("words", ["", "mixed", "homophone:2", "loud:0.1", "mixed:x", "mixed:-1"])
def test_anything_else_is_refused(words: str) -> None:
    with pytest.raises(ValueError):
        parse(words)
    assert parse("mixed:0.1") == ("mixed", 0.1)
