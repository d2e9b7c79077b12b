"""The seam between search and what yields the next token's probabilities: a model, an ensemble, an exported graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.model import ModelState, Seq2Seq, select


@runtime_checkable
class Stepper(Protocol):
    """Three verbs. A state has N = B·K rows over B sentences; rows b·K … b·K + K - 1 are sentence b's beam."""

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Any:
        """The state before the first token, one row a sentence."""

    def step(
        self, tokens: Int[Tensor, " N"], state: Any
    ) -> tuple[Float[Tensor, "N V"], Any, Float[Tensor, "N S"] | None]:
        """Log-probabilities of the next token, the next state, and attention weights where there are any."""

    def select(self, state: Any, rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None) -> Any:
        """The state with its rows taken anew and, if given, only the named sentences' memories."""


class ModelStepper:
    """A model as a stepper."""

    def __init__(self, model: Seq2Seq) -> None:
        self.model = model

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """Encodes the sources."""
        return self.model.start(source, lengths)

    def step(
        self, tokens: Int[Tensor, " N"], state: ModelState
    ) -> tuple[Float[Tensor, "N V"], ModelState, Float[Tensor, "N S"] | None]:
        """One decoder step."""
        logits, state, weights = self.model.step(tokens, state)
        return torch.log_softmax(logits.float(), -1), state, weights

    def select(
        self, state: ModelState, rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None
    ) -> ModelState:
        """Reorders rows and drops sentences."""
        return select(state, rows, sentences)


class EnsembleStepper:
    """Several steppers over one target vocabulary; their probabilities are averaged."""

    def __init__(self, members: Sequence[Stepper]) -> None:
        assert members
        self.members = tuple(members)

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> tuple[Any, ...]:
        """Each member's start."""
        return tuple(member.start(source, lengths) for member in self.members)

    def step(
        self, tokens: Int[Tensor, " N"], state: tuple[Any, ...]
    ) -> tuple[Float[Tensor, "N V"], tuple[Any, ...], Float[Tensor, "N S"] | None]:
        """log of the mean probability; the mean of the attention weights where all members have them."""
        results = [member.step(tokens, part) for member, part in zip(self.members, state, strict=True)]
        log_probs = torch.logsumexp(torch.stack([result[0] for result in results]), 0) - torch.log(
            torch.tensor(float(len(results)))
        )
        weights = [result[2] for result in results if result[2] is not None]
        mean = torch.stack(weights).mean(0) if len(weights) == len(results) else None
        return log_probs, tuple(result[1] for result in results), mean

    def select(
        self, state: tuple[Any, ...], rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None
    ) -> tuple[Any, ...]:
        """Each member's selection."""
        return tuple(member.select(part, rows, sentences) for member, part in zip(self.members, state, strict=True))
