"""Simplification of computed shapes: a `Reshape` can infer one length of its new shape, given as -1.

The nodes that computed this length are then no longer needed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from seqloom.export.connecting import drop_unread, given_away, graph_nodes, inner_graphs

INFERRED = numpy_helper.from_array(np.array([-1]), "inferred")


def infer_lengths(graph: onnx.GraphProto, constants: Mapping[str, TensorProto]) -> None:
    """Replace the length that takes most nodes to compute by -1 in each computed shape, in inner graphs, too.

    Nodes that are no longer read are removed. Tensors that are reshaped must have at least one element, because the
    length cannot be inferred for empty ones.
    """
    for inner in (each for node in graph.node for each in inner_graphs(node)):
        infer_lengths(inner, constants)
    makers = {name: node for node in graph.node for name in node.output}
    results = given_away(graph)
    for node in graph.node:
        inferred = any(_inferred(name, constants) for name in node.input)
        if node.op_type != "Concat" or inferred or node.output[0] in results:
            continue
        readers = [each for each in graph_nodes(graph.node) if node.output[0] in each.input]
        if all(each.op_type == "Reshape" and each.input[1] == node.output[0] for each in readers):
            costs = [len(_needed(name, makers)) if _one_length(name, makers) else 0 for name in node.input]
            if max(costs):
                node.input[costs.index(max(costs))] = INFERRED.name
    drop_unread(graph)


def _inferred(name: str, constants: Mapping[str, TensorProto]) -> bool:
    """Whether a part of a shape already has a length that is to be inferred."""
    return name in constants and bool((numpy_helper.to_array(constants[name]) < 0).any())


def _one_length(name: str, makers: Mapping[str, onnx.NodeProto]) -> bool:
    """Whether a value is a vector with a single length: one axis of a shape, or a number reshaped to a vector."""
    node = makers.get(name)
    if node is None or node.op_type != "Shape":
        return node is not None and node.op_type in ("Reshape", "Unsqueeze")
    given = {each.name: each.i for each in node.attribute}
    return bool(given.get("end") == given.get("start", 0) + 1)


def _needed(name: str, makers: Mapping[str, onnx.NodeProto]) -> set[str]:
    """The names of all values that must be computed for a value, including its own."""
    found, open_names = set[str](), [name]
    while open_names:
        each = open_names.pop()
        if each in makers and each not in found:
            found.add(each)
            open_names += makers[each].input
    return found
