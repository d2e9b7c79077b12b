"""Gated recurrent unit (Cho et al. 2014), in the form whose reset gate acts after the recurrent product."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.cells.base import Cell, CellConfig, kernel_weights
from seqloom.nn.product import Product, direct
from seqloom.nn.shapes import last_by_length


class GRUConfig(CellConfig):
    """Settings of the GRU."""

    kind: Literal["gru"] = "gru"
    """The recurrence."""


class GRU(Cell):
    """h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}, with reset r, update z and candidate n:

        r = σ(W_r x + U_r h + b_r)   z = σ(W_z x + U_z h + b_z)   n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))

    This is the variant of `torch.nn.GRU` and cuDNN; Cho et al. 2014 (eqs. 5-8) write U (r ⊙ h) for r ⊙ (U h).
    """

    gates = 3

    def start(self, rows: int, like: Tensor) -> Tensor:
        """Zeros."""
        return like.new_zeros(rows, self.hidden_size)

    def output(self, state: Tensor) -> Float[Tensor, "N H"]:
        """The state itself."""
        return state

    def advance(self, projected: Float[Tensor, "N G"], state: Tensor, product: Product = direct) -> Tensor:
        """The equations above."""
        xr, xz, xn = projected.chunk(3, -1)
        hr, hz, hn = product(state, self.weight_hh, self.bias_hh).chunk(3, -1)
        candidate = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
        return candidate + torch.sigmoid(xz + hz) * (state - candidate)

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: Tensor
    ) -> tuple[Float[Tensor, "B S H"], Tensor]:
        """All steps in the fused dense kernel."""
        weights = kernel_weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        initial = state.to(x.dtype).contiguous()[None]
        y, final = torch.gru(x, initial, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, final[0] if lengths is None else last_by_length(y, lengths)
