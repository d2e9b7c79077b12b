"""The value that a user gets for one input line.

It does not need PyTorch, so that plots, commands and models that run without PyTorch can use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """The answer for one input.

    - `score`: the length-normalised log-probability by which the search ranks answers
    - `token_log_probs`: natural logarithms, one for each of `target_tokens`
    - `alignment`: attention weights [T, S] whose rows sum to 1 over the `source_tokens`; None if it was not asked for
      or the model has no attention; `==` between predictions ignores them
    - `alternatives`: the other entries of the n-best list, best first
    - `cut`: whether the input was longer than the search allows, so that its end was left out
    - `unknown`: symbols of the input that the model never saw in training, each once, in order of occurrence
    - `at_limit`: whether the answer is as long as the search allows, so that its end may be missing
    """

    text: str
    score: float
    source_tokens: tuple[str, ...] = ()
    target_tokens: tuple[str, ...] = ()
    token_log_probs: tuple[float, ...] = ()
    alignment: NDArray[np.float32] | None = field(default=None, compare=False)
    alternatives: tuple[Prediction, ...] = field(default=())
    cut: bool = False
    unknown: tuple[str, ...] = ()
    at_limit: bool = False
