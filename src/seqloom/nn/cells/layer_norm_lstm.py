"""The LSTM with layer normalisation inside the cell (Ba, Kiros & Hinton 2016)."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqloom.nn.cells.base import Cell, CellConfig
from seqloom.nn.cells.lstm import LSTM, LSTMState
from seqloom.nn.product import Product, direct


class LayerNormLSTMConfig(CellConfig):
    """Settings of the layer-normalised LSTM."""

    kind: Literal["layer_norm_lstm"] = "layer_norm_lstm"
    """The kind of recurrence."""


class LayerNormLSTM(LSTM):
    """(i, f, g, o) = LN(W x_t) + LN(U h_{t-1}) + b;  c_t = f ⊙ c_{t-1} + i ⊙ g;  h_t = o ⊙ tanh(LN(c_t)).

    Ba et al. 2016, eqs. 20-22 (supplement). The bias is added after the normalisation, so that the gain does not scale
    it.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.norm_x = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_h = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_c = nn.LayerNorm(hidden_size)

    def project(self, x: Tensor, *, first: int = 0, bias: bool = True, product: Product = direct) -> Tensor:
        """Compute the product with the input only.

        Its normalisation needs the sum over all pieces of the input, so `advance` applies it.
        """
        del bias
        return super().project(x, first=first, bias=False, product=product)

    def advance(self, projected: Float[Tensor, "N G"], state: LSTMState, product: Product = direct) -> LSTMState:
        """Compute the equations of the class."""
        recurrent = self.norm_h(product(state.hidden, self.weight_hh, None))
        gates = self.norm_x(projected) + recurrent + (self.bias_ih + self.bias_hh)
        i, f, g, o = gates.chunk(4, -1)
        cell = torch.sigmoid(f) * state.cell + torch.sigmoid(i) * torch.tanh(g)
        return LSTMState(torch.sigmoid(o) * torch.tanh(self.norm_c(cell)), cell)

    sequence = Cell.sequence
