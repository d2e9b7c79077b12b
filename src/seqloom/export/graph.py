"""Traced pieces put together to one ONNX graph: sources and settings go in, finished outputs come out.

    begin ─→ If rules ─→ Loop over ruled steps ────────────────┐
                    └─→ If beam is one ─→ Loop over greedy steps ├─→ end
                                      └─→ Loop over beam steps ──┘

Weights lie in the outer graph once; the loops read them, and the memory of the source, from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from seqloom.export.modules import KINDS

OPSET, IR = 21, 10
FINISHED = ("finished.scores", "finished.totals", "finished.lengths", "finished.path")
RECORD = ("record.tokens", "record.totals", "record.weights")
LIVE = ("live.scores", "live.token", "live.path", "live.tokens", "live.matches")
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
        names[constant.name] = constant.name if constant.name.startswith("model.") else f"{prefix}.{constant.name}"
        constant.name = names[constant.name]
        constants[constant.name] = constant
    nodes = [_renamed(node, names, prefix) for node in graph.node]
    produced = {name for node in nodes for name in node.output}
    for value, wanted in zip(graph.output, outputs, strict=True):
        found = names.get(value.name, f"{prefix}.{value.name}")
        assert found in produced or found in names.values()
        nodes.append(helper.make_node("Identity", [found], [wanted]))
    return Piece(nodes, constants)


def _renamed(node: onnx.NodeProto, names: dict[str, str], prefix: str) -> onnx.NodeProto:
    assert not any(attribute.HasField("g") for attribute in node.attribute)
    result = onnx.NodeProto()
    result.CopyFrom(node)
    del (
        result.input[:],
        result.output[:],
        result.metadata_props[:],
    )  # the tracer's notes: stacks and paths of this machine
    result.input.extend(name and names.get(name, f"{prefix}.{name}") for name in node.input)
    result.output.extend(name and f"{prefix}.{name}" for name in node.output)
    result.name = f"{prefix}.{node.name}"
    return result


def assemble(
    begin: Piece, steps: dict[str, Piece], end: Piece, settings: dict[str, np.ndarray], leaves: int
) -> onnx.ModelProto:
    """The whole graph; `settings` are the inputs with defaults, `leaves` the number of tensors of a decoder's state."""
    constants = {**begin.constants, **end.constants}
    for each in steps.values():
        constants |= each.constants
    constants["yes"] = numpy_helper.from_array(np.array(True), "yes")
    constants["zero"] = numpy_helper.from_array(np.array(0, np.int64), "zero")
    constants["one"] = numpy_helper.from_array(np.array(1, np.int64), "one")
    found = [f"search.{name}" for name in (*FINISHED, *RECORD)]
    chosen = [
        helper.make_node("ReduceMax", ["prefix_lengths"], ["longest_prefix"], keepdims=0),
        helper.make_node("Add", ["longest_prefix", "min_length"], ["some_length"]),
        helper.make_node("Add", ["some_length", "no_repeat_ngram"], ["some_rule"]),
        helper.make_node("Greater", ["some_rule", "zero"], ["rules"]),
        helper.make_node("Equal", ["beam", "one"], ["single"]),
        helper.make_node("Equal", ["exhaustive", "zero"], ["impatient"]),
        helper.make_node("And", ["single", "impatient"], ["simple"]),
    ]
    loops = {kind: _loop(steps[kind], kind, leaves) for kind in KINDS}
    either = _branch(
        helper.make_node("If", ["simple"], found, then_branch=loops["greedy"], else_branch=loops["beam"]),
        "either",
        found,
    )
    search = helper.make_node("If", ["rules"], found, then_branch=loops["ruled"], else_branch=either)
    inputs = [
        helper.make_tensor_value_info("source", TensorProto.INT64, ["B", "S"]),
        helper.make_tensor_value_info("source_lengths", TensorProto.INT64, ["B"]),
    ]
    for name, value in settings.items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        shape = {"prefix": ["P", "L"], "prefix_lengths": ["P"]}.get(name, [])
        inputs.append(helper.make_tensor_value_info(name, kind, shape))
        constants[name] = numpy_helper.from_array(value, name)
    graph = helper.make_graph(
        [*begin.nodes, *chosen, search, *end.nodes],
        "seqloom",
        inputs,
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in OUTPUTS.items()],
        list(_shared(constants, graph_nodes([*begin.nodes, *chosen, search, *end.nodes]))),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="seqloom")
    model.ir_version = IR
    return model


def carried(kind: str, leaves: int) -> list[str]:
    """The names of what one step hands to the next."""
    live = LIVE if kind == "ruled" else LIVE[:3]
    return ["position", *live, *FINISHED, *(f"decoder.{number}" for number in range(leaves))]


def _loop(step: Piece, kind: str, leaves: int) -> onnx.GraphProto:
    """A branch that holds the loop of one kind of step."""
    names = carried(kind, leaves)
    inside = [f"{kind}.{name}" for name in names]
    body = helper.make_graph(
        step.nodes,
        f"{kind}.step",
        [
            helper.make_tensor_value_info(f"{kind}.iteration", TensorProto.INT64, []),
            helper.make_tensor_value_info(f"{kind}.going", TensorProto.BOOL, []),
            *(_value(name) for name in inside),
        ],
        [_value(f"{kind}.{name}.next") for name in ("more", *names)] + [_value(f"{kind}.{name}") for name in RECORD],
    )
    results = [f"{kind}.{name}.last" for name in names] + [f"{kind}.all.{name}" for name in RECORD]
    loop = helper.make_node("Loop", ["room", "yes", "one", *names[1:]], results, body=body)
    found = [f"{kind}.{name}.last" for name in FINISHED] + results[len(names) :]
    return _branch(loop, kind, found)


def _branch(node: onnx.NodeProto, name: str, outputs: list[str]) -> onnx.GraphProto:
    ends = [f"{name}.found.{number}" for number in range(len(outputs))]
    nodes = [node, *(helper.make_node("Identity", [each], [end]) for each, end in zip(outputs, ends, strict=True))]
    return helper.make_graph(nodes, name, [], [_value(end) for end in ends])


TYPES = {
    "live.scores": TensorProto.FLOAT,
    "finished.scores": TensorProto.FLOAT,
    "finished.totals": TensorProto.FLOAT,
    "record.totals": TensorProto.FLOAT,
    "record.weights": TensorProto.FLOAT,
    "more": TensorProto.BOOL,
}


def _value(name: str) -> onnx.ValueInfoProto:
    """A value of unknown shape, its type by its name."""
    parts = [part for part in name.split(".") if part not in (*KINDS, "next", "last", "all")]
    plain = ".".join(parts)
    if parts[0] in ("decoder",):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    if "found" in parts:
        plain = (*FINISHED, *RECORD)[int(parts[-1])]
    return helper.make_tensor_value_info(name, TYPES.get(plain, TensorProto.INT64), None)


def graph_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterable[onnx.NodeProto]:
    """All nodes, those of inner graphs included."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graph_nodes(attribute.g.node)


def _shared(constants: dict[str, onnx.TensorProto], nodes: Iterable[onnx.NodeProto]) -> Iterable[onnx.TensorProto]:
    """The constants, those of equal content once: the nodes are led to the first of them."""
    first: dict[str, str] = {}
    instead = {}
    for name, constant in constants.items():
        digest = hashlib.sha256(
            constant.raw_data + str((constant.data_type, tuple(constant.dims))).encode()
        ).hexdigest()
        instead[name] = first.setdefault(digest, name) if constant.raw_data and len(constant.raw_data) > 64 else name
    used = set()
    for node in nodes:
        for place, name in enumerate(node.input):
            node.input[place] = instead.get(name, name)
            used.add(node.input[place])
    return [constant for name, constant in constants.items() if name in used]
