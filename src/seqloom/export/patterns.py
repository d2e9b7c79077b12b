"""Patterns of nodes that quantisation treats as one: they are found here and, where possible, merged into one node."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx

from seqloom.export.connecting import given_away, graph_nodes
from seqloom.export.constants import Constants, plain_product, turned

OUTSIDE = onnx.NodeProto()
"""A placeholder among the readers of a value that is read outside of the graph, or that has no readers."""


def join_biases(graph: onnx.GraphProto, constants: Constants) -> None:
    """Merge a matrix product and the addition of a constant vector that is its only reader into one `Gemm` with a bias.

    Its input may have any number of axes, unlike that of a regular `Gemm`; quantisation replaces the node afterwards.
    """
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
    """Fold a constant factor by which looked-up rows are multiplied into the table of the rows."""
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
    """Names of looked-up rows that are only read as the left factor of products with constant matrices."""
    return _rows_for(graph, constants, lambda node, rows: constants.factor(node) is not None and node.input[0] == rows)


def multiplying_rows(graph: onnx.GraphProto, constants: Constants) -> set[str]:
    """Names of looked-up rows that are only read as the transposed right factor of products.

    The weights of a shortlist's words, which are taken from the readout's matrix, are used in this way.
    """
    return _rows_for(
        graph, constants, lambda node, rows: plain_product(node) and turned(node) and node.input[1] == rows
    )


def _rows_for(graph: onnx.GraphProto, constants: Constants, fits: Callable[[onnx.NodeProto, str], bool]) -> set[str]:
    """Names of looked-up rows that have at least one reader and whose readers all satisfy `fits(reader, rows)`."""
    readers = _readers(graph)
    tables = (node for node in graph.node if node.op_type == "Gather" and constants.table(node.input[0]) is not None)
    return {
        rows
        for rows in (node.output[0] for node in tables)
        if all(fits(reader, rows) for reader in readers.get(rows, [OUTSIDE]))
    }


def _readers(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """The nodes that read each value, including those in inner graphs; outputs of graphs have the reader `OUTSIDE`."""
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
