"""What a search asks of a model: its first state, one step, and a choice of rows of the state."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.model import ModelState, Network, select


@runtime_checkable
class Stepper(Protocol):
    """What a search needs from a model.

    A state has N = B·K rows for B sentences with beams of K; rows b·K … b·K + K - 1 are the beam of sentence b.
    """

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Any:
        """The state before the first token, with one row for each sentence."""

    def step(
        self, tokens: Int[Tensor, " N"], state: Any
    ) -> tuple[Float[Tensor, "N V"], Any, Float[Tensor, "N S"] | None]:
        """The next token's log-probabilities, the next state, and the attention weights (None without attention)."""

    def select(self, state: Any, rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None) -> Any:
        """The state with the given rows, in their order, and, if `sentences` is given, with only their memories."""


class ModelStepper:
    """A network, which may be an ensemble, as a stepper."""

    def __init__(self, model: Network) -> None:
        self.model = model

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """Encode the sources."""
        return self.model.start(source, lengths)

    def step(
        self, tokens: Int[Tensor, " N"], state: ModelState
    ) -> tuple[Float[Tensor, "N V"], ModelState, Float[Tensor, "N S"] | None]:
        """Run one decoder step."""
        logits, state, weights = self.model.step(tokens, state)
        return torch.log_softmax(logits.float(), -1), state, weights

    def select(
        self, state: ModelState, rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None
    ) -> ModelState:
        """Reorder rows and drop sentences."""
        return select(state, rows, sentences)
