"""Quantisation of an exported graph: weights of 8 bits make smaller files and faster matrix products.

A weight matrix has one scale for each column, an embedding one for each row, such that ONNX Runtime's products of
8-bit numbers are exact on every processor (`rounding.py`). The other factor of a product, the activation, is rounded
to 8 bits while the graph runs. It is rounded with a fixed scale where a bound of its values can be derived from the
graph (results of tanh and σ, means of such vectors, rows of a constant table), otherwise with a scale for each row;
what cannot be negative (results of ReLU) gets 255 steps instead of 127. ONNX Runtime's own dynamic quantisation is
not used: it takes one scale for a whole batch, so that a row's result would depend on the other rows of the batch.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from seqloom.export.bounds import Bounds
from seqloom.export.connecting import graph_nodes, inner_graphs
from seqloom.export.constants import Constants, plain_product
from seqloom.export.patterns import join_biases, multiplied_rows, multiplying_rows, scale_tables
from seqloom.export.rounding import rounded_weights

ZERO, LIMIT, WHOLE = 128, 127, 255
"""Zero point of the unsigned 8-bit activations, the largest distance from it, and the largest value of all."""


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the graph whose large weight matrices have 8 bits."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    _Quantiser(result).run()
    return result


class _Quantiser:
    """Rewrites a graph in place; a value `x` rounded to 8 bits is called `x.int8`."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph, self.model = model.graph, model
        self.constants = Constants(model.graph.initializer)
        self.bounds = Bounds(self.constants.floats)
        self.positive: set[str] = set()
        """Values that cannot be negative, which are rounded with the zero point 0."""
        self.listed: dict[str, str] = {}
        """Looked-up rows that are the right factor of a product, as of a shortlist, and the matrix they come from."""

    def run(self) -> None:
        """Rewrite all nodes and remove constants that are no longer read."""
        self.constants.add("int8.zero", np.uint8(ZERO))
        self.constants.add("int8.axis", np.array([-1], np.int64))
        self.constants.add("int8.least", np.float32(1e-9))
        self.constants.add("int8.limit", np.float32(LIMIT))
        self.constants.add("int8.whole", np.float32(WHOLE))
        self.constants.add("int8.bottom", np.uint8(0))
        self.constants.add("int8.middle", np.float32(ZERO))
        self._rewrite(self.graph)
        read = {name for node in graph_nodes(self.graph.node) for name in node.input}
        read |= {value.name for value in self.graph.input}
        kept = self.constants.kept(read)
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)
        self.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    def _rewrite(self, graph: onnx.GraphProto) -> None:
        join_biases(graph, self.constants)
        scale_tables(graph, self.constants)
        self.bounds.learn(graph.node)
        self.positive |= {node.output[0] for node in graph.node if node.op_type == "Relu"}
        rounded = multiplied_rows(graph, self.constants)
        listed = multiplying_rows(graph, self.constants)
        self.listed |= {node.output[0]: node.input[0] for node in graph.node if node.output[0] in listed}
        nodes: list[onnx.NodeProto] = (
            [self._turned(name) for name in sorted(set(self.listed.values()))] if listed else []
        )
        for node in graph.node:
            if node.op_type in ("Loop", "Scan"):
                self.bounds.enter(node)
            for inner in inner_graphs(node):
                self._rewrite(inner)
            if node.op_type == "Gather" and self.constants.table(node.input[0]) is not None:
                nodes += self._looked_up(node, rounded=node.output[0] in rounded)
            elif self.constants.factor(node) is not None or (plain_product(node) and node.input[1] in self.listed):
                nodes += self._multiplied(node, rounded)
            else:
                nodes.append(node)
        del graph.node[:]
        graph.node.extend(nodes)

    def _multiplied(self, node: onnx.NodeProto, rounded: set[str]) -> list[onnx.NodeProto]:
        """The nodes that replace a matrix product; `rounded` names the values that are already rounded to 8 bits."""
        weight, scales = self._weights(node)
        x, y = node.input[0], node.output[0]
        bias = node.input[2] if len(node.input) > 2 else ""
        bound = self.bounds.of(x)
        nodes = []
        if x not in rounded:
            nodes += self._by_row(x) if bound is None else [self._by_bound(x, bound)]
            rounded.add(x)
        if bound is not None:
            scale = self._scale(bound)
            inputs = [f"{x}.int8", weight, scale, scales, "int8.zero", "", *([bias] if bias else [])]
            return [*nodes, helper.make_node("MatMulIntegerToFloat", inputs, [y], domain="com.microsoft")]
        zero = "int8.bottom" if x in self.positive else "int8.zero"
        nodes += [
            helper.make_node("MatMulInteger", [f"{x}.int8", weight, zero], [f"{y}.sums"]),
            helper.make_node("Cast", [f"{y}.sums"], [f"{y}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{y}.float", f"{x}.scale"], [f"{y}.scaled"]),
            helper.make_node("Mul", [f"{y}.scaled", scales], [f"{y}.product" if bias else y]),
        ]
        return [*nodes, helper.make_node("Add", [f"{y}.product", bias], [y])] if bias else nodes

    def _weights(self, node: onnx.NodeProto) -> tuple[str, str]:
        """Names of the rounded matrix and of its scales for a product."""
        name, matrix = node.input[1], self.constants.factor(node)
        if name in self.listed:
            return f"{name}.turned", f"{name}.stored.scale"
        assert matrix is not None
        if name in self.listed.values():
            return f"{name}.turned", self._stored(name, matrix.T, axis=1)[1]
        return self._stored(name, matrix, axis=0)

    def _turned(self, name: str) -> onnx.NodeProto:
        """A node that transposes a matrix stored by rows; ONNX Runtime evaluates it once, when it loads the graph."""
        matrix = self.constants.table(name)
        assert matrix is not None
        return helper.make_node("Transpose", [self._stored(name, matrix, axis=1)[0]], [f"{name}.turned"], perm=[1, 0])

    def _by_bound(self, x: str, bound: float) -> onnx.NodeProto:
        """A node that rounds a value with a fixed scale, which follows from the bound of its elements."""
        return helper.make_node("QuantizeLinear", [x, self._scale(bound), "int8.zero"], [f"{x}.int8"])

    def _scale(self, bound: float) -> str:
        return self.constants.add(f"int8.scale.{bound:.9g}", np.float32(bound / LIMIT))

    def _by_row(self, x: str) -> list[onnx.NodeProto]:
        """Nodes that round a value with a scale for each row, `x.scale`, taken from the row's largest element."""
        positive = x in self.positive
        size = [] if positive else [helper.make_node("Abs", [x], [f"{x}.size"])]
        middle = [] if positive else [helper.make_node("Add", [f"{x}.whole", "int8.middle"], [f"{x}.moved"])]
        return [
            *size,
            helper.make_node("ReduceMax", [x if positive else f"{x}.size", "int8.axis"], [f"{x}.largest"], keepdims=1),
            helper.make_node("Max", [f"{x}.largest", "int8.least"], [f"{x}.most"]),
            helper.make_node("Div", [f"{x}.most", "int8.whole" if positive else "int8.limit"], [f"{x}.scale"]),
            helper.make_node("Div", [x, f"{x}.scale"], [f"{x}.steps"]),
            helper.make_node("Round", [f"{x}.steps"], [f"{x}.whole"]),
            *middle,
            helper.make_node("Cast", [f"{x}.whole" if positive else f"{x}.moved"], [f"{x}.int8"], to=TensorProto.UINT8),
        ]

    def _looked_up(self, node: onnx.NodeProto, *, rounded: bool) -> list[onnx.NodeProto]:
        """The nodes that replace a lookup of rows: 8 bits where only products read them, otherwise float32."""
        table, y = self.constants.table(node.input[0]), node.output[0]
        assert table is not None
        if rounded:  # only products read the rows, so that they can be stored rounded with a fixed scale
            bound = self.bounds.of(y)
            assert bound is not None
            steps = np.round(table / np.float32(bound / LIMIT)) + ZERO
            values = self.constants.add(f"{node.input[0]}.rounded", steps.astype(np.uint8))
            return [helper.make_node("Gather", [values, node.input[1]], [f"{y}.int8"])]
        values, scales = self._stored(node.input[0], table, axis=1)
        nodes = [
            helper.make_node("Gather", [values, node.input[1]], [f"{y}.stored"]),
            helper.make_node("Gather", [scales, node.input[1]], [f"{y}.stored.scale"]),
        ]
        if y in self.listed:
            return [*nodes, helper.make_node("Transpose", [f"{y}.stored"], [f"{y}.turned"], perm=[1, 0])]
        return [
            *nodes,
            helper.make_node("Unsqueeze", [f"{y}.stored.scale", "int8.axis"], [f"{y}.stored.scales"]),
            helper.make_node("Cast", [f"{y}.stored"], [f"{y}.stored.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{y}.stored.float", f"{y}.stored.scales"], [y]),
        ]

    def _stored(self, name: str, matrix: NDArray[np.float32], *, axis: int) -> tuple[str, str]:
        """Names of the rounded matrix and of its scales: one a column with `axis=0`, one a row with `axis=1`."""
        values, scales = f"{name}.int8.{axis}", f"{name}.scale.{axis}"
        if values not in self.constants:
            rounded, scale = rounded_weights(matrix, axis)
            self.constants.add(values, rounded)
            self.constants.add(scales, scale)
        return values, scales
