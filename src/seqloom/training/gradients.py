"""The gradients of a group of processes, added up once an update."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqloom.training.group import Group


@torch.no_grad()
def add_gradients(group: Group, model: nn.Module, nll: Tensor) -> Tensor:
    """Replace the gradients by their sums over the group; returns the sum of `nll`.

    All lie in one flat buffer and are summed at once; a process that had no rows brings zeros. The sum has the same
    bits in every process, and so has all that follows from it: its norm, the clipping, the weights.
    """
    if group.size == 1:
        return nll
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parts = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]
    flat: Tensor = torch.cat([*(part.flatten() for part in parts), nll.to(parts[0].dtype).reshape(1)])
    group.add_up(flat)
    parts = list(flat[:-1].split([weight.numel() for weight in weights]))
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = part.view_as(weight)
    return flat[-1].to(nll.dtype)
