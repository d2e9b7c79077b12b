"""Weights of 8 bits: what is stored, that no processor cuts off a sum of products, what the graph shows of bounds, and
that a row's answer is its own.

The kernels that add two products in 16 bits run on x86 processors without VNNI only, so they are imitated here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporting import listed
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8, FileRecord
from seqloom.export.bounds import Bounds
from seqloom.export.quantise import quantised
from seqloom.export.rounding import largest_sums, rounded_weights
from seqloom.runtime_model import load_graph
from toy import copied


def graph(nodes: list[onnx.NodeProto], **constants: np.ndarray) -> onnx.ModelProto:
    made = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 128])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 21)])
    model.ir_version = 10
    return model


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, {"x": x})[0]
    return found


HOW = {"Tanh": "a fixed scale", "Neg": "a scale for each row", "Relu": "a scale for each row, from 0"}


@pytest.mark.parametrize("before", HOW, ids=HOW.get)
def test_products_are_close_and_rows_are_alone(before: str) -> None:
    squashed = before == "Tanh"
    chance = np.random.default_rng(0)
    weight, bias = chance.standard_normal((64, 128)).astype(np.float32), chance.standard_normal(128).astype(np.float32)
    exact = graph(
        [helper.make_node(before, ["x"], ["h"]), helper.make_node("Gemm", ["h", "w", "b"], ["y"])], w=weight, b=bias
    )
    rounded = quantised(exact)
    kinds = {node.op_type for node in rounded.graph.node}
    assert ("MatMulIntegerToFloat" in kinds) == squashed
    assert ("MatMulInteger" in kinds) != squashed
    assert all(constant.name != "w" for constant in rounded.graph.initializer)
    x = chance.standard_normal((9, 64)).astype(np.float32)
    x[3] *= 100  # a neighbour that would set the scale of a whole batch
    wanted, found = run(exact, x), run(rounded, x)
    for row in range(9):
        assert np.abs(found[row] - wanted[row]).max() < 0.03 * np.abs(wanted[row]).max()
        np.testing.assert_array_equal(run(rounded, x[row : row + 1])[0], found[row])


def test_what_cannot_be_negative_is_rounded_to_all_255_steps() -> None:
    """An error of 0.053 would be that of the 127 steps on one side of the zero point."""
    chance = np.random.default_rng(0)
    weight, x = (chance.standard_normal((rows, 128)).astype(np.float32) for rows in (64, 200))
    exact = graph([helper.make_node("Relu", ["x"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])], w=weight)
    error = run(quantised(exact), x[:, :64]) - run(exact, x[:, :64])
    assert np.sqrt((error**2).mean()) < 0.049


def neighbours(rows: NDArray[np.int8], sign: int) -> NDArray[np.int64]:
    """The sums of rows 2i and 2i + 1, of the weights of one sign only."""
    wide = np.maximum(sign * rows.astype(np.int64), 0)
    return np.add.reduceat(wide, np.arange(0, len(wide), 2), axis=0)


def in_16_bits(left: NDArray[np.uint8], rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """The product [N, O] of [N, I] and [I, O] by VPMADDUBSW: pairs of products are added and cut off at 16 bits."""
    products = left.astype(np.int64)[:, :, None] * rows.astype(np.int64)
    pairs = np.add.reduceat(products, np.arange(0, len(rows), 2), axis=1)
    return np.asarray(pairs.clip(-(2**15), 2**15 - 1).sum(1))


@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 33), st.integers(1, 5)),
    axis=st.sampled_from([0, 1]),
    tail=st.sampled_from([0.0, 1.0, 4.0]),
    size=st.floats(1e-6, 1e6),
)
def test_neighbouring_weights_never_leave_16_bits(
    seed: int, shape: tuple[int, int], axis: int, tail: float, size: float
) -> None:
    """Of few and of many weights, alike in size or far apart, with an odd number of rows, and of one row."""
    chance = np.random.default_rng(seed)
    weight = (size * chance.standard_normal(shape) * np.exp(tail * chance.standard_normal(shape))).astype(np.float32)
    steps, scales = rounded_weights(weight, axis)
    assert (str(steps.dtype), str(scales.dtype), scales.shape) == ("int8", "float32", (shape[1 - axis],))
    rows, matrix = (steps, weight) if axis == 0 else (steps.T, weight.T)
    assert max(neighbours(rows, 1).max(), neighbours(rows, -1).max()) <= 127
    assert np.all(np.abs(rows * scales - matrix) <= 0.5001 * scales)
    assert np.all(scales >= np.abs(matrix).max(0) / 127), "the largest weight has a place"
    assert np.all(scales <= 2.01 * np.abs(matrix).max(0) / 127 + 1e-9), "no step is larger than it must be"
    left = np.concatenate([chance.choice(np.array([0, 255], np.uint8), (4, len(rows))), [[255] * len(rows)]], 0)
    np.testing.assert_array_equal(in_16_bits(left.astype(np.uint8), rows), left.astype(np.int64) @ rows)


def test_the_largest_weight_alone_would_leave_16_bits() -> None:
    """The imitated kernel finds what it is there for."""
    steps = np.full((4, 1), 127, np.int8)
    left = np.full((1, 4), 255, np.uint8)
    assert in_16_bits(left, steps).item() == 2 * (2**15 - 1) < 4 * 255 * 127


@pytest.mark.parametrize(
    ("column", "largest"),
    [
        ([0, 0, 0], 0),
        ([3], 3),
        ([-3], 3),
        ([2, 3], 5),
        ([-2, -3], 5),
        ([-2, 3], 3),
        ([1, 3, 3, 1], 4),
        ([1, 1, 5], 5),
    ],
)
def test_neighbours_of_one_sign_are_added(column: list[int], largest: int) -> None:
    matrix = np.array(column, np.float32)[:, None]
    assert largest_sums(matrix, 0) == largest_sums(matrix.T, 1) == largest
    steps, scales = rounded_weights(matrix, 0)
    np.testing.assert_allclose(steps * scales, matrix, atol=largest / 253)


def test_every_stored_weight_keeps_the_rule(exported_folder: Path) -> None:
    """The name says along which axis a product sums, and so which weights are neighbours."""
    small = quantised(onnx.load(exported_folder / GRAPH))
    stored = [each for each in small.graph.initializer if each.data_type == TensorProto.INT8]
    assert stored
    for each in stored:
        rows = numpy_helper.to_array(each)
        rows = rows if each.name.endswith(".int8.0") else rows.T
        assert max(neighbours(rows, 1).max(), neighbours(rows, -1).max()) <= 127, each.name


def test_bounds_are_read_off_the_graph() -> None:
    nodes = [
        helper.make_node("Tanh", ["x"], ["t"]),
        helper.make_node("Sigmoid", ["x"], ["s"]),
        helper.make_node("Mul", ["t", "s"], ["h"]),
        helper.make_node("Add", ["h", "c"], ["sum"]),
        helper.make_node("Concat", ["h", "sum"], ["both"], axis=1),
        helper.make_node("Softmax", ["x"], ["weights"]),
        helper.make_node("MatMul", ["weights", "sum"], ["mean"]),
        helper.make_node("MatMul", ["t", "sum"], ["product"]),
        helper.make_node("LSTM", ["x", "w", "r"], ["all", "hidden", "cell"], hidden_size=2),
    ]
    bounds = Bounds(lambda name: np.array([-3.0, 2.0], np.float32) if name == "c" else None)
    bounds.learn(nodes)
    found = {name: bounds.of(name) for name in ("h", "sum", "both", "mean", "all", "hidden")}
    assert found == {"h": 1, "sum": 4, "both": 4, "mean": 4, "all": 1, "hidden": 1}
    assert [bounds.of(name) for name in ("x", "product", "cell")] == [None, None, None]


def test_a_model_of_8_bits_answers_like_the_whole_one(exported_folder: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    shutil.copytree(exported_folder, small)
    onnx.save(quantised(onnx.load(small / GRAPH)), small / GRAPH_INT8)
    listed(small, {GRAPH_INT8: FileRecord.of(small / GRAPH_INT8), GRAPH: None})
    whole, rounded = load_graph(exported_folder), load_graph(small, int8=True)
    lines = [source for source, _ in copied(60, seed=7)]
    wanted, found = whole.predict(lines), rounded.predict(lines)
    assert sum(one.text == other.text for one, other in zip(wanted, found, strict=True)) >= 55
    alone = [rounded.predict([line])[0] for line in lines[:12]]
    assert [each.text for each in alone] == [each.text for each in found[:12]]
    assert [each.score for each in alone] == pytest.approx([each.score for each in found[:12]], abs=1e-6)
