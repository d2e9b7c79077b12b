"""What a search may not write next: small functions of the hypotheses so far, applied in a list.

A rule takes the log-probabilities [B, K, V] and the hypotheses [B, K, L], begin mark first, and sets forbidden
continuations to -∞, in place. They are not renormalised: a hypothesis's score stays the model's own.
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


Rule = Callable[[Tensor, Tensor, Limits], None]


def only_words(log_probs: Float[Tensor, "B K V"], tokens: Int[Tensor, "B K L"], limits: Limits) -> None:
    """Padding and begin marks are never written."""
    del tokens, limits
    log_probs[..., PAD : BOS + 1] = -torch.inf


def forced_prefix(
    log_probs: Float[Tensor, "B K V"], allowed: Float[Tensor, "B K V"], written: int, limits: Limits
) -> Tensor:
    """Within a sentence's prefix its own next token, whatever the rules say; behind it, what they allow."""
    wanted = limits.prefix[:, written][:, None, None].expand(-1, log_probs.size(1), 1)
    forced = torch.full_like(log_probs, -torch.inf).scatter(2, wanted, log_probs.gather(2, wanted))
    return torch.where((written < limits.prefix_lengths)[:, None, None], forced, allowed)


def length_limits(minimum: int) -> Rule:
    """No end mark before `minimum` tokens, unless nothing else may be written; nothing but it at the longest."""

    def rule(log_probs: Float[Tensor, "B K V"], tokens: Int[Tensor, "B K L"], limits: Limits) -> None:
        written = tokens.size(2) - 1
        full = (written >= limits.longest)[:, None]  # wins over the shortest
        if written < minimum:
            stuck = log_probs[..., EOS + 1 :].amax(-1) == -torch.inf
            log_probs[..., EOS].masked_fill_(~(full | stuck), -torch.inf)
        if bool(full.any()):
            log_probs[..., :EOS].masked_fill_(full[..., None], -torch.inf)
            log_probs[..., EOS + 1 :].masked_fill_(full[..., None], -torch.inf)

    return rule


def no_repeated_ngram(size: int) -> Rule:
    """No token that would complete an n-gram the hypothesis already holds (Paulus et al. 2018, §2.5)."""

    def rule(log_probs: Float[Tensor, "B K V"], tokens: Int[Tensor, "B K L"], limits: Limits) -> None:
        del limits
        written = tokens[..., 1:]
        if written.size(2) < size:
            return
        windows = written.unfold(2, size, 1)  # [B, K, W, n]
        tail = written[..., written.size(2) - size + 1 :][:, :, None]  # the last n - 1 tokens
        repeats = (windows[..., :-1] == tail).all(-1)
        log_probs.scatter_add_(2, windows[..., -1], torch.where(repeats, -torch.inf, 0.0).to(log_probs.dtype))

    return rule


def rules_for(config: SearchConfig) -> list[Rule]:
    """The rules that a configuration asks for, in order."""
    rules: list[Rule] = [only_words]
    if config.no_repeat_ngram:
        rules.append(no_repeated_ngram(config.no_repeat_ngram))
    rules.append(length_limits(config.min_length))
    return rules
