"""Names and values of the inputs of an exported graph. This module does not need torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.search.config import SearchConfig


def asked(source: NDArray[np.int64], lengths: NDArray[np.int64], config: SearchConfig) -> dict[str, NDArray[Any]]:
    """The inputs for sources [B, S] of the given lengths [B]; all settings are included, so that no default is used."""
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
