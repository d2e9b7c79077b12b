"""The simple recurrent network (Elman 1990)."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.cells.base import Cell, CellConfig, kernel_weights
from seqloom.nn.product import Product, direct
from seqloom.nn.shapes import last_by_length


class RNNConfig(CellConfig):
    """Settings of the simple recurrent network."""

    kind: Literal["rnn"] = "rnn"
    """The kind of recurrence."""


class RNN(Cell):
    """h_t = tanh(W x_t + U h_{t-1} + b)."""

    gates = 1

    def start(self, rows: int, like: Tensor) -> Tensor:
        """A hidden state of zeros."""
        return like.new_zeros(rows, self.hidden_size)

    def output(self, state: Tensor) -> Float[Tensor, "N H"]:
        """The hidden state, which is the whole state."""
        return state

    def advance(self, projected: Float[Tensor, "N G"], state: Tensor, product: Product = direct) -> Tensor:
        """Compute the equation of the class."""
        return torch.tanh(projected + product(state, self.weight_hh, self.bias_hh))

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: Tensor
    ) -> tuple[Float[Tensor, "B S H"], Tensor]:
        """Run all steps with the fused kernel; when a graph is traced, step by step."""
        if torch.compiler.is_exporting():
            return self.unrolled(x, lengths, state)
        weights = kernel_weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        initial = state.to(x.dtype).contiguous()[None]
        y, final = torch.rnn_tanh(x, initial, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, final[0] if lengths is None else last_by_length(y, lengths)
