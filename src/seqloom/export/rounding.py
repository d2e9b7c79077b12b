"""Weights rounded to 8 bits so that their products with 8-bit activations are exact on every processor.

ONNX Runtime multiplies unsigned activations a ≤ 255 with signed weights w, and its kernels for processors without
VNNI (AVX2, AVX-512BW) add two such products, of the rows 2i and 2i + 1, in 16 bits: what leaves them is cut off
without a word. With weights up to 127 that happens, as 2 · 255 · 127 is twice what 16 bits hold. A scale is therefore
chosen from the largest sum of two neighbouring weights of the same sign, not from the largest weight: rounded, such a
sum is at most 127, and 255 · 127 = 32,385 < 2¹⁵. Two weights of unlike signs cannot leave 16 bits, as neither does so
alone.

On processors with VNNI, and on others than x86, the same sums are made in 32 bits: there the rule changes nothing but
the size of a step, which becomes at most about twice as large.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST_SUM = 127
"""What two neighbouring rounded weights of the same sign add up to at most."""
STEPS = LARGEST_SUM - 0.5
"""Steps in the largest sum before rounding, which adds at most half a step to each of its two weights."""
LEAST = 1e-9
"""The least that a column of weights is taken to reach, so that the scale of zeros is above zero."""


def rounded_weights(matrix: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The weights as whole steps, of the matrix's shape, and the scales, which are the sizes of a step.

    Products sum over `axis`: with 0 each column has a scale of its own, with 1 each row; the scales are a vector. A
    weight is at most half a step away from its steps times its scale.
    """
    scale: NDArray[np.float32] = (np.maximum(largest_sums(matrix, axis), LEAST) / STEPS).astype(np.float32)
    return np.round(matrix / scale).astype(np.int8), scale.squeeze(axis)


def largest_sums(matrix: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """The largest size of a weight, or of the sum of weights 2i and 2i + 1 along `axis` of the same sign.

    The axis is kept with length one. A last weight without a neighbour stands alone.
    """
    padded = np.pad(matrix, [(0, matrix.shape[each] % 2 if each == axis else 0) for each in range(matrix.ndim)])
    first, second = (padded.take(range(start, padded.shape[axis], 2), axis) for start in (0, 1))
    above, below = np.maximum(first, 0) + np.maximum(second, 0), np.minimum(first, 0) + np.minimum(second, 0)
    largest: NDArray[np.float32] = np.maximum(above, -below).max(axis, keepdims=True)
    return largest
