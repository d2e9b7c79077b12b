"""Models that answer with labels, from pairs to predictions, with PyTorch and by their graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqloom
from labelling import SETTINGS, SEVERAL, WORDS, labelled
from seqloom.api import Model
from seqloom.checkpoint.format import CONFIDENCE, GRAPH, GRAPH_INT8
from seqloom.confidence import LabelCalibration, fitted_labels
from seqloom.confidence.labels import best_temperature, best_threshold, log_probabilities
from seqloom.errors import ConfigError, DataError
from seqloom.export import export_model
from seqloom.label_network import LabelNetwork
from seqloom.plots import plot_attention

TEXTS = [text for text, _ in labelled(30, 9)]


@pytest.fixture(scope="module")
def one(label_folder: Path) -> Model:
    return seqloom.load(label_folder)


@pytest.fixture(scope="module")
def several(labels_folder: Path) -> Model:
    return seqloom.load(labels_folder)


@pytest.fixture(scope="module")
def exported(label_graphs: Path, labels_graphs: Path) -> tuple[Path, Path]:
    return label_graphs, labels_graphs


def test_one_label_is_learned_with_its_probability(one: Model) -> None:
    assert isinstance(one.network, LabelNetwork)
    pairs = labelled(100, 5)
    found = one.evaluate(pairs)
    assert found["accuracy"] > 90
    assert found.tokens == 100
    for answer in one.predict([text for text, _ in pairs], n_best=3):
        assert answer.label == answer.text == answer.labels[0] == next(iter(answer.probabilities))
        assert sum(answer.probabilities.values()) == pytest.approx(1)
        assert set(answer.probabilities) == set(WORDS)
        listed = [answer, *answer.alternatives]
        assert [each.text for each in listed] == list(answer.probabilities)
        assert [each.score for each in listed] == sorted((each.score for each in listed), reverse=True)
        assert answer.confidence == answer.probabilities[answer.text]
        assert all(each.confidence is None for each in answer.alternatives)


def test_several_labels_are_independent(several: Model) -> None:
    found = several.evaluate([("a good film and sad", "grief,  joy"), *labelled(100, 5, several=True)])
    assert found["accuracy"] > 70
    assert isinstance(several.calibration, LabelCalibration)
    thresholds = dict(zip(several.codecs.target.labels, several.calibration.thresholds, strict=True))  # type: ignore[union-attr]
    for answer in several.predict(TEXTS):
        chosen = {label for label, value in answer.probabilities.items() if value >= thresholds[label]}
        assert chosen == set(answer.labels)
        assert answer.text == ", ".join(sorted(answer.labels))
    with pytest.raises(ConfigError, match="n_best lists answers of which one is right"):
        several.predict(TEXTS, n_best=2)


def test_scores_are_the_models_own_log_probabilities(one: Model, several: Model) -> None:
    for model in (one, several):
        answers = model.predict(TEXTS)
        pairs = [(text, answer.text) for text, answer in zip(TEXTS, answers, strict=True) if answer.text]
        wanted = [answer.score for answer in answers if answer.text]
        assert [each.log_prob for each in model.score(pairs)] == pytest.approx(wanted, abs=1e-4)
    scored = [next(iter(one.score([("a good film", label)]))) for label in WORDS]
    assert sum(np.exp(each.log_prob) for each in scored) == pytest.approx(1, abs=1e-5)
    (strange,) = one.score([("a good film", "rage")])
    assert (strange.tokens, strange.unwritable) == (0, ("rage",))


def test_details_show_where_the_network_looks(one: Model, tmp_path: Path) -> None:
    answer = one.predict("it was a good film", alignments=True)[0]
    assert answer.alignment is not None
    assert answer.alignment.shape == (1, len(answer.source_tokens)) == (1, 6)
    assert answer.alignment.sum() == pytest.approx(1, abs=1e-5)
    assert answer.target_tokens == (answer.text,)
    plot_attention(answer, tmp_path / "map.png")
    assert (tmp_path / "map.png").is_file()
    values = json.loads(json.dumps(answer.to_json()))
    assert values["labels"] == [answer.text]
    assert list(values["probabilities"]) == list(answer.probabilities)


@pytest.mark.parametrize("place", [0, 1])
def test_graphs_answer_as_the_network(exported: tuple[Path, Path], place: int) -> None:
    """Law 4, and law 2 in both graphs: an answer alone is that among others."""
    folder = exported[place]
    whole = seqloom.load(folder, engine="torch")
    wanted = whole.predict(TEXTS, alignments=True)
    for int8, close in ((False, 1e-4), (True, 0.1)):
        model = seqloom.load(folder, engine="onnx", int8=int8)
        found = model.predict(TEXTS, alignments=True)
        for answer, own, text in zip(wanted, found, TEXTS, strict=True):
            assert own.probabilities == pytest.approx(dict(answer.probabilities), abs=close)
            assert own.alignment is not None
            assert answer.alignment is not None
            assert np.allclose(own.alignment, answer.alignment, atol=10 * close)
            (alone,) = model.predict(text)
            assert alone.probabilities == pytest.approx(dict(own.probabilities), abs=1e-5)
        if not int8:
            assert [each.labels for each in found] == [each.labels for each in wanted]
        pairs = [(text, label) for text in TEXTS[:9] for label in ("joy", "grief", "no label of these")]
        for scored, right in zip(model.score(pairs), whole.score(pairs), strict=True):
            assert (scored.tokens, scored.unwritable) == (right.tokens, right.unwritable)
            assert scored.token_log_probs == pytest.approx(right.token_log_probs, abs=0.5 if int8 else 1e-4)


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_new_folder_with_a_graph_is_enough(exported: tuple[Path, Path], tmp_path: Path) -> None:
    export_model(exported[0], tmp_path / "alone", int8=True)
    model = seqloom.load(tmp_path / "alone", engine="onnx")
    assert model.predict("a good film")[0].confidence is not None
    assert (exported[0] / GRAPH).stat().st_size > (exported[0] / GRAPH_INT8).stat().st_size / 4


def test_what_labels_do_not_have_is_refused_by_name(one: Model) -> None:
    with pytest.raises(ConfigError, match="drawn at random from models that write sequences"):
        one.sample("a film")
    with pytest.raises(ConfigError, match="no beginning of its own"):
        one.predict("a film", prefix="j")
    for given, name in (({"beam": 3}, "beam"), ({"settings": {"search.alpha": 2.0}}, "alpha")):
        with pytest.raises(ConfigError, match=rf"search\.{name} is of models that write sequences"):
            one.with_settings(**given)
    with pytest.raises(ConfigError, match="a shortlist needs a model that writes sequences"):
        one.with_shortlist(labelled(20))
    with pytest.raises(ConfigError, match="no target tokenizer"):
        _ = one.target_tokenizer


def test_labels_that_evaluation_does_not_know_are_named(one: Model, tmp_path: Path) -> None:
    file = tmp_path / "test.tsv"
    file.write_text("a good film\tjoy\na film\trage\n", encoding="utf-8")
    found = one.evaluate(file)
    assert found.tokens == 1
    assert any("'rage'" in each and "test.tsv:2" in each for each in found.notes)


def test_known_answers_come_before_labels(one: Model) -> None:
    answer = one.with_exceptions([("a good film", "grief")]).predict("a good film", n_best=2)[0]
    assert (answer.text, answer.origin) == ("grief", "exception")
    assert answer.alternatives[0].text == "joy"


def test_a_calibration_is_stored_and_made_anew(one: Model, label_folder: Path) -> None:
    assert isinstance(one.calibration, LabelCalibration)
    assert json.loads((label_folder / CONFIDENCE).read_text(encoding="utf-8"))["kind"] == "temperature"
    again = one.with_confidence(labelled(200, 11)).calibration
    assert isinstance(again, LabelCalibration)
    assert again == one.with_confidence(labelled(200, 11)).with_confidence(labelled(200, 11)).calibration


def test_the_temperature_is_the_likeliest() -> None:
    """Guo et al. 2017, §4.2: scores that are three times too large get about the temperature 3."""
    chance = np.random.default_rng(0)
    true = chance.normal(size=(4000, 5)) * 2
    shares = np.exp(log_probabilities(true, several=False))
    given = np.zeros(true.shape, bool)
    given[np.arange(4000), [chance.choice(5, p=row) for row in shares]] = True
    temperature = best_temperature(3 * true, given, several=False)
    assert temperature == pytest.approx(3, rel=0.1)
    fine = [-log_probabilities(3 * true / (temperature * f), several=False)[given].sum() for f in (0.97, 1, 1.03)]
    assert fine[1] == min(fine)
    both = chance.random(true.shape) < 1 / (1 + np.exp(-true))
    assert best_temperature(3 * true, both, several=True) == pytest.approx(3, rel=0.1)


def test_a_threshold_has_the_best_f1() -> None:
    probabilities, given = np.array([0.9, 0.6, 0.55, 0.2, 0.1]), np.array([True, False, True, False, False])
    assert best_threshold(probabilities, given) == pytest.approx(0.375)
    assert best_threshold(probabilities, np.zeros(5, bool)) == 0.5
    with pytest.raises(DataError, match="at least 20 answers"):
        fitted_labels(np.zeros((3, 2)), np.zeros((3, 2), bool), several=False, data="")


@pytest.mark.parametrize("settings", [SETTINGS, SEVERAL])
def test_empty_lines_have_empty_answers(settings: dict[str, Any], one: Model, several: Model) -> None:
    model = one if settings is SETTINGS else several
    first, empty = model.predict(["a good film", " "])
    assert first.probabilities
    assert (empty.text, dict(empty.probabilities), empty.labels) == ("", {}, ())
