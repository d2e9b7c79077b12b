"""Averages of weights: the exponential moving average during training, and the mean of several sets of weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor, nn

from seqloom.checkpoint.tensors import distinct_tensors

Weights = dict[str, Tensor]


def snapshot(model: nn.Module) -> Weights:
    """Return a copy of a module's weights."""
    return {name: tensor.clone() for name, tensor in distinct_tensors(model).items()}


@torch.no_grad()
def ema_update(average: Weights, model: nn.Module, decay: float, step: int) -> None:
    """Update the exponential moving average in place: a ← d·a + (1 − d)·w.

    d is `decay`, or (1 + step) / (10 + step) where that is smaller, so that the initial weights are soon forgotten.
    """
    weights = distinct_tensors(model)
    smooth = [name for name in average if average[name].is_floating_point()]
    share = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_([average[name] for name in smooth], [weights[name] for name in smooth], share)
    for name in average.keys() - set(smooth):
        average[name].copy_(weights[name])


def averaged(members: Iterable[Mapping[str, Tensor]]) -> Weights:
    """Return the mean of several sets of weights, summed in float64; integer tensors are taken from the first set."""
    first, *others = members
    result = {}
    for name, tensor in first.items():
        if not tensor.is_floating_point():
            result[name] = tensor.clone()
            continue
        total = tensor.to(torch.float64)
        for other in others:
            total = total + other[name]
        result[name] = (total / (1 + len(others))).to(tensor.dtype)
    return result


@contextlib.contextmanager
def using(model: nn.Module, weights: Weights | None) -> Iterator[None]:
    """Give `weights` to the model within the context (None: leave its own), and restore its own exactly afterwards."""
    if weights is None:
        yield
        return
    own = snapshot(model)
    try:
        put(model, weights)
        yield
    finally:
        put(model, own)


@torch.no_grad()
def put(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Overwrite the model's weights in place."""
    for name, tensor in distinct_tensors(model).items():
        tensor.copy_(weights[name])
