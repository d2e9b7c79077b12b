"""Traced modules as pieces of one graph: under the names by which one leads to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

LIVE = ("live.scores", "live.token", "live.path")
WRITTEN = ("written.tokens", "written.matches")
FINISHED = ("finished.scores", "finished.totals", "finished.lengths", "finished.path")
RECORD = ("record.tokens", "record.totals", "record.weights")
SEARCHED = (*LIVE, *WRITTEN, *FINISHED)
"""What a step of a search hands to the next."""
BEGUN = ("room", "longest", "numbers", *SEARCHED)
CHOSEN = ("more", *SEARCHED, "rows")
OUTPUTS = {
    "scores": (TensorProto.FLOAT, ("B", "n")),
    "lengths": (TensorProto.INT64, ("B", "n")),
    "tokens": (TensorProto.INT64, ("B", "n", "T")),
    "log_probs": (TensorProto.FLOAT, ("B", "n", "T")),
    "alignments": (TensorProto.FLOAT, ("B", "n", "T", "S")),
}


@dataclass(frozen=True)
class Piece:
    """A traced module: nodes, and constants by name. Weights have their names in the model, all else a prefix."""

    nodes: list[onnx.NodeProto]
    constants: dict[str, onnx.TensorProto]


def piece(model: onnx.ModelProto, prefix: str, inputs: Sequence[str], outputs: Sequence[str]) -> Piece:
    """A traced model under other names; the inputs that it does not use may be missing from it."""
    graph = model.graph
    assert not model.functions
    given = {f"input_{number}": name for number, name in enumerate(inputs)}
    names = {value.name: given[value.name] for value in graph.input}
    constants = {}
    for constant in graph.initializer:
        name = constant.name if constant.name.startswith("model.") else f"{prefix}.{constant.name}"
        names[constant.name] = name
        constants[name] = onnx.TensorProto()
        constants[name].CopyFrom(constant)
        constants[name].name = name
    copies = []
    for value, wanted in zip(graph.output, outputs, strict=True):
        if value.name in names:  # an input, a constant or another output, too
            copies.append(helper.make_node("Identity", [names[value.name]], [wanted], name=wanted))
        names.setdefault(value.name, wanted)
    return Piece([*(_renamed(node, names, prefix) for node in graph.node), *copies], constants)


def _renamed(node: onnx.NodeProto, names: dict[str, str], prefix: str) -> onnx.NodeProto:
    assert not any(attribute.HasField("g") for attribute in node.attribute)
    result = onnx.NodeProto()
    result.CopyFrom(node)
    del result.input[:], result.output[:]
    del result.metadata_props[:]  # the tracer's notes: stacks and paths of this machine
    result.input.extend(name and names.get(name, f"{prefix}.{name}") for name in node.input)
    result.output.extend(name and names.get(name, f"{prefix}.{name}") for name in node.output)
    result.name = f"{prefix}.{node.name}"
    return result


def graph_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterable[onnx.NodeProto]:
    """All nodes, those of inner graphs included."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graph_nodes(attribute.g.node)
