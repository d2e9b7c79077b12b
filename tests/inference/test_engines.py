"""Both engines give one answer: the graph's predictions are PyTorch's, whatever is asked of them; law 2 holds in it."""

from __future__ import annotations

import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import seqloom
from answering import Asked, answers, assert_same
from exporting import listed
from seqloom.api import Model
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8, FileRecord
from seqloom.data import Source
from seqloom.errors import SeqloomError
from seqloom.export import constants
from seqloom.export.connecting import graph_nodes
from seqloom.export.quantise import quantised
from seqloom.inference.onnx_engine import OnnxEngine
from seqloom.runtime_model import RuntimeModel
from seqloom.search import SearchConfig, Shortlist, step

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
CHANCE = random.Random(4)
LINES = ["".join(CHANCE.choices("abcd", k=size)) for size in (1, 1, 2, 3, 5, 8, 13)]
LINES += ["", "  ", "a?b", "xyz", "\t", "d" * 40, "", "dcba" * 20]
AHEAD = ["".join(CHANCE.choices("abcd", k=CHANCE.randint(1, 20))) for _ in range(100)]
"""Mostly longer than what the model has learned, so that it is in doubt where to end."""
ASKED: dict[str, Asked] = {
    "greedy": {"beam": 1},
    "beam": {"beam": 5},
    "n-best": {"n_best": 4},
    "wider than the vocabulary": {"beam": 30, "n_best": 30},
    "prefix": {"beam": 3, "prefix": "cab"},
    "prefix greedy": {"beam": 1, "prefix": "da"},
    "prefix longer than an answer": {"beam": 2, "prefix": "abcd" * 9, "search.max_length_extra": 2},
    "shortest length": {"beam": 3, "n_best": 2, "search.min_length": 9},
    "shortest length greedy": {"beam": 1, "search.min_length": 6},
    "no repeats": {"beam": 3, "search.no_repeat_ngram": 2},
    "no repeats greedy": {"beam": 1, "search.no_repeat_ngram": 1},
    "longest length": {"beam": 2, "search.max_length_ratio": 0.5, "search.max_length_extra": 1},
    "gnmt": {"beam": 4, "search.length_penalty": "gnmt", "search.alpha": 0.6},
    "no penalty": {"beam": 4, "search.length_penalty": "none"},
    "exhaustive": {"beam": 3, "n_best": 3, "search.exhaustive": True},
    "cut": {"beam": 2, "search.max_source_length": 6},
    "unknown token": {"beam": 4, "n_best": 4, "search.allow_unknown": True},
}


@pytest.fixture(scope="module")
def with_torch(exported_folder: Path) -> Model:
    return seqloom.load(exported_folder, engine="torch")


@pytest.fixture(scope="module")
def with_graph(exported_folder: Path) -> RuntimeModel:
    return seqloom.load(exported_folder, engine="onnx")


@pytest.fixture(scope="module", params=["float32", "int8", "int8 by row"])
def either_graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RuntimeModel:
    """A graph; of those with weights of 8 bits one that rounds by fixed scales, one that takes some from each row."""
    by_row = request.param == "int8 by row"
    folder: Path = request.getfixturevalue("blind_folder" if by_row else "exported_folder")
    if request.param == "float32":
        return seqloom.load(folder, engine="onnx")
    small = Path(shutil.copytree(folder, tmp_path_factory.mktemp("small") / "m"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "SMALL", 1)
        graph = quantised(onnx.load(small / GRAPH))
    assert any(node.op_type == "MatMulInteger" for node in graph_nodes(graph.graph.node)) == by_row
    onnx.save(graph, small / GRAPH_INT8)
    listed(small, {GRAPH_INT8: FileRecord.of(small / GRAPH_INT8)})
    return seqloom.load(small, engine="onnx", int8=True)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_graph_answers_as_pytorch_does(with_torch: Model, with_graph: RuntimeModel, asked: Asked) -> None:
    found = answers(with_graph, LINES, asked)
    assert_same(found, answers(with_torch, LINES, asked))
    assert any(each.alignment is not None and each.alignment.size for each in found)


SCORED = [(line, target) for line in LINES for target in ("abcd", "a?c", "", line[::-1], "dcba" * 9)]
"""Also what no search would write: nothing, symbols that the model does not know, targets beyond the longest length."""


@pytest.mark.parametrize("folder", ["exported_folder", "blind_folder"])
def test_given_targets_have_the_scores_of_pytorch(folder: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(folder)
    settings = {"search.min_length": 3, "search.no_repeat_ngram": 2, "search.beam": 4}
    by_torch, by_graph = (
        list(seqloom.load(path, engine=engine).with_settings(settings).predictor.score(SCORED))
        for engine in ("torch", "onnx")
    )
    for one, two in zip(by_graph, by_torch, strict=True):
        assert (one.tokens, one.unknown, one.unwritable, one.unknown_tokens, one.cut) == (
            (two.tokens, two.unknown, two.unwritable, two.unknown_tokens, two.cut)
        )
        assert one.token_log_probs == pytest.approx(two.token_log_probs, abs=1e-4)
        assert one.log_prob == pytest.approx(two.log_prob, rel=1e-5, abs=1e-4)


def test_scores_of_an_answer_are_those_it_was_found_with(either_graph: RuntimeModel) -> None:
    """In float32 and in 8 bits, with and without attention; alone and in a batch."""
    model = either_graph.with_settings({"search.length_penalty": "none"})
    lines = [line for line in LINES if line.strip()]
    answers_found = model.predict(lines, alignments=True)
    pairs = [(line, each.text) for line, each in zip(lines, answers_found, strict=True) if not each.at_limit]
    kept = [each for each in answers_found if not each.at_limit]
    assert len(pairs) > 5
    together = list(model.predictor.score(pairs))
    for pair, answer, scored in zip(pairs, kept, together, strict=True):
        assert scored.log_prob == pytest.approx(answer.score, abs=1e-3)
        (alone,) = model.predictor.score([pair])
        assert alone.token_log_probs == pytest.approx(scored.token_log_probs, abs=1e-4)


def test_without_details_there_are_none(with_torch: Model, with_graph: RuntimeModel) -> None:
    found = answers(with_graph, LINES, {"n_best": 2}, alignments=False)
    assert_same(found, answers(with_torch, LINES, {"n_best": 2}, alignments=False))
    assert all(each.alignment is None and not each.target_tokens for each in found)


def test_a_model_without_attention_has_no_alignments(blind_folder: Path) -> None:
    """Its source is read backwards, too, and has a tag that it does not know."""
    lines = [*LINES, Source("abc", ("new",))]
    graph = seqloom.load(blind_folder, engine="onnx")
    for asked in ({"beam": 1}, {"beam": 4, "n_best": 2}):
        found = answers(graph, lines, asked)
        assert_same(found, answers(seqloom.load(blind_folder, engine="torch"), lines, asked))
        assert all(each.alignment is None for each in found)
    assert found[-1].source_tokens == ("<unk:new>", "c", "b", "a", "</s>")
    assert found[-1].unknown == ("<new>",)


@settings(max_examples=15, deadline=None)
@given(lines=st.lists(st.text("abcd ?", max_size=9), max_size=12), window=st.integers(1, 14), batch=st.integers(1, 5))
def test_a_line_alone_is_a_line_among_others(
    either_graph: RuntimeModel, lines: list[str], window: int, batch: int
) -> None:
    crowd = list(either_graph.with_settings({"search.batch": batch}).stream(lines, alignments=True, window=window))
    alone = [either_graph.predict([line], alignments=True)[0] for line in lines]
    assert_same(crowd, alone)


def test_a_search_goes_on_while_an_unfinished_hypothesis_is_ahead(
    with_torch: Model, with_graph: RuntimeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph, too, where it matters: a search that ended with a full beam would answer some lines otherwise."""
    wanted = with_torch.predict(AHEAD, beam=4)
    assert_same(with_graph.predict(AHEAD, beam=4), wanted)
    done = step._done
    monkeypatch.setattr(step, "_done", lambda *given: done(*given) | (given[1].scores[:, -1] > -torch.inf))
    ended = with_torch.predict(AHEAD, beam=4)
    worse = [one.score < other.score - 1e-6 for one, other in zip(ended, wanted, strict=True)]
    assert sum(worse) >= 2, "the lines must be such that the rule matters"


@pytest.mark.parametrize("beam", [2, 5])
def test_the_first_answer_does_not_depend_on_how_many_are_wanted(
    with_torch: Model, either_graph: RuntimeModel, beam: int
) -> None:
    for model in (with_torch, either_graph):
        one = model.predict(AHEAD, beam=beam)
        for count in range(2, beam + 1):
            several = model.predict(AHEAD, beam=beam, n_best=count)
            assert [each.text for each in several] == [each.text for each in one]
            assert all(len({each.text, *(a.text for a in each.alternatives)}) <= count for each in several)


def test_a_graph_of_an_earlier_version_is_refused(exported_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Listening()
    monkeypatch.setattr(session, "get_inputs", lambda: [SimpleNamespace(name="source"), SimpleNamespace(name="n_best")])
    monkeypatch.setattr("seqloom.inference.onnx_session._session", lambda _: session)
    with pytest.raises(SeqloomError, match=r"has no inputs for allow_unknown.*earlier version(.|\n)*seqloom export"):
        OnnxEngine(exported_folder / "model.onnx")


class Listening:
    """A session of a graph with inputs for a shortlist."""

    def __init__(self) -> None:
        self.fed: dict[str, Any] = {}

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name=name) for name in ("source", "open", *SearchConfig().numbers())]

    def get_overridable_initializers(self) -> list[Any]:
        return [SimpleNamespace(name="words")]

    def run(self, wanted: list[str], feed: dict[str, Any]) -> list[Any]:
        self.fed = feed
        count = len(feed["source"])
        parts = [np.zeros((count, 1), np.float32), np.full((count, 1), 2), np.full((count, 1, 1), 260)]
        return [*parts, np.zeros((count, 1, 2), np.float32)][: len(wanted)]


def test_a_graph_is_given_the_words_of_a_batch(exported_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer's tokens are ids again; the prefix is given in places."""
    session, own = Listening(), np.zeros((10, 2), np.int32)
    own[4], own[5] = (100, 7), (8, 0)
    monkeypatch.setattr("seqloom.inference.onnx_session._session", lambda _: session)
    engine = OnnxEngine(exported_folder / "model.onnx", shortlist=Shortlist(own, np.array([9], np.int32), 300))
    source, lengths = np.array([[4, 2, 0], [5, 5, 2]]), np.array([2, 3])
    found = engine.search(source, lengths, SearchConfig(shortlist=True), prefix=[260, 9])
    assert [best[0].ids for best in found] == [(260,), (260,)]
    words, costs = session.fed["words"], session.fed["open"]
    assert (words.dtype, words.shape) == (np.int64, (128,))
    assert words[:11].tolist() == [0, 1, 2, 3, 7, 8, 9, 100, 260, 0, 0]
    assert (costs.dtype, costs.shape) == (np.float32, (2, 128))
    assert np.isneginf(costs[:, 9:]).all()
    assert costs[:, :9].tolist() == [[0, 0, 0, 0, 0, -np.inf, 0, 0, 0], [0, 0, 0, 0, -np.inf, 0, 0, -np.inf, 0]]
    assert session.fed["prefix"].tolist() == [[8, 6]]
    assert session.fed["prefix_lengths"].tolist() == [2]
    engine.search(source, lengths, SearchConfig(), prefix=[260, 9])
    assert not {"words", "open"} & session.fed.keys()
    assert session.fed["prefix"].tolist() == [[260, 9]]


def test_threads_share_a_model(with_graph: RuntimeModel) -> None:
    wanted = with_graph.predict(LINES, alignments=True)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: with_graph.predict(LINES, alignments=True), range(12)):
            assert_same(found, wanted, tolerance=0)


def test_batches_at_a_time_change_no_answer(exported_folder: Path, with_graph: RuntimeModel) -> None:
    lines = LINES * 4
    asked = {"beam": 3, "search.batch": 2}
    several = seqloom.load(exported_folder, engine="onnx", threads=3)
    watched: set[str] = set()
    search = several.engine.search  # type: ignore[union-attr]

    def watching(*arguments: Any, **named: Any) -> Any:
        watched.add(threading.current_thread().name)
        return search(*arguments, **named)

    several.engine.search = watching  # type: ignore[method-assign, union-attr]
    assert_same(answers(several, lines, asked), answers(with_graph, lines, asked), tolerance=0)
    assert len(watched) > 1
    assert threading.current_thread().name not in watched


def test_a_graph_of_many_languages_needs_a_tag(with_graph: RuntimeModel) -> None:
    tagged = with_graph.with_settings({"data.tag_from_name": "(?P<tag>x)"})
    with pytest.raises(SeqloomError, match="every input of this model needs a tag, and 'abc' has none"):
        tagged.predict(["abc"])
    assert tagged.predict([Source("abc", ("x",))])[0].unknown == ("<x>",)
    with pytest.raises(SeqloomError, match="not trained on anything with the tag 'y'"):
        with_graph.with_settings({"data.fixed_tags": ["y"]})
