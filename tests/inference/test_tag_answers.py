"""Answers of a model of tags: a tag for each word, spans, probabilities; what is cut, given, refused, and measured."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import seqloom
from seqloom.api import Model
from seqloom.codecs import TagsCodec
from seqloom.data import Example
from seqloom.data.examples import Origin
from seqloom.errors import ConfigError, DataError
from seqloom.evaluation_config import EvaluationConfig
from tagged import tagged


@pytest.fixture(scope="module")
def model(tags_folder: Path) -> Model:
    loaded = seqloom.load(tags_folder, engine="torch")
    assert isinstance(loaded, Model)
    return loaded


def test_every_word_has_a_tag_and_spans_have_words(model: Model) -> None:
    answer = model.predict_one("  dan smith lives\tin new york ")
    assert answer.tags == ("B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC")
    assert answer.text == "B-PER I-PER O O B-LOC I-LOC"
    assert len(answer.tag_probabilities) == 6
    assert all(0 < each <= 1 for each in answer.tag_probabilities)
    person, town = answer.spans
    assert (person.type, person.start, person.end, person.text) == ("PER", 0, 2, "dan smith")
    assert (town.type, town.start, town.end, town.text) == ("LOC", 4, 6, "new york")
    assert town.probability == min(answer.tag_probabilities[4:])
    assert answer.score <= 0
    values = answer.to_json()
    assert values["tags"] == list(answer.tags)
    assert values["spans"][0]["text"] == "dan smith"
    assert "labels" not in values


def test_a_text_is_alone_and_an_empty_one_has_no_tags(model: Model) -> None:
    """Law 2, in batches and with neighbours of other lengths."""
    lines = [source for source, _ in tagged(20, 9)] + ["oslo", "", "  "]
    together = model.predict(lines)
    for line, answer in zip(lines, together, strict=True):
        (alone,) = model.predict([line])
        assert alone.tags == answer.tags
        assert alone.tag_probabilities == pytest.approx(answer.tag_probabilities, abs=1e-5)
        assert len(answer.tags) == len(line.split())
    assert together[-1].text == ""


def test_a_no_break_space_is_part_of_its_word(model: Model) -> None:
    assert len(model.predict_one("ann lives in 10\u00a0000 houses").tags) == 5


def test_words_that_are_cut_off_are_outside(model: Model) -> None:
    """Whole words are read; the mark and the piece of a word are two ids."""
    short = model.with_settings({"search.max_source_length": 5})
    answer = short.predict_one("ann lives in new york")
    assert answer.cut
    assert answer.tags[2:] == ("O", "O", "O")
    assert answer.tag_probabilities[2:] == (0.0, 0.0, 0.0)
    assert min(answer.tag_probabilities[:2]) > 0
    assert not short.predict_one("ann lives").cut


def test_details_are_words_and_tags(model: Model) -> None:
    answer = model.predict(["ann met bob today"], alignments=True)[0]
    assert answer.source_tokens == ("ann", "met", "bob", "today")
    assert answer.target_tokens == answer.tags
    logs = [math.log(each) for each in answer.tag_probabilities]
    assert answer.token_log_probs == pytest.approx(logs)
    assert answer.alignment is None


def test_answers_keep_to_the_scheme(model: Model) -> None:
    """Also where no training sentence helps."""
    codec = model.codecs.target
    assert isinstance(codec, TagsCodec)
    assert codec.strict
    lines = ["york york york smith jose", "de boer is jose", "smith", "york today smith"]
    for answer in model.predict(lines):
        before = "O"
        for tag in answer.tags:
            assert not tag.startswith("I-") or before[2:] == tag[2:]
            before = tag


def test_given_tags_have_a_probability(model: Model) -> None:
    right, wrong, unknown = model.predictor.score(
        [("ann met bob today", tags) for tags in ("B-PER O B-PER O", "O O B-LOC I-LOC", "B-PER O B-POI O")]
    )
    assert right.tokens == wrong.tokens == 4
    assert wrong.log_prob < right.log_prob < 0
    assert unknown.tokens == 0
    assert unknown.unwritable == ("B-POI",)


def test_tags_of_words_that_are_cut_off_are_not_asked_for(model: Model) -> None:
    short = model.with_settings({"search.max_source_length": 5})
    (scored,) = short.score([("ann lives in new york", "B-PER O O B-LOC I-LOC")])
    (read,) = model.score([("ann lives", "B-PER O")])
    assert scored.cut
    assert scored.token_log_probs == pytest.approx(read.token_log_probs, abs=1e-5)


def test_a_word_without_a_tag_is_refused(model: Model) -> None:
    with pytest.raises(DataError, match=r"every word must have one tag, and 2 words have 1 tags: 'B-PER'"):
        list(model.score([("ann lives", "B-PER")]))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"beam": 3}, r"search\.beam is of models that write sequences"), ({"n_best": 2}, "one answer for each text")],
)
def test_what_tags_do_not_have_is_refused(model: Model, settings: dict[str, int], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        model.predict(["ann"], **settings)  # type: ignore[arg-type]


def test_prefixes_samples_and_known_answers_are_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match="cannot begin with 'B-PER'"):
        model.predict(["ann"], prefix="B-PER")
    with pytest.raises(ConfigError, match="answers are drawn at random from models that write sequences"):
        model.sample("ann")
    with pytest.raises(ConfigError, match="tags are found by the network alone"):
        model.with_exceptions([("ann", "O")])
    with pytest.raises(ConfigError, match="tags are found by the network alone"):
        model.with_memory([("ann", "O")])


def test_an_evaluation_has_figures_of_each_type_and_tag(model: Model) -> None:
    examples = [Example(*pair, Origin("dev", row)) for row, pair in enumerate(tagged(50, 7), start=1)]
    examples.append(Example("mars is far", "B-POI O O", Origin("dev", 51)))
    found = seqloom.evaluation.evaluate(model.predictor, examples, EvaluationConfig(metrics=()))
    assert [score.name for score in found.scores] == ["entity_f1", "token_accuracy"]
    assert 90 < found["entity_f1"] < 100
    assert found.tags is not None
    assert found.labels is None
    assert {each.label: each.support for each in found.tags.spans}["POI"] == 1
    assert sum(each.support for each in found.tags.tags) == sum(len(each.source.split()) for each in examples)
    assert any("tags that no training pair has" in note and "'B-POI' (dev:51)" in note for note in found.notes)
    assert found.to_json()["tags"]["spans"][0]["label"] in ("LOC", "PER")


def test_a_graph_answers_as_pytorch(model: Model, tags_graphs: Path) -> None:
    """Law 4: in float32 the same tags and probabilities; in 8 bits nearly all tags, and law 2 in both."""
    lines = [source for source, _ in tagged(60, 9)] + ["", "de boer", "?? in new york"]
    wanted = model.predict(lines)
    for int8 in (False, True):
        graph = seqloom.load(tags_graphs, engine="onnx", int8=int8, threads=2)
        found = graph.predict(lines)
        pairs = [each for one, two in zip(found, wanted, strict=True) for each in zip(one.tags, two.tags, strict=True)]
        assert sum(one == two for one, two in pairs) >= (0.997 if int8 else 1) * len(pairs)
        for one, two in zip(found, wanted, strict=True):
            assert one.tag_probabilities == pytest.approx(two.tag_probabilities, abs=0.1 if int8 else 1e-4)
            assert int8 or one.score == pytest.approx(two.score, abs=1e-3)
        for line, together in zip(lines[:10], found, strict=False):
            (alone,) = graph.predict([line])
            assert alone.tags == together.tags
            assert alone.tag_probabilities == pytest.approx(together.tag_probabilities, abs=1e-5)
        pairs = [*tagged(20, 11), ("ann met bob", "B-PER O B-POI"), ("york york smith", "I-LOC I-PER O")]
        for own, other in zip(graph.score(pairs), model.score(pairs), strict=True):
            assert (own.tokens, own.unwritable) == (other.tokens, other.unwritable)
            assert own.token_log_probs == pytest.approx(other.token_log_probs, abs=0.5 if int8 else 1e-3)
