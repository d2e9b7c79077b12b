"""Steppers that search a model in the small vocabulary which a shortlist allows."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqloom.errors import ConfigError
from seqloom.model import ModelState, Network, select
from seqloom.nn.tree import select_rows
from seqloom.search.stepper import ModelStepper, Stepper


class NarrowState(NamedTuple):
    """A model's state, and what is added to each sentence's logits: 0 for words that it may use, -∞ for others."""

    model: ModelState
    costs: Float[Tensor, "B 1 L"]


class NarrowStepper:
    """A model as a stepper whose vocabulary is `words`; a sentence may only use those where `is_open` is True.

    Other words get the probability 0, and the rest is normalised to sum to 1. The output weights of the words are
    gathered once, when the stepper is made.
    """

    def __init__(self, model: Network, words: Int[Tensor, " L"], is_open: Bool[Tensor, "B L"]) -> None:
        self.model, self.words = model, words
        self.output = model.output.narrowed(words)
        self.costs = torch.zeros(is_open.shape, device=is_open.device).masked_fill_(~is_open, -torch.inf)[:, None]

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> NarrowState:
        """Encode the sources, which must be those for which `is_open` was computed."""
        return NarrowState(self.model.start(source, lengths), self.costs)

    def step(
        self, tokens: Int[Tensor, " N"], state: NarrowState
    ) -> tuple[Float[Tensor, "N L"], NarrowState, Float[Tensor, "N S"] | None]:
        """Run one decoder step; tokens are places in `words`."""
        decoded, after = self.model.advance(self.words[tokens], state.model)
        scores = self.output.scores(decoded).float().unflatten(0, (state.costs.size(0), -1)).add_(state.costs)
        return torch.log_softmax(scores, -1).flatten(0, 1), NarrowState(after, state.costs), decoded.weights

    def select(
        self, state: NarrowState, rows: Int[Tensor, " M"], sentences: Int[Tensor, " C"] | None = None
    ) -> NarrowState:
        """Reorder rows and drop sentences."""
        costs = state.costs if sentences is None else select_rows(state.costs, sentences)
        return NarrowState(select(state.model, rows, sentences), costs)


def narrowed(stepper: Stepper, words: Int[Tensor, " L"], is_open: Bool[Tensor, "B L"]) -> Stepper:
    """The stepper of a network restricted to the small vocabulary of a batch."""
    if type(stepper) is not ModelStepper:  # other steppers compute their probabilities in ways not known here
        raise ConfigError(
            f"search.shortlist narrows the vocabulary of networks, not of a {type(stepper).__name__}",
            hint="set search.shortlist = false",
        )
    return NarrowStepper(stepper.model, words, is_open)
