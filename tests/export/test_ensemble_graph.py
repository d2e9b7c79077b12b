"""Laws 2 and 4 for ensembles: one graph of all members answers as PyTorch does, in float32 and in 8 bits."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import onnx
import pytest

from seqloom.testing.exporting import eight_bits_answer_nearly_alike
from tracing import compared_ensemble

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
MIXED: list[dict[str, Any]] = [
    {"encoder": {"layers": 1}, "decoder": {"attend": "before", "layers": 1}},
    {"cell": "gru", "hidden": 12, "embedding": 10, "decoder": {"attend": "none"}},
]
OTHERS: list[list[dict[str, Any]]] = [
    MIXED,
    [
        {"cell": "rnn", "decoder": {"attend": "feed", "readout": {"kind": "tied"}}},
        {"decoder": {"attend": "after", "readout": {"hidden": "maxout", "reads_token": True}}},
        {"encoder": {"kind": "transformer", "layers": 1, "heads": 2}, "decoder": {"attend": "between"}},
    ],
    [
        {"cell": "layer_norm_lstm", "attention": {"kind": "coverage", "heads": 2}},
        {"cell": "gru", "attention": {"kind": "location_sensitive"}, "decoder": {"attend": "before"}},
    ],
]


def test_one_graph_answers_as_an_ensemble_does(tracer: ProcessPoolExecutor) -> None:
    graph = onnx.load_from_string(tracer.submit(compared_ensemble, MIXED, True).result())
    held = [each.name for each in graph.graph.initializer]
    assert "model.joint.weight" in held
    assert not [name for name in held if name.endswith("decoder.readout.weight")], "the members' own are not needed"


@pytest.mark.slow
@pytest.mark.parametrize("fused", [True, False], ids=["kernels", "steps"])
@pytest.mark.parametrize("members", OTHERS)
def test_ensembles_of_all_kinds_are_exported(
    tracer: ProcessPoolExecutor, members: list[dict[str, Any]], fused: bool
) -> None:
    graph = onnx.load_from_string(tracer.submit(compared_ensemble, members, fused).result())
    if not fused:
        eight_bits_answer_nearly_alike(graph)
