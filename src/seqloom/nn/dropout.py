"""Dropout for sequences: a new mask at every position, or one mask for the whole sequence (variational dropout)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SequenceDropout(nn.Module):
    """Sets features of [B, L, H] to 0 with probability `rate` and multiplies the others by 1 / (1 - rate).

    With `variational`, all positions of a sequence share one mask (Gal & Ghahramani 2016).
    """

    def __init__(self, rate: float, *, variational: bool) -> None:
        super().__init__()
        self.rate, self.variational = rate, variational

    def mask(self, rows: int, length: int, width: int, like: Tensor) -> Tensor | None:
        """The factors [B, L or 1, H] of the features; None if nothing is dropped, as in evaluation mode."""
        if not self.training or self.rate == 0:
            return None
        keep = 1 - self.rate
        shape = (rows, 1 if self.variational else length, width)
        # on CPUs this is twice as fast as drawing from a Bernoulli distribution
        return torch.rand(shape, device=like.device).lt_(keep).div_(keep).to(like.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Apply a new mask to [B, L, H]."""
        mask = self.mask(x.size(0), x.size(1), x.size(2), x)
        return x if mask is None else x * mask
