"""What a search finds, and how it is read from arrays: the same for PyTorch and an exported graph. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """One finished output: ids without marks, normalised score, each token's log-probability with the end mark's last.

    `alignment` [T, S] holds the attention weights of the tokens without the end mark; None if not asked for.
    """

    ids: tuple[int, ...]
    score: float
    token_log_probs: tuple[float, ...]
    alignment: NDArray[np.float32] | None = field(default=None, compare=False)


class Found(NamedTuple):
    """The n best outputs of some sentences, best first; beyond their lengths without meaning."""

    scores: NDArray[np.float32]
    """[B, n], normalised; -∞ for empty places."""
    lengths: NDArray[np.integer[Any]]
    """[B, n], tokens, the end mark counted."""
    tokens: NDArray[np.integer[Any]]
    """[B, n, T]"""
    log_probs: NDArray[np.float32]
    """[B, n, T]"""
    alignments: NDArray[np.float32] | None
    """[B, n, T, S], or None."""

    def hypotheses(self, row: int, source_length: int) -> list[Hypothesis]:
        """Those of one sentence."""
        results = []
        for rank, (score, length) in enumerate(zip(self.scores[row].tolist(), self.lengths[row].tolist(), strict=True)):
            if not score > -math.inf:
                break
            tokens, log_probs = self.tokens[row, rank, : length - 1], self.log_probs[row, rank, :length]
            seen = None if self.alignments is None else self.alignments[row, rank, : length - 1, :source_length].copy()
            results.append(Hypothesis(tuple(tokens.tolist()), score, tuple(log_probs.tolist()), seen))
        return results
