"""Dropout over sequences: fresh at every position, or variational, one mask for the whole sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SequenceDropout(nn.Module):
    """Drops features of [B, L, H] with probability `rate` and scales the rest by 1 / (1 - rate).

    `variational` keeps one mask per sequence over all its positions (Gal & Ghahramani 2016).
    """

    def __init__(self, rate: float, *, variational: bool) -> None:
        super().__init__()
        self.rate, self.variational = rate, variational

    def mask(self, rows: int, length: int, width: int, like: Tensor) -> Tensor | None:
        """Factors [B, L or 1, H] to multiply with; None where nothing is dropped."""
        if not self.training or self.rate == 0:
            return None
        keep = 1 - self.rate
        shape = (rows, 1 if self.variational else length, width)
        # on CPUs uniform numbers, compared, come twice as fast as Bernoulli ones
        return torch.rand(shape, device=like.device).lt_(keep).div_(keep).to(like.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, H] → [B, L, H]."""
        mask = self.mask(x.size(0), x.size(1), x.size(2), x)
        return x if mask is None else x * mask
