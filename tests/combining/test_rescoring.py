"""Rescoring ranks the n-best list of the first model by what all models think of its texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from seqloom.api import Model
from seqloom.codecs import TextCodec
from seqloom.combining import ChosenPrediction, Rescoring
from seqloom.data import Source
from seqloom.errors import ConfigError, DataError
from seqloom.loading import load
from seqloom.model import Seq2Seq
from seqloom.text import TokenizerConfig, train_tokenizer
from several import LINES

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
Models = dict[str, Model]


def test_candidates_are_ranked_by_the_weighted_log_probabilities(three_models: Models) -> None:
    weights = [1.0, 0.5, 2.0]
    combined = Rescoring.of(three_models, weights, candidates=6)
    found = combined.with_settings(n_best=4).predict(LINES)
    lists = three_models["a"].predict(LINES, n_best=6)
    assert len(found) == len(LINES)
    for line, best, listed in zip(LINES, found, lists, strict=True):
        if not line.strip():
            assert best == listed
            continue
        texts = [each.text for each in (listed, *listed.alternatives)]
        sums = np.zeros(len(texts))
        for weight, model in zip(weights, three_models.values(), strict=True):
            scored = model.predictor.score([(line, text) for text in texts])
            sums += weight * np.array([each.log_prob / each.tokens for each in scored])
        order = np.argsort(-sums, kind="stable")[:4]
        every = [best, *best.alternatives]
        assert [each.text for each in every] == [texts[place] for place in order]
        for each, place in zip(every, order, strict=True):
            assert isinstance(each, ChosenPrediction)
            assert each.choice.value == pytest.approx(sums[place], abs=1e-4)
            assert each.choice.parts.keys() == {"a", "b", "c"}
    assert any(best.text != listed.text for best, listed in zip(found, lists, strict=True))


def test_a_line_is_answered_alone_as_among_others(three_models: Models) -> None:
    combined = Rescoring.of(three_models, candidates=4)
    together = combined.predict(LINES)
    assert [each.text for each in combined.stream(LINES, window=2)] == [each.text for each in together]
    assert [combined.predict(line)[0].text for line in LINES] == [each.text for each in together]
    assert combined.predict([]) == []


def test_details_tags_and_a_prefix_reach_the_model(three_models: Models) -> None:
    combined = Rescoring.of(three_models)
    (found,) = combined.predict([Source("abc", ("X",))], alignments=True, prefix="b")
    assert found.text.startswith("b")
    assert found.source_tokens[0] == "<X>"
    assert found.alignment is not None
    assert len(found.token_log_probs) == len(found.target_tokens) == len(found.alignment) + 1
    with pytest.raises(DataError, match="from their end"):
        Rescoring.of({"c": three_models["c"], "a": three_models["a"]}).predict("abc", prefix="b")


def test_it_is_tuned_and_evaluated(three_models: Models) -> None:
    pairs = [(line, line) for line in ("ab", "abc", "dab", "cc", "bd", "cad")]
    combined = Rescoring.of(three_models)
    better = combined.tuned(pairs)
    tuning = better.settings.tuning
    assert tuning is not None
    assert tuning.metric == "cer"
    assert tuning.after <= min(tuning.before, tuning.alone) or tuning.after <= tuning.before
    measured = better.evaluate(pairs)
    assert measured["cer"] == pytest.approx(tuning.after)
    assert combined.evaluate(pairs)["cer"] == pytest.approx(tuning.before)
    assert combined.with_weights([1, 0, 0]).evaluate(pairs)["cer"] == pytest.approx(tuning.alone)
    said = " ".join(measured.notes)
    assert "weights tuned on 6 dev examples: cer" in said
    assert "loss and perplexity are those of the first model alone" in said
    assert measured.loss == pytest.approx(three_models["a"].evaluate(pairs).loss)
    assert better.to_json()["tuning"]["after"] == tuning.after
    assert better.with_weights([1, 1, 1]).settings.tuning is None
    assert combined.tuned(pairs, metric="exact_match").settings.tuning.metric == "exact_match"  # type: ignore[union-attr]


def test_what_cannot_be_combined_is_refused(three_models: Models) -> None:
    first = three_models["a"]
    for models, weights, said in [
        ([first], (), "models must name at least 2, not 1"),
        (three_models, (1, 2), "weights must be one for each of the 3 models, not 2"),
        (three_models, (1, -2, 1), "weights must be at least 0"),
        (three_models, (0, 0, 0), "one above 0"),
        (three_models, "1,x,2", "weights"),
    ]:
        with pytest.raises(ConfigError, match=said):
            Rescoring.of(models, weights)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="candidates"):
        Rescoring.of(three_models, candidates=1)
    with pytest.raises(ConfigError, match="fixed when a model is trained"):
        Rescoring.of(three_models).with_settings({"data.reverse_target": True})


def test_what_a_model_cannot_write_is_said(three_models: Models) -> None:
    narrow = train_tokenizer(["z"], TokenizerConfig(kind="character"))
    torch.manual_seed(7)
    other = three_models["a"]
    network = Seq2Seq(other.config.model, other.codecs.source.size, narrow.size).eval()
    judge = replace(other, network=network, codecs=replace(other.codecs, target=TextCodec(narrow)))
    combined = Rescoring.of({"a": other, "narrow": judge})
    (best,) = combined.with_settings(n_best=8).predict("abcd")
    for each in (best, *best.alternatives):
        assert isinstance(each, ChosenPrediction)
        lost = sorted(set(each.text))
        assert sorted(each.choice.unwritable.get("narrow", ())) == lost
        assert sorted(each.to_json()["choice"].get("unwritable", {}).get("narrow", [])) == lost
        assert "a" not in each.choice.unwritable
    measured = combined.with_weights([1, 0]).evaluate([("abcd", "abcd"), ("dcb", "dcb"), ("cc", "c")])
    count = sum(bool(answer.text) for answer in measured.predictions)
    assert count
    assert any(f"{count} answer" in note and "symbols that narrow cannot write" in note for note in measured.notes)


def test_graphs_write_and_judge_answers(exported_folder: object, three_models: Models) -> None:
    by_torch, by_graph = (
        Rescoring.of({"first": load(str(exported_folder), engine=engine), "a": three_models["a"]}, [1, 0.5])
        for engine in ("torch", "onnx")
    )
    assert [each.text for each in by_graph.predict(LINES)] == [each.text for each in by_torch.predict(LINES)]
    wanted, found = (each.evaluate([("ab", "ab"), ("dcb", "d")]) for each in (by_torch, by_graph))
    assert found.loss == pytest.approx(wanted.loss, rel=1e-4)
    assert found.notes == wanted.notes
