"""The results of a search as NumPy arrays and as hypotheses.

PyTorch and exported graphs yield the same arrays. This module does not need torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Hypothesis:
    """One finished output.

    `ids` are without begin and end marks; `score` is the log-probability after the length penalty; `token_log_probs`
    has one entry for each token and a last one for the end mark. `alignment` [T, S] holds the attention weights of the
    T tokens without the end mark, or None if they were not requested.
    """

    ids: tuple[int, ...]
    score: float
    token_log_probs: tuple[float, ...]
    alignment: NDArray[np.float32] | None = field(default=None, compare=False)


class Found(NamedTuple):
    """The n best outputs of B sentences, best first. Entries beyond an output's length have no meaning."""

    scores: NDArray[np.float32]
    """[B, n], log-probabilities after the length penalty; -∞ where there is no output."""
    lengths: NDArray[np.integer[Any]]
    """[B, n], number of tokens, including the end mark."""
    tokens: NDArray[np.integer[Any]]
    """[B, n, T], token ids."""
    log_probs: NDArray[np.float32]
    """[B, n, T], log-probabilities of the tokens."""
    alignments: NDArray[np.float32] | None
    """[B, n, T, S], attention weights, or None if there are none."""

    def hypotheses(self, row: int, source_length: int) -> list[Hypothesis]:
        """The outputs of sentence number `row` as hypotheses, best first."""
        results = []
        for rank, (score, length) in enumerate(zip(self.scores[row].tolist(), self.lengths[row].tolist(), strict=True)):
            if not score > -math.inf:
                break
            tokens, log_probs = self.tokens[row, rank, : length - 1], self.log_probs[row, rank, :length]
            seen = None if self.alignments is None else self.alignments[row, rank, : length - 1, :source_length].copy()
            results.append(Hypothesis(tuple(tokens.tolist()), score, tuple(log_probs.tolist()), seen))
        return results
