"""Nodes of a graph that are one thing when its weights are rounded: found, and put together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from seqloom.export.connecting import given_away, graph_nodes
from seqloom.export.constants import Constants, plain_product, turned

OUTSIDE = onnx.NodeProto()
"""Stands for a reader outside of a graph, or for none."""


def join_biases(graph: onnx.GraphProto, constants: Constants) -> None:
    """A product whose only reader adds a constant vector becomes a product with a bias, whatever its number of axes."""
    readers = _readers(graph)
    gone = set()
    for node in graph.node:
        after = readers.get(node.output[0], [])
        bare = constants.factor(node) is not None and len(node.input) == 2
        if not bare or len(after) != 1 or after[0].op_type != "Add":
            continue
        others = [name for name in after[0].input if name != node.output[0]]
        if len(others) == 1 and constants.vector(others[0]) is not None:
            node.op_type = "Gemm"
            node.input.append(others[0])
            node.output[0] = after[0].output[0]
            gone.add(after[0].output[0])
    _drop(graph, "Add", gone)


def scale_tables(graph: onnx.GraphProto, constants: Constants) -> None:
    """Rows that are looked up and multiplied by a constant number are stored as its multiples."""
    readers = _readers(graph)
    gone = set()
    for node in graph.node:
        table = constants.table(node.input[0]) if node.op_type == "Gather" else None
        after = readers.get(node.output[0], [])
        if table is None or len(after) != 1 or after[0].op_type != "Mul":
            continue
        number = constants.floats(next(name for name in after[0].input if name != node.output[0]))
        if number is not None and number.size == 1:
            times = np.float32(number.item())
            node.input[0] = constants.add(f"{node.input[0]}.times.{times:.9g}", table * times)
            node.output[0] = after[0].output[0]
            gone.add(after[0].output[0])
    _drop(graph, "Mul", gone)


def multiplied_rows(graph: onnx.GraphProto, constants: Constants) -> set[str]:
    """Looked-up rows that products alone read, to multiply them with a constant."""
    return _rows_for(graph, constants, lambda node, rows: constants.factor(node) is not None and node.input[0] == rows)


def multiplying_rows(graph: onnx.GraphProto, constants: Constants) -> set[str]:
    """Looked-up rows that products alone read, to multiply something with them: a shortlist of a readout."""
    return _rows_for(
        graph, constants, lambda node, rows: plain_product(node) and turned(node) and node.input[1] == rows
    )


def _rows_for(graph: onnx.GraphProto, constants: Constants, fits: Callable[[onnx.NodeProto, str], bool]) -> set[str]:
    """Looked-up rows that have readers, all of which fit."""
    readers = _readers(graph)
    tables = (node for node in graph.node if node.op_type == "Gather" and constants.table(node.input[0]) is not None)
    return {
        rows
        for rows in (node.output[0] for node in tables)
        if all(fits(reader, rows) for reader in readers.get(rows, [OUTSIDE]))
    }


def _readers(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """Who reads each value of a graph, inner graphs included; a graph's outputs are read from outside, too."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph_nodes(graph.node):
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for name in given_away(graph):
        readers.setdefault(name, []).append(OUTSIDE)
    return readers


def _drop(graph: onnx.GraphProto, kind: str, outputs: set[str]) -> None:
    kept = [node for node in graph.node if node.op_type != kind or node.output[0] not in outputs]
    del graph.node[:]
    graph.node.extend(kept)
