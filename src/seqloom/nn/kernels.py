"""How many compiled kernels are kept.

On processors, oneDNN computes recurrences and bfloat16 products by kernels that it compiles for one shape each. Batches
lie on a grid (`seqloom.data.shape_grid`), so that some hundred kernels serve a whole run; one beyond the bound has
not been used for long. oneDNN's own bound is 1,024, whose kernels can take gigabytes.
"""

from __future__ import annotations

import os

NAMES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "DNNL_PRIMITIVE_CACHE_CAPACITY")
CAPACITY = 512


def bound_kernels() -> None:
    """Bound what is kept, unless the user's environment does: oneDNN reads it once, when it first computes."""
    if not any(name in os.environ for name in NAMES):
        os.environ[NAMES[0]] = str(CAPACITY)
