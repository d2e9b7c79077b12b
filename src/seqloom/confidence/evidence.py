"""What a search knows about its answer, as the few numbers that a confidence is computed from.

Every runtime has them: they follow from the log-probabilities of the answer's tokens and from three marks. The other
answers of the beam are not used, because to settle them a search would have to go on after its answer is found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

LEAST, MOST = 1e-6, 1 - 1e-3
"""Probabilities are kept between these, so that log-odds are finite and rounding of graphs moves them little."""


class Evidence(NamedTuple):
    """The features of one answer, or the weights of a calibration for each of them."""

    answer: float
    """Log-odds of the probability of the whole answer, the end mark included."""
    mean: float
    """Log-odds of the geometric mean of the probabilities of the answer's tokens."""
    weakest: float
    """Log-odds of the least probable token of the answer."""
    length: float
    """Natural logarithm of the number of tokens, the end mark included."""
    unread: float
    """1 if the input has symbols that the model never saw, or lost its end because it was too long; otherwise 0."""
    at_limit: float
    """1 if the answer is as long as the search allows; otherwise 0."""


def evidence(token_log_probs: Sequence[float], *, unread: bool, at_limit: bool) -> Evidence:
    """The features of an answer; `token_log_probs` are natural logarithms, those of the end mark last."""
    total = math.fsum(token_log_probs)
    count = len(token_log_probs)
    return Evidence(
        log_odds(total),
        log_odds(total / count),
        log_odds(min(token_log_probs)),
        math.log(count),
        float(unread),
        float(at_limit),
    )


def log_odds(log_prob: float) -> float:
    """log(p / (1 - p)) of a probability that is given by its natural logarithm, kept between `LEAST` and `MOST`."""
    probability = min(max(math.exp(log_prob), LEAST), MOST)
    return math.log(probability / (1 - probability))
