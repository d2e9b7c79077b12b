"""The length penalty, which makes hypotheses of different lengths comparable, and a beam's best continuations."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.rules import StepSettings
from seqloom.search.shortlist import BLOCK, FEW
from seqloom.text.special import FIRST, UNK


def penalty(length: Tensor, settings: StepSettings) -> Tensor:
    """The length penalty ((c + length) / (c + 1))^α, by which a hypothesis' log-probability is divided.

    `length` counts tokens, including the end mark. c = 0 gives length^α, c = 5 the penalty of Wu et al. (2016, eq. 14).
    """
    return ((settings.offset + length) / (settings.offset + 1)) ** settings.alpha


def best_possible(
    log_probs: Float[Tensor, " B"], length: Int[Tensor, ""], longest: Int[Tensor, " B"], settings: StepSettings
) -> Float[Tensor, " B"]:
    """An upper bound on the final score of unfinished hypotheses of `length` tokens.

    It is the score if all further tokens had probability 1 and the output became as long as possible: log-probabilities
    are negative, so the largest divisor gives the best score.
    """
    return log_probs / penalty(torch.maximum(longest, length) + 1, settings)


def word_costs(log_probs: Float[Tensor, "B K V"], settings: StepSettings) -> Float[Tensor, " W"]:
    """What is added to the log-probability of each word, beginning with the end mark.

    It is -∞ for the unknown token unless the settings allow it, otherwise 0.
    """
    words = torch.arange(FIRST, log_probs.size(2), device=log_probs.device)
    return torch.where((words == UNK) & (settings.allow_unknown == 0), -torch.inf, 0.0)


def best_continuations(
    scores: Float[Tensor, "B K"], log_probs: Float[Tensor, "B K V"], count: int, settings: StepSettings
) -> tuple[Float[Tensor, "B C"], Int[Tensor, "B C"], Int[Tensor, "B C"]]:
    """The `count` best continuations of each beam: summed log-probabilities, beam places and tokens, best first.

    `count` must be at most K·(V - 2), the number of continuations. Padding and begin marks are never chosen, the
    unknown token only if the settings allow it.

    A large vocabulary is searched in two rounds, because top-k selection is slower than finding maxima: the `count`
    best lie in the `count` blocks of the vocabulary with the largest maxima, and only those blocks are searched.
    """
    beam, vocabulary = log_probs.shape[1:]
    if vocabulary <= FEW or count > vocabulary // BLOCK:
        written = vocabulary - FIRST
        costs = scores[..., None] + word_costs(log_probs, settings)
        totals, best = (log_probs[..., FIRST:] + costs).flatten(1).topk(count, -1)
        places = _part(beam, written, best)
        return totals, places, best - places * written + FIRST
    whole = vocabulary // BLOCK * BLOCK
    blocks = log_probs[..., :whole] if whole < vocabulary else log_probs  # a graph would copy even a full slice
    peaks = blocks.unflatten(2, (-1, BLOCK)).amax(3)
    first_block = log_probs[..., FIRST:BLOCK] + word_costs(log_probs[..., :BLOCK], settings)
    peaks = torch.cat([first_block.amax(2, keepdim=True), peaks[..., 1:]], 2)
    if whole < vocabulary:
        peaks = torch.cat([peaks, log_probs[..., whole:].amax(2, keepdim=True)], 2)
    chosen = (peaks + scores[..., None]).flatten(1).topk(count, -1, sorted=False).indices
    places = _part(beam, peaks.size(2), chosen)
    first = (chosen - places * peaks.size(2)) * BLOCK  # each block's first word
    words = first[..., None] + torch.arange(BLOCK, device=chosen.device)  # [B, C, BLOCK]
    beyond = words >= vocabulary if whole < vocabulary else None
    flat = (places * vocabulary)[..., None] + (words if beyond is None else words.clamp_max(vocabulary - 1))
    inside = log_probs.flatten(1).gather(1, flat.flatten(1)).view(words.shape)
    never = (words < FIRST) | ((words == UNK) & (settings.allow_unknown == 0))
    never = never if beyond is None else never | beyond
    sums = inside.masked_fill(never, -torch.inf) + scores.gather(1, places)[..., None]
    totals, best = sums.flatten(1).topk(count, -1)
    return totals, places.gather(1, _part(count, BLOCK, best)), words.flatten(1).gather(1, best)


def _part(count: int, size: int, index: Int[Tensor, "B C"]) -> Int[Tensor, "B C"]:
    """Which of `count` parts of `size` elements each index lies in, that is index // size.

    It is looked up in a table, which an exported graph computes only once, because the table never changes.
    """
    return torch.div(torch.arange(count * size, device=index.device), size, rounding_mode="trunc")[index]
