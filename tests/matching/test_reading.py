"""`matching.read`: any text, valid spans, quick, and whole without its model."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import matching
from matching.reading import MISSING, Reading, barring_gate, read
from matching.train import examples, shipped_corpus
from matching.weights import shipped
from talent_pool import taxonomy

ROOT = Path(__file__).parents[2]
WATER = "邻居盖房把房檐水滴到我家院墙上，说了三回不改，扬言再闹就打断我的腿，要他赔三千五"
PIECES = st.sampled_from(
    [
        *"他我打死刀钱亩三万千元，。！ 0123",
        "邻居",
        "丈夫",
        "法院",
        "\x00",
        "\ud800",
        "\u202e",
        "\u200d",
        "👨‍👩‍👧",
        "㎡",
        "ﷺ",
        "鄰",
        "Ａ",
        "\n",
    ]
)
ANY = st.one_of(st.text(st.characters(exclude_categories=()), max_size=80), st.lists(PIECES, max_size=60).map("".join))


def spans(reading: Reading) -> list[tuple[int, int]]:
    found = [(e.start, e.end) for e in reading.evidence] + [
        (h.start, h.end) for h in (*reading.gates, *reading.risk.signs)
    ]
    return found + [(fact["start"], fact["end"]) for facts in reading.facts.values() for fact in facts]


@settings(derandomize=True, database=None, deadline=None, max_examples=400)
@given(ANY)
@example("")
@example("\ud800")
@example("\x00" * 50)
@example("不" * 300)
def test_no_text_raises_and_every_span_lies_in_it(text: str) -> None:
    reading = read(text)
    assert all(0 <= start < end <= len(text) for start, end in spans(reading))
    assert reading.abstain or reading.type in taxonomy.types()
    if reading.type is not None:
        assert sum(reading.probabilities.values()) == pytest.approx(1, abs=1e-3)
        assert sum(e.weight for e in reading.evidence) <= 1 + 1e-6
    json.dumps(reading.as_json())


def test_what_is_read_has_the_shape_that_others_rely_on() -> None:
    answer = read(WATER, "610629").as_json()
    assert list(answer) == [
        "type",
        "subtype",
        "probability",
        "probabilities",
        "abstain",
        "evidence",
        "gates",
        "risk",
        "asks",
        "facts",
    ]
    assert answer["type"] in ("neighbor", "housing_homestead")
    assert set(answer["probabilities"]) == set(taxonomy.types())
    assert answer["probability"] == answer["probabilities"][answer["type"]] == max(answer["probabilities"].values())
    assert answer["risk"]["colour"] == "red"
    assert [sign["code"] for sign in answer["risk"]["signs"]] == ["threat"]
    assert answer["facts"]["amounts"] == [{"start": WATER.index("三千五"), "end": len(WATER), "yuan": 3500}]
    assert all(set(e) == {"start", "end", "weight"} for e in answer["evidence"])


def test_the_evidence_is_made_of_telling_words() -> None:
    text = "工头拖欠我们二十个人的工资，快过年了还不给"
    reading = read(text)
    assert reading.type == "labor"
    assert "工资" in {text[e.start : e.end] for e in reading.evidence} or any(
        "工资" in text[e.start : e.end] for e in reading.evidence
    )
    weights = [e.weight for e in reading.evidence]
    assert weights == sorted(weights, reverse=True)


def test_a_sub_type_stands_under_its_type() -> None:
    readings = [read(row.text) for row in examples(shipped_corpus(), frozenset(taxonomy.types()))[::20]]
    named = [r for r in readings if r.subtype]
    assert named
    assert all(r.type and r.subtype in taxonomy.subtypes(r.type) for r in named)


def test_traditional_and_full_width_writing_is_read_alike() -> None:
    plain, other = read("邻居欠我3500元不还，借条还在"), read("鄰居欠我３５００元不還，借條還在")
    assert plain.type == other.type == "contract"
    assert plain.probability == pytest.approx(other.probability)
    assert plain.facts == other.facts


@pytest.mark.parametrize("text", ["", "   ", "\x00\u202e", "？！……"])
def test_nothing_to_read_is_no_type(text: str) -> None:
    reading = read(text)
    assert (reading.type, reading.subtype, reading.probability, reading.abstain) == (None, None, 0.0, True)


def test_without_a_model_gates_and_facts_are_read_all_the_same() -> None:
    reading = read("丈夫喝了酒就打我，还要我给他三千五", model=None)
    assert (reading.type, reading.abstain, reading.model) == (None, True, MISSING)
    assert barring_gate(reading) == "domestic_violence"
    assert reading.facts["amounts"][0]["yuan"] == 3500


def test_the_gravest_gate_bars_and_lighter_ones_do_not() -> None:
    assert barring_gate(read("丈夫拿刀把我胳膊砍了一刀，婆婆在旁边看着")) == "crime_suspected"
    assert barring_gate(read("她骂我是贱货，骂了一上午")) is None


def test_of_a_very_long_text_the_beginning_is_read() -> None:
    head = "工头拖欠工资不给。" * 10
    long = head + "无" * 20_000 + "丈夫打我"
    began = time.process_time()
    reading = read(long)
    assert time.process_time() - began < 3
    assert reading.gates == ()
    assert all(end <= 10_000 for _, end in spans(reading))


def test_a_number_is_no_word_that_a_type_rests_on() -> None:
    text = "报警人19900001234称,邻居欠三千五不还,吵了几回,19900005678"
    reading = read(text)
    assert reading.evidence
    assert not [each for each in reading.evidence if text[each.start : each.end].isdigit()]


def test_unsure_texts_are_left_to_the_officer() -> None:
    model = shipped()
    assert model is not None
    unsure = read("他们两个又闹起来了，你们来看看")
    assert unsure.probability < model.threshold
    assert unsure.abstain
    assert not read("工头拖欠农民工工资，劳动合同也没签").abstain


def test_reading_needs_neither_scikit_learn_nor_a_database_nor_flask() -> None:
    heavy = ("sklearn", "scipy", "flask", "pandas", "jieba", "sqlalchemy")
    code = f"import sys, matching; matching.read('邻居堵了路'); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_offers_read_itself() -> None:
    assert matching.read(WATER) == read(WATER)


def test_the_package_offers_the_rest_when_asked() -> None:
    assert all(getattr(matching, name) is not None for name in matching.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = matching.nothing
