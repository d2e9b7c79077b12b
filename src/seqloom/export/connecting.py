"""Join traced modules to one ONNX graph by giving their inputs and outputs common names.

Each module is traced by itself. `piece` gives its inputs and outputs the names by which the pieces of the graph find
each other; the names are listed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper, inliner

KINDS = ("alone", "greedy", "beam", "ruled")
"""Kinds of search: greedy for one sentence, greedy for a batch, beam search, and beam search under rules."""
LIVE = ("live.scores", "live.token", "live.path")
WRITTEN = ("written.tokens", "written.matches")
FINISHED = ("finished.scores", "finished.totals", "finished.lengths", "finished.path", "finished.bar")
RECORD = ("record.tokens", "record.totals", "record.weights")
SEARCHED = (*LIVE, *WRITTEN, *FINISHED)
"""The state of the search that each step hands to the next."""
BEGUN = ("room", "longest", "numbers", *SEARCHED)
"""What the beginning of a search computes before the first step."""
STAYING = (*LIVE, *WRITTEN, "numbers", "rows")
"""What a step yields for the sentences that stay in the search."""
CHOSEN = ("more", *STAYING, *FINISHED, *RECORD)
"""Everything that a step yields; `more` says whether any sentence stays."""
OUTPUTS = {
    "scores": (TensorProto.FLOAT, ("B", "n")),
    "lengths": (TensorProto.INT64, ("B", "n")),
    "tokens": (TensorProto.INT64, ("B", "n", "T")),
    "log_probs": (TensorProto.FLOAT, ("B", "n", "T")),
    "alignments": (TensorProto.FLOAT, ("B", "n", "T", "S")),
}
"""Element types and shapes of the graph's outputs."""


@dataclass(frozen=True)
class Piece:
    """A traced module as nodes and constants by name.

    The model's weights keep their names; all other names begin with the piece's prefix.
    """

    nodes: list[onnx.NodeProto]
    constants: dict[str, onnx.TensorProto]


def piece(model: onnx.ModelProto, prefix: str, inputs: Sequence[str], outputs: Sequence[str]) -> Piece:
    """A traced module whose inputs and outputs are called `inputs` and `outputs`, and everything else `prefix.…`.

    The tracer may have dropped inputs that the module does not use.
    """
    graph = onnx.GraphProto()
    graph.CopyFrom((inliner.inline_local_functions(model) if model.functions else model).graph)
    given = {f"input_{number}": name for number, name in enumerate(inputs)}
    own = {value.name: given[value.name] for value in graph.input}
    held = {constant.name for constant in graph.initializer}
    again = []
    for value, wanted in zip(graph.output, outputs, strict=True):
        if value.name in own or value.name in held:  # the same value is also an input, another output or a constant
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
    """Rename, in place, all values that a graph and its inner graphs compute; collect the constants in `constants`.

    Returns a mapping from old names to new ones. A name in an inner graph is looked up there first, then in the graphs
    around it.
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
        del node.metadata_props[:]  # the tracer's metadata: stack traces with paths of this machine
        node.input.extend(read)
        node.output.extend(made)
        node.name = within
    return names


def untold(name: str, kind: int) -> onnx.ValueInfoProto:
    """The declaration of a value with the element type `kind` and an unknown shape."""
    return helper.make_tensor_value_info(name, kind, None)


def graph_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterable[onnx.NodeProto]:
    """All nodes, including those of inner graphs."""
    for node in nodes:
        yield node
        for inner in inner_graphs(node):
            yield from graph_nodes(inner.node)


def inner_graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The graphs inside a node: the branches of an `If`, the body of a `Loop` or `Scan`."""
    return [attribute.g for attribute in node.attribute if attribute.HasField("g")]


def given_away(graph: onnx.GraphProto) -> set[str]:
    """The names of the outputs of a graph and of all graphs within it."""
    inner = (each for node in graph_nodes(graph.node) for each in inner_graphs(node))
    return {value.name for each in (graph, *inner) for value in each.output}


def drop_unread(graph: onnx.GraphProto) -> None:
    """Remove the nodes of a graph whose results are never read; graphs within it keep their nodes."""
    results = given_away(graph)
    while True:
        read = results.union(name for node in graph_nodes(graph.node) for name in node.input)
        kept = [node for node in graph.node if read.intersection(node.output)]
        if len(kept) == len(graph.node):
            return
        del graph.node[:]
        graph.node.extend(kept)
