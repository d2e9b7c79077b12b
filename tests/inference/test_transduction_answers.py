"""Answers of a model of transduction: a string for each symbol, together a text; what is cut, scored and refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqloom
from seqloom.combining import Voting
from seqloom.errors import ConfigError
from transduced import SETTINGS, words


@pytest.fixture(scope="module")
def model(transduction_folder: Path) -> Any:
    return seqloom.load(transduction_folder, engine="torch")


def test_it_learns_letters_and_what_they_depend_on(model: Any) -> None:
    test = words(200, 7)
    evaluation = model.evaluate(test)
    assert evaluation["error_rate"] < 10
    assert evaluation.teacher_forced.per_token < 0.3
    assert model.predict_one("chab").text == "K S A B N G"


def test_each_symbol_has_its_string(model: Any) -> None:
    (answer,) = model.predict(["chab"], alignments=True)
    assert answer.source_tokens == ("<s>", "c", "h", "a", "b", "</s>")
    assert answer.target_tokens == ("", "K S", "", "A", "B", "N G")
    assert answer.alignment is not None
    assert np.array_equal(answer.alignment, np.eye(6))
    assert len(answer.token_log_probs) == 6
    assert answer.score <= 0
    assert not answer.tags
    assert not answer.spans


def test_a_word_is_alone(model: Any) -> None:
    """Law 2, in batches and with neighbours of other lengths."""
    lines = [source for source, _ in words(20, 9)] + ["a", "", " "]
    for line, answer in zip(lines, model.predict(lines), strict=True):
        (alone,) = model.predict([line])
        assert alone.text == answer.text
        assert alone.score == pytest.approx(answer.score, abs=1e-5)
    assert model.predict_one("").text == ""


@pytest.mark.parametrize("int8", [False, True])
def test_graphs_answer_alike(int8: bool, model: Any, transduction_graphs: Path) -> None:
    """Law 4."""
    lines = [source for source, _ in words(60, 4)]
    graph = seqloom.load(transduction_graphs, engine="onnx", int8=int8)
    for one, two in zip(model.predict(lines), graph.predict(lines), strict=True):
        assert one.text == two.text
        assert one.score == pytest.approx(two.score, abs=0.3 if int8 else 1e-4)
        assert one.confidence == pytest.approx(two.confidence, abs=0.2 if int8 else 1e-3)


def test_given_targets_have_the_probability_of_their_strings(model: Any) -> None:
    test = words(30, 11)
    for (source, target), answer in zip(test, model.predict([each for each, _ in test]), strict=True):
        (scored,) = model.score([(source, target)])
        assert scored.tokens == len(source) + 2
        if answer.text == target:
            assert scored.log_prob == pytest.approx(answer.score, abs=1e-4)
    long, strange = model.score([("a", "K " * 30), ("a", "A X N G")])
    assert (long.tokens, strange.tokens) == (0, 0)
    assert strange.unwritable == ("X",)
    assert math.isfinite(model.evaluate([*test, ("a", "A X N G")]).teacher_forced.per_token)


def test_what_is_too_long_and_unknown_is_said(model: Any) -> None:
    (answer,) = model.with_settings(["search.max_source_length=3"]).predict(["abdea"], alignments=True)
    assert answer.cut
    assert answer.source_tokens == ("<s>", "a", "b", "d", "</s>")
    (strange,) = model.predict(["aya"], alignments=True)
    assert strange.unknown == ("y",)
    assert strange.source_tokens == ("<s>", "a", "<unk:y>", "a", "</s>")


def test_what_it_cannot_do_is_refused(model: Any, transduction_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"search\.beam is of models that write sequences"):
        model.with_settings(beam=3)
    with pytest.raises(ConfigError, match="one answer for each text"):
        model.with_settings(n_best=2).predict(["a"])
    with pytest.raises(ConfigError, match="cannot begin with 'A'"):
        model.predict(["a"], prefix="A")
    for settings, reason in (
        ({"model.decoder.layers": 1}, r"model\.decoder.* is of networks that write a sequence"),
        ({"training.r_drop": 1.0}, r"training\.r_drop is of models that answer with sequences or labels"),
        ({"data.reverse_source": True}, r"data\.reverse_source is of models that write sequences"),
        ({"plan.effort": "best"}, "plan.effort = best is for models that write sequences"),
    ):
        with pytest.raises(ConfigError, match=reason):
            seqloom.train(words(50), words(20, 2), transduction_folder.parent / "no", settings=SETTINGS | settings)


def test_known_answers_come_first(model: Any) -> None:
    assert model.with_exceptions([("chab", "K A B")]).predict_one("chab").text == "K A B"


def test_it_votes_with_others(model: Any, toy_folder: Path) -> None:
    """A decoder of other symbols, and a model whose weight is larger."""
    vote = Voting.of([model, toy_folder], [2.0, 1.0])
    assert [each.text for each in vote.predict(["chab"])] == ["K S A B N G"]
