"""Traced pieces under names of their own: functions, inner graphs and all."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, parser

from seqloom.export.connecting import graph_nodes, piece

SCANNED = """
    <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
    traced (float[S,N,2] input_0, float[N,2] input_1) => (float[N,2] last, float[S,N,2] all)
    <float[2] gain = {2, 3}, float[2] "model.weight" = {5, 7}>
    {
        h = local.doubled (input_1)
        begin = Mul (h, gain)
        last, all = Scan <num_scan_inputs = 1, body = step
            (float[N,2] begin, float[N,2] now) => (float[N,2] next, float[N,2] out)
            <float[2] gain = {10, 20}> {
                sum = Add (begin, now)
                next = local.doubled (sum)
                own = Mul (next, gain)
                outer = Add (own, h)
                out = Mul (outer, "model.weight")
            }
        > (begin, input_0)
    }
    <domain: "local", opset_import: ["" : 21]>
    doubled (x) => (y) { y = Add (x, x) }
"""
Arrays = dict[str, np.ndarray]


def expected(x: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = 2 * start
    state, shown = h * [2, 3], []
    for now in x:
        state = 2 * (state + now)
        shown.append((state * [10, 20] + h) * [5, 7])
    return state, np.stack(shown)


def test_pieces_of_one_trace_stand_side_by_side() -> None:
    first = piece(parser.parse_model(SCANNED), "a", ["x", "start"], ["last", "all"])
    second = piece(parser.parse_model(SCANNED), "b", ["all", "last"], ["last.2", "all.2"])
    assert set(first.constants) & set(second.constants) == {"model.weight"}
    nodes = [*first.nodes, *second.nodes]
    made = [name for node in graph_nodes(nodes) for name in node.output]
    assert len(made) == len(set(made))
    shapes: dict[str, list[str | int | None]] = {
        "x": ["S", "N", 2],
        "start": ["N", 2],
        "all.2": ["S", "N", 2],
        "last.2": ["N", 2],
    }
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    graph = helper.make_graph(
        nodes,
        "two",
        [values["x"], values["start"]],
        [values["last.2"], values["all.2"]],
        list({**first.constants, **second.constants}.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    chance = np.random.default_rng(0)
    x, start = (chance.standard_normal(size).astype(np.float32) for size in ((4, 3, 2), (3, 2)))
    last, shown = expected(x, start)
    for found, wanted in zip(session.run(None, {"x": x, "start": start}), expected(shown, last), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
