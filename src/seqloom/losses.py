"""Losses of given targets under a model: nats per token and per character, perplexity, and two models side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


def perplexity(loss: float) -> float:
    """e to the loss per token, in nats; bounded, so that it stays a number that JSON can write."""
    return math.exp(min(loss, 700.0))


@dataclass(frozen=True)
class Loss:
    """The summed negative log-likelihood of targets under teacher forcing, in nats.

    If an example has several accepted targets, the first one is used. `tokens` is the number of target tokens including
    end marks, and `unknown` the number of unknown tokens among them; both depend on the model's tokenizer.
    `characters` is the length of the targets in characters, which is the same for all models.
    """

    nats: float
    tokens: int
    characters: int
    unknown: int = 0

    @staticmethod
    def of_all(parts: Iterable[Loss]) -> Loss:
        """Add the losses of several parts of the data."""
        nats, *counts = zip(*((each.nats, each.tokens, each.characters, each.unknown) for each in parts), strict=True)
        return Loss(math.fsum(nats), *map(sum, counts))

    @property
    def per_token(self) -> float:
        """The loss in nats per token."""
        return self.nats / max(1, self.tokens)

    @property
    def per_character(self) -> float:
        """The loss in nats per character."""
        return self.nats / max(1, self.characters)

    @property
    def perplexity(self) -> float:
        """The perplexity: e to the power of the loss per token."""
        return perplexity(self.per_token)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "loss": self.per_token,
            "loss_per_character": self.per_character,
            "perplexity": self.perplexity,
            "tokens": self.tokens,
            "characters": self.characters,
            "unknown_tokens": self.unknown,
        }


@dataclass(frozen=True)
class LossComparison:
    """The losses of two models on the same examples.

    Losses per token are comparable only if both models have the same target tokens; losses per character always are.
    """

    first: Loss
    second: Loss
    same_tokens: bool

    @property
    def difference(self) -> float | None:
        """The second model's loss per token minus the first's; None if their target tokens differ."""
        return self.second.per_token - self.first.per_token if self.same_tokens else None

    @property
    def difference_per_character(self) -> float:
        """The second model's loss per character minus the first's."""
        return self.second.per_character - self.first.per_character

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "same_target_tokens": self.same_tokens,
            "per_token": {
                "first": self.first.per_token,
                "second": self.second.per_token,
                "difference": self.difference,
            },
            "per_character": {
                "first": self.first.per_character,
                "second": self.second.per_character,
                "difference": self.difference_per_character,
            },
        }
