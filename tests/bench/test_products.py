"""What counts as a matrix product of a graph, how often it is made, and that it is made again as often."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from products import SEARCHES, Recorder, answer, compared, traced
from products_alone import Call, Part, Repeats, grouped, parts_of, repeated

import seqloom
from seqloom.data import Source
from seqloom.runtime_model import RuntimeModel

FILES = {False: "model.onnx", True: "model.int8.onnx"}


def by_shape(calls: list[Call]) -> dict[tuple[int, int, int], int]:
    """How often products of rows, inputs and outputs are made."""
    found: Counter[tuple[int, int, int]] = Counter()
    for part, rows, times in calls:
        matrix = numpy_helper.to_array(part.constants[0])
        found[rows, part.width, matrix.size // part.width] += times
    return dict(found)


@pytest.fixture(params=[False, True], ids=["float32", "int8"])
def asked(request: pytest.FixtureRequest, both_graphs: Path) -> tuple[RuntimeModel, onnx.ModelProto]:
    return seqloom.load(both_graphs, engine="onnx", int8=request.param), onnx.load(both_graphs / FILES[request.param])


def test_products_are_those_of_the_model(asked: tuple[RuntimeModel, onnx.ModelProto]) -> None:
    """Of two calls: a source of four letters with a beam of 2, and one of two letters, greedily."""
    model, graph = asked
    named, parts = parts_of(graph)
    recorder = Recorder(model.engine._session)
    model.engine._session = recorder
    lengths = [
        len(model.predict([text], beam=beam, alignments=True)[0].target_tokens)
        for text, beam in (("abcd", 2), ("ab", 1))
    ]
    wide, greedy = traced(named, parts, recorder.asked)
    assert lengths == [5, 3]
    for calls, rows, source in ((wide, 2, 5), (greedy, 1, 3)):
        step, position, once = (
            by_shape([call for call in calls if call.part.kind == kind]) for kind in ("step", "position", "once")
        )
        steps = min(step.values())
        assert steps == 3 if rows == 1 else steps >= 5
        assert {times % steps for times in step.values()} == {0}
        assert {height for height, _, _ in step} == {rows}
        assert {height for height, _, _ in position} == {1}
        assert {times % source for times in position.values()} == {0}
        assert source in {height for height, _, _ in once}


def test_products_made_equally_often_go_together() -> None:
    def part(kind: str) -> Part:
        return Part(kind, onnx.NodeProto(), (), 4)

    first, second, third = part("step"), part("step"), part("once")
    calls = [Call(third, 9, 1), *[Call(first, 5, 1), Call(second, 5, 1)] * 3, Call(first, 2, 1), Call(second, 2, 1)]
    assert list(grouped(calls)) == [
        ("once", 1, [(third, 9)]),
        ("step", 3, [(first, 5), (second, 5)]),
        ("step", 1, [(first, 2), (second, 2)]),
    ]


def test_a_product_alone_is_made_so_many_times(tmp_path: Path) -> None:
    matrix = numpy_helper.from_array(np.ones((6, 3), np.float32), "w")
    part = Part("step", helper.make_node("MatMul", ["x", "w"], ["y"]), (matrix,), 6)
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "trace")
    session = onnxruntime.InferenceSession(
        repeated([part, part]).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = {"x0": np.ones((4, 6), np.float32), "x1": np.ones((2, 6), np.float32), "times": np.array(7)}
    assert [shape.tolist() for shape in session.run(None, inputs)] == [[4, 3], [2, 3]]
    trace = Path(session.end_profiling()).read_text(encoding="utf-8")
    assert trace.count('"op_name" : "MatMul"') == 2 * 7
    seconds = Repeats().run([[Call(part, 4, 1)] * 3])
    assert list(seconds) == ["step"]
    assert seconds["step"] > 0


def test_an_operator_of_an_extension_is_not_passed_over() -> None:
    matrix = numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    node = helper.make_node("DynamicQuantizeLSTM", ["x", "w"], ["y"], domain="com.microsoft")
    model = helper.make_model(helper.make_graph([node], "g", [], [], [matrix]))
    with pytest.raises(SystemExit, match="DynamicQuantizeLSTM"):
        parts_of(model)


def test_the_whole_takes_longer_than_its_products(asked: tuple[RuntimeModel, onnx.ModelProto]) -> None:
    model, graph = asked
    named, parts = parts_of(graph)
    beam, batch = SEARCHES["greedy"]
    session = model.engine._session
    whole, alone = compared(
        model.with_settings(beam=beam), [Source("abcd"), Source("dcba")], named, parts, batch, rounds=15
    )
    assert 0 < sum(alone.values()) < whole
    assert all(seconds > 0 for seconds in alone.values())
    assert model.engine._session is session
    answer(model, [Source("ab")], batch)
