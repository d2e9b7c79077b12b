"""Decoders whose recurrence reads the context or the last attentional vector: one step after the other.

The walk keeps what can be taken at once out of the loop (the tokens' part of the first layer, the readout where it is
not fed back) and takes each weight gradient once, at its end (`WeightTape`).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.attention import Memory
from seqloom.nn.decoders.base import Decoder, DecoderState, joined
from seqloom.nn.product import Product, direct, step_product


class StepInput(NamedTuple):
    """What one step reads of its token, taken for all steps before the walk."""

    embedded: Float[Tensor, "N E"]
    projected: Float[Tensor, "N G"]
    """The token's part of the first layer's pre-activations."""
    masks: list[Tensor | None]
    """Dropout factors of each layer's input; the first layer's is on the embedding already."""


class DecoderStep(NamedTuple):
    """What one step yields; `features` only where they are fed back."""

    output: Float[Tensor, "N H"]
    context: Float[Tensor, "N C"]
    weights: Float[Tensor, "N S"]
    features: Float[Tensor, "N R"] | None


class SequentialDecoder(Decoder):
    """A walk over the target; members say how one step goes."""

    @abstractmethod
    def advance(
        self, token: StepInput, state: DecoderState, memory: Memory, product: Product
    ) -> tuple[DecoderStep, DecoderState]:
        """One step."""

    def step(
        self, token: Int[Tensor, " N"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "N R"], DecoderState, Float[Tensor, "N S"] | None]:
        """One step."""
        embedded = self.embed(token, state)
        masks: list[Tensor | None] = [None] * len(self.layers)
        token_input = StepInput(embedded, self.layers[0].project(embedded), masks)
        step, state = self.advance(token_input, state, memory, direct)
        features = self._features(step.output, step.context, embedded) if step.features is None else step.features
        return features, state, step.weights

    def forward(
        self, tokens: Int[Tensor, "B T"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "B T R"], Float[Tensor, "B T S"] | None]:
        """The walk."""
        embedded = self.embedding_dropout(self.embed(tokens, state))
        projected = self.layers[0].project(embedded)
        rows, length = tokens.shape
        drops = [self.dropout.mask(rows, length, cell.input_size, embedded) for cell in self.layers[1:]]
        product = step_product()
        steps = []
        # one unbind, whose backward is one stack; a slice at each step would add a tensor of zeros to the whole
        for t, (token, part) in enumerate(zip(embedded.unbind(1), projected.unbind(1), strict=True)):
            masks = [None, *(None if drop is None else drop[:, min(t, drop.size(1) - 1)] for drop in drops)]
            step, state = self.advance(StepInput(token, part, masks), state, memory, product)
            steps.append(step)
        weights = torch.stack([step.weights for step in steps], 1)
        if steps[0].features is None:
            output = torch.stack([step.output for step in steps], 1)
            context = torch.stack([step.context for step in steps], 1)
            features = self._features(output, context, embedded)
        else:
            features = torch.stack([step.features for step in steps if step.features is not None], 1)
        return self.dropout(features), weights

    def run_layers(
        self, projected: Tensor, masks: list[Tensor | None], states: tuple[Any, ...], product: Product
    ) -> tuple[Tensor, tuple[Any, ...]]:
        """All layers for one step, the first from its projected input."""
        first = self.layers[0]
        state = first.advance(projected, states[0], product)
        y, cells = first.output(state), [state]
        for cell, mask, old in zip(self.layers[1:], masks[1:], states[1:], strict=True):
            above, state = cell.step(y if mask is None else y * mask, old, product)
            y = y + above if self.residual else above
            cells.append(state)
        return y, tuple(cells)

    def _features(
        self, output: Tensor, context: Tensor, embedded: Tensor, product: Product = direct
    ) -> Float[Tensor, "... R"]:
        inputs = joined(output, context, embedded if self.readout.reads_token else None)
        return self.readout.features(inputs, product)


class FeedDecoder(SequentialDecoder):
    """Input feeding (Luong et al. 2015, §3.3): the attentional vector h̃_{t-1} enters beside the token.

    h_t = RNN([y_{t-1}; h̃_{t-1}], h_{t-1}), c_t = attend(h_t), h̃_t = tanh(W_c [h_t; c_t]).
    """

    def first_fed(self, like: Tensor) -> Tensor:
        """Zeros [B, R]."""
        return like.new_zeros(like.size(0), self.readout.size)

    def advance(
        self, token: StepInput, state: DecoderState, memory: Memory, product: Product
    ) -> tuple[DecoderStep, DecoderState]:
        """The equations above."""
        fed = self.layers[0].project(state.fed, first=token.embedded.size(-1), bias=False, product=product)
        output, cells = self.run_layers(token.projected + fed, token.masks, state.cells, product)
        context, weights, attention = self.attend_rows(output, memory, state.attention, product)
        features = self._features(output, context, token.embedded, product)
        return DecoderStep(output, context, weights, features), state._replace(
            cells=cells, fed=features, attention=attention
        )


class BeforeDecoder(SequentialDecoder):
    """Attention first (Bahdanau et al. 2015, §3.1): c_t = attend(s_{t-1}), s_t = RNN([y_{t-1}; c_t], s_{t-1})."""

    def advance(
        self, token: StepInput, state: DecoderState, memory: Memory, product: Product
    ) -> tuple[DecoderStep, DecoderState]:
        """The equations above."""
        query = self.layers[-1].output(state.cells[-1])
        context, weights, attention = self.attend_rows(query, memory, state.attention, product)
        read = self.layers[0].project(context, first=token.embedded.size(-1), bias=False, product=product)
        output, cells = self.run_layers(token.projected + read, token.masks, state.cells, product)
        return DecoderStep(output, context, weights, None), state._replace(cells=cells, attention=attention)
