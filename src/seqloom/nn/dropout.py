"""Dropout for sequences: of features, with a new mask at every position or one mask for the whole sequence (variational
dropout), and of whole tokens (word dropout)."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor, nn

from seqloom.text.special import UNK


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


class WordDropout(nn.Module):
    """Replaces each id by the unknown symbol with probability `rate`, in training only; ids below `reserved` stay.

    Iyyer et al. 2015, §3.3, drop words of the input, and Bowman et al. 2016, §3.1, replace words that a decoder has
    written by the unknown symbol.
    """

    def __init__(self, rate: float, reserved: int) -> None:
        super().__init__()
        self.rate, self.reserved = rate, reserved

    def forward(self, ids: Int[Tensor, "B L"]) -> Int[Tensor, "B L"]:
        """Draw anew for each position of [B, L]."""
        if not self.training or self.rate == 0:
            return ids
        dropped = torch.rand(ids.shape, device=ids.device).lt_(self.rate).bool() & (ids >= self.reserved)
        return ids.masked_fill(dropped, UNK)
