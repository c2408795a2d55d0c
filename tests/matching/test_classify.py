"""Learning, calibrating, saving and loading; and the model that is shipped."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone

from matching.classify import DisputeClassifier, by_group, calibrate, count, deal, vectors_of, weigh
from matching.shelf import LEXICON
from matching.train import LARGEST, CorpusError, Example, card, examples, fit, shipped_corpus, train
from matching.weights import ModelError, load, shipped, softmax
from talent_pool import taxonomy
from talent_pool.files import data_dir

KNOWN = frozenset(taxonomy.types())


@pytest.fixture(scope="module")
def rows() -> list[Example]:
    """Every seventh line of the corpus: enough to learn, quick to repeat."""
    return examples(shipped_corpus(), KNOWN)[::7]


@pytest.fixture(scope="module")
def model(rows: list[Example]) -> DisputeClassifier:
    return fit(rows)


@pytest.fixture(scope="module")
def corpus_file(tmp_path_factory: pytest.TempPathFactory, rows: list[Example]) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "small.jsonl"
    lines = [
        json.dumps({"text": r.text, "type": r.type, "also": r.also, "subtype": r.subtype, "register": r.register})
        for r in rows
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_it_is_an_estimator_whose_settings_can_be_copied() -> None:
    assert clone(DisputeClassifier(C=0.5, min_df=3)).get_params() == DisputeClassifier(C=0.5, min_df=3).get_params()


def test_it_learns_from_texts(rows: list[Example]) -> None:
    learnt = DisputeClassifier().fit([r.text for r in rows], [r.type for r in rows])
    given = learnt.predict_proba(["工头拖欠农民工工资", "对方追尾，交警认定全责"])
    assert given.shape == (2, len(learnt.classes_))
    assert given.sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
    assert learnt.predict(["工头拖欠农民工工资", "对方追尾，交警认定全责"]).tolist() == ["labor", "traffic_accident"]


def test_unseen_texts_are_answered_far_better_than_by_the_commonest_type(
    rows: list[Example], model: DisputeClassifier
) -> None:
    best = model.classes_[model.left_out_.argmax(axis=1)]
    right = np.mean([name in {r.type, *r.also} for name, r in zip(best, rows, strict=True)])
    commonest = max(np.mean([r.type == name for r in rows]) for name in KNOWN)
    assert right > 0.5 > 3 * commonest


def test_four_fifths_of_unseen_texts_are_answered(model: DisputeClassifier) -> None:
    assert np.mean(model.left_out_.max(axis=1) >= model.threshold_) == pytest.approx(0.8, abs=0.02)


def test_whole_registers_are_left_out_for_calibration(rows: list[Example]) -> None:
    registers = [row.register for row in rows]
    folds = list(by_group(registers))
    assert len(folds) == len(set(registers)) > 1
    for train_rows, test_rows in folds:
        assert len({registers[at] for at in test_rows}) == 1
        assert {registers[at] for at in test_rows}.isdisjoint(registers[at] for at in train_rows)
    assert sorted(at for _, test_rows in folds for at in test_rows) == list(range(len(rows)))


def test_the_temperature_makes_probabilities_mean_what_they_say() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(4000, 5)).astype(np.float32)
    drawn = np.array([generator.choice(5, p=p / p.sum()) for p in softmax(scores / np.float32(0.5)).astype(np.float64)])
    assert calibrate(scores, np.eye(5, dtype=bool)[drawn]) == pytest.approx(0.5, rel=0.1)


def test_the_matrix_of_training_holds_what_serving_computes(rows: list[Example], model: DisputeClassifier) -> None:
    weights, texts = model.weights_, [*(row.text for row in rows[:20]), "", "。", "xyzzy"]
    seen = count(texts)
    columns = np.array([np.flatnonzero(seen.keys == key)[0] if key in seen.keys else -1 for key in weights.keys])
    dense = np.where(columns >= 0, seen.counts.toarray()[:, columns], 0)
    matrix = weigh(csr_matrix(dense), weights.block, weights.idf)
    given = weights.scores(vectors_of(weights, texts))
    assert np.allclose(matrix @ weights.coef + weights.intercept, given, atol=1e-4)


def test_many_texts_are_answered_like_each_alone(rows: list[Example], model: DisputeClassifier) -> None:
    texts = ["", *(row.text for row in rows[:40]), "？！", rows[41].text]
    together = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_texts_counted_apart_are_the_same_put_together(rows: list[Example]) -> None:
    texts = [row.text for row in rows[:30]]
    apart, whole = count(texts[:11]).and_(count(texts[11:])), count(texts)
    assert np.array_equal(apart.keys, whole.keys) and np.array_equal(apart.block, whole.block)
    assert (apart.counts != whole.counts).nnz == 0


def test_a_text_may_count_less(rows: list[Example]) -> None:
    texts, kinds = ["塘里的水", "塘里的水", "墙上的画", "墙上的画"], ["labor", "medical", "other", "consumer"]

    def learnt(weights: list[float]) -> str:
        model = DisputeClassifier(min_df=1, folds=2, lesson_weight=0)
        name = model.fit(texts * 2, kinds * 2, groups=["a"] * 4 + ["b"] * 4, sample_weight=weights * 2).predict(
            ["塘里的水"]
        )
        return str(name[0])

    assert learnt([1, 0.1, 1, 1]) == "labor"
    assert learnt([0.1, 1, 1, 1]) == "medical"


def test_personal_data_is_not_learnt() -> None:
    masked, number = count(["电话19900001234，邻居堵路"]).keys, count(["19900001234"]).keys
    assert set(masked.tolist()).isdisjoint(set(number.tolist()) - set(count(["电话"]).keys.tolist()))
    assert len(number)


# --- files ---


@pytest.fixture(scope="module")
def trained(corpus_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train([corpus_file], folder, KNOWN)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained model that a test may harm."""
    return Path(shutil.copytree(trained, tmp_path / "models"))


def test_the_same_corpus_gives_the_same_bytes(corpus_file: Path, trained: Path, tmp_path: Path) -> None:
    train([corpus_file], tmp_path, KNOWN)
    for file in ("reading.npz", "reading.json", "CARD.md"):
        assert (trained / file).read_bytes() == (tmp_path / file).read_bytes()


def test_what_is_loaded_answers_like_what_was_learnt(trained: Path, model: DisputeClassifier) -> None:
    loaded, learnt, text = load(trained), model.weights_, ["他家的羊啃了我半亩麦苗，要赔八百"]
    given, wanted = (each.probabilities(each.scores(vectors_of(each, text))) for each in (loaded, learnt))
    assert np.allclose(given, wanted, atol=0.01)
    assert loaded.version == loaded.manifest["arrays_sha256"][:12]


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped", "foreign", "pickled", "no json", "other format"])
def test_a_damaged_model_is_refused(harm: str, folder: Path) -> None:
    arrays, manifest = folder / "reading.npz", folder / "reading.json"
    whole = arrays.read_bytes()
    if harm == "missing":
        arrays.unlink()
    elif harm == "cut":
        arrays.write_bytes(whole[: len(whole) // 2])
    elif harm == "flipped":
        arrays.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    elif harm == "foreign":
        with np.load(arrays) as file:
            kept = {name: file[name] for name in file}
        np.savez(arrays, **(kept | {"intercept": kept["intercept"] + 1}))
    elif harm == "pickled":
        np.savez(arrays, keys=np.array([{"run": "code"}], dtype=object))
    elif harm == "no json":
        manifest.write_text("{", encoding="utf-8")
    else:
        manifest.write_text(
            manifest.read_text(encoding="utf-8").replace('"format": 2', '"format": 99'), encoding="utf-8"
        )
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("{", "lines.jsonl:2"),
        ('{"text": "x"}', "lines.jsonl:2"),
        ('{"text": "x", "type": "war"}', "lines.jsonl:2"),
        ('{"text": " ", "type": "labor"}', "lines.jsonl:2"),
        ("[]", "lines.jsonl:2"),
        ('{"text": 7, "type": "labor"}', "lines.jsonl:2"),
    ],
)
def test_a_bad_line_is_named(line: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "欠薪", "type": "labor", "also": "damages"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=where):
        examples([path], KNOWN)


def test_every_row_is_tested_once_and_every_label_is_spread() -> None:
    labels = ["a"] * 10 + ["b"] * 5 + ["c"]
    folds = list(deal(labels, 5))
    assert sorted(at for _, test in folds for at in test) == list(range(len(labels)))
    assert all(
        set(train) | set(test) == set(range(len(labels))) and not set(train) & set(test) for train, test in folds
    )
    assert all(
        sum(labels[at] == "a" for at in test) == 2 and sum(labels[at] == "b" for at in test) == 1 for _, test in folds
    )
    with pytest.raises(ValueError, match="3 < 5"):
        list(deal(["a", "b", "c"], 5))


# --- the shipped model ---


def test_the_shipped_model_was_learnt_from_the_shipped_corpus_and_lexicon() -> None:
    model = shipped()
    assert model is not None

    def hashes(paths: list[Path]) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    assert model.manifest["corpus"] == hashes(shipped_corpus())
    assert model.manifest["lexicon"] == hashes([data_dir() / "lexicon" / name for name in LEXICON])
    assert model.manifest["settings"] == DisputeClassifier().get_params()


def test_the_shipped_model_is_small_and_knows_every_type() -> None:
    folder, model = data_dir() / "models", shipped()
    assert model is not None
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST
    assert set(model.types) == set(taxonomy.types())
    assert set(model.subtypes) - {""} <= set(taxonomy.all_subtypes())
    assert (folder / "CARD.md").read_text(encoding="utf-8") == card(model.manifest)


def test_the_shipped_models_figures_do_not_sink() -> None:
    model = shipped()
    assert model is not None
    figures = model.manifest["figures"]["left_out"]
    assert figures["n"] >= 8000
    assert figures["accuracy"] >= 0.71
    assert figures["accuracy_at_80_coverage"] >= 0.78
    assert figures["ece"] <= 0.06
