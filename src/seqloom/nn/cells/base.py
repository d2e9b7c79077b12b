"""The contract of a recurrent cell. A cell holds weights and nothing else: state comes in and goes out as a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.cells.scan import scanned
from seqloom.nn.product import Product, direct, step_product
from seqloom.nn.shapes import length_mask
from seqloom.nn.tree import tree_join

State = Any
"""A tree of [N, H] tensors; each cell has its own."""


class CellConfig(Section):
    """What every kind of cell's section begins with."""

    kind: str
    """The recurrence."""


class Cell(nn.Module, ABC):
    """A recurrence y_t, state_t = cell(x_t, state_{t-1}) with `gates` pre-activations of width H each.

    The input's part of the pre-activations does not depend on the state, so it is taken for all steps at once
    (`project`); `advance` adds the state's part. Weights are laid out as in `torch.nn`: [gates·H, I] and [gates·H, H].
    """

    gates: int

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        width = self.gates * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(width, input_size))
        self.weight_hh = nn.Parameter(torch.empty(width, hidden_size))
        self.bias_ih = nn.Parameter(torch.zeros(width))
        self.bias_hh = nn.Parameter(torch.zeros(width))
        self.reset()

    def reset(self) -> None:
        """Glorot-uniform input weights and orthogonal recurrent ones (Saxe et al. 2014), gate by gate."""
        for block in self.weight_ih.data.chunk(self.gates):
            nn.init.xavier_uniform_(block)
        for block in self.weight_hh.data.chunk(self.gates):
            nn.init.orthogonal_(block)

    @abstractmethod
    def start(self, rows: int, like: Tensor) -> State:
        """The zero state for `rows` rows, on the device and of the type of `like`."""

    @abstractmethod
    def output(self, state: State) -> Float[Tensor, "N H"]:
        """The part of the state that the cell shows."""

    @abstractmethod
    def advance(self, projected: Float[Tensor, "N G"], state: State, product: Product = direct) -> State:
        """The next state, from the input's part of the pre-activations and the state."""

    def project(self, x: Tensor, *, first: int = 0, bias: bool = True, product: Product = direct) -> Tensor:
        """The input's part of the pre-activations, [.., I] → [.., gates·H].

        An input that comes in pieces is projected piece by piece and summed: a piece starts at column `first`.
        """
        weight: Tensor = self.weight_ih
        if x.size(-1) != self.input_size:
            weight = weight[:, first : first + x.size(-1)]
        return product(x, weight, self.bias_ih if bias else None)

    def step(
        self, x: Float[Tensor, "N I"], state: State, product: Product = direct
    ) -> tuple[Float[Tensor, "N H"], State]:
        """One step."""
        state = self.advance(self.project(x, product=product), state, product)
        return self.output(state), state

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: State
    ) -> tuple[Float[Tensor, "B S H"], State]:
        """All steps; the final state is that of each row's last real step. Without `lengths`, all steps are real.

        Outputs on padding are finite and meaningless. Equals unrolled `step`; members may use a fused kernel.
        """
        return self.unrolled(x, lengths, state)

    def unrolled(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: State
    ) -> tuple[Float[Tensor, "B S H"], State]:
        """`sequence` by the cell's own steps, whatever kernel it has; one scan over time where a graph is traced."""
        projected = self.project(x)
        product = step_product()
        mask = None if lengths is None else length_mask(lengths, x.size(1))[:, :, None]

        def step(old: State, part: Tensor, real: Tensor | None = None) -> tuple[State, Tensor]:
            new = self.advance(part, old, product)
            return (new if real is None else hold(real, new, old)), self.output(new)

        if torch.compiler.is_exporting():
            return scanned(step, state, projected, mask)
        outputs = []
        for t, part in enumerate(projected.unbind(1)):
            state, y = step(state, part, None if mask is None else mask[:, t])
            outputs.append(y)
        return torch.stack(outputs, 1), state


def hold(mask: Tensor, new: State, old: State) -> State:
    """`new` where `mask` [N, 1] is True, `old` elsewhere."""
    return tree_join(lambda after, before: torch.where(mask, after, before), new, old)


def hold_column(weight_ih: Tensor, signs: tuple[int, ...]) -> Tensor:
    """One more input column per gate that saturates it: +1 opens, -1 shuts, 0 leaves it alone.

    An input of 1 in that column makes a fused kernel carry its state over padding, exactly: σ(±10⁴) is 1 or 0.
    """
    hidden = weight_ih.size(0) // len(signs)
    column = torch.cat([weight_ih.new_full((hidden, 1), 1e4 * sign) for sign in signs])
    return torch.cat([weight_ih, column], 1)


def kernel_weights(*weights: Tensor) -> list[Tensor]:
    """Weights as a fused kernel wants them: cuDNN's side by side, or it copies them itself at every call, and warns."""
    if weights[0].device.type != "cuda":
        return list(weights)
    parts = torch.cat([weight.flatten() for weight in weights]).split([weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]
