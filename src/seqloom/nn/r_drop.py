"""R-Drop: two passes with different dropout are taught the targets, and to agree with each other.

    L = -log P1(y) - log P2(y) + α ½ [KL(P1 ‖ P2) + KL(P2 ‖ P1)]

for every target symbol y (Liang et al. 2021, eq. 1-4), where P1 and P2 are what the same network predicts with two
dropout masks. Half of it is returned, the mean over the two passes, so that it is as large as the loss of one pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.loss import MANY_ROWS, ROWS, WHOLE, Sums, fused


def r_drop(
    features: Float[Tensor, "2 N R"],
    weight: Float[Tensor, "V R"],
    bias: Float[Tensor, " V"],
    targets: Int[Tensor, " N"],
    smoothing: float,
    alpha: float,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return half the loss above and the mean negative log-likelihood of both passes (without gradient), in nats,
    summed over rows.

    `features` are those of the first pass and of the second. The likelihoods are label-smoothed as in `cross_entropy`.
    As there, loss and gradients are computed block by block, so that the logits of a batch never exist all at once.
    """
    return fused(partial(_blocks, smoothing, alpha), features, weight, bias, targets)


def _blocks(
    smoothing: float,
    alpha: float,
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    targets: Tensor,
    wanted: bool,
) -> Sums:
    """Return the sums and, if `wanted`, the gradients of features, weight and bias.

    With d = log p1 - log p2, the gradient of ½ [KL(P1 ‖ P2) + KL(P2 ‖ P1)] by the first pass's logits is
    ½ [p1 (d - KL(P1 ‖ P2)) + p1 - p2], and by the second's the same with the passes exchanged.
    """
    sums = torch.zeros(2, dtype=torch.float32, device=features.device)
    by_features: list[Tensor] = []
    by_weight = torch.zeros_like(weight, dtype=torch.float32) if wanted else weight
    by_bias = torch.zeros_like(bias, dtype=torch.float32) if wanted else bias
    share = smoothing / weight.size(0)
    for h, y, real in _filled(features, targets):  # [2, n, R], [n]
        log_p = torch.log_softmax(F.linear(h, weight).float().add_(bias), 2)
        target = y.expand(2, -1)[:, :, None]
        likelihood = log_p.gather(2, target)[:, :real].sum()
        smooth = log_p.mean(2)[:, :real].sum() if smoothing else likelihood
        p, d = log_p.exp(), log_p[0] - log_p[1]
        kl = torch.stack([(p[0] * d).sum(1), -(p[1] * d).sum(1)])  # KL(P1 ‖ P2) and KL(P2 ‖ P1)
        sums -= torch.stack(
            [(1 - smoothing) * likelihood + smoothing * smooth - alpha / 2 * kl[:, :real].sum(), likelihood]
        )
        if wanted:
            half = alpha / 2
            g = (
                torch.stack([d, -d])
                .mul_(half)
                .add_(1 + half * (1 - kl[:, :, None]))
                .mul_(p)
                .sub_(p.flip(0), alpha=half)
            )
            g.scatter_add_(2, target, g.new_full(target.shape, smoothing - 1)).sub_(share)
            g[:, real:] = 0
            by_bias += g.sum((0, 1))
            g = g.to(weight.dtype)
            by_features.append((g @ weight)[:, :real])
            by_weight += g.flatten(0, 1).t() @ h.flatten(0, 1)
    sums /= 2
    if not wanted:
        return sums, ()
    return sums, (torch.cat(by_features, 1) / 2, by_weight / 2, by_bias / 2)


def _filled(features: Float[Tensor, "2 N R"], targets: Tensor) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Blocks of both passes' features and of targets with their numbers of real rows; the last block is padded."""
    rows = ROWS.get(features.device.type, MANY_ROWS) // 2
    for h, y in zip(features.split(rows, 1), targets.split(rows), strict=True):
        missing = -len(y) % (WHOLE // 2)
        yield (F.pad(h, (0, 0, 0, missing)), F.pad(y, (0, missing)), len(y)) if missing else (h, y, len(y))
