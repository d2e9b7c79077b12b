"""Hypotheses of different lengths made comparable."""

from __future__ import annotations

from torch import Tensor

from seqloom.search.config import SearchConfig


def penalty(length: int, config: SearchConfig) -> float:
    """What the log-probability of `length` tokens, end mark included, is divided by."""
    if config.length_penalty == "none":
        return 1.0
    base = float(length) if config.length_penalty == "average" else (5 + length) / 6
    return float(base**config.alpha)


def best_possible(log_probs: Tensor, length: int, longest: Tensor, config: SearchConfig) -> Tensor:
    """An upper bound on the final score of unfinished hypotheses of `length` tokens: no further token costs anything.

    log_probs [B, K], longest [B] → [B, K]. Log-probabilities are negative, so the largest divisor is the best one.
    """
    if config.length_penalty == "none":
        return log_probs
    base = (longest + 1).clamp_min(length + 1).to(log_probs.dtype)
    if config.length_penalty == "gnmt":
        base = (5 + base) / 6
    return log_probs / (base**config.alpha)[:, None]
