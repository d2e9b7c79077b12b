"""Law 4: exported equals eager, at sizes that were not traced, for every member of every family."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from seqloom.checkpoint import load_model
from seqloom.checkpoint.format import GRAPH
from seqloom.errors import ConfigError
from seqloom.export import parity
from seqloom.export.connecting import graph_nodes
from seqloom.export.parity import check_parity
from seqloom.export.quantise import quantised
from seqloom.networks import writing
from seqloom.nn.attention import ATTENTIONS
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.cells import CELLS
from seqloom.nn.decoders import DECODERS
from seqloom.search import SearchConfig
from tracing import compared_graph, network, refused_graph

ATTENDING = [attend for attend in DECODERS if attend != "none"]
WEIGHINGS = list(product(NORMALISERS, (1, 2)))
DIRECTIONS = ("all", "none", "first")


def case(cell: int, place: int, attention: int | None) -> dict[str, Any]:
    """A network of the members with these numbers; what has no number takes turns."""
    encoder_cell = list(CELLS)[(cell + place + 1) % len(CELLS)]
    settings: dict[str, Any] = {
        "cell": list(CELLS)[cell % len(CELLS)],
        "encoder": {"cell": encoder_cell, "bidirectional": DIRECTIONS[place % 3], "layers": 1 + cell % 2},
        "decoder": {"attend": "none"},
    }
    if attention is not None:
        normaliser, heads = WEIGHINGS[(attention + place) % len(WEIGHINGS)]
        settings["decoder"] = {"attend": ATTENDING[place]}
        settings["attention"] = {
            "kind": list(ATTENTIONS)[attention % len(ATTENTIONS)],
            "normaliser": normaliser,
            "heads": heads,
        }
    return settings


MEMBERS = range(max(len(ATTENTIONS), len(CELLS)))
CASES = [case(number, place, number) for place in range(len(ATTENDING)) for number in MEMBERS]
CASES += [case(number, len(ATTENDING), None) for number in range(len(CELLS))]
TRANSFORMERS: list[dict[str, Any]] = [
    {
        "cell": list(CELLS)[place % len(CELLS)],
        "embedding": (6, 8)[place % 2],
        "encoder": {"kind": "transformer", "layers": 1 + place % 2, "heads": (1, 2, 4)[place % 3], **positions},
        "decoder": {"attend": attend, "bridge": "zero" if place % 2 and attend != "none" else "dense"},
    }
    for place, attend in enumerate(DECODERS)
    for positions in ({}, {"positions": "learned"}, {"positions": "learned", "max_positions": 9})
]
"""Sources of the comparison are longer than the shortest table of positions."""


def named(settings: dict[str, Any]) -> str:
    looking = settings.get("attention", {}).values()
    encoder, attend = settings["encoder"], settings["decoder"]["attend"]
    return "-".join(map(str, (*encoder.values(), settings["cell"], attend, *looking)))


def test_every_pairing_is_tried() -> None:
    decoders = {(each["cell"], each["decoder"]["attend"]) for each in CASES}
    encoders = {(each["encoder"]["cell"], each["encoder"]["bidirectional"]) for each in CASES}
    looking = [each["attention"] for each in CASES if "attention" in each]
    places = {(each["attention"]["kind"], each["decoder"]["attend"]) for each in CASES if "attention" in each}
    assert decoders == set(product(CELLS, DECODERS))
    assert encoders == set(product(CELLS, DIRECTIONS))
    assert places == set(product(ATTENTIONS, ATTENDING))
    assert {(each["normaliser"], each["heads"]) for each in looking} == set(WEIGHINGS)


@pytest.mark.slow
@pytest.mark.parametrize("fused", [True, False], ids=["kernels", "steps"])
@pytest.mark.parametrize("settings", CASES + TRANSFORMERS, ids=named)
def test_an_exported_network_answers_as_it_did(
    tracer: ProcessPoolExecutor, settings: dict[str, Any], fused: bool
) -> None:
    tracer.submit(compared_graph, settings, fused).result()


@pytest.mark.parametrize("attend", ["between", "before"])
@pytest.mark.parametrize("heads", [1, 2])
def test_any_state_of_attention_goes_through_a_graph(tracer: ProcessPoolExecutor, attend: str, heads: int) -> None:
    """A state of several tensors, some as long as the source along their second axis, one of a single number."""
    chosen = {"kind": "remembering", "heads": heads}
    settings = {"cell": "gru", "attention": chosen, "decoder": {"attend": attend}}
    tracer.submit(compared_graph, settings, True).result()


TAGGED = [{"cell": "gru", "tag_embedding": 3, "decoder": {"attend": attend}} for attend in DECODERS]


@pytest.mark.slow
@pytest.mark.parametrize("settings", TAGGED, ids=str)
def test_the_vector_of_tags_goes_through_a_graph(tracer: ProcessPoolExecutor, settings: dict[str, Any]) -> None:
    graph = onnx.load_from_string(tracer.submit(compared_graph, settings, False).result())
    assert any("tag_embedding" in each.name for each in graph.graph.initializer)


STATEFUL = [
    {"kind": "location_sensitive", "channels": 64, "cumulative": True},
    {"kind": "location_sensitive", "heads": 2},
    {"kind": "coverage", "heads": 2},
]
TRANSFORMERS = [{"kind": "transformer", "layers": 2, "positions": each} for each in ("sinusoidal", "learned")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen",
    [
        *({"cell": cell} for cell in CELLS),
        *({"cell": cell, "encoder": each} for cell in CELLS for each in TRANSFORMERS),
        *({"attention": each, "decoder": {"attend": "before"}} for each in STATEFUL),
        *({**each, "tag_embedding": 20} for each in TAGGED[:4:3]),
    ],
    ids=str,
)
def test_of_8_bits_a_sentence_alone_is_answered_as_among_others(
    tracer: ProcessPoolExecutor, chosen: dict[str, Any]
) -> None:
    settings = {"embedding": 64, "hidden": 128, **chosen}
    exact = onnx.load_from_string(tracer.submit(compared_graph, settings, False).result())
    graph = quantised(exact)
    assert not {"LSTM", "GRU"} & {node.op_type for node in graph.graph.node}
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    lengths = np.array([5, 1, 9, 3])
    source = np.random.default_rng(0).integers(4, 13, (4, 9)) * (np.arange(9) < lengths[:, None])
    for beam in (1, 4):
        asked = {"beam": np.array(beam), "n_best": np.array(beam)}
        scores, tokens = session.run(["scores", "tokens"], {"source": source, "source_lengths": lengths, **asked})
        for row, length in enumerate(lengths):
            only = {"source": source[row : row + 1, :length], "source_lengths": lengths[row : row + 1]}
            score, token = session.run(["scores", "tokens"], {**only, **asked})
            np.testing.assert_allclose(score[0], scores[row], atol=1e-5)
            np.testing.assert_array_equal(token[0], tokens[row, :, : token.shape[2]])


def test_a_scan_stands_in_the_outer_graph(blind_folder: Path) -> None:
    """Weights that are read from deeper inside than one graph are not packed before the graph runs."""
    graph = onnx.load(blind_folder / GRAPH).graph
    every = [node.op_type for node in graph_nodes(graph.node)]
    assert [node.op_type for node in graph.node].count("Scan") == every.count("Scan") == 2


def test_a_graph_that_answers_otherwise_is_refused(blind_folder: Path) -> None:
    """Law 4 is looked after when a model is exported, too."""
    model, graph = writing(load_model(blind_folder).model, "a test"), onnx.load(blind_folder / GRAPH)
    check_parity(model, graph)
    name = "model.encoder.layers.0.backwards.weight_hh"
    (weight,) = (each for each in graph.graph.initializer if each.name == name)
    weight.CopyFrom(numpy_helper.from_array(np.zeros_like(numpy_helper.to_array(weight)), name))
    with pytest.raises(ConfigError, match=r"encoder cell rnn, decoder cell layer_norm_lstm.* none: a score is "):
        check_parity(model, graph)


def test_limits_of_the_folder_have_no_part_in_the_comparison(blind_folder: Path) -> None:
    """They are defaults of the graph's inputs: outputs shorter than those that are compared."""
    model, graph = writing(load_model(blind_folder).model, "a test"), onnx.load(blind_folder / GRAPH)
    for each in graph.graph.initializer:
        if each.name in ("max_length_ratio", "max_length_extra"):
            shorter = np.array(each.name == "max_length_extra", numpy_helper.to_array(each).dtype)
            each.CopyFrom(numpy_helper.from_array(shorter, each.name))
    check_parity(model, graph)


def test_what_cannot_be_traced_is_refused_with_the_deepest_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise torch.onnx.OnnxExporterError("this is step 3/3") from RuntimeError("no such operator\nand a long story")

    monkeypatch.setattr(parity, "graph_of", fails)
    with pytest.raises(ConfigError, match=r"decoder.attend between, attention general: no such operator\n") as caught:
        parity.checked_graph(network({"cell": "gru"}), SearchConfig())
    assert "encoder cell gru, decoder cell gru" in caught.value.message


@pytest.mark.slow
def test_a_cell_that_is_no_operator_is_refused(tracer: ProcessPoolExecutor) -> None:
    refusal = tracer.submit(refused_graph).result()
    assert "encoder cell rnn" in refusal
    assert "No ONNX function found" in refusal
    assert "bessel_j0" in refusal
