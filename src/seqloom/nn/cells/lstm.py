"""The long short-term memory (Hochreiter & Schmidhuber 1997) with the forget gate of Gers et al. (2000)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.cells.base import Cell, CellConfig, hold_column, kernel_weights
from seqloom.nn.product import Product, direct
from seqloom.nn.shapes import last_by_length, length_mask


class LSTMConfig(CellConfig):
    """Settings of the LSTM."""

    kind: Literal["lstm"] = "lstm"
    """The kind of recurrence."""


class LSTMState(NamedTuple):
    """The hidden vector h, which is the output, and the memory cell c."""

    hidden: Float[Tensor, "N H"]
    cell: Float[Tensor, "N H"]


def lstm_update(gates: Float[Tensor, "N G"], cell: Float[Tensor, "N H"]) -> LSTMState:
    """Compute c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g) and h' = σ(o) ⊙ tanh(c') from the pre-activations (i, f, g, o) and c."""
    i, f, g, o = gates.chunk(4, -1)
    cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
    return LSTMState(torch.sigmoid(o) * torch.tanh(cell), cell)


class LSTM(Cell):
    """c_t = f ⊙ c_{t-1} + i ⊙ g, h_t = o ⊙ tanh(c_t), with (i, f, g, o) = (σ, σ, tanh, σ)(W x_t + U h_{t-1} + b).

    The gates have the order of `torch.nn.LSTM`. Forget biases start at 1 (Jozefowicz et al. 2015).
    """

    gates = 4

    def reset(self) -> None:
        """Initialise as every cell, and set the forget gates' bias to 1."""
        super().reset()
        self.bias_ih.data[self.hidden_size : 2 * self.hidden_size].fill_(1.0)

    def start(self, rows: int, like: Tensor) -> LSTMState:
        """A hidden vector and a memory cell of zeros."""
        zeros = like.new_zeros(rows, self.hidden_size)
        return LSTMState(zeros, zeros)

    def output(self, state: LSTMState) -> Float[Tensor, "N H"]:
        """The hidden vector."""
        return state.hidden

    def advance(self, projected: Float[Tensor, "N G"], state: LSTMState, product: Product = direct) -> LSTMState:
        """Compute the equations of the class."""
        return lstm_update(projected + product(state.hidden, self.weight_hh, self.bias_hh), state.cell)

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: LSTMState
    ) -> tuple[Float[Tensor, "B S H"], LSTMState]:
        """Run all steps with the fused kernel; an extra input column keeps the memory cell unchanged over padding."""
        weight_ih: Tensor = self.weight_ih
        if lengths is not None:
            padding = ~length_mask(lengths, x.size(1))
            x = torch.cat([x, padding[:, :, None].to(x.dtype)], 2)
            weight_ih = hold_column(weight_ih, (-1, 1, 0, 0))
        weights = kernel_weights(weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        initial = [part.to(x.dtype).contiguous()[None] for part in state]
        y, hidden, cell = torch.lstm(x, initial, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
        if lengths is None:
            return y, LSTMState(hidden[0], cell[0])
        return y, LSTMState(last_by_length(y, lengths), cell[0])
