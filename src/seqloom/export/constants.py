"""The constants of a graph, read as arrays and added to."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SMALL = 4096
"""Matrices of fewer numbers stay as they are."""


class Constants:
    """Constants by name."""

    def __init__(self, constants: Iterable[onnx.TensorProto]) -> None:
        self._constants = {constant.name: constant for constant in constants}
        self._arrays: dict[str, NDArray[np.float32]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._constants

    def kept(self, names: set[str]) -> list[onnx.TensorProto]:
        """Those of these names."""
        return [constant for name, constant in self._constants.items() if name in names]

    def add(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """Keeps a value under a name unless that name is there."""
        if name not in self._constants:
            array = np.ascontiguousarray(value).reshape(np.shape(value))
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def floats(self, name: str) -> NDArray[np.float32] | None:
        """A constant of float32 numbers."""
        constant = self._constants.get(name)
        if constant is None or constant.data_type != TensorProto.FLOAT:
            return None
        if name not in self._arrays:
            self._arrays[name] = numpy_helper.to_array(constant)
        return self._arrays[name]

    def vector(self, name: str) -> NDArray[np.float32] | None:
        """A constant [N]."""
        array = self.floats(name)
        return array if array is not None and array.ndim == 1 else None

    def table(self, name: str) -> NDArray[np.float32] | None:
        """A constant matrix that is worth rounding."""
        array = self.floats(name)
        return array if array is not None and array.ndim == 2 and array.size >= SMALL else None

    def factor(self, node: onnx.NodeProto) -> NDArray[np.float32] | None:
        """The constant [I, O] that a product multiplies with."""
        matrix = self.table(node.input[1]) if plain_product(node) else None
        return matrix.T if matrix is not None and turned(node) else matrix


def plain_product(node: onnx.NodeProto) -> bool:
    """Whether a node is x · W or x · W + b."""
    if node.op_type not in ("MatMul", "Gemm"):
        return False
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return not given.get("transA") and given.get("alpha", 1) == 1 and given.get("beta", 1) == 1


def turned(node: onnx.NodeProto) -> bool:
    """Whether a product takes its matrix transposed."""
    return any(each.name == "transB" and each.i for each in node.attribute)
