"""The products with constant matrices in a graph, and small graphs that make them and nothing else."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from seqloom.export.connecting import inner_graphs
from seqloom.export.constants import turned

PRODUCTS = {"MatMul", "Gemm", "MatMulInteger", "MatMulIntegerToFloat"}
RECURRENT = {"LSTM", "GRU", "RNN"}
MANY = 4096
"""Numbers of a matrix that an operator of an extension is taken to multiply with."""
KINDS = {"Loop": "step", "Scan": "position"}


class Call(NamedTuple):
    """A product with so many rows, made so many times."""

    part: Part
    rows: int
    times: int


@dataclass(frozen=True, eq=False)
class Part:
    """One product: its node, whose first input is `x` and output `y`, and the constants that it reads.

    `kind` is `step` in the body of a Loop, `position` in that of a Scan or where a recurrent layer goes from position
    to position, else `once`.
    """

    kind: str
    node: onnx.NodeProto
    constants: tuple[onnx.TensorProto, ...]
    width: int
    scope: str = ""
    """`all` and `each`: the products of a recurrent layer with all positions and with each of them."""

    @property
    def small(self) -> bool:
        """Whether the inputs have 8 bits."""
        return self.node.op_type.startswith("MatMulInteger")

    def call(self, shape: Sequence[int]) -> Call:
        """The product as it is made in a node whose first input has this shape."""
        if self.scope == "each":
            return Call(self, shape[1], shape[0])
        return Call(self, prod(shape[:-1]), 1)


class Repeats:
    """Makes the products of calls again."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[Part, ...], onnxruntime.InferenceSession] = {}
        self._inputs: dict[tuple[int, int, bool], NDArray[np.generic]] = {}
        self._chance = np.random.default_rng(1)

    def run(self, calls: Sequence[Sequence[Call]]) -> Mapping[str, float]:
        """Seconds that the products of all calls take, by kind."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for each in calls:
            for kind, times, products in grouped(each):
                parts = tuple(part for part, _ in products)
                feed: dict[str, NDArray[np.generic]] = {
                    f"x{number}": self._input(rows, part) for number, (part, rows) in enumerate(products)
                }
                feed["times"] = np.array(times, np.int64)
                session = self._session(parts)
                began = time.perf_counter()
                session.run(None, feed)
                seconds[kind] += time.perf_counter() - began
        return seconds

    def _session(self, parts: tuple[Part, ...]) -> onnxruntime.InferenceSession:
        if parts not in self._sessions:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.enable_mem_pattern = False
            self._sessions[parts] = onnxruntime.InferenceSession(
                repeated(parts).SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        return self._sessions[parts]

    def _input(self, rows: int, part: Part) -> NDArray[np.generic]:
        key = (rows, part.width, part.small)
        if key not in self._inputs:
            shape = (rows, part.width)
            self._inputs[key] = (
                self._chance.integers(0, 256, shape).astype(np.uint8)
                if part.small
                else self._chance.uniform(-1, 1, shape).astype(np.float32)
            )
        return self._inputs[key]


def grouped(calls: Sequence[Call]) -> Iterator[tuple[str, int, list[tuple[Part, int]]]]:
    """Products of one kind that are made equally often, in their first order."""
    counts: Counter[tuple[Part, int]] = Counter()
    for part, rows, times in calls:
        counts[part, rows] += times
    groups: defaultdict[tuple[str, int], list[tuple[Part, int]]] = defaultdict(list)
    for product, times in counts.items():
        groups[product[0].kind, times].append(product)
    for (kind, times), products in groups.items():
        yield kind, times, products


def repeated(parts: Sequence[Part]) -> onnx.ModelProto:
    """A graph that makes some products `times` times; it gives their shapes, so that they are made and not copied."""
    kinds = [TensorProto.INT32 if part.node.op_type == "MatMulInteger" else TensorProto.FLOAT for part in parts]
    nodes, inputs = [], [helper.make_tensor_value_info("times", TensorProto.INT64, [])]
    constants: dict[str, onnx.TensorProto] = {}
    for number, part in enumerate(parts):
        node = onnx.NodeProto()
        node.CopyFrom(part.node)
        node.input[0], node.output[0], node.name = f"x{number}", f"y{number}", f"product{number}"
        nodes.append(node)
        kind = TensorProto.UINT8 if part.small else TensorProto.FLOAT
        inputs.append(helper.make_tensor_value_info(f"x{number}", kind, [f"rows{number}", part.width]))
        constants |= {constant.name: constant for constant in part.constants}
    constants["yes"] = numpy_helper.from_array(np.array(True), "yes")
    for kind in set(kinds):
        empty = np.zeros((1, 1), helper.tensor_dtype_to_np_dtype(kind))
        constants[f"empty{kind}"] = numpy_helper.from_array(empty, f"empty{kind}")
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["goes"]), *nodes],
        "again",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            *(helper.make_tensor_value_info(f"before{number}", kind, None) for number, kind in enumerate(kinds)),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            *(helper.make_tensor_value_info(f"y{number}", kind, None) for number, kind in enumerate(kinds)),
        ],
    )
    last = [f"last{number}" for number in range(len(parts))]
    loop = helper.make_node("Loop", ["times", "yes", *(f"empty{kind}" for kind in kinds)], last, body=body)
    shapes = [helper.make_node("Shape", [name], [f"{name}.shape"]) for name in last]
    outputs = [helper.make_tensor_value_info(f"{name}.shape", TensorProto.INT64, [2]) for name in last]
    graph = helper.make_graph([loop, *shapes], "products", inputs, outputs, list(constants.values()))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def parts_of(model: onnx.ModelProto) -> tuple[onnx.ModelProto, dict[str, list[Part]]]:
    """The graph with a name of its own for each node, and the products of nodes by these names."""
    named = onnx.ModelProto()
    named.CopyFrom(model)
    walker = _Walker()
    walker.walk(named.graph, "once")
    if walker.unknown:
        raise SystemExit(f"these operators multiply with constant matrices, too: {', '.join(sorted(walker.unknown))}")
    return named, walker.found


class _Walker:
    def __init__(self) -> None:
        self.found: dict[str, list[Part]] = {}
        self.unknown: set[str] = set()
        self.constants: dict[str, NDArray[np.generic]] = {}
        self.number = 0

    def walk(self, graph: onnx.GraphProto, kind: str) -> None:
        self.constants |= {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        for node in graph.node:
            node.name = f"node{self.number}"
            self.number += 1
            self._fold(node)
            parts = list(self._parts(node, kind))
            if parts:
                self.found[node.name] = parts
            for inner in inner_graphs(node):
                self.walk(inner, KINDS.get(node.op_type, kind))

    def _fold(self, node: onnx.NodeProto) -> None:
        """Take down what follows from constants alone, which ONNX Runtime works out when it loads a graph."""
        read = [name for name in node.input if name]
        if (
            inner_graphs(node)
            or node.domain
            or node.op_type.startswith("Random")
            or not self.constants.keys() >= set(read)
        ):
            return
        found = ReferenceEvaluator(node).run(None, {name: self.constants[name] for name in read})
        self.constants |= dict(zip(node.output, found, strict=True))

    def _parts(self, node: onnx.NodeProto, kind: str) -> Iterator[Part]:
        matrix = self.constants.get(node.input[1]) if len(node.input) > 1 else None
        if matrix is None:
            return
        if node.op_type in PRODUCTS and matrix.ndim == 2:
            plain = onnx.NodeProto()
            plain.CopyFrom(node)
            constants = []
            for place, name in enumerate(node.input[1:], start=1):
                if name in self.constants:
                    constants.append(numpy_helper.from_array(np.ascontiguousarray(self.constants[name]), name))
                elif name:
                    plain.input[place] = ""  # a bias that is computed
            yield Part(kind, plain, tuple(constants), matrix.shape[1 if turned(node) else 0])
        elif node.op_type in RECURRENT:
            for place, scope, when in ((1, "all", kind), (2, "each", "position")):
                for direction, weights in enumerate(self.constants[node.input[place]]):
                    name = f"{node.name}.{scope}.{direction}"
                    constant = numpy_helper.from_array(np.ascontiguousarray(weights.T), name)
                    multiplied = helper.make_node("MatMul", ["x", name], ["y"])
                    yield Part(when, multiplied, (constant,), weights.shape[1], scope)
        elif node.domain and matrix.ndim > 1 and matrix.size >= MANY:
            self.unknown.add(node.op_type)
