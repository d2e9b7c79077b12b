"""The interface of recurrent cells.

A cell holds only weights. Its state is a value, which is passed in and returned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
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
"""A tensor [N, H] or a tuple of such tensors; the form depends on the cell."""


class CellConfig(Section):
    """The base of all cells' configuration sections."""

    kind: str
    """The kind of recurrence."""


class Cell(nn.Module, ABC):
    """A recurrence y_t, state_t = cell(x_t, state_{t-1}) with `gates` pre-activations of width H each.

    The input's part of the pre-activations does not depend on the state, so it is computed for all steps at once
    (`project`); `advance` adds the state's part. Weights have the layout of `torch.nn`: [gates·H, I] and [gates·H, H].
    """

    gates: int
    """Number of pre-activations of width H."""

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
        """Initialise gate by gate: input weights Glorot-uniform, recurrent weights orthogonal (Saxe et al. 2014)."""
        for block in self.weight_ih.data.chunk(self.gates):
            nn.init.xavier_uniform_(block)
        for block in self.weight_hh.data.chunk(self.gates):
            nn.init.orthogonal_(block)

    @classmethod
    def of(cls, config: CellConfig, input_size: int, hidden_size: int) -> Cell:
        """Make a cell with the settings of its section; a kind that has settings of its own overrides this."""
        del config
        return cls(input_size, hidden_size)

    @abstractmethod
    def start(self, rows: int, like: Tensor) -> State:
        """The zero state for `rows` rows, with the device and dtype of `like`."""

    @abstractmethod
    def output(self, state: State) -> Float[Tensor, "N H"]:
        """The part of the state that is the cell's output."""

    @abstractmethod
    def advance(self, projected: Float[Tensor, "N G"], state: State, product: Product = direct) -> State:
        """Compute the next state from the projected input and the state."""

    def project(self, x: Tensor, *, first: int = 0, bias: bool = True, product: Product = direct) -> Tensor:
        """Compute the input's part of the pre-activations, [.., I] → [.., gates·H].

        A concatenated input can also be projected piece by piece, and the results added: `first` is the column of the
        concatenation at which the piece `x` begins, and only one piece should add the bias.
        """
        weight: Tensor = self.weight_ih
        if x.size(-1) != self.input_size:
            weight = weight[:, first : first + x.size(-1)]
        return product(x, weight, self.bias_ih if bias else None)

    def step(
        self, x: Float[Tensor, "N I"], state: State, product: Product = direct
    ) -> tuple[Float[Tensor, "N H"], State]:
        """Run one step; returns the output and the next state."""
        state = self.advance(self.project(x, product=product), state, product)
        return self.output(state), state

    def sequence(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: State
    ) -> tuple[Float[Tensor, "B S H"], State]:
        """Run all steps; returns the outputs, and the state after each row's last real step.

        Without `lengths` there is no padding. Outputs at padding are finite but have no meaning. The result equals that
        of repeated calls of `step`; a cell may override this method to use a fused kernel.
        """
        return self.unrolled(x, lengths, state)

    def unrolled(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"] | None, state: State
    ) -> tuple[Float[Tensor, "B S H"], State]:
        """Compute `sequence` step by step, without a fused kernel; when a graph is traced, as one `Scan` over time."""
        projected = self.project(x)
        mask = None if lengths is None else length_mask(lengths, x.size(1))[:, :, None]
        step = partial(self._held_step, step_product())
        if torch.compiler.is_exporting():
            return scanned(step, state, projected, mask)
        outputs = []
        for t, part in enumerate(projected.unbind(1)):
            state, y = step(state, part, None if mask is None else mask[:, t])
            outputs.append(y)
        return torch.stack(outputs, 1), state

    def _held_step(
        self, product: Product, old: State, part: Tensor, real: Tensor | None = None
    ) -> tuple[State, Tensor]:
        """One step that keeps the old state where `real` is False; returns the next state and the output."""
        new = self.advance(part, old, product)
        return (new if real is None else hold(real, new, old)), self.output(new)


def hold(mask: Tensor, new: State, old: State) -> State:
    """Select `new` where `mask` [N, 1] is True and `old` elsewhere."""
    return tree_join(lambda after, before: torch.where(mask, after, before), new, old)


def hold_column(weight_ih: Tensor, signs: tuple[int, ...]) -> Tensor:
    """Append an input column to the weights that saturates gates: sign +1 opens a gate, -1 closes it, 0 has no effect.

    With an input of 1 in this column at padding, and 0 elsewhere, a fused kernel keeps its state over padding. This is
    exact, because σ(±10⁴) is 1 or 0.
    """
    hidden = weight_ih.size(0) // len(signs)
    column = torch.cat([weight_ih.new_full((hidden, 1), 1e4 * sign) for sign in signs])
    return torch.cat([weight_ih, column], 1)


def kernel_weights(*weights: Tensor) -> list[Tensor]:
    """Prepare weights for a fused kernel.

    cuDNN needs them in one contiguous block of memory; otherwise it copies them at every call and warns.
    """
    if weights[0].device.type != "cuda":
        return list(weights)
    parts = torch.cat([weight.flatten() for weight in weights]).split([weight.numel() for weight in weights])
    return [part.view_as(weight) for part, weight in zip(parts, weights, strict=True)]
