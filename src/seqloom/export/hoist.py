"""What does not change from step to step is taken out of a loop, so that it is worked out once."""

from __future__ import annotations

import onnx

from seqloom.export.pieces import inner_graphs


def hoisted(body: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Takes the nodes out of a loop's body, and out of graphs within it, that read nothing of a step; returns them."""
    moved: list[onnx.NodeProto] = []
    _take(body, {value.name for value in body.input}, moved)
    return moved


def _take(graph: onnx.GraphProto, changing: set[str], moved: list[onnx.NodeProto]) -> None:
    results = {value.name for value in graph.output}  # a graph has to make its own results
    kept = []
    for node in graph.node:
        inner = inner_graphs(node)
        for each in inner:
            _take(each, changing | {value.name for value in each.input}, moved)
        if inner or changing.intersection(node.input) or results.intersection(node.output):
            changing |= set(node.output)
            kept.append(node)
        else:
            moved.append(node)
    del graph.node[:]
    graph.node.extend(kept)
