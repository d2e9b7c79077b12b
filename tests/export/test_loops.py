"""What a loop's body need not do at each step: it is taken out, or left to be inferred."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper, parser

from seqloom.export.connecting import inner_graphs
from seqloom.export.loop_invariants import hoisted
from seqloom.export.shapes import INFERRED, infer_lengths

LOOPED = """
    <ir_version: 10, opset_import: ["" : 21]>
    looped (int64 steps, float[N,2,3] x) => (float[M,2,3] last)
    <bool yes = {1}, int64[1] three = {3}, int64 one = {1}, int64[1] unsaid = {-1}> {
        last = Loop <body = step (int64 number, bool going, float[R,2,3] now)
            => (bool goes, float[Q,2,3] next) {
            goes = Identity (going)
            width = Shape <start = 1, end = 2> (now)
            rows = Shape <start = 0, end = 1> (now)
            times = Mul (width, three)
            size = Reshape (times, unsaid)
            flat = Concat <axis = 0> (rows, size)
            table = Reshape (now, flat)
            doubled = Add (table, table)
            again = Concat <axis = 0> (rows, width, three)
            shaped = Reshape (doubled, again)
            short = Concat <axis = 0> (rows, unsaid)
            same = Reshape (shaped, short)
            whole = Concat <axis = 0> (rows, width, three)
            restored = Reshape (same, whole)
            fewer = Sub (rows, three)
            ends = Max (fewer, three)
            start = Sub (three, three)
            next = Slice (restored, start, ends)
        }> (steps, yes, x)
    }
"""


def run(model: onnx.ModelProto, steps: int, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(None, {"steps": np.array(steps), "x": x})[0]
    return found


def lightened(model: onnx.ModelProto, *, keeps_width: bool) -> tuple[onnx.ModelProto, onnx.GraphProto]:
    """The same graph with a lighter body, and that body."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph, constants = result.graph, {each.name: each for each in result.graph.initializer}
    (body,) = inner_graphs(graph.node[0])
    lengths = {("now", 1): ("x", 1)} if keeps_width else {}
    before = hoisted(body, lengths)
    infer_lengths(body, constants)
    nodes = [*before, *hoisted(body, lengths), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.append(INFERRED)
    return result, body


@pytest.mark.parametrize("keeps_width", [True, False])
def test_a_lighter_loop_makes_the_same(keeps_width: bool) -> None:
    model = parser.parse_model(LOOPED)
    lighter, _ = lightened(model, keeps_width=keeps_width)
    onnx.checker.check_model(lighter)
    for rows in (4, 11):  # the loop's rows become fewer, as sentences do that leave a search
        x = np.random.default_rng(rows).standard_normal((rows, 2, 3)).astype(np.float32)
        for steps in (1, 3):
            np.testing.assert_array_equal(run(lighter, steps, x), run(model, steps, x))


def made(graph: onnx.GraphProto) -> dict[str, list[str]]:
    """What each value is made of."""
    return {name: list(node.input) for node in graph.node for name in node.output}


def test_lengths_that_stay_are_asked_outside() -> None:
    lighter, body = lightened(parser.parse_model(LOOPED), keeps_width=True)
    inside, outside = made(body), made(lighter.graph)
    assert outside["width"] == ["x"]
    assert {"size", "start"} <= outside.keys()
    assert not {"width", "size", "start"} & inside.keys()
    assert inside["rows"] == ["now"]


def test_the_dearest_length_is_inferred() -> None:
    lighter, body = lightened(parser.parse_model(LOOPED), keeps_width=False)
    inside = made(body)
    assert inside["flat"] == ["rows", INFERRED.name]
    assert inside["short"] == ["rows", "unsaid"]
    assert inside["again"] == [INFERRED.name, "width", "three"]
    assert "size" not in inside | made(lighter.graph)


READ_ELSEWHERE = """
    <ir_version: 10, opset_import: ["" : 21]>
    read (float[N,2,3] x, bool yes) => (float[M] y) <int64[2] both = {6, 1}> {
        rows = Shape <start = 0, end = 1> (x)
        pair = Shape <start = 1, end = 3> (x)
        read_within = Concat <axis = 0> (rows, pair)
        of_pair = Concat <axis = 0> (pair)
        tables = Reshape (x, read_within)
        rest = Reshape (x, of_pair)
        y = If (yes) <
            then_branch = one () => (float[M] length) { length = Cast <to = 1> (read_within) },
            else_branch = two () => (float[M] sum) { sum = Sum (tables, rest) }
        >
    }
"""


def test_shapes_that_a_branch_reads_and_pairs_of_lengths_stay() -> None:
    graph = parser.parse_model(READ_ELSEWHERE).graph
    before = made(graph)
    infer_lengths(graph, {})
    assert made(graph) == before


def test_a_shape_that_others_read_stays() -> None:
    x, y, s = (helper.make_tensor_value_info(name, kind, None) for name, kind in (("x", 1), ("y", 1), ("s", 7)))
    nodes = [
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("Shape", ["x"], ["columns"], start=1, end=2),
        helper.make_node("Concat", ["columns", "rows"], ["s"], axis=0),
        helper.make_node("Reshape", ["x", "s"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "read", [x], [y, s])
    infer_lengths(graph, {INFERRED.name: INFERRED})
    assert [list(node.input) for node in graph.node] == [["x"], ["x"], ["columns", "rows"], ["x", "s"]]
    assert numpy_helper.to_array(INFERRED).tolist() == [-1]
