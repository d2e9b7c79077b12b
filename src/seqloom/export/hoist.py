"""What does not change from step to step is taken out of a loop, so that it is worked out once."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from seqloom.export.pieces import inner_graphs


def hoisted(body: onnx.GraphProto, carried: Mapping[str, str]) -> list[onnx.NodeProto]:
    """Takes the nodes out of a loop's body, and out of graphs within it, that read nothing of a step; returns them.

    `carried` leads from the body's inputs that never change their shape to what the loop begins with: whoever asks for
    such a shape asks the latter.
    """
    moved: list[onnx.NodeProto] = []
    _take(body, {value.name for value in body.input}, carried, moved)
    return moved


def _take(graph: onnx.GraphProto, changing: set[str], carried: Mapping[str, str], moved: list[onnx.NodeProto]) -> None:
    results = {value.name for value in graph.output}  # a graph has to make its own results
    kept = []
    for node in graph.node:
        if node.op_type == "Shape" and node.input[0] in carried:
            node.input[0] = carried[node.input[0]]
        inner = inner_graphs(node)
        for each in inner:
            _take(each, changing | {value.name for value in each.input}, carried, moved)
        if inner or changing.intersection(node.input) or results.intersection(node.output):
            changing |= set(node.output)
            kept.append(node)
        else:
            moved.append(node)
    del graph.node[:]
    graph.node.extend(kept)
