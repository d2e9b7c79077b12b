"""Shares of the members of an ensemble in a mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def scaled_shares(members: int, given: Sequence[float] | None) -> tuple[float, ...]:
    """The shares of so many members, scaled to sum to 1; equal ones where none are given.

    Raises `ValueError` unless there are members, and for each a positive number.
    """
    shares = [1.0] * members if given is None else list(given)
    if not members or len(shares) != members:
        raise ValueError(f"an ensemble needs members, and one share for each, not {members} and {len(shares)}")
    if not all(math.isfinite(share) and share > 0 for share in shares):
        raise ValueError(f"the shares of an ensemble must be positive numbers, not {shares}")
    return tuple(share / math.fsum(shares) for share in shares)


def mean(shares: Sequence[float], values: Sequence[Tensor]) -> Tensor:
    """Σ_i w_i v_i of tensors that have one shape."""
    return torch.stack([share * each for share, each in zip(shares, values, strict=True)]).sum(0)


def attended(shares: Sequence[float], weights: Sequence[Tensor | None]) -> Tensor | None:
    """The mean attention weights [… S] of the members that have some, by their shares among these; None where no member
    has any."""
    looked = [(share, each) for share, each in zip(shares, weights, strict=True) if each is not None]
    total = math.fsum(share for share, _ in looked)
    return mean([share / total for share, _ in looked], [each for _, each in looked]) if looked else None
