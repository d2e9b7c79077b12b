"""Weights of 8 bits: what is stored, what the graph shows of bounds, and that a row's answer is its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from exporting import listed
from processor import inexact_without_vnni
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8, FileRecord
from seqloom.export.bounds import Bounds
from seqloom.export.quantise import quantised
from seqloom.inference.onnx_model import load_graph
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


@inexact_without_vnni
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


@inexact_without_vnni
def test_what_cannot_be_negative_is_rounded_to_all_255_steps() -> None:
    """An error of 0.044 would be that of the 127 steps on one side of the zero point."""
    chance = np.random.default_rng(0)
    weight, x = (chance.standard_normal((rows, 128)).astype(np.float32) for rows in (64, 200))
    exact = graph([helper.make_node("Relu", ["x"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])], w=weight)
    error = run(quantised(exact), x[:, :64]) - run(exact, x[:, :64])
    assert np.sqrt((error**2).mean()) < 0.038


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
