"""Minimum Bayes risk: the candidate with the best expected value of a metric, by hand and by every metric."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seqloom.api import Model
from seqloom.combining import BayesRisk, ChosenPrediction
from seqloom.combining import bayes_risk as module
from seqloom.combining.bayes_risk import utilities
from seqloom.errors import ConfigError, DependencyError
from seqloom.loading import load
from seqloom.metrics import METRICS, metric
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction
from several import LINES

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
Models = dict[str, Model]
LISTS = [["a b c", "a b d", "x"], ["one"], ["c d", "d c"], []]


@pytest.mark.parametrize("name", METRICS.own)
def test_every_metric_compares_each_text_with_each_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = metric(name)
    whole = utilities(name, LISTS)
    monkeypatch.setattr(module, "PAIRS", 1)
    for texts, table, alone in zip(LISTS, whole, utilities(name, LISTS), strict=True):
        assert table.shape == (len(texts), len(texts))
        np.testing.assert_allclose(table, alone)
        for row, text in enumerate(texts):
            for column, other in enumerate(texts):
                expected = judge.perfect if row == column else judge.per_example([text], [other])[0]
                assert table[row, column] == pytest.approx(expected)


@pytest.mark.parametrize("name", ["cer", "chrf", "exact_match"])
def test_the_n_best_list_is_weighed_by_the_models_probabilities(name: str, three_models: Models) -> None:
    model = three_models["a"]
    combined = BayesRisk.of(model, name, candidates=5)
    found = combined.with_settings(n_best=5).predict(LINES)
    lists = model.predict(LINES, n_best=5, alignments=True)
    for line, best, listed in zip(LINES, found, lists, strict=True):
        if not line.strip():
            assert best == Prediction("", 0.0)
            continue
        by_form: dict[str, float] = {}
        for each in (listed, *listed.alternatives):  # texts that are compared as the same are one candidate
            form = in_one_form(each.text)
            by_form[form] = by_form.get(form, 0.0) + math.exp(sum(each.token_log_probs))
        shares = np.array(list(by_form.values()))
        shares /= shares.sum()
        (table,) = utilities(name, [list(by_form)])
        expected = table @ shares * (1 if metric(name).higher_is_better else -1)
        assert isinstance(best, ChosenPrediction)
        assert best.choice.value == pytest.approx(expected.max())
        order = [in_one_form(each.text) for each in (best, *best.alternatives)]
        values = dict(zip(by_form, expected, strict=True))
        assert [values[text] for text in order] == pytest.approx(sorted(expected, reverse=True))
        assert best.choice.parts["share"] == pytest.approx(shares[list(by_form).index(order[0])])
        assert best.alignment is None


def test_by_exact_match_it_is_the_most_probable_answer(three_models: Models) -> None:
    """E[u(y, r)] = p(y | x) for this metric."""
    model = three_models["a"].with_settings({"search.length_penalty": "none"})
    found = BayesRisk.of(model, "exact_match").predict(LINES)
    for each, listed in zip(found, model.predict(LINES, n_best=10, alignments=True), strict=True):
        shares: dict[str, float] = {}
        for other in (listed, *listed.alternatives):
            form = in_one_form(other.text)
            shares[form] = shares.get(form, 0.0) + math.exp(sum(other.token_log_probs))
        assert in_one_form(each.text) == max(shares, key=shares.__getitem__)


def test_samples_count_as_often_as_they_were_drawn(three_models: Models) -> None:
    model = three_models["b"]
    combined = BayesRisk.of(model, "exact_match", sampling={"count": 40, "seed": 5})
    drawn = model.sample(LINES, count=40, seed=5)
    for line, best, samples in zip(LINES, combined.predict(LINES), drawn, strict=True):
        if not line.strip():
            assert (best, samples) == (Prediction("", 0.0), [])
            continue
        assert len(samples) == 40
        texts = [in_one_form(each.text) for each in samples]
        most = max(map(texts.count, texts))
        assert isinstance(best, ChosenPrediction)
        assert texts.count(in_one_form(best.text)) == most
        assert best.choice.value == pytest.approx(100 * most / 40)
        assert best.choice.parts["share"] == pytest.approx(most / 40)
    assert "40 samples, drawn with seed 5" in combined.sentences()[0]
    assert [each.text for each in combined.predict(LINES)] == [combined.predict(line)[0].text for line in LINES]


def test_samples_have_details_and_are_scored_as_the_model_scores(three_models: Models) -> None:
    for model in three_models.values():
        for each in model.sample("abcd", count=6, alignments=True)[0]:
            (scored,) = model.predictor.score([("abcd", each.text)])
            (ids,) = model.target_tokenizer.encode([each.text])
            if model.target_tokenizer.tokens(ids) == each.target_tokens[:-1]:  # a text may be spelled in several ways
                assert scored.token_log_probs == pytest.approx(each.token_log_probs, abs=1e-4)
            assert each.alignment is not None
            assert len(each.target_tokens) == len(each.token_log_probs)
    assert [each.text[:1] for each in three_models["a"].sample("abcd", count=5, prefix="c")[0]] == ["c"] * 5


def test_it_is_evaluated(three_models: Models) -> None:
    pairs = [(line, line) for line in ("ab", "abc", "dab")]
    measured = BayesRisk.of(three_models["a"], "chrf").evaluate(pairs, metrics="chrf")
    assert "answers have the best expected chrf among the 10 best of the search" in measured.notes
    assert measured.count == 3


def test_a_graph_compares_its_n_best_list_and_does_not_draw(exported_folder: object) -> None:
    graph, model = (load(str(exported_folder), engine=name) for name in ("onnx", "torch"))
    lines = ["abcda", "dd", ""]
    one, other = (BayesRisk.of(each, "cer").predict(lines) for each in (graph, model))
    assert [each.text for each in one] == [each.text for each in other]
    with pytest.raises(DependencyError, match="drawn at random by PyTorch, not by an exported graph"):
        BayesRisk.of(graph, "cer", sampling={"count": 5}).predict("ab")


def test_settings_are_checked(three_models: Models) -> None:
    model = three_models["a"]
    for settings, said in [
        ({"metric": "blue"}, "metric: .*blue"),
        ({"metric": "cer", "candidates": 1}, "candidates"),
        ({"metric": "cer", "sampling": {"count": 0}}, r"sampling\.count"),
        ({"metric": "cer", "temperature": 1}, "temperature"),
    ]:
        with pytest.raises(ConfigError, match=said):
            BayesRisk.of(model, **settings)  # type: ignore[arg-type]
