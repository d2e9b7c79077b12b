"""The gated recurrent unit (Cho et al. 2014), with the reset gate applied after the recurrent product."""

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
    """The kind of recurrence."""


class GRU(Cell):
    """h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}, with reset r, update z and candidate n:

        r = σ(W_r x + U_r h + b_r)   z = σ(W_z x + U_z h + b_z)   n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))

    This is the variant of `torch.nn.GRU` and cuDNN; Cho et al. 2014 (eqs. 5-8) have U (r ⊙ h) instead of r ⊙ (U h).
    """

    gates = 3

    def start(self, rows: int, like: Tensor) -> Tensor:
        """A hidden state of zeros."""
        return like.new_zeros(rows, self.hidden_size)

    def output(self, state: Tensor) -> Float[Tensor, "N H"]:
        """The hidden state, which is the whole state."""
        return state

    def advance(self, projected: Float[Tensor, "N G"], state: Tensor, product: Product = direct) -> Tensor:
        """Compute the equations of the class."""
        xr, xz, xn = projected.chunk(3, -1)
        hr, hz, hn = product(state, self.weight_hh, self.bias_hh).chunk(3, -1)
        candidate = torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
        return candidate + torch.sigmoid(xz + hz) * (state - candidate)

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: Tensor
    ) -> tuple[Float[Tensor, "B S H"], Tensor]:
        """Run all steps with torch's fused kernel, or with ONNX's GRU operator when a graph is traced."""
        if torch.compiler.is_exporting():
            y = self._traced(x, state)
            return y, y[:, -1] if lengths is None else last_by_length(y, lengths)
        weights = kernel_weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        initial = state.to(x.dtype).contiguous()[None]
        y, final = torch.gru(x, initial, weights, True, 1, 0.0, torch.is_grad_enabled(), False, True)
        return y, final[0] if lengths is None else last_by_length(y, lengths)

    def _traced(self, x: Float[Tensor, "B S I"], state: Tensor) -> Float[Tensor, "B S H"]:
        """The outputs of ONNX's GRU operator. Tracing `torch.gru` would make the number of steps a constant."""
        batch, steps, _ = x.shape
        weights = [_in_order(each)[None] for each in (self.weight_ih, self.weight_hh)]
        biases = torch.cat([_in_order(self.bias_ih), _in_order(self.bias_hh)])[None]
        shape = (steps, 1, batch, self.hidden_size)
        y: Tensor = torch.onnx.ops.symbolic(
            "GRU",
            (x.transpose(0, 1), *weights, biases, None, state[None]),
            {"hidden_size": self.hidden_size, "linear_before_reset": 1},
            dtype=x.dtype,
            shape=shape,
        )
        return y[:, 0].transpose(0, 1)


def _in_order(weight: Tensor) -> Tensor:
    """Reorder gates from (r, z, n) to (z, r, n), their order in ONNX."""
    width = weight.size(0) // 3
    return torch.cat([weight[width : 2 * width], weight[:width], weight[2 * width :]])
