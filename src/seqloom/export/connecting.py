"""Traced modules as pieces of one graph: under the names by which one leads to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper, inliner

KINDS = ("alone", "greedy", "beam", "ruled")
LIVE = ("live.scores", "live.token", "live.path")
WRITTEN = ("written.tokens", "written.matches")
FINISHED = ("finished.scores", "finished.totals", "finished.lengths", "finished.path", "finished.bar")
RECORD = ("record.tokens", "record.totals", "record.weights")
SEARCHED = (*LIVE, *WRITTEN, *FINISHED)
"""What a step of a search hands to the next."""
BEGUN = ("room", "longest", "numbers", *SEARCHED)
STAYING = (*LIVE, *WRITTEN, "numbers", "rows")
"""What a step says of the sentences that are searched on."""
CHOSEN = ("more", *STAYING, *FINISHED, *RECORD)
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
    graph = onnx.GraphProto()
    graph.CopyFrom((inliner.inline_local_functions(model) if model.functions else model).graph)
    given = {f"input_{number}": name for number, name in enumerate(inputs)}
    own = {value.name: given[value.name] for value in graph.input}
    held = {constant.name for constant in graph.initializer}
    again = []
    for value, wanted in zip(graph.output, outputs, strict=True):
        if value.name in own or value.name in held:  # an input, another output or a constant, too
            again.append((value.name, wanted))
        own.setdefault(value.name, wanted)
    constants: dict[str, onnx.TensorProto] = {}
    names = _rename(graph, {}, own, prefix, constants)
    copies = [helper.make_node("Identity", [names[found]], [wanted], name=wanted) for found, wanted in again]
    return Piece([*graph.node, *copies], constants)


def _rename(
    graph: onnx.GraphProto,
    outer: dict[str, str],
    own: dict[str, str],
    prefix: str,
    constants: dict[str, onnx.TensorProto],
) -> dict[str, str]:
    """Give all that a graph and its inner graphs make names of their own; what is constant moves to `constants`.

    Returns the new names by the old ones. An inner graph reads its own names first, then those of the graphs around it.
    """
    names = outer | {name: f"{prefix}.{name}" for node in graph.node for name in node.output if name} | own
    for constant in graph.initializer:
        names[constant.name] = constant.name if constant.name.startswith("model.") else f"{prefix}.{constant.name}"
        constant.name = names[constant.name]
        constants[constant.name] = constant
    for node in graph.node:
        within = f"{prefix}.{node.name or node.output[0]}"
        for inner in inner_graphs(node):
            inputs = {value.name: f"{within}.{value.name}" for value in inner.input}
            found = _rename(inner, names, inputs, within, constants)
            for value in (*inner.input, *inner.output):
                value.CopyFrom(untold(found[value.name], value.type.tensor_type.elem_type))
            del inner.initializer[:], inner.value_info[:], inner.metadata_props[:]
        read, made = ([name and names[name] for name in listed] for listed in (node.input, node.output))
        del node.input[:], node.output[:]
        del node.metadata_props[:]  # the tracer's notes: stacks and paths of this machine
        node.input.extend(read)
        node.output.extend(made)
        node.name = within
    return names


def untold(name: str, kind: int) -> onnx.ValueInfoProto:
    """A value of unknown shape."""
    return helper.make_tensor_value_info(name, kind, None)


def graph_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterable[onnx.NodeProto]:
    """All nodes, those of inner graphs included."""
    for node in nodes:
        yield node
        for inner in inner_graphs(node):
            yield from graph_nodes(inner.node)


def inner_graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The branches of a choice, the body of a loop or a scan."""
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


def given_away(graph: onnx.GraphProto) -> set[str]:
    """The outputs of a graph and of all graphs within it."""
    inner = (each for node in graph_nodes(graph.node) for each in inner_graphs(node))
    return {value.name for each in (graph, *inner) for value in each.output}


def drop_unread(graph: onnx.GraphProto) -> None:
    """Takes out the nodes of a graph, not those of graphs within it, whose results nobody reads."""
    results = given_away(graph)
    while True:
        read = results.union(name for node in graph_nodes(graph.node) for name in node.input)
        kept = [node for node in graph.node if read.intersection(node.output)]
        if len(kept) == len(graph.node):
            return
        del graph.node[:]
        graph.node.extend(kept)
