"""Access to the constants (initializers) of a graph as NumPy arrays, for quantisation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SMALL = 4096
"""Matrices with fewer elements are not quantised: it would save too little."""


class Constants:
    """The constants of a graph by name; new ones can be added."""

    def __init__(self, constants: Iterable[onnx.TensorProto]) -> None:
        self._constants = {constant.name: constant for constant in constants}
        self._arrays: dict[str, NDArray[np.float32]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._constants

    def kept(self, names: set[str]) -> list[onnx.TensorProto]:
        """The constants whose names are in `names`."""
        return [constant for name, constant in self._constants.items() if name in names]

    def add(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """Add a constant, unless one of this name exists, and return the name."""
        if name not in self._constants:
            array = np.ascontiguousarray(value).reshape(np.shape(value))
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def floats(self, name: str) -> NDArray[np.float32] | None:
        """The float32 constant of this name; None if there is none or it has another type."""
        constant = self._constants.get(name)
        if constant is None or constant.data_type != TensorProto.FLOAT:
            return None
        if name not in self._arrays:
            self._arrays[name] = numpy_helper.to_array(constant)
        return self._arrays[name]

    def vector(self, name: str) -> NDArray[np.float32] | None:
        """The float32 constant of this name if it is a vector [N], otherwise None."""
        array = self.floats(name)
        return array if array is not None and array.ndim == 1 else None

    def table(self, name: str) -> NDArray[np.float32] | None:
        """The float32 constant of this name if it is a matrix large enough to quantise, otherwise None."""
        array = self.floats(name)
        return array if array is not None and array.ndim == 2 and array.size >= SMALL else None

    def factor(self, node: onnx.NodeProto) -> NDArray[np.float32] | None:
        """The constant weight matrix [I, O] of a matrix product, or None if the node is no product with one."""
        matrix = self.table(node.input[1]) if plain_product(node) else None
        return matrix.T if matrix is not None and turned(node) else matrix


def plain_product(node: onnx.NodeProto) -> bool:
    """Whether a node computes x · W or x · W + b, without scaling and with x not transposed."""
    if node.op_type not in ("MatMul", "Gemm"):
        return False
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return not given.get("transA") and given.get("alpha", 1) == 1 and given.get("beta", 1) == 1


def turned(node: onnx.NodeProto) -> bool:
    """Whether a product transposes its weight matrix."""
    return any(each.name == "transB" and each.i for each in node.attribute)
