"""Hypotheses of different lengths made comparable, and the best continuations of a beam."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.rules import Settings

BLOCK = 64
FEW = 1024
"""Words of a vocabulary among which the best are selected in one round."""


def penalty(length: Tensor, settings: Settings) -> Tensor:
    """What the log-probability of `length` tokens, end mark included, is divided by: ((c + length) / (c + 1))^α.

    length^α with c = 0, that of Wu et al. (2016, eq. 14) with c = 5.
    """
    return ((settings.offset + length) / (settings.offset + 1)) ** settings.alpha


def best_possible(
    log_probs: Float[Tensor, " B"], length: Int[Tensor, ""], longest: Int[Tensor, " B"], settings: Settings
) -> Float[Tensor, " B"]:
    """An upper bound on the final score of unfinished hypotheses of `length` tokens: no further token costs anything.

    Log-probabilities are negative, so the largest divisor is the best one.
    """
    return log_probs / penalty(torch.maximum(longest, length) + 1, settings)


def best_continuations(
    scores: Float[Tensor, "B K"], log_probs: Float[Tensor, "B K V"], count: int
) -> tuple[Float[Tensor, "B C"], Int[Tensor, "B C"], Int[Tensor, "B C"]]:
    """The `count` continuations of a beam with the largest sums, best first: sums, places in the beam, tokens.

    There must be so many: `count` is at most K·V.

    In a large vocabulary in two rounds, because selecting is slower than finding maxima: the best `count` lie in the
    `count` blocks of the vocabulary with the largest maxima, and only those blocks are searched.
    """
    vocabulary = log_probs.size(2)
    if vocabulary <= FEW or count > vocabulary // BLOCK:
        totals, best = (log_probs + scores[..., None]).flatten(1).topk(count, -1)
        places, words = _split(best, vocabulary)
        return totals, places, words
    whole = vocabulary // BLOCK * BLOCK
    peaks = log_probs[..., :whole].unflatten(2, (-1, BLOCK)).amax(3)
    if whole < vocabulary:
        peaks = torch.cat([peaks, log_probs[..., whole:].amax(2, keepdim=True)], 2)
    number = peaks.size(2)
    chosen = (peaks + scores[..., None]).flatten(1).topk(count, -1, sorted=False).indices
    places, blocks = _split(chosen, number)
    words = (blocks * BLOCK)[..., None] + torch.arange(BLOCK, device=chosen.device)  # [B, C, BLOCK]
    flat = (places * vocabulary)[..., None] + words.clamp_max(vocabulary - 1)
    inside = log_probs.flatten(1).gather(1, flat.flatten(1)).view(words.shape)
    if whole < vocabulary:
        inside = inside.masked_fill(words >= vocabulary, -torch.inf)
    totals, best = (inside + scores.gather(1, places)[..., None]).flatten(1).topk(count, -1)
    return totals, places.gather(1, torch.div(best, BLOCK, rounding_mode="trunc")), words.flatten(1).gather(1, best)


def _split(index: Int[Tensor, "B C"], size: int) -> tuple[Int[Tensor, "B C"], Int[Tensor, "B C"]]:
    """Quotient and remainder of numbers that are not negative; so an exported graph has few nodes."""
    quotient = torch.div(index, size, rounding_mode="trunc")
    return quotient, index - quotient * size
