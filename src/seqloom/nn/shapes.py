"""The letters used in shapes, the meaning of masks, and functions for sequences of different lengths.

    B batch   S source positions   T target positions   N rows (B × K)   K beam
    I input   H hidden   E embedding   Q query   A attention   R readout features   V vocabulary

A mask is True where a token is real and False on padding, here and everywhere.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor


def length_mask(lengths: Int[Tensor, " B"], size: int) -> Bool[Tensor, "B S"]:
    """The mask of real positions: `mask[b, s] = s < lengths[b]`."""
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]


def reverse_by_length(x: Shaped[Tensor, "B S ..."], lengths: Int[Tensor, " B"]) -> Shaped[Tensor, "B S ..."]:
    """Reverse the real positions of each row; padding stays in its place. Applied twice, it restores the input."""
    positions = torch.arange(x.size(1), device=x.device)[None, :]
    mirrored = lengths[:, None] - 1 - positions
    index = torch.where(mirrored >= 0, mirrored, positions)  # [B, S]
    index = index.reshape(*index.shape, *(1,) * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
    return x.gather(1, index)


def last_by_length(x: Shaped[Tensor, "B S H"], lengths: Int[Tensor, " B"]) -> Shaped[Tensor, "B H"]:
    """Select the last real position of each row."""
    index = (lengths - 1)[:, None, None].expand(-1, 1, x.size(2))
    return x.gather(1, index).squeeze(1)


def mean_by_length(x: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B H"]:
    """The mean over the real positions of each row; zeros for a row without any."""
    real = length_mask(lengths, x.size(1))[:, :, None]
    return torch.where(real, x, 0.0).sum(1) / lengths.clamp_min(1)[:, None].to(x.dtype)
