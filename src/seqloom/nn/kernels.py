"""A limit on the number of compiled oneDNN kernels that are kept in memory.

On CPUs, oneDNN computes recurrences and bfloat16 products with kernels, each of which it compiles for a single shape.
Shapes of batches are rounded to a grid (`seqloom.data.shape_grid`), so that a few hundred kernels suffice for a run;
beyond the limit, the least recently used kernel is dropped. oneDNN's default limit of 1,024 kernels can take gigabytes.
"""

from __future__ import annotations

import os

NAMES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "DNNL_PRIMITIVE_CACHE_CAPACITY")
CAPACITY = 512
"""Number of kernels that are kept."""


def bound_kernels() -> None:
    """Set the limit, unless the user's environment sets one; oneDNN reads it once, at its first computation."""
    if not any(name in os.environ for name in NAMES):
        os.environ[NAMES[0]] = str(CAPACITY)
