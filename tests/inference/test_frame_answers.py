"""Answers of a model of frames: a label for the whole and a tag for each word; what is given, refused and measured."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import seqloom
from framed import framed
from seqloom.api import Model
from seqloom.data import Example
from seqloom.data.examples import Origin
from seqloom.errors import ConfigError, DataError
from seqloom.evaluation_config import EvaluationConfig
from seqloom.metrics import ClassificationReport


@pytest.fixture(scope="module")
def model(frame_folder: Path) -> Model:
    loaded = seqloom.load(frame_folder, engine="torch")
    assert isinstance(loaded, Model)
    return loaded


def test_an_answer_has_a_label_and_tags(model: Model) -> None:
    answer = model.predict_one("  is san jose far\tfrom new york ")
    assert answer.label == "ask where"
    assert answer.labels == ("ask where",)
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert next(iter(answer.probabilities)) == "ask where"
    assert answer.tags[-2:] == ("B-LOC", "I-LOC")
    assert len(answer.tags) == len(answer.tag_probabilities) == 7
    assert answer.text == f"ask where: {' '.join(answer.tags)}"
    assert answer.spans[-1].text == "new york"
    assert answer.confidence is None
    values = answer.to_json()
    assert (values["labels"], values["tags"]) == (["ask where"], list(answer.tags))


def test_a_text_is_alone_and_an_empty_one_has_no_answer(model: Model) -> None:
    """Law 2, in batches and with neighbours of other lengths."""
    lines = [source for source, _ in framed(20, 9)] + ["oslo", ""]
    together = model.predict(lines)
    for line, answer in zip(lines, together, strict=True):
        (alone,) = model.predict([line])
        assert alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-5)
        assert alone.probabilities == pytest.approx(answer.probabilities, abs=1e-5)
    assert (together[-1].text, together[-1].labels, together[-1].tags) == ("", (), ())


def test_the_score_is_the_probability_of_the_whole_frame(model: Model) -> None:
    text = "ann met bob today"
    (answer,) = model.predict([text], alignments=True)
    given, other, strange, unknown = model.predictor.score(
        [(text, frame) for frame in (answer.text, "home: B-PER O B-PER O", "walk: B-PER O B-PER O", "way: B-POI O O O")]
    )
    assert given.log_prob <= answer.score + 1e-4  # answers are compared with those that keep to the scheme alone
    assert given.tokens == 5
    assert given.token_log_probs[0] == pytest.approx(math.log(answer.probabilities[answer.label]), abs=1e-5)
    assert other.log_prob < given.log_prob < 0
    assert (strange.tokens, strange.unwritable) == (0, ("walk",))
    assert (unknown.tokens, unknown.unwritable) == (0, ("B-POI",))
    assert answer.target_tokens == answer.tags


def test_what_frames_do_not_have_is_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match=r"search\.beam is of models that write sequences"):
        model.predict(["ann"], beam=3)
    with pytest.raises(ConfigError, match="one answer for each text"):
        model.predict(["ann"], n_best=2)
    with pytest.raises(ConfigError, match="cannot begin with 'home'"):
        model.predict(["ann"], prefix="home")
    with pytest.raises(ConfigError, match="answers are drawn at random from models that write sequences"):
        model.sample("ann")
    for known in (model.with_exceptions, model.with_memory):
        with pytest.raises(ConfigError, match="tags are found by the network alone"):
            known([("ann", "home: O")])
    with pytest.raises(ConfigError, match="a calibration is of whole answers"):
        model.with_confidence(framed(60, 4))


def test_an_evaluation_has_figures_of_both_parts(model: Model) -> None:
    examples = [Example(*pair, Origin("dev", row)) for row, pair in enumerate(framed(50, 7), start=1)]
    examples.append(Example("mars is far", "walk: B-POI O O", Origin("dev", 51)))
    found = seqloom.evaluation.evaluate(model.predictor, examples, EvaluationConfig(metrics=()))
    assert [score.name for score in found.scores] == ["exact_match", "slot_f1", "intent_accuracy"]
    both = zip(found.predictions, examples, strict=True)
    right = [answer.label == example.target.partition(": ")[0] for answer, example in both]
    assert found["intent_accuracy"] == pytest.approx(100 * sum(right) / 51)
    assert isinstance(found.labels, ClassificationReport)
    assert found.tags is not None
    assert found.probabilities is not None
    assert found.labels.accuracy == pytest.approx(found["intent_accuracy"])
    assert found["slot_f1"] == pytest.approx(
        seqloom.metrics.compute(
            ["entity_f1"],
            [" ".join(each.tags) for each in found.predictions],
            [each.target.partition(": ")[2] for each in examples],
        )[0].value
    )
    assert found["exact_match"] <= min(found["slot_f1"], found["intent_accuracy"])
    assert {each.label: each.support for each in found.tags.spans}["POI"] == 1
    for strange in ("labels that no training pair has", "tags that no training pair has"):
        assert any(strange in note and "(dev:51)" in note for note in found.notes)
    values = found.to_json()
    assert values["tags"]["spans"]
    assert values["labels"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("O O", "a target must be a label, a colon, a space, and a tag for each word"),
        ("way: O", "2 words have 1 tags"),
    ],
)
def test_targets_that_are_no_frames_are_refused_with_their_place(model: Model, target: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as refused:
        model.evaluate([Example("ann met", target, Origin("dev", 7))])
    assert refused.value.where == "dev:7"


def test_a_graph_answers_as_pytorch(model: Model, frame_graphs: Path) -> None:
    """Law 4: in float32 the same frames and probabilities; in 8 bits nearly all, and law 2 in both."""
    lines = [source for source, _ in framed(60, 9)] + ["", "de boer", "?? in new york"]
    wanted = model.predict(lines)
    for int8 in (False, True):
        graph = seqloom.load(frame_graphs, engine="onnx", int8=int8, threads=2)
        found = graph.predict(lines)
        pairs = [each for one, two in zip(found, wanted, strict=True) for each in zip(one.tags, two.tags, strict=True)]
        assert sum(one == two for one, two in pairs) >= (0.997 if int8 else 1) * len(pairs)
        for one, two in zip(found, wanted, strict=True):
            assert one.probabilities == pytest.approx(two.probabilities, abs=0.1 if int8 else 1e-4)
            assert int8 or one.label == two.label
            assert int8 or one.score == pytest.approx(two.score, abs=1e-3)
        for line, together in zip(lines[:10], found, strict=False):
            (alone,) = graph.predict([line])
            assert alone.text == together.text
            assert alone.probabilities == pytest.approx(together.probabilities, abs=1e-5)
        given = [*framed(20, 11), ("ann met bob", "mars: B-PER O B-PER"), (lines[0], wanted[0].text)]
        for own, other in zip(graph.score(given), model.score(given), strict=True):
            assert (own.tokens, own.unwritable) == (other.tokens, other.unwritable)
            assert own.token_log_probs == pytest.approx(other.token_log_probs, abs=0.5 if int8 else 1e-3)
