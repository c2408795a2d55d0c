"""Judges and rules together: what leaves no doubt is raised, what is not sure is asked, nothing is dropped."""

import json
from functools import lru_cache

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from matching.evaluate import Flagged, flagged
from matching.flagging import FlagClassifier, asked_shares, best_bar, flag_codes
from matching.gates import find_gates
from matching.reading import Reading, read
from matching.text import normalise
from matching.train import examples, shipped_corpus
from talent_pool import taxonomy
from talent_pool.files import data_dir

HARD = ("crime_suspected", "domestic_violence")


def raised(reading: Reading) -> set[str]:
    return {hit.code for hit in (*reading.gates, *reading.risk.signs)}


def asked(reading: Reading) -> set[str]:
    return {hit.code for hit in reading.asks}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("丈夫拿刀把我胳膊砍了一刀，婆婆在旁边看着", "crime_suspected"),
        ("丈夫拿刀把我胳膊砍了一刀，婆婆在旁边看着", "domestic_violence"),
        ("他拿刀追着砍我弟，我弟胳膊断了筋", "crime_suspected"),
        ("我侄女才九岁，叫隔壁老汉摸了下身", "crime_suspected"),
        ("为一渠水，他拿钢管打断了我两根肋骨", "crime_suspected"),
        ("老公不让我出门，把手机没收了", "domestic_violence"),
        ("后妈拿火钳烫娃的手背", "domestic_violence"),
        ("儿子嫌老娘吃得多，动手打老娘，嘴都打破了", "domestic_violence"),
    ],
)
def test_who_what_with_and_whom_leaves_no_doubt(text: str, code: str) -> None:
    assert code in raised(read(text))
    assert next(hit for hit in find_gates(normalise(text)) if hit.code == code).sure


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("楼上天天咚咚响，我以为他打老婆，原来是两口子捶核桃", "domestic_violence"),
        ("群里说“今天血洗花椒市场”，其实是大降价，客都叫他抢走了", "crime_suspected"),
        ("村上排小戏，我演那个打老婆的男人，戏服钱两百没给我报", "domestic_violence"),
    ],
)
def test_words_that_the_text_takes_back_are_asked_about_or_left_to_the_judge(text: str, code: str) -> None:
    hit = next(hit for hit in find_gates(normalise(text)) if hit.code == code)
    assert not hit.sure
    assert code in asked(read(text)) and code not in raised(read(text))


def test_no_rule_is_silently_dropped() -> None:
    for text in [row.text for row in examples(shipped_corpus(), frozenset(taxonomy.types()))[::40]]:
        reading = read(text)
        told = raised(reading) | asked(reading)
        assert {hit.code for hit in find_gates(normalise(text))} <= told
        assert not raised(reading) & asked(reading)


def test_the_judge_hears_what_no_rule_says_and_shows_the_clause() -> None:
    text = "她儿媳天天只给半碗冷饭，人瘦得脱了相，门从外头反锁着"
    assert find_gates(normalise(text)) == ()
    reading = read(text)
    hit = next(hit for hit in (*reading.gates, *reading.asks) if hit.code == "domestic_violence")
    assert text[hit.start : hit.end] in text.split("，")
    assert hit.article == taxonomy.get_gate("domestic_violence").article.zh


def test_what_is_asked_neither_bars_nor_colours() -> None:
    reading = read("楼上天天咚咚响，我以为他打老婆，原来是两口子捶核桃")
    assert asked(reading) and reading.gates == () and reading.risk.colour == "green"


# --- learning ---


def test_the_bar_is_set_where_recall_and_precision_balance() -> None:
    scores, marked = np.array([3, 2, 1, 0], dtype=np.float32), np.array([True, False, True, False])
    assert best_bar(scores, marked, beta=1) == 1
    assert best_bar(scores, marked, beta=0.1) == 3
    assert best_bar(scores, np.zeros(4, dtype=bool), beta=1) == float("inf")


def test_crime_and_violence_are_asked_about_more_readily() -> None:
    shares = dict(zip(flag_codes(), asked_shares(), strict=True))
    assert {code for code, share in shares.items() if share == max(shares.values())} == set(HARD)


def test_a_flag_that_no_text_shows_is_never_raised_or_asked_about() -> None:
    vectors = csr_matrix(np.eye(12, dtype=np.float32))
    marked = np.zeros((12, 2), dtype=bool)
    marked[::3, 0] = True
    judges = FlagClassifier(folds=3).fit(vectors, marked.copy(), marked)
    assert np.isinf([judges.bars_.raised[1], judges.bars_.asked[1]]).all()
    assert judges.rule_[0] > 0 == judges.rule_[1]


# --- figures on texts that nothing was learnt from ---


@lru_cache(maxsize=1)
def measured() -> dict[str, Flagged]:
    lines = (data_dir() / "gold" / "gates.jsonl").read_text(encoding="utf-8").splitlines()
    gold = [json.loads(line) for line in lines]
    readings = [read(row["text"]) for row in gold]
    return {code: flagged(code, gold, readings) for code in flag_codes()}


@pytest.mark.parametrize("code", HARD)
def test_crime_and_violence_told_obliquely_are_raised_or_asked_about(code: str) -> None:
    """What was reached: the promise, .95 of recall at .88 of precision, is not kept yet."""
    found = measured()[code]
    assert found.recall.hits / found.recall.n >= 0.58
    assert (found.recall.hits + found.asked) / found.recall.n >= 0.77
    assert found.precision.hits / found.precision.n >= 0.66
    assert found.traps.hits / found.traps.n <= 0.09


def test_other_gates_and_signs_hold_what_was_reached() -> None:
    others = [found for code, found in measured().items() if code not in HARD]
    both = sum(found.recall.hits for found in others)
    assert both / sum(found.recall.n for found in others) >= 0.55
    assert both / sum(found.precision.n for found in others) >= 0.60
