"""`data.reverse_target`: a model learns and writes targets from their end; answers come in their normal order."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import seqloom
from answering import answers, assert_same
from exporting import listed
from seqloom.api import Model
from seqloom.checkpoint.format import CONFIG, GRAPH, GRAPH_INT8, FileRecord
from seqloom.errors import ConfigError, DataError
from seqloom.evaluation import evaluate
from seqloom.evaluation_config import EvaluationConfig
from seqloom.export.quantise import quantised
from seqloom.prediction import Prediction
from toy import SETTINGS, copied

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
LINES = ["abcd", "", "ba", "dd?", "cabcabd", "b"]
RUNNER = Path(__file__).parents[1] / "web" / "search.mjs"


@pytest.fixture(scope="module")
def turned_folder(exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with both graphs, whose settings say that it writes from right to left."""
    folder = Path(shutil.copytree(exported_folder, tmp_path_factory.mktemp("turned") / "model"))
    text = (folder / CONFIG).read_text(encoding="utf-8")
    assert text.count("reverse_target = false") == 1
    (folder / CONFIG).write_text(text.replace("reverse_target = false", "reverse_target = true"), encoding="utf-8")
    onnx.save(quantised(onnx.load(folder / GRAPH)), folder / GRAPH_INT8)
    listed(folder, {name: FileRecord.of(folder / name) for name in (CONFIG, GRAPH_INT8)})
    return folder


def mirrored(answer: Prediction) -> Prediction:
    """The same answer, written in the other direction, for a model whose tokens are characters."""
    *tokens, end = answer.target_tokens or ("",)
    *log_probs, last = answer.token_log_probs or (0.0,)
    return Prediction(
        text=answer.text[::-1],
        score=answer.score,
        source_tokens=answer.source_tokens,
        target_tokens=(*tokens[::-1], end) if answer.target_tokens else (),
        token_log_probs=(*log_probs[::-1], last) if answer.token_log_probs else (),
        alignment=None if answer.alignment is None else answer.alignment[::-1],
        alternatives=tuple(map(mirrored, answer.alternatives)),
        cut=answer.cut,
        confidence=answer.confidence,
    )


def test_it_learns_what_a_model_of_reversed_targets_learns() -> None:
    """Bit for bit, since what it reads in training is the same."""
    pairs, dev = copied(120), copied(20, seed=2)
    settings = {**SETTINGS, "training.epochs": 1, "training.schedule.warmup": 1}
    turned = seqloom.train(pairs, dev, settings={**settings, "data.reverse_target": True})
    plain = seqloom.train(
        [(source, target[::-1]) for source, target in pairs], [(a, b[::-1]) for a, b in dev], settings=settings
    )
    for (name, one), other in zip(
        turned.network.state_dict().items(), plain.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    asked = {"n_best": 3}
    assert_same(answers(turned, LINES, asked), list(map(mirrored, answers(plain, LINES, asked))), 0)
    assert turned.metrics["dev"]["loss"] == plain.metrics["dev"]["loss"]


@pytest.mark.parametrize("engine", [{"engine": "torch"}, {"engine": "onnx"}, {"int8": True}])
def test_every_engine_gives_answers_in_their_normal_order(engine: dict[str, Any], turned_folder: Path) -> None:
    """The text, its tokens, their log-probabilities, the rows of the alignment, and all of the n-best list."""
    turned = seqloom.load(turned_folder, **engine)
    config: Any = turned.config.replace(data=turned.config.data.replace(reverse_target=False))
    plain: Any = replace(turned, config=config, codecs=turned.codecs.turned(**config.data.reversed))
    for asked in ({"beam": 1}, {"n_best": 3}):
        found, wanted = answers(turned, LINES, asked), answers(plain, LINES, asked)
        assert_same(found, list(map(mirrored, wanted)), 0)
        assert [each.at_limit for each in found] == [each.at_limit for each in wanted]
    assert found[0].text == "dcba"
    assert found[0].alignment is not None


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_given_targets_are_scored_in_their_normal_order(engine: str, turned_folder: Path, toy_model: Model) -> None:
    turned = seqloom.load(turned_folder, engine=engine)
    (found,) = turned.predict(["abcd"], alignments=True)
    (scored,) = turned.score([("abcd", found.text)])
    assert scored.token_log_probs == pytest.approx(found.token_log_probs, abs=1e-4)
    assert scored.log_prob / scored.tokens == pytest.approx(found.score, abs=1e-4)
    (wrong,) = turned.score([("abcd", "!dcba?")])
    assert wrong.unwritable == ("!", "?")
    assert wrong.token_log_probs[0] < wrong.token_log_probs[2]  # the first character is the one it cannot write
    assert toy_model.codecs.reversed == {"reverse_source": False, "reverse_target": False}


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_it_is_evaluated_on_texts_in_their_normal_order(engine: str, turned_folder: Path) -> None:
    turned = seqloom.load(turned_folder, engine=engine)
    examples = turned.evaluate([(source, source[::-1]) for source, _ in copied(30, seed=8)]).examples
    measured = evaluate(turned.predictor, examples, EvaluationConfig(metrics=("exact_match",)))
    assert measured["exact_match"] > 80
    assert measured.loss < 0.5


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_what_cannot_be_asked_of_it_is_refused(engine: str, turned_folder: Path) -> None:
    turned = seqloom.load(turned_folder, engine=engine)
    with pytest.raises(DataError, match=r"writes its answers from their end \(data\.reverse_target\), and the prefix"):
        turned.predict(["abcd"], prefix="a")
    with pytest.raises(
        ConfigError, match="fixed when a model is trained: this model writes its answers from their end"
    ):
        turned.with_settings({"data.reverse_target": False})
    assert turned.with_settings({"data.reverse_target": True}).predict("ab") == turned.predict("ab")


def test_a_graph_answers_so_in_a_browser_and_in_node(node: str, turned_folder: Path) -> None:
    """`web/seqloom` runs on a runtime that returns what the graph of this package returned."""
    turned = seqloom.load(turned_folder, engine="onnx")
    (wanted,) = turned.predict(["abca"], alignments=True)
    back = turned.target_tokenizer.encode([wanted.text[::-1]])[0]
    assert wanted.alignment is not None
    width = wanted.alignment.shape[1]
    rows = [*wanted.alignment[::-1].ravel().tolist(), *[0.0] * width]
    *log_probs, end = wanted.token_log_probs
    outputs = {
        "tokens": [*back, 2],
        "lengths": [len(back) + 1],
        "scores": [wanted.score],
        "log_probs": [*log_probs[::-1], end],
        "alignments": rows,
    }
    command: list[str | Path] = [node, RUNNER, turned_folder, json.dumps(outputs), "abca"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert "error" not in found, found
    assert (found["text"], tuple(found["targetTokens"])) == (wanted.text, wanted.target_tokens)
    assert found["tokenLogProbs"] == pytest.approx(wanted.token_log_probs)
    np.testing.assert_allclose(found["alignment"], wanted.alignment, atol=1e-6)
    done = subprocess.run([*command, "a"], capture_output=True, text=True, check=True)
    assert "the model writes from right to left" in json.loads(done.stdout)["error"]
