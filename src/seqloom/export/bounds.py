"""How large the numbers of a value in a graph can be, read off the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx
from numpy.typing import NDArray

SQUASHED = {"Tanh", "Sigmoid", "Softmax"}
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
"""Operators whose results are some of their first argument's numbers."""
RECURRENT = {"LSTM", "GRU", "RNN"}
OF_ALL: dict[str, Callable[[list[float]], float]] = {
    "Mul": lambda bounds: float(np.prod(bounds)),
    "Add": sum,
    "Sub": sum,
    "Concat": max,
    "Where": max,
}


class Bounds:
    """Bounds of the values whose makers were made known, and of constants."""

    def __init__(self, constant: Callable[[str], NDArray[np.float32] | None]) -> None:
        self._constant = constant
        self._makers: dict[str, onnx.NodeProto] = {}
        self._found: dict[str, float | None] = {}

    def learn(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """These nodes make their outputs."""
        self._makers |= {name: node for node in nodes for name in node.output}

    def carry(self, loop: onnx.NodeProto) -> None:
        """What a loop hands on is bounded by how it begins, where a step keeps within that bound."""
        body = next(attribute.g for attribute in loop.attribute if attribute.name == "body")
        self.learn(body.node)
        handed = [value.name for value in body.output][1:]
        for value, start, end in zip(list(body.input)[2:], loop.input[2:], handed, strict=False):
            known = dict(self._found)
            begun = self._found[value.name] = self.of(start)
            ended = None if begun is None else self.of(end)
            if begun is None or ended is None or ended > begun:
                self._found = {**known, value.name: None}  # what followed from the guess is forgotten

    def of(self, name: str) -> float | None:
        """The largest absolute number there can be; None where the graph does not show it."""
        if name not in self._found:
            self._found[name] = None  # of a value that depends on itself nothing is known
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
        mean = kind == "MatMul" and self._is_mean(node.input[0])
        if mean or kind in SAME:
            return self.of(node.input[1 if mean else 0])
        bounds = [self.of(part) for part in (node.input[1:] if kind == "Where" else node.input)]
        known = [bound for bound in bounds if bound is not None]
        return OF_ALL[kind](known) if kind in OF_ALL and len(known) == len(bounds) else None

    def _is_mean(self, name: str) -> bool:
        """Whether the rows are weights that sum to one."""
        node = self._makers.get(name)
        if node is None or node.op_type not in (*SAME, "Softmax"):
            return False
        return node.op_type == "Softmax" or self._is_mean(node.input[0])
