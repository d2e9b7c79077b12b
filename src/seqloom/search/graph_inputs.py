"""What an exported graph is asked, by the names of its inputs. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.search.config import SearchConfig


def asked(source: NDArray[np.int64], lengths: NDArray[np.int64], config: SearchConfig) -> dict[str, NDArray[Any]]:
    """Sources [B, S], their lengths [B], and every number of a search, whatever the graph's defaults are."""
    ratio, extra = config.length_limit
    numbers = {"beam": config.beam, **config.numbers(), "max_length_ratio": float(ratio), "max_length_extra": extra}
    return {
        "source": source,
        "source_lengths": lengths,
        **{
            name: np.array(value, np.float32 if isinstance(value, float) else np.int64)
            for name, value in numbers.items()
        },
    }
