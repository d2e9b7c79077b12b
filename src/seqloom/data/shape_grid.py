"""The grid of shapes that batches may have. Does not need PyTorch.

On a processor, oneDNN compiles and keeps a kernel for every shape of a product or a recurrence that it meets. Therefore
the number of rows in a batch and its padded lengths are taken from a grid whose steps grow with the numbers:
1 … 8, 10, 12, 14, 16, 20, 24, 28, 32, 40 … Batches then have few different shapes, at the price of a little padding.
These numbers of rows are also fast: bfloat16 products with a prime number of rows take three times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 3
"""A number on the grid has at most this many significant binary digits; the others are zero."""


def padded_lengths(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Round lengths up to the next length on the grid, which is at most a quarter larger."""
    wide = np.asarray(lengths, np.int64)
    zeros = _zeros(wide)
    return ((wide + (1 << zeros) - 1) >> zeros) << zeros


def odd(padded: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each length is one of the first, third, fifth … numbers on the grid."""
    second: NDArray[np.bool_] = (padded >> _zeros(padded)) % 2 == 1
    return second


def padded_length(length: int) -> int:
    """Round one length up to the next length on the grid, like `padded_lengths`."""
    step = 1 << max(length.bit_length() - DIGITS, 0)
    return -(-length // step) * step


def whole_rows(most: int) -> int:
    """The largest number of rows on the grid that is not above `most`; it is at least four fifths of it."""
    step = 1 << max(most.bit_length() - DIGITS, 0)
    return most // step * step


def _zeros(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of binary digits of each number after the first `DIGITS` ones."""
    zeros: NDArray[np.int64] = np.maximum(np.frexp(numbers)[1] - DIGITS, 0).astype(np.int64)
    return zeros
