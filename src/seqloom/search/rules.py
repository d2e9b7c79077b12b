"""What a search may not write next: small functions of the hypotheses so far, applied in a list.

A rule takes the log-probabilities [B, K, V], the hypotheses [B, K, L] of which the first `length` tokens count
(the begin mark first), and returns log-probabilities with forbidden continuations at -∞. They are not renormalised:
a hypothesis's score stays the model's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.config import SearchConfig
from seqloom.text.special import BOS, EOS, PAD


class Limits(NamedTuple):
    """What is particular to each sentence of a batch."""

    longest: Int[Tensor, " B"]
    """Most tokens before the end mark."""
    prefix: Int[Tensor, "B P"]
    """Tokens that every output must begin with, padded with 0."""
    prefix_lengths: Int[Tensor, " B"]


Rule = Callable[[Tensor, Tensor, int, Limits], Tensor]


def only_words(log_probs: Float[Tensor, "B K V"], tokens: Tensor, length: int, limits: Limits) -> Tensor:
    """Padding and begin marks are never written."""
    del tokens, length, limits
    log_probs = log_probs.clone()
    log_probs[..., PAD] = -torch.inf
    log_probs[..., BOS] = -torch.inf
    return log_probs


def forced_prefix(
    log_probs: Float[Tensor, "B K V"], allowed: Float[Tensor, "B K V"], length: int, limits: Limits
) -> Tensor:
    """Within a sentence's prefix its own next token, whatever the rules say; behind it, what they allow."""
    position = length - 1
    wanted = limits.prefix[:, position][:, None, None].expand(-1, log_probs.size(1), 1)
    forced = torch.full_like(log_probs, -torch.inf).scatter(2, wanted, log_probs.gather(2, wanted))
    return torch.where((position < limits.prefix_lengths)[:, None, None], forced, allowed)


def length_limits(minimum: int) -> Rule:
    """No end mark before `minimum` tokens; nothing but the end mark at a sentence's longest."""

    def rule(log_probs: Float[Tensor, "B K V"], tokens: Tensor, length: int, limits: Limits) -> Tensor:
        del tokens
        written = length - 1
        if written < minimum:
            early = written < limits.longest  # the longest wins over the shortest
            barred = torch.where(early, -torch.inf, 0.0)[:, None]
            log_probs = log_probs.clone()
            log_probs[..., EOS] += barred
        full = written >= limits.longest
        if not bool(full.any()):
            return log_probs
        ended = torch.full_like(log_probs, -torch.inf)
        ended[..., EOS] = log_probs[..., EOS]
        return torch.where(full[:, None, None], ended, log_probs)

    return rule


def no_repeated_ngram(size: int) -> Rule:
    """No token that would complete an n-gram the hypothesis already holds (Paulus et al. 2018, §2.5)."""

    def rule(log_probs: Float[Tensor, "B K V"], tokens: Int[Tensor, "B K L"], length: int, limits: Limits) -> Tensor:
        del limits
        written = tokens[..., 1:length]
        if length - 1 < size:
            return log_probs
        windows = written.unfold(2, size, 1)  # [B, K, W, n]
        tail = written[..., length - size :][:, :, None]  # the last n - 1 tokens
        repeats = (windows[..., :-1] == tail).all(-1)
        barred = torch.where(repeats, -torch.inf, 0.0)
        return log_probs.scatter_add(2, windows[..., -1], barred.to(log_probs.dtype))

    return rule


def rules_for(config: SearchConfig) -> list[Rule]:
    """The rules that a configuration asks for, in order."""
    rules: list[Rule] = [only_words]
    if config.no_repeat_ngram:
        rules.append(no_repeated_ngram(config.no_repeat_ngram))
    rules.append(length_limits(config.min_length))
    return rules
