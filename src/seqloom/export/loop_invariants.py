"""Loop-invariant code motion: nodes whose results are the same in every step are moved out of a loop."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from onnx import helper

from seqloom.export.connecting import inner_graphs

Axis = tuple[str, int]
"""The name of a value and the number of one of its axes."""


def hoisted(body: onnx.GraphProto, lengths: Mapping[Axis, Axis]) -> list[onnx.NodeProto]:
    """Remove the nodes that do not depend on the step from a loop's body and from graphs within it, and return them.

    `lengths` maps axes of the body's values whose length never changes to axes of values outside of the loop with the
    same length. `Shape` nodes that read the former are changed to read the latter, so that they can be moved, too.
    """
    moved: list[onnx.NodeProto] = []
    _take(body, {value.name for value in body.input}, lengths, moved)
    return moved


def _take(
    graph: onnx.GraphProto, changing: set[str], lengths: Mapping[Axis, Axis], moved: list[onnx.NodeProto]
) -> None:
    results = {value.name for value in graph.output}  # a graph must compute its own outputs
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
