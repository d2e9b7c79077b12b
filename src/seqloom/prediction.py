"""The value that a user gets for one input line.

It does not need PyTorch, so that plots, commands and models that run without PyTorch can use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqloom.notebook import prediction_html, predictions_html
from seqloom.tag_scheme import Span

Origin = Literal["model", "exception", "memory"]
"""Where an answer comes from: the network, the user's exceptions, or what was memorised from training pairs."""


@dataclass(frozen=True)
class Prediction:
    """The answer for one input.

    - `score`: the length-normalised log-probability by which the search ranks answers; of an exception or a memorised
      answer the natural logarithm of its share of the weights of all answers to its source, 0 where it is the only one
    - `token_log_probs`: natural logarithms, one for each of `target_tokens`
    - `alignment`: attention weights [T, S] whose rows sum to 1 over the `source_tokens`; None if it was not asked for
      or the model has no attention; `==` between predictions ignores them
    - `alternatives`: the other entries of the n-best list, best first
    - `cut`: whether the input was longer than the search allows, so that its end was left out
    - `unknown`: symbols of the input that the model never saw in training, each once, in order of occurrence
    - `at_limit`: whether the answer is as long as the search allows, so that it may be incomplete
    - `confidence`: the probability that the answer is right, from 0 to 1, or what else the model was calibrated to (see
      `seqloom.confidence`); None where the model was not calibrated for this search, and for `alternatives`
    - `labels`: of a model that answers with labels, the label, or the labels where there are several at once, which may
      be none; otherwise empty
    - `probabilities`: of such a model, each label with its probability, the most probable first: those of one label sum
      to 1, those of several are independent; they are calibrated where the model is; `==` ignores them
    - `tags`: of a model that answers with tags, one for each word of the input, with their `tag_probabilities`; words
      that were cut off have the probability 0
    - `spans`: of tags in BIO or BIOES, the spans of words with their types, as conlleval reads them
    - `origin`: `model`, or `exception` or `memory` for an answer that was looked up. Such an answer has no target
      tokens, alignment or confidence, as the network did not write it, and is neither cut nor at a limit
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
    confidence: float | None = None
    origin: Origin = "model"
    labels: tuple[str, ...] = ()
    probabilities: Mapping[str, float] = field(default_factory=dict, compare=False)
    tags: tuple[str, ...] = ()
    tag_probabilities: tuple[float, ...] = field(default=(), compare=False)
    spans: tuple[Span, ...] = field(default=(), compare=False)

    @property
    def label(self) -> str:
        """The label, of a model that answers with one; an empty text where there is none, or several."""
        return self.labels[0] if len(self.labels) == 1 else ""

    def __repr__(self) -> str:
        sure = "" if self.confidence is None else f", confidence={self.confidence:.2f}"
        others = f", {len(self.alternatives)} alternatives" if self.alternatives else ""
        known = "" if self.origin == "model" else f", origin={self.origin!r}"
        return f"Prediction({self.text!r}, score={self.score:.3f}{sure}{known}{others})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the answers, and the attention map where there is one."""
        return prediction_html(self)

    def to_json(self) -> dict[str, Any]:
        """Everything about the answer as plain values for a JSON file; numbers are rounded to four digits.

        `alternatives` is there only where there are some, `labels` and `probabilities` only of answers that are labels,
        `tags`, `tag_probabilities` and `spans` only of those that are tags.
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
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "origin": self.origin,
        }
        if self.probabilities:
            values["labels"] = list(self.labels)
            values["probabilities"] = {label: round(value, 4) for label, value in self.probabilities.items()}
        if self.tags:
            values["tags"] = list(self.tags)
            values["tag_probabilities"] = [round(value, 4) for value in self.tag_probabilities]
            values["spans"] = [each.to_json() for each in self.spans]
        if self.alternatives:
            values["alternatives"] = [each.to_json() for each in self.alternatives]
        return values


class Predictions(list[Prediction]):
    """A list of predictions, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each prediction."""
        return predictions_html(self)
