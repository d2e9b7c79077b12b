"""Recurrences in a graph: kernels where ONNX has them, else one scan of the cell's own step; in float32 and 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from seqloom.export.connecting import graph_nodes
from seqloom.export.quantise import quantised
from tracing import LAYERS, WIDTH, Layers

KERNELS = {"lstm": "LSTM", "gru": "GRU"}
"""Cells that ONNX has operators for."""
SIZES = ([1], [4, 1, 9, 2], [17, 16])


@pytest.fixture(scope="module")
def rounded_layers(traced_layers: onnx.ModelProto) -> onnx.ModelProto:
    return quantised(traced_layers)


@pytest.fixture(scope="module")
def sessions(traced_layers: onnx.ModelProto, rounded_layers: onnx.ModelProto) -> dict[bool, Any]:
    """By whether weights have 8 bits."""
    graphs = {False: traced_layers, True: rounded_layers}
    return {
        rounded: onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        for rounded, graph in graphs.items()
    }


def sources(lengths: list[int]) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(len(lengths))
    x = chance.standard_normal((len(lengths), max(lengths), WIDTH)).astype(np.float32)
    return {"x": x, "lengths": np.array(lengths)}


def answers(session: Any, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What comes out of each layer, without what stands on padding."""
    found = dict(zip(Layers.names(), session.run(Layers.names(), given), strict=True))
    real = np.arange(given["x"].shape[1]) < given["lengths"][:, None]
    return {name: each * real[:, :, None] if each.ndim == 3 else each for name, each in found.items()}


class Eager:
    def run(self, names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        with torch.no_grad():
            found = Layers().eval()(*(torch.from_numpy(each) for each in given.values()))
        return [each.numpy() for each in found]


def kinds(graph: onnx.ModelProto, layer: str) -> list[list[str]]:
    """The operators of each recurrence of a layer, those of a scan's step beside it."""
    others = {f"{each}.0" for each in LAYERS if each != layer}
    ends = {name: node for node in graph.graph.node for name in node.output if name not in others}
    found, open_ends, seen = [], [f"{layer}.0"], set()
    while open_ends:
        node = ends.get(open_ends.pop())
        if node is None or node.output[0] in seen:
            continue
        seen.add(node.output[0])
        if node.op_type in ("LSTM", "GRU", "RNN", "Scan"):
            found.append([each.op_type for each in graph_nodes([node])])
        open_ends += node.input
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_recurrence_is_one_operator(
    traced_layers: onnx.ModelProto, rounded_layers: onnx.ModelProto, layer: str
) -> None:
    cell, way = LAYERS[layer]
    exact, small = kinds(traced_layers, layer), kinds(rounded_layers, layer)
    assert len(exact) == len(small) == (2 if way == "as it is" else 1)
    if way == "as it is" and cell in KERNELS:
        assert all(each == [KERNELS[cell]] for each in (*exact, *small))
        return
    for each in exact:
        assert (each[0], each.count("Gemm") + each.count("MatMul")) == ("Scan", 1)
    for each in small:
        assert not {"Gemm", "MatMul", "MatMulInteger", "Scan"} & set(each[1:])
        assert each.count("MatMulIntegerToFloat") == 1, "what is carried is bounded, so its scale is fixed"


@pytest.mark.parametrize("lengths", SIZES, ids=str)
@pytest.mark.parametrize("rounded", [False, True], ids=["float32", "int8"])
def test_layers_answer_as_pytorch_does_at_any_size(
    sessions: dict[bool, Any], rounded: bool, lengths: list[int]
) -> None:
    given = sources(lengths)
    wanted, found = answers(Eager(), given), answers(sessions[rounded], given)
    for name, each in wanted.items():
        assert found[name].shape == each.shape
        error = np.abs(found[name] - each)
        assert error.mean() < (0.03 if rounded else 1e-6), name
        assert error.max() < (0.3 if rounded else 1e-5), name


@pytest.mark.parametrize("rounded", [False, True], ids=["float32", "int8"])
def test_a_row_alone_is_the_row_in_a_batch(sessions: dict[bool, Any], rounded: bool) -> None:
    lengths = [4, 1, 9, 2]
    given = sources(lengths)
    given["x"][2] *= 100  # a neighbour that would set the scale of a whole batch
    together = answers(sessions[rounded], given)
    for row, length in enumerate(lengths):
        only = {"x": given["x"][row : row + 1, :length], "lengths": given["lengths"][row : row + 1]}
        for name, each in answers(sessions[rounded], only).items():
            mine = together[name][row, :length] if each.ndim == 3 else together[name][row]
            np.testing.assert_allclose(each[0], mine, atol=1e-5, err_msg=name)
