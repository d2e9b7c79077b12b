"""Weights of 8 bits: smaller files and faster products, with results that do not depend on a row's neighbours.

A weight matrix gets one scale a column, an embedding one a row. What is multiplied with a matrix is rounded to 8 bits
while the graph runs: by a fixed scale where the graph shows how large it can get (what comes out of tanh, σ, a mean of
such vectors, a constant table), else by a scale for each row. ONNX Runtime's own dynamic quantisation takes one scale
for a whole batch, so that a neighbour would change a row's answer.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from seqloom.export.bounds import Bounds
from seqloom.export.graph import graph_nodes

SMALL = 4096
"""Constants of fewer numbers stay as they are."""
ZERO, LIMIT = 128, 127


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with weights of 8 bits."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    _Quantiser(result).run()
    return result


def _readers(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """Who reads each value of a graph, inner graphs included; a graph's outputs are read from outside, too."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph_nodes(graph.node):
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outside = onnx.NodeProto()
    for graph_output in (value.name for each in (graph, *_inner(graph)) for value in each.output):
        readers.setdefault(graph_output, []).append(outside)
    return readers


def _inner(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    return (each.g for node in graph_nodes(graph.node) for each in node.attribute if each.HasField("g"))


class _Quantiser:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.model = model
        self.constants = {constant.name: constant for constant in model.graph.initializer}
        self.arrays: dict[str, NDArray[np.float32]] = {}
        self.bounds = Bounds(self._float)

    def run(self) -> None:
        """Rewrite the nodes, drop what is no longer read."""
        self._constant("int8.zero", np.uint8(ZERO))
        self._constant("int8.axis", np.array([-1], np.int64))
        self._constant("int8.least", np.float32(1e-9))
        self._constant("int8.limit", np.float32(LIMIT))
        self._constant("int8.middle", np.float32(ZERO))
        self._rewrite(self.graph)
        read = {name for node in graph_nodes(self.graph.node) for name in node.input}
        read |= {value.name for value in self.graph.input}
        del self.graph.initializer[:]
        self.graph.initializer.extend(constant for name, constant in self.constants.items() if name in read)
        self.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    def _rewrite(self, graph: onnx.GraphProto) -> None:
        self._join_biases(graph)
        self._scale_tables(graph)
        self.bounds.learn(graph.node)
        direct = self._direct(graph)
        nodes: list[onnx.NodeProto] = []
        rounded: set[str] = set()
        for node in graph.node:
            if node.op_type == "Loop":
                self.bounds.carry(node)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    self._rewrite(attribute.g)
            matrix = self._matrix(node)
            if node.op_type == "Gather" and self._float(node.input[0], 2) is not None:
                if node.output[0] in direct:
                    rounded.add(node.output[0])
                    nodes.append(self._looked_up_rounded(node))
                else:
                    nodes += self._looked_up(node)
            elif matrix is not None:
                nodes += self._multiplied(node, matrix, rounded)
            else:
                nodes.append(node)
        del graph.node[:]
        graph.node.extend(nodes)

    def _join_biases(self, graph: onnx.GraphProto) -> None:
        """A product whose only reader adds a constant vector becomes a product with a bias."""
        readers = _readers(graph)
        gone = set()
        for node in graph.node:
            bare = self._matrix(node) is not None and len(node.input) == 2
            if not bare or len(readers.get(node.output[0], ())) != 1:
                continue
            after = readers[node.output[0]][0]
            others = [name for name in after.input if name != node.output[0]]
            if after.op_type == "Add" and len(others) == 1 and self._float(others[0], 1) is not None:
                node.op_type = "Gemm"  # rounded below, whatever its number of axes
                node.input.append(others[0])
                node.output[0] = after.output[0]
                gone.add(after.output[0])
        kept = [node for node in graph.node if node.op_type != "Add" or node.output[0] not in gone]
        del graph.node[:]
        graph.node.extend(kept)

    def _scale_tables(self, graph: onnx.GraphProto) -> None:
        """Rows that are looked up and multiplied by a constant number are stored as its multiples."""
        readers = _readers(graph)
        gone = set()
        for node in graph.node:
            table = self._float(node.input[0], 2) if node.op_type == "Gather" else None
            after = readers.get(node.output[0], [])
            if table is None or len(after) != 1 or after[0].op_type != "Mul":
                continue
            factor = self._float(next(name for name in after[0].input if name != node.output[0]))
            if factor is not None and factor.size == 1:
                node.input[0] = self._constant(f"{node.input[0]}.times.{factor.item():.9g}", table * factor.item())
                node.output[0] = after[0].output[0]
                gone.add(after[0].output[0])
        kept = [node for node in graph.node if node.op_type != "Mul" or node.output[0] not in gone]
        del graph.node[:]
        graph.node.extend(kept)

    def _direct(self, graph: onnx.GraphProto) -> set[str]:
        """Looked-up rows that nothing but products reads: they are stored as the products want them."""
        readers = _readers(graph)
        found = set()
        for node in graph.node:
            if node.op_type == "Gather" and self._float(node.input[0], 2) is not None:
                used = readers.get(node.output[0], [])
                if used and all(self._matrix(each) is not None and each.input[0] == node.output[0] for each in used):
                    found.add(node.output[0])
        return found

    def _looked_up_rounded(self, node: onnx.NodeProto) -> onnx.NodeProto:
        table, bound = self._float(node.input[0], 2), self.bounds.of(node.output[0])
        assert table is not None
        assert bound is not None
        steps = np.round(table / np.float32(bound / LIMIT)) + ZERO
        values = self._constant(f"{node.input[0]}.rounded", steps.astype(np.uint8))
        return helper.make_node("Gather", [values, node.input[1]], [f"{node.output[0]}.int8"])

    def _matrix(self, node: onnx.NodeProto) -> NDArray[np.float32] | None:
        """The constant [I, O] that a product multiplies with."""
        if node.op_type not in ("MatMul", "Gemm"):
            return None
        matrix = self._float(node.input[1], 2)
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        if (
            matrix is None
            or attributes.get("transA")
            or attributes.get("alpha", 1) != 1
            or attributes.get("beta", 1) != 1
        ):
            return None
        return matrix.T if attributes.get("transB") else matrix

    def _multiplied(self, node: onnx.NodeProto, matrix: NDArray[np.float32], rounded: set[str]) -> list[onnx.NodeProto]:
        weight, scales = self._stored(node.input[1], matrix, axis=0)
        x, y = node.input[0], node.output[0]
        bias = node.input[2] if len(node.input) > 2 else ""
        bound = self.bounds.of(x)
        if bound is not None:
            scale = self._constant(f"int8.scale.{bound:.9g}", np.float32(bound / LIMIT))
            nodes = []
            if x not in rounded:
                nodes.append(helper.make_node("QuantizeLinear", [x, scale, "int8.zero"], [f"{x}.int8"]))
            rounded.add(x)
            inputs = [f"{x}.int8", weight, scale, scales, "int8.zero", "", *([bias] if bias else [])]
            return [*nodes, helper.make_node("MatMulIntegerToFloat", inputs, [y], domain="com.microsoft")]
        nodes = [] if x in rounded else self._by_row(x)
        rounded.add(x)
        nodes += [
            helper.make_node("MatMulInteger", [f"{x}.int8", weight, "int8.zero"], [f"{y}.sums"]),
            helper.make_node("Cast", [f"{y}.sums"], [f"{y}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{y}.float", f"{x}.scale"], [f"{y}.scaled"]),
            helper.make_node("Mul", [f"{y}.scaled", scales], [f"{y}.product" if bias else y]),
        ]
        return [*nodes, helper.make_node("Add", [f"{y}.product", bias], [y])] if bias else nodes

    def _by_row(self, x: str) -> list[onnx.NodeProto]:
        return [
            helper.make_node("Abs", [x], [f"{x}.size"]),
            helper.make_node("ReduceMax", [f"{x}.size", "int8.axis"], [f"{x}.largest"], keepdims=1),
            helper.make_node("Max", [f"{x}.largest", "int8.least"], [f"{x}.most"]),
            helper.make_node("Div", [f"{x}.most", "int8.limit"], [f"{x}.scale"]),
            helper.make_node("Div", [x, f"{x}.scale"], [f"{x}.steps"]),
            helper.make_node("Round", [f"{x}.steps"], [f"{x}.whole"]),
            helper.make_node("Add", [f"{x}.whole", "int8.middle"], [f"{x}.moved"]),
            helper.make_node("Cast", [f"{x}.moved"], [f"{x}.int8"], to=TensorProto.UINT8),
        ]

    def _looked_up(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        table = self._float(node.input[0], 2)
        assert table is not None
        values, scales = self._stored(node.input[0], table, axis=1)
        y = node.output[0]
        return [
            helper.make_node("Gather", [values, node.input[1]], [f"{y}.int8"]),
            helper.make_node("Gather", [scales, node.input[1]], [f"{y}.scale"]),
            helper.make_node("Cast", [f"{y}.int8"], [f"{y}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{y}.float", f"{y}.scale"], [y]),
        ]

    def _stored(self, name: str, matrix: NDArray[np.float32], *, axis: int) -> tuple[str, str]:
        """Names of the rounded matrix and of its scales, one for each line along the other axis."""
        values, scales = f"{name}.int8.{axis}", f"{name}.scale.{axis}"
        if values not in self.constants:
            scale = np.maximum(np.abs(matrix).max(axis, keepdims=True), 1e-9) / LIMIT
            self._constant(values, np.round(matrix / scale).astype(np.int8))
            self._constant(scales, scale[0] if axis == 0 else scale)
        return values, scales

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
        return name

    def _float(self, name: str, axes: int | None = None) -> NDArray[np.float32] | None:
        """A constant of many float32 numbers."""
        constant = self.constants.get(name)
        if constant is None or constant.data_type != TensorProto.FLOAT:
            return None
        if name not in self.arrays:
            self.arrays[name] = numpy_helper.to_array(constant)
        array = self.arrays[name]
        return array if axes is None or (array.ndim == axes and (axes == 1 or array.size >= SMALL)) else None
