"""What a user gets back for one input line. Free of torch: serving, plots and the runtime consume only this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """The answer for one input.

    `score` is the (length-normalised) log-probability the search ranks by; `token_log_probs` are natural logarithms,
    one for each of `target_tokens`. `alignment` is [T, S], attention weights whose rows sum to 1 over the
    `source_tokens`; None where it was not asked for or the model has no attention; it is left out where predictions
    are compared. `alternatives` are the further entries of the n-best list, best first. `cut` says that the input was
    longer than the search's limit and that its end was left out. `unknown` are the symbols of the input that the model
    never saw in training, each once, in the order in which they occur. `at_limit` says that the answer is as long as
    the search allows, so that its end may be missing.
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

    def to_json(self) -> dict[str, Any]:
        """Everything about the answer as plain values for a JSON file; numbers are rounded to four digits.

        `alternatives` is there only where there are some.
        """
        rows = None if self.alignment is None else self.alignment.tolist()
        values = {
            "text": self.text,
            "score": round(self.score, 4),
            "source_tokens": list(self.source_tokens),
            "target_tokens": list(self.target_tokens),
            "token_log_probs": [round(value, 4) for value in self.token_log_probs],
            "alignment": None if rows is None else [[round(value, 4) for value in row] for row in rows],
            "cut": self.cut,
            "unknown": list(self.unknown),
            "at_limit": self.at_limit,
        }
        if self.alternatives:
            values["alternatives"] = [each.to_json() for each in self.alternatives]
        return values
