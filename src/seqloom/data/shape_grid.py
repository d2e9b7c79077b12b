"""Which shapes batches may have. No torch.

On a processor, oneDNN compiles a kernel for every shape of a product or a recurrence that it meets, and keeps it. So
numbers of rows and padded lengths lie on a grid whose steps grow with them: 1 … 8, 10, 12, 14, 16, 20, 24, 28, 32, 40 …
Batches then have few shapes, each of which comes often, at the price of a little padding; and such numbers of rows are
fast, where bfloat16 products with a prime number of rows take three times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 3
"""Numbers on the grid have so many binary digits, and zeros after them."""


def padded_lengths(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """What sequences of these lengths are padded to: the next length on the grid, at most a quarter more."""
    wide = np.asarray(lengths, np.int64)
    zeros = _zeros(wide)
    return ((wide + (1 << zeros) - 1) >> zeros) << zeros


def odd(padded: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether lengths on the grid are its first, third, fifth … number."""
    second: NDArray[np.bool_] = (padded >> _zeros(padded)) % 2 == 1
    return second


def padded_length(length: int) -> int:
    """The same for one length."""
    step = 1 << max(length.bit_length() - DIGITS, 0)
    return -(-length // step) * step


def whole_rows(most: int) -> int:
    """The largest number of rows on the grid that is not above `most`: at most a fifth of them is left for later."""
    step = 1 << max(most.bit_length() - DIGITS, 0)
    return most // step * step


def _zeros(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many binary digits of each number come after the first ones."""
    zeros: NDArray[np.int64] = np.maximum(np.frexp(numbers)[1] - DIGITS, 0).astype(np.int64)
    return zeros
