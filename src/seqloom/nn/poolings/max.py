"""The largest value of each feature over all real positions."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.encoders import Summary
from seqloom.nn.poolings.base import Pooled, Pooling, PoolingConfig
from seqloom.nn.shapes import length_mask


class MaxConfig(PoolingConfig):
    """Settings of the pooling by the maximum; there are none."""

    kind: Literal["max"] = "max"
    """How the vectors of the positions become one."""


class Max(Pooling):
    """m_i = max_s h_{s,i} over the real positions (Collobert et al. 2011, "Natural language processing (almost) from
    scratch", §3.3.2)."""

    def __init__(self, config: MaxConfig, width: int) -> None:
        super().__init__()
        del config
        self.size = width

    def forward(self, values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: Summary | None) -> Pooled:
        """The maximum of each feature of each row."""
        del summary
        real = length_mask(lengths, values.size(1))[:, :, None]
        return Pooled(torch.where(real, values, torch.finfo(values.dtype).min).amax(1), None)
