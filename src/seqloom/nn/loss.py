"""Cross-entropy with label smoothing, computed from the readout's features without storing all logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

ROWS = {"cpu": 128}  # rows of logits that exist at a time: 128 × 8,000 float32 are 4 MB, which fit into the cache
MANY_ROWS = 2048  # on GPUs, which need more work at once
WHOLE = 32  # the last block is padded to a multiple of this many rows, because oneDNN compiles a kernel for each number

Sums = tuple[Tensor, tuple[Tensor, ...]]
"""[loss, negative log-likelihood] in float32 and, if they were wanted, the gradients of features, weight and bias."""
Kernel = Callable[[Tensor, Tensor, Tensor, Tensor, bool], Sums]
"""Computes the sums from features, weight, bias and targets; the last argument says whether gradients are wanted."""


def cross_entropy(
    features: Float[Tensor, "N R"],
    weight: Float[Tensor, "V R"],
    bias: Float[Tensor, " V"],
    targets: Int[Tensor, " N"],
    smoothing: float = 0.0,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the smoothed loss and the plain negative log-likelihood (without gradient), in nats, summed over rows.

        loss = -Σ_n [(1 - ε) log p(y_n) + ε/V Σ_v log p(v)]      p = softmax(W h + b)

    (Szegedy et al. 2016, §7.) Softmax, loss and gradients are computed block by block in one pass, so that the logits
    of a batch never exist all at once: ∂loss/∂logits = p - (1 - ε) onehot(y) - ε/V.
    """
    return fused(partial(_blocks, smoothing), features, weight, bias, targets)


def fused(kernel: Kernel, features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss and the plain negative log-likelihood that `kernel` sums, with the gradients that it computes."""
    loss: tuple[Tensor, Tensor] = _FusedLoss.apply(features, weight, bias, targets, kernel, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return loss


class _FusedLoss(torch.autograd.Function):
    """Computes gradients in the forward pass, where the probabilities are known; the backward pass only scales them."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, kernel: Kernel, training: bool
    ) -> tuple[Tensor, Tensor]:
        device = features.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else features.dtype
        wanted = training and any(ctx.needs_input_grad)
        with torch.autocast(device, enabled=False):
            sums, gradients = kernel(features.to(dtype), weight.to(dtype), bias, targets, wanted)
        if wanted:
            ctx.save_for_backward(*gradients)
            ctx.dtypes = features.dtype, weight.dtype
        loss, nll = sums[0].clone(), sums[1].clone()
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        features, weight, bias = ctx.saved_tensors
        # these tensors are used only once, so that they can be scaled in place
        return (
            features.mul_(scale).to(ctx.dtypes[0]),
            weight.mul_(scale).to(ctx.dtypes[1]),
            bias.mul_(scale),
            None,
            None,
            None,
        )


def _blocks(smoothing: float, features: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, wanted: bool) -> Sums:
    """Return the sums of the smoothed cross-entropy and, if `wanted`, the gradients of features, weight and bias.

    With e = exp(logits - max) and z = Σ e, the probabilities p = e / z are never computed. Instead, 1/z is applied to
    the smaller factors and results of the products, and the term ε/V of every word is subtracted from the results, so
    that there are few passes over the [n, V] block itself.
    """
    sums = torch.zeros(2, dtype=torch.float32, device=features.device)
    by_features: list[Tensor] = []
    by_weight = torch.zeros_like(weight, dtype=torch.float32) if wanted else weight
    by_bias = torch.zeros_like(bias, dtype=torch.float32) if wanted else bias
    for h, y, real in _filled(features, targets):
        logits = F.linear(h, weight).float().add_(bias)  # faster than a product that also adds the bias
        top = logits.amax(1, keepdim=True)
        chosen = logits.gather(1, y[:, None]) - top
        mean = logits.mean(1, keepdim=True) - top if smoothing else chosen
        e = logits.sub_(top).exp_()
        z = e.sum(1, keepdim=True)
        likelihood, smooth = (chosen - z.log())[:real].sum(), (mean - z.log())[:real].sum()
        sums -= torch.stack([(1 - smoothing) * likelihood + smoothing * smooth, likelihood])
        if wanted:
            e.scatter_add_(1, y[:, None], (smoothing - 1) * z)  # z ∂loss/∂logits without the constant term ε/V
            e[real:] = 0
            by_bias.addmv_(e.t(), 1 / z[:, 0])
            e, scaled = e.to(weight.dtype), (h / z).to(weight.dtype)
            by_features.append(((e @ weight) / z)[:real].to(weight.dtype))
            by_weight.addmm_(e.t(), scaled) if e.dtype == torch.float32 else by_weight.add_(e.t() @ scaled)
    if not wanted:
        return sums, ()
    share = smoothing / weight.size(0)
    if share:
        by_weight -= share * features.sum(0, dtype=torch.float32)
        by_bias -= share * len(features)
    by_all = torch.cat(by_features)
    return sums, (by_all - share * weight.sum(0) if share else by_all, by_weight, by_bias)


def _filled(features: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Blocks of features and targets with their numbers of real rows; the last block is padded with zeros."""
    rows = ROWS.get(features.device.type, MANY_ROWS)
    for h, y in zip(features.split(rows), targets.split(rows), strict=True):
        missing = -len(h) % WHOLE
        yield (F.pad(h, (0, 0, 0, missing)), F.pad(y, (0, missing)), len(h)) if missing else (h, y, len(h))
