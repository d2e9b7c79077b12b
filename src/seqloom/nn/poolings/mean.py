"""The mean of the vectors of all real positions."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.encoders import Summary
from seqloom.nn.poolings.base import Pooled, Pooling, PoolingConfig
from seqloom.nn.shapes import mean_by_length


class MeanConfig(PoolingConfig):
    """Settings of the pooling by the mean; there are none."""

    kind: Literal["mean"] = "mean"
    """How the vectors of the positions become one."""


class Mean(Pooling):
    """m = 1/n Σ_s h_s over the n real positions."""

    def __init__(self, config: MeanConfig, width: int) -> None:
        super().__init__()
        del config
        self.size = width

    def forward(self, values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: Summary | None) -> Pooled:
        """The mean of each row."""
        del summary
        return Pooled(mean_by_length(values, lengths), None)
