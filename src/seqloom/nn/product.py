"""Matrix products with weights, and a tape that computes the weight gradients of a step-by-step loop all at once.

A decoder that runs step by step multiplies small inputs by the same weights at every step. Autograd would compute and
add a full weight gradient at each step: T inefficient products and T passes over the weight. The tape stores the input
and the output gradient of each step instead, and computes one product over all steps at the end of the backward pass:

    dW = Σ_t δ_tᵀ x_t = [δ_1; …; δ_T]ᵀ [x_1; …; x_T]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""A function `product(x [.., I], weight [O, I], bias [O] or None)` that returns x weightᵀ + bias."""

direct: Product = F.linear
"""The ordinary product, whose gradients autograd computes."""


class WeightTape:
    """Computes the products of one pass over the steps of a sequence; a new tape is needed for each pass.

    It is called like `F.linear`. Weights and biases are recognised by their memory address and shape, so that a loop
    may take the same slice of a weight anew at each step.
    """

    def __init__(self) -> None:
        self._gathered: dict[tuple[int, torch.Size, int], tuple[Tensor, _Strip]] = {}

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return `x weightᵀ + bias`; the gradient of the weight is computed for all steps at once."""
        key = (weight.data_ptr(), weight.shape, 0 if bias is None else bias.data_ptr())
        if key not in self._gathered:
            strip = _Strip(weight, bias, _working_dtype(weight))
            self._gathered[key] = (_Gather.apply(weight, bias, strip), strip)  # type: ignore[no-untyped-call]
        handle, strip = self._gathered[key]
        y: Tensor = _StepProduct.apply(x, handle, None if bias is None else bias.detach(), strip)  # type: ignore[no-untyped-call]
        return y


def step_product() -> Product:
    """A new tape if gradients are enabled, otherwise the ordinary product."""
    return WeightTape() if torch.is_grad_enabled() else direct


def _working_dtype(tensor: Tensor) -> torch.dtype:
    device = tensor.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else tensor.dtype


class _Strip:
    """The inputs and output gradients of one weight, in the order of the backward pass."""

    def __init__(self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        self.weight, self.bias = weight, bias  # kept alive, so that no other tensor gets their memory address
        self.dtype = dtype
        self.inputs: list[Tensor] = []
        self.gradients: list[Tensor] = []


class _Gather(torch.autograd.Function):
    """Passes a weight to all steps; its backward runs after theirs and computes the product over all steps."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, strip: _Strip) -> Tensor:
        ctx.strip, ctx.with_bias = strip, bias is not None
        ctx.set_materialize_grads(False)
        return weight.to(strip.dtype, copy=True) if strip.dtype != weight.dtype else weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, *_: Tensor | None) -> tuple[Tensor | None, Tensor | None, None]:
        strip = ctx.strip
        if not strip.inputs:
            return None, None, None
        inputs, gradients = torch.cat(strip.inputs), torch.cat(strip.gradients)
        strip.inputs, strip.gradients = [], []
        weight_gradient = (gradients.t() @ inputs).to(strip.weight.dtype)
        bias_gradient = gradients.sum(0, dtype=strip.weight.dtype) if ctx.with_bias else None
        return weight_gradient, bias_gradient, None


class _StepProduct(torch.autograd.Function):
    """The product of one step; its backward returns the input's gradient and stores what the weight's needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, strip: _Strip) -> Tensor:
        x = x.to(strip.dtype)
        ctx.save_for_backward(x, weight)
        ctx.strip, ctx.shape = strip, x.shape
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(x, weight, None if bias is None else bias.to(strip.dtype))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        gradient = gradient.to(ctx.strip.dtype)
        ctx.strip.inputs.append(x.reshape(-1, x.size(-1)))
        ctx.strip.gradients.append(gradient.reshape(-1, gradient.size(-1)))
        return gradient @ weight, None, None, None
