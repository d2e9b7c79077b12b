"""What does not change from step to step is taken out of a loop, so that it is worked out once."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import helper

from seqloom.export.connecting import inner_graphs

Axis = tuple[str, int]
"""An axis of a value."""


def hoisted(body: onnx.GraphProto, lengths: Mapping[Axis, Axis]) -> list[onnx.NodeProto]:
    """Takes the nodes out of a loop's body, and out of graphs within it, that read nothing of a step; returns them.

    `lengths` leads from axes of the body's values that never change their length to axes outside that have the same:
    whoever asks for the former asks for the latter.
    """
    moved: list[onnx.NodeProto] = []
    _take(body, {value.name for value in body.input}, lengths, moved)
    return moved


def _take(
    graph: onnx.GraphProto, changing: set[str], lengths: Mapping[Axis, Axis], moved: list[onnx.NodeProto]
) -> None:
    results = {value.name for value in graph.output}  # a graph has to make its own results
    kept = []
    for node in graph.node:
        if node.op_type == "Shape":
            _ask_outside(node, lengths)
        inner = inner_graphs(node)
        for each in inner:
            _take(each, changing | {value.name for value in each.input}, lengths, moved)
        if inner or changing.intersection(node.input) or results.intersection(node.output):
            changing |= set(node.output)
            kept.append(node)
        else:
            moved.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _ask_outside(shape: onnx.NodeProto, lengths: Mapping[Axis, Axis]) -> None:
    given = {each.name: each.i for each in shape.attribute}
    axis = given.get("start", 0)
    if given.get("end") != axis + 1 or (shape.input[0], axis) not in lengths:
        return
    shape.input[0], axis = lengths[shape.input[0], axis]
    del shape.attribute[:]
    shape.attribute.extend([helper.make_attribute("start", axis), helper.make_attribute("end", axis + 1)])
