"""Upper bounds on the absolute values of a graph's tensors, derived from the graph itself.

Quantisation uses them: where a bound is known, activations are rounded to 8 bits with a fixed scale. Bounds follow from
operators with a bounded range (tanh, σ, softmax), from constants, and from operators that combine bounded values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from seqloom.export.connecting import inner_graphs

SQUASHED = {"Tanh", "Sigmoid", "Softmax"}
"""Operators whose results have absolute values of at most 1."""
SAME = {
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Identity",
    "Transpose",
    "Gather",
    "Split",
    "Slice",
    "Expand",
    "Tile",
    "GatherElements",
}
"""Operators that only move or select elements of their first input, so that its bound also holds for their results."""
RECURRENT = {"LSTM", "GRU", "RNN"}
"""Recurrent operators. Their first two outputs, which hold hidden states, have absolute values of at most 1."""
Rule = Callable[[list[float]], float]
"""Computes the bound of a result from the bounds of the values that it is computed from."""
OF_ALL: dict[str, Rule] = {
    "Mul": lambda bounds: float(np.prod(bounds)),
    "Add": sum,
    "Sub": sum,
    "Concat": max,
}
"""The rule of each operator whose result depends on all of its inputs."""


class Bounds:
    """Finds bounds of a graph's values and remembers those that it has found.

    `constant` returns the float32 constant of a name, or None. Only nodes passed to `learn` or `enter` are known.
    """

    def __init__(self, constant: Callable[[str], NDArray[np.float32] | None]) -> None:
        self._constant = constant
        self._makers: dict[str, onnx.NodeProto] = {}
        self._found: dict[str, float | None] = {}

    def learn(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Register nodes as the producers of their outputs, including the nodes in the branches of `If` nodes."""
        for node in nodes:
            self._makers |= dict.fromkeys(node.output, node)
            if node.op_type == "If":
                for branch in inner_graphs(node):
                    self.learn(branch.node)

    def enter(self, node: onnx.NodeProto) -> None:
        """Register the body of a `Loop` or `Scan` and find bounds of its inputs and of the node's outputs.

        A value that is carried from step to step gets a bound only if one step provably keeps it within this bound.
        """
        (body,) = inner_graphs(node)
        self.learn(body.node)
        begins, inside, ends = (
            list(node.input),
            [value.name for value in body.input],
            [each.name for each in body.output],
        )
        if node.op_type == "Loop":  # the trip count and the condition need no bounds
            begins, inside, ends = begins[2:], inside[2:], ends[1:]
        count = len(inside) - (helper.get_node_attr_value(node, "num_scan_inputs") if node.op_type == "Scan" else 0)
        begun = [self.of(name) for name in begins]
        known = {**self._found, **dict(zip(inside[count:], begun[count:], strict=True))}
        for name, bound, end in zip(inside[:count], begun, ends, strict=False):
            known[name] = self._kept(name, bound, end, known)
        self._found = known
        results = [*inside[:count], *ends[count:]]
        self._found |= {name: self.of(result) for name, result in zip(node.output, results, strict=True)}

    def _kept(self, name: str, bound: float | None, end: str, known: dict[str, float | None]) -> float | None:
        """A bound of a carried value that each step preserves; None if neither of the two candidates is preserved.

        The candidates are the bound of the initial value and the bound of the value after one step.
        """
        for _ in range(2):
            if bound is None:
                return None
            self._found = {**known, name: bound}  # drop bounds that were derived from the other candidate
            ended = self.of(end)
            if ended is not None and ended <= bound:
                return bound
            bound = ended
        return None

    def of(self, name: str) -> float | None:
        """The largest absolute value that an element can have; None where none can be derived from the graph."""
        if name not in self._found:
            self._found[name] = None  # a value that depends on itself has no known bound
            self._found[name] = self._looked_for(name)
        return self._found[name]

    def _looked_for(self, name: str) -> float | None:
        array, node = self._constant(name), self._makers.get(name)
        if array is not None:
            return float(np.abs(array).max(initial=0.0))
        if node is None:
            return None
        kind = node.op_type
        if kind in SQUASHED or (kind in RECURRENT and list(node.output).index(name) < 2):
            return 1.0
        if kind == "ConstantOfShape":
            return float(np.abs(numpy_helper.to_array(node.attribute[0].t)).max()) if node.attribute else 0.0
        parts, rule = self._made_of(name, node)
        if rule is None:
            return None
        bounds = [self.of(part) for part in parts]
        known = [bound for bound in bounds if bound is not None]
        return rule(known) if len(known) == len(bounds) else None

    def _made_of(self, name: str, node: onnx.NodeProto) -> tuple[Sequence[str], Rule | None]:
        """The values that determine the bound of `name`, and the rule that combines their bounds, if there is one."""
        kind = node.op_type
        if kind in SAME:
            return node.input[:1], max
        if kind == "Where" or (kind == "MatMul" and self._is_mean(node.input[0])):
            return node.input[1:], max
        if kind == "If":
            place = list(node.output).index(name)
            return [branch.output[place].name for branch in inner_graphs(node)], max
        mixed = self._mixed(node)
        return (mixed, max) if mixed else (node.input, OF_ALL.get(kind))

    def _mixed(self, node: onnx.NodeProto) -> Sequence[str]:
        """The a and b if `node` computes b + σ(·) ⊙ (a - b), as a GRU does; the result lies between a and b."""
        for base, added in (node.input, node.input[::-1]) if node.op_type == "Add" else ():
            factors = self._inputs("Mul", added)
            for gate, difference in (factors, factors[::-1]) if factors else ():
                between = self._inputs("Sub", difference)
                if self._inputs("Sigmoid", gate) and between and between[1] == base:
                    return between
        return ()

    def _inputs(self, kind: str, name: str) -> Sequence[str]:
        """The inputs of the node that produces the value if it is of this kind, otherwise nothing."""
        node = self._makers.get(name)
        return node.input if node is not None and node.op_type == kind else ()

    def _is_mean(self, name: str) -> bool:
        """Whether each row holds weights that sum to one, as after a softmax, so that a product with it is a mean."""
        node = self._makers.get(name)
        if node is None or node.op_type not in (*SAME, "Softmax"):
            return False
        return node.op_type == "Softmax" or self._is_mean(node.input[0])
