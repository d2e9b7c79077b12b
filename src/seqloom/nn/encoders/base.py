"""The contract of an encoder: vectors of a source → one vector for each position, and what the decoder starts from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.cells import CellConfig

Summary = tuple[Any, ...]
"""The final state of each layer, the lowest layer first; each cell has its own kind of state."""


class EncoderConfig(Section):
    """What the section of every kind of encoder begins with."""

    kind: str
    """How the source is read."""
    layers: int = Field(default=1, ge=1)
    """Number of layers."""
    hidden: int = Field(default=0, ge=0)
    """Width H of the vector that stands for a position; 0 = model.hidden."""

    @property
    def final_states(self) -> bool:
        """Whether the encoder ends in states, which `decoder.bridge = "copy"` can hand to the decoder."""
        return False

    @property
    def longest(self) -> int | None:
        """The number of positions that the encoder can tell apart; None where there is no limit."""
        return None

    def recurrence(self, default: CellConfig) -> CellConfig | None:
        """The cell of the layers, `default` where the section names none; None where the layers have no cell."""
        del default
        return None

    def check(self, width: int) -> None:
        """Raises `ConfigError` where the width H of the outputs does not suit the kind or its other settings."""


class Encoder(nn.Module, ABC):
    """A source → one vector of width H for each of its positions.

    The input is any sequence of vectors, of any width I: nothing in an encoder may depend on where they come from. A
    row's outputs at real positions depend neither on other rows nor on what stands on padding.

    A member is made as `Member(config, cell, input_size, hidden_size, dropout)`: its section, the cell of its layers or
    None, the widths I and H, and a `SequenceDropout`.
    """

    @abstractmethod
    def forward(
        self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B S H"], Summary | None]:
        """The vectors of all positions, and the final state of each layer or None where there is no such state.

        `lengths` counts the real positions of each row. Vectors on padding are finite and mean nothing.
        """
