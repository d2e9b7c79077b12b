"""Hypotheses of different lengths made comparable, and the best continuations of a beam."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.config import SearchConfig

BLOCK = 64
FEW = 16_384
"""Numbers among which the best are selected in one round."""


def penalty(length: int, config: SearchConfig) -> float:
    """What the log-probability of `length` tokens, end mark included, is divided by."""
    if config.length_penalty == "none":
        return 1.0
    base = float(length) if config.length_penalty == "average" else (5 + length) / 6
    return float(base**config.alpha)


def best_possible(
    log_probs: Float[Tensor, " B"], length: int, longest: Int[Tensor, " B"], config: SearchConfig
) -> Float[Tensor, " B"]:
    """An upper bound on the final score of unfinished hypotheses of `length` tokens: no further token costs anything.

    Log-probabilities are negative, so the largest divisor is the best one.
    """
    if config.length_penalty == "none":
        return log_probs
    base = (longest.clamp_min(length) + 1).to(log_probs.dtype)
    if config.length_penalty == "gnmt":
        base = (5 + base) / 6
    return log_probs / base**config.alpha


def best_continuations(
    scores: Float[Tensor, "B K"], log_probs: Float[Tensor, "B K V"], count: int
) -> tuple[Float[Tensor, "B C"], Int[Tensor, "B C"], Int[Tensor, "B C"]]:
    """The `count` continuations of a beam with the largest sums, best first: sums, places in the beam, tokens.

    Among many in two rounds, because selecting is slower than finding maxima: the best `count` lie in the `count`
    blocks of the vocabulary with the largest maxima, and only those blocks are searched.
    """
    beam, vocabulary = log_probs.shape[1:]
    count = min(count, beam * vocabulary)
    if log_probs.numel() <= FEW:
        totals, best = (log_probs + scores[..., None]).flatten(1).topk(count, -1)
        return totals, best // vocabulary, best % vocabulary
    whole = vocabulary // BLOCK * BLOCK
    maxima = [log_probs[..., :whole].unflatten(2, (-1, BLOCK)).amax(3)] if whole else []
    if whole < vocabulary:
        maxima.append(log_probs[..., whole:].amax(2, keepdim=True))
    peaks = torch.cat(maxima, 2) + scores[..., None]
    blocks = peaks.size(2)
    chosen = peaks.flatten(1).topk(min(count, beam * blocks), -1, sorted=False).indices
    places = (chosen // blocks)[..., None]  # [B, c, 1]
    words = (chosen % blocks)[..., None] * BLOCK + torch.arange(BLOCK, device=chosen.device)  # [B, c, BLOCK]
    inside = words < vocabulary
    words = words.clamp_max(vocabulary - 1)
    sums = log_probs.flatten(1).gather(1, (places * vocabulary + words).flatten(1)).view(words.shape)
    sums = (sums + scores.gather(1, places[..., 0])[..., None]).masked_fill(~inside, -torch.inf)
    totals, best = sums.flatten(1).topk(count, -1)
    return totals, places[..., 0].gather(1, best // BLOCK), words.flatten(1).gather(1, best)
