"""The last vector: what an encoder holds when it has read the whole source."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.bridge import source_vector
from seqloom.nn.encoders import Summary
from seqloom.nn.poolings.base import Pooled, Pooling, PoolingConfig
from seqloom.nn.shapes import last_by_length


class LastConfig(PoolingConfig):
    """Settings of the pooling that takes the last vector; there are none."""

    kind: Literal["last"] = "last"
    """How the vectors of the positions become one."""


class Last(Pooling):
    """The final output of the top layer, both directions side by side, each of which has then read the whole source.

    Of an encoder without final states it is the vector of the last real position, which is the end mark's.
    """

    def __init__(self, config: LastConfig, width: int) -> None:
        super().__init__()
        del config
        self.size = width

    def forward(self, values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: Summary | None) -> Pooled:
        """The last vector of each row."""
        last = last_by_length(values, lengths) if summary is None else source_vector(values, lengths, summary)
        return Pooled(last, None)
