"""Assembly of the traced pieces to one ONNX graph, from sources and settings to finished hypotheses.

    begin ─→ Loop: advance ─→ If greedy, one sentence ─→ alone ──────┐
                                   └─→ If greedy ─→ greedy ──────────┤
                                           └─→ If rules ─→ ruled ────┼─→ the states of remaining rows ─→ end
                                                      └─→ beam ──────┘

A graph that can be given a shortlist has four more branches, one for each kind of search.

Each weight is stored once, in the outermost graph. ONNX Runtime prepacks a weight for matrix products only where it is
read by the outermost graph or by a graph directly inside it. The model's step therefore stands in the body of the loop
itself and never in a branch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from seqloom.export.connecting import (
    CHOSEN,
    FINISHED,
    KINDS,
    OUTPUTS,
    RECORD,
    SEARCHED,
    Piece,
    drop_unread,
    graph_nodes,
    untold,
)
from seqloom.export.loop_invariants import Axis, hoisted
from seqloom.export.shapes import INFERRED, infer_lengths
from seqloom.export.to_onnx import OPSET

IR = 10
"""Version of the ONNX file format."""


def assemble(
    pieces: dict[str, Piece], settings: dict[str, np.ndarray], decoder: Sequence[str], vocabulary: str
) -> onnx.ModelProto:
    """The complete graph.

    `settings` are the inputs with default values; `decoder` names the tensors of the decoder's state, and `vocabulary`
    a weight with one entry for each target symbol.
    """
    constants = {name: constant for each in pieces.values() for name, constant in each.constants.items()}
    for name, value in {"yes": np.array(True), "zero": np.array(0), "one": np.array(1)}.items():
        constants[name] = numpy_helper.from_array(value, name)
    constants[INFERRED.name] = INFERRED
    inputs = [
        helper.make_tensor_value_info("source", TensorProto.INT64, ["B", "S"]),
        helper.make_tensor_value_info("source_lengths", TensorProto.INT64, ["B"]),
    ]
    shapes = {"prefix": ["P", "L"], "prefix_lengths": ["P"], "words": ["W"], "open": ["O", "W"]}
    for name, value in settings.items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        inputs.append(helper.make_tensor_value_info(name, kind, shapes.get(name, [])))
        constants[name] = numpy_helper.from_array(value, name)
    listed = [*_listed(), *pieces["shortlist"].nodes] if "shortlist" in pieces else []
    nodes = [
        *_asked(),
        *pieces["begin"].nodes,
        *listed,
        *_loop(pieces, decoder, constants, vocabulary),
        *pieces["end"].nodes,
    ]
    graph = helper.make_graph(
        nodes,
        "seqloom",
        inputs,
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in OUTPUTS.items()],
        list(shared_constants(constants, settings, graph_nodes(nodes))),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="seqloom")
    model.ir_version = IR
    return model


def _asked() -> list[onnx.NodeProto]:
    """Nodes that decide which kind of search the inputs ask for.

    They yield three flags: `ruled` (some rule is set), `single` (greedy search) and `alone` (greedy search for a single
    sentence).
    """
    return [
        helper.make_node("ReduceMax", ["prefix_lengths"], ["longest_prefix"], keepdims=0),
        helper.make_node("Add", ["longest_prefix", "min_length"], ["some_length"]),
        helper.make_node("Add", ["some_length", "no_repeat_ngram"], ["some_rule"]),
        helper.make_node("Greater", ["some_rule", "zero"], ["ruled"]),
        helper.make_node("Cast", ["ruled"], ["rules"], to=TensorProto.INT64),
        helper.make_node("Add", ["some_rule", "exhaustive"], ["some_wish"]),
        helper.make_node("Add", ["some_wish", "beam"], ["wishes"]),
        helper.make_node("Equal", ["wishes", "one"], ["single"]),
        helper.make_node("Size", ["source_lengths"], ["sentences"]),
        helper.make_node("Equal", ["sentences", "one"], ["sentence"]),
        helper.make_node("And", ["single", "sentence"], ["alone"]),
    ]


def _listed() -> list[onnx.NodeProto]:
    """Nodes that decide whether the search is limited to a shortlist.

    They yield two flags, `short` (a shortlist is given) and `sole` (none is given, and the search is `alone`), and
    `compared`, the largest number of rows that are scored against the whole vocabulary.
    """
    return [
        helper.make_node("Size", ["words"], ["listed"]),
        helper.make_node("Greater", ["listed", "zero"], ["short"]),
        helper.make_node("Not", ["short"], ["long"]),
        helper.make_node("And", ["alone", "long"], ["sole"]),
        helper.make_node("Cast", ["long"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Mul", ["sentences", "beam"], ["most"]),
        helper.make_node("Mul", ["most", "whole"], ["compared"]),
    ]


def _loop(
    pieces: dict[str, Piece], decoder: Sequence[str], constants: Mapping[str, TensorProto], vocabulary: str
) -> list[onnx.NodeProto]:
    """The loop over the steps of the search, preceded by the nodes whose results are the same in every step."""
    carried = ["position", "numbers", *SEARCHED, *decoder]
    nodes = [
        *pieces["advance"].nodes,
        *_chosen(pieces),
        helper.make_node("Add", ["step.position", "one"], ["next.position"]),
        *(helper.make_node("Gather", [f"advanced.{leaf}", "next.rows"], [f"next.{leaf}"]) for leaf in decoder),
    ]
    body = helper.make_graph(
        nodes,
        "step",
        [
            helper.make_tensor_value_info("step.iteration", TensorProto.INT64, []),
            helper.make_tensor_value_info("step.going", TensorProto.BOOL, []),
            *(_value(f"step.{name}") for name in carried),
        ],
        [_value(f"next.{name}") for name in ("more", *carried, *RECORD)],
    )
    results = [f"search.{name}" for name in (*carried, *RECORD)]
    lengths = _lengths(pieces, decoder, constants, vocabulary)
    before = hoisted(body, lengths)
    infer_lengths(body, constants)
    before += hoisted(body, lengths)
    return [*before, helper.make_node("Loop", ["room", "yes", "one", *carried[1:]], results, body=body)]


def _lengths(
    pieces: dict[str, Piece], decoder: Sequence[str], constants: Mapping[str, TensorProto], vocabulary: str
) -> dict[Axis, Axis]:
    """For axes whose length stays the same in all steps, an axis of the same length outside of the loop.

    Axes of sentences are not among them, since sentences leave the search.
    """
    same = {f"step.{name}": name for name in (*SEARCHED, *decoder)}
    lengths: dict[Axis, Axis] = {("step.weights", 2): ("source", 1)}
    for kind in pieces.keys() & {f"{prefix}{kind}" for prefix in ("", "listed.") for kind in KINDS}:
        same |= {f"{kind}.present.{name}": name for name in FINISHED}
        same |= {f"{kind}.searched.{name}": name for name in SEARCHED}
        same[f"{kind}.searched.places"] = "live.scores"
        words = "words" if kind.startswith("listed.") else vocabulary
        lengths[f"{kind}.log_probs", 1] = "live.scores", 1
        if words == "words" or words in constants:  # the tracer may have merged it with an equal constant
            lengths[f"{kind}.log_probs", 2] = words, 0
    return lengths | {(inside, axis): (outside, axis) for inside, outside in same.items() for axis in (1, 2)}


_Branch = tuple[list[onnx.NodeProto], list[str]]
"""The nodes of a branch, and the names that its values of `CHOSEN` have."""


def _chosen(pieces: dict[str, Piece]) -> list[onnx.NodeProto]:
    """Nested `If` nodes that run one step of the kind of search that the inputs ask for."""
    alone, rest = _leaf(pieces, "alone"), _several(pieces, "")
    if "shortlist" not in pieces:
        return _either("alone", "next", alone, rest)[0]
    listed = _either("alone", "listed", _leaf(pieces, "listed.alone"), _several(pieces, "listed."))
    return _either("sole", "next", alone, _either("short", "either", listed, rest))[0]


def _leaf(pieces: dict[str, Piece], kind: str) -> _Branch:
    return pieces[kind].nodes, [f"{kind}.{name}" for name in CHOSEN]


def _several(pieces: dict[str, Piece], prefix: str) -> _Branch:
    """The choice between all kinds of search except greedy search for a single sentence."""
    greedy, ruled, beam = (_leaf(pieces, f"{prefix}{kind}") for kind in ("greedy", "ruled", "beam"))
    return _either("single", f"{prefix}several", greedy, _either("ruled", f"{prefix}wide", ruled, beam))


def _either(condition: str, name: str, yes: _Branch, no: _Branch) -> _Branch:
    """An `If` node that runs `yes` where `condition` holds and `no` elsewhere; its results are called `name.…`."""
    results = [f"{name}.{each}" for each in CHOSEN]
    graphs = [
        helper.make_graph(nodes, f"{name}.{number}", [], [_value(each) for each in found])
        for number, (nodes, found) in enumerate((yes, no))
    ]
    for each in graphs:
        drop_unread(each)
    return [helper.make_node("If", [condition], results, then_branch=graphs[0], else_branch=graphs[1])], results


def _value(name: str) -> onnx.ValueInfoProto:
    """The declaration of a value of unknown shape, whose element type follows from its name."""
    if name.endswith(".more"):
        return untold(name, TensorProto.BOOL)
    numbers = ".decoder." in name or name.endswith(("scores", "totals", "bar", "weights"))
    return untold(name, TensorProto.FLOAT if numbers else TensorProto.INT64)


def shared_constants(
    constants: dict[str, onnx.TensorProto], inputs: Container[str], nodes: Iterable[onnx.NodeProto]
) -> Iterable[onnx.TensorProto]:
    """The constants that are used, each content stored once; nodes are changed to read the one that is stored.

    Default values of inputs are never merged with others. Nodes that compute the same from the same inputs are not
    merged here, because ONNX Runtime does so when it loads a graph.
    """
    first: dict[str, str] = {}
    instead = {}
    for name, constant in constants.items():
        content = hashlib.sha256(numpy_helper.to_array(constant).tobytes())
        content.update(str((constant.data_type, tuple(constant.dims))).encode())
        instead[name] = name if name in inputs else first.setdefault(content.hexdigest(), name)
    used = set()
    for node in nodes:
        for place, name in enumerate(node.input):
            node.input[place] = instead.get(name, name)
            used.add(node.input[place])
    return [constant for name, constant in constants.items() if name in used]
