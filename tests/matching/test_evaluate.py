"""Measures, checked against cases small enough to count by hand."""

import numpy as np
import pytest

from matching.evaluate import calibration_error, macro_f1, measure
from matching.train import Example, by_register, cross_validate, evaluate, examples, fit, shipped_corpus
from talent_pool import taxonomy

NAMES = ["labor", "neighbor", "other"]
GIVEN = np.array(
    [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.1, 0.7, 0.2], [0.4, 0.35, 0.25]], dtype=np.float32
)
TYPES = ["labor", "neighbor", "neighbor", "other", "other"]


def test_figures_counted_by_hand() -> None:
    figures = measure(GIVEN, NAMES, TYPES, [(), (), (), (), ("labor",)])
    assert figures.n == 5
    assert figures.accuracy == pytest.approx(3 / 5)  # the fifth by its second right type
    assert figures.top3 == 1.0
    assert figures.accuracy_at_80_coverage == pytest.approx(2 / 4)  # the least sure text, the fifth, is left out
    # labor: right 1, said 2 (the fifth counts as other); neighbor 1 of 2 and 2; other 1 of 1 said, 2 true
    assert figures.macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)


def test_a_right_guess_by_a_second_type_is_no_error_of_either() -> None:
    assert macro_f1(["contract"], ["damages"], [{"damages", "contract"}]) == 1.0


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    top = np.array([0.9, 0.9, 0.9, 0.9, 0.3, 0.3], dtype=np.float32)
    hit = np.array([True, True, True, False, False, True])
    assert calibration_error(top, hit) == pytest.approx(4 / 6 * 0.15 + 2 / 6 * 0.2, abs=1e-6)
    assert calibration_error(np.ones(3, dtype=np.float32), np.ones(3, dtype=bool)) == 0


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="no texts"):
        measure(GIVEN[:0], NAMES, [], [])


@pytest.fixture(scope="module")
def rows() -> list[Example]:
    return examples(shipped_corpus(), frozenset(taxonomy.types()))[::9]


def test_a_model_is_measured_on_what_it_has_not_seen(rows: list[Example]) -> None:
    half = len(rows) // 2
    figures = evaluate(fit(rows[::2]).weights_, rows[1::2])
    assert figures.n == half
    assert 0.3 < figures.accuracy < 0.95
    assert figures.ms_per_text > 0


def test_cross_validation_never_shows_a_text_its_own_label(rows: list[Example]) -> None:
    turned = [Example(row.text, ("labor", "neighbor", "contract")[at % 3]) for at, row in enumerate(rows)]
    figures = cross_validate(turned, folds=5)  # labels drawn without looking at the text cannot be guessed
    assert figures.accuracy < 0.5


def test_each_register_is_measured_by_the_others(rows: list[Example]) -> None:
    model = fit(rows)
    found = by_register(rows, model.left_out_, model.classes_.tolist())
    assert set(found) == {row.register for row in rows}
    assert sum(figures.n for figures in found.values()) == len(rows)
    # What a model says of a register that it has learnt from is another thing, and far too good.
    inside = by_register(rows, model.predict_proba([row.text for row in rows]), model.classes_.tolist())
    assert all(inside[name].accuracy > found[name].accuracy + 0.1 for name in found)
