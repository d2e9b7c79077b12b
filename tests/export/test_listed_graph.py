"""A graph with a shortlist, from folder to answers: with the list PyTorch's, without it as if the graph had none."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import answering
import seqloom
from answering import Asked, assert_same
from exporting import listed as put_into_manifest
from seqloom.api import Model
from seqloom.checkpoint import ModelToStore, load_model, save_model
from seqloom.checkpoint.format import GRAPH, FileRecord
from seqloom.codecs import Codecs
from seqloom.config import build
from seqloom.export import export_model
from seqloom.export.model_pieces import graph_of
from seqloom.inference.predicting_model import PredictingModel
from seqloom.model import Seq2Seq
from seqloom.networks import writing
from seqloom.prediction import Prediction
from seqloom.runtime_model import RuntimeModel
from seqloom.search import SearchConfig, Shortlist
from seqloom.search.shortlist import FEW
from seqloom.text import TextConfig, TokenizerConfig, train_tokenizers
from seqloom.text.special import EOS, UNK
from seqloom.training.config import RunConfig

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unchecked_shapes")]
SOURCES, TARGETS, CANDIDATES, FREQUENT = 40, FEW + 77, 9, 25
WIDTH = 64
"""The least whose products get weights of 8 bits."""
SETTINGS: dict[str, Any] = {
    "model": {"embedding": WIDTH, "hidden": WIDTH, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
    "search": {"max_length_ratio": 1, "max_length_extra": 3, "beam": 4},
}
CHANCE = np.random.default_rng(5)
LINES = [" ".join(f"s{word}" for word in CHANCE.integers(0, SOURCES, size)) for size in (1, 1, 2, 3, 4, 6, 9, 13)]
LINES += ["", "s3 what s4", "nothing", " ".join(f"s{word}" for word in range(SOURCES))]
ASKED: dict[str, Asked] = {
    "greedy": {"beam": 1},
    "beam": {},
    "n-best": {"n_best": 3},
    "wide": {"beam": 12, "n_best": 12},
    "exhaustive": {"beam": 3, "n_best": 3, "search.exhaustive": True},
    "shortest length": {"n_best": 2, "search.min_length": 6},
    "shortest length greedy": {"beam": 1, "search.min_length": 5},
    "prefix": {"n_best": 2, "prefix": "t7 t1000"},
    "prefix greedy": {"beam": 1, "prefix": "t1050"},
    "no repeats": {"n_best": 3, "search.no_repeat_ngram": 2},
    "no repeats greedy": {"beam": 1, "search.no_repeat_ngram": 1},
    "all rules": {"n_best": 2, "prefix": "t7", "search.min_length": 4, "search.no_repeat_ngram": 1},
}


def network() -> Seq2Seq:
    """Sure of its words, and ready to end: no two of its answers are worth the same."""
    torch.manual_seed(0)
    config = build(RunConfig, SETTINGS).model
    model = Seq2Seq(config, 4 + SOURCES, 4 + TARGETS).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.2)
        model.output.symbol_weights()[0].mul_(4.0)
        model.output.symbol_weights()[1][EOS] += 5.0
        model.output.symbol_weights()[1][UNK] -= 40.0  # no word of a prefix
    return model


def write_folder(folder: Path) -> None:
    """A model of more target words than a search looks through in one round, with a list that was drawn."""
    words = TokenizerConfig(kind="word")
    pairs = [(f"s{number % SOURCES}", f"t{number}") for number in range(TARGETS)]
    source, target = train_tokenizers(pairs, TextConfig(source=words, target=words))
    assert (source.size, target.size) == (4 + SOURCES, 4 + TARGETS)
    chance = np.random.default_rng(1)
    candidates = chance.integers(4, target.size, (source.size, CANDIDATES), dtype=np.int32)
    candidates[: UNK + 1] = 0
    frequent = chance.choice(np.arange(4, target.size, dtype=np.int32), FREQUENT, replace=False)
    chosen = Shortlist(candidates, frequent, target.size)
    save_model(folder, ModelToStore(network(), Codecs.of_text(source, target), build(RunConfig, SETTINGS), {}, chosen))


def unlisted_graph(folder: Path) -> bytes:
    """The graph of a folder's model that cannot be given a list."""
    content: bytes = graph_of(writing(load_model(folder).model, "a test"), SearchConfig()).SerializeToString()
    return content


@dataclass(frozen=True)
class Engines:
    """One model, and how it answers."""

    torch: Model
    float32: RuntimeModel
    int8: RuntimeModel
    unlisted: RuntimeModel


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory, tracer: ProcessPoolExecutor) -> Engines:
    folder, plain = (tmp_path_factory.mktemp("listed") / name for name in ("model", "plain"))
    for each in (folder, plain):
        write_folder(each)
    tracer.submit(export_model, folder).result()
    tracer.submit(export_model, folder, int8=True).result()
    (plain / GRAPH).write_bytes(tracer.submit(unlisted_graph, plain).result())
    put_into_manifest(plain, {GRAPH: FileRecord.of(plain / GRAPH)})
    loaded: dict[str, Any] = {
        "torch": seqloom.load(folder, engine="torch"),
        "float32": seqloom.load(folder, engine="onnx", int8=False),
        "int8": seqloom.load(folder, engine="onnx", int8=True),
        "unlisted": seqloom.load(plain, engine="onnx"),
    }
    return Engines(**loaded)


def answers(model: PredictingModel, asked: Asked, lines: list[str] = LINES, *, listed: bool = True) -> list[Prediction]:
    return answering.answers(model, lines, {**asked, "search.shortlist": listed})


def everything(found: list[Prediction]) -> list[Prediction]:
    return [each for best in found for each in (best, *best.alternatives)]


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_with_a_list_the_graph_answers_as_pytorch_does(engines: Engines, asked: Asked) -> None:
    found = answers(engines.float32, asked)
    assert_same(found, answers(engines.torch, asked))
    assert [each.text for each in found] != [each.text for each in answers(engines.torch, asked, listed=False)]
    assert len(everything(found)) > len(LINES) * asked.get("n_best", 1) / 2  # of a list only different texts count


@pytest.mark.parametrize("graph", ["float32", "int8"])
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_with_a_list_a_line_alone_is_a_line_among_others(engines: Engines, graph: str, asked: Asked) -> None:
    """Alone it is searched in a smaller vocabulary."""
    model: RuntimeModel = getattr(engines, graph)
    together = answers(model, asked)
    assert_same(together, [each for line in LINES for each in answers(model, asked, [line])])


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_without_the_list_the_graph_answers_as_one_that_has_none(engines: Engines, asked: Asked) -> None:
    found = answers(engines.float32, asked, listed=False)
    assert_same(found, answers(engines.unlisted, asked, listed=False), tolerance=0)
    assert_same(found, answers(engines.torch, asked, listed=False))


def test_of_8_bits_the_answers_are_worth_about_what_pytorch_says(engines: Engines) -> None:
    """PyTorch is made to write the same words from the same list."""
    found = answers(engines.int8, {"beam": 1})
    for line, each in zip(LINES, found, strict=True):
        (forced,) = answers(engines.torch, {"beam": 1, "prefix": each.text}, [line])
        written = len(each.target_tokens)
        assert forced.target_tokens[:written] == each.target_tokens
        assert forced.token_log_probs[:written] == pytest.approx(each.token_log_probs[:written], abs=0.25)
    same = [own.text == other.text for own, other in zip(found, answers(engines.torch, {"beam": 1}), strict=True)]
    assert sum(same) > len(LINES) / 2


@pytest.mark.parametrize("beam", [1, 3])
def test_one_row_of_open_words_is_everybodys(engines: Engines, beam: int) -> None:
    session, chance = engines.float32.engine._session, np.random.default_rng(3)
    source = np.append(chance.integers(4, 4 + SOURCES, (5, 4)), np.full((5, 1), EOS), axis=1)
    opened = np.where(chance.random((1, 128)) < 0.3, -np.inf, 0).astype(np.float32)
    fed = {"source": source, "source_lengths": np.full(5, 5), "beam": np.array(beam), "words": np.arange(128)}
    one, each = (session.run(["scores", "tokens"], {**fed, "open": rows}) for rows in (opened, opened.repeat(5, 0)))
    np.testing.assert_array_equal(one[0], each[0])
    np.testing.assert_array_equal(one[1], each[1])
