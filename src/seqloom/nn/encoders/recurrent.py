"""The recurrent encoder: a stack of recurrent layers, each of which reads the source in one direction or in two."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import one_of
from seqloom.errors import ConfigError
from seqloom.nn.cells import Cell, CellConfig, build_cell, cell_configs
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.encoders.base import Encoder, EncoderConfig, Summary
from seqloom.nn.shapes import reverse_by_length
from seqloom.nn.tree import tree_join


class RecurrentEncoderConfig(EncoderConfig):
    """Settings of the recurrent encoder."""

    kind: Literal["recurrent"] = "recurrent"
    """How the source is read."""
    layers: int = Field(default=1, ge=1)
    """Number of recurrent layers."""
    hidden: int = Field(default=0, ge=0)
    """Width of a layer's output, both directions together; 0 = model.hidden."""
    bidirectional: Literal["all", "first", "none"] = "all"
    """Which layers read the source in both directions."""
    residual: bool = False
    """Add a layer's input to its output where the widths agree."""
    cell: Annotated[CellConfig | None, *one_of("cell", cell_configs)] = None
    """The recurrence; not set = model.cell."""

    @property
    def final_states(self) -> bool:
        """Each layer has one."""
        return True

    def recurrence(self, default: CellConfig) -> CellConfig:
        """The cell of the section, or else `default`."""
        return self.cell or default

    def check(self, width: int) -> None:
        """Refuses an odd width where two directions share it."""
        if self.bidirectional != "none" and width % 2:
            raise ConfigError(f"two directions share the encoder's width, which must be even, not {width}")


class Layer(nn.Module):
    """One recurrent layer over a source, in one direction or two."""

    def __init__(self, cell: CellConfig, input_size: int, hidden_size: int, *, both: bool) -> None:
        super().__init__()
        width = hidden_size // 2 if both else hidden_size
        self.forwards: Cell = build_cell(cell, input_size, width)
        self.backwards: Cell | None = build_cell(cell, input_size, width) if both else None

    def forward(self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B S H"], Any]:
        """Outputs and final state; with two directions both are [forwards; backwards] along the last axis."""
        rows = x.size(0)
        y, final = self.forwards.sequence(x, lengths, self.forwards.start(rows, x))
        if self.backwards is None:
            return y, final
        mirrored = reverse_by_length(x, lengths)
        z, first = self.backwards.sequence(mirrored, lengths, self.backwards.start(rows, x))
        joined = tree_join(lambda ahead, back: torch.cat([ahead, back], -1), final, first)
        return torch.cat([y, reverse_by_length(z, lengths)], -1), joined


class RecurrentEncoder(Encoder):
    """A stack of recurrent layers with dropout between them.

    Two directions: Schuster & Paliwal 1997, as in Bahdanau et al. 2015, §3.2. `first` with residual connections from
    the layer whose input is as wide as its output: GNMT (Wu et al. 2016, §3.1-3.2).
    """

    def __init__(
        self,
        config: RecurrentEncoderConfig,
        cell: CellConfig,
        input_size: int,
        hidden_size: int,
        dropout: SequenceDropout,
    ) -> None:
        super().__init__()
        cell = config.recurrence(cell)
        both = {"all": config.layers, "first": 1, "none": 0}[config.bidirectional]
        self.layers = nn.ModuleList(
            Layer(cell, hidden_size if index else input_size, hidden_size, both=index < both)
            for index in range(config.layers)
        )
        self.residual, self.dropout = config.residual, dropout

    def forward(self, x: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B S H"], Summary]:
        """The top layer's output at each position, and the final state of each layer."""
        finals = []
        for index, layer in enumerate(self.layers):
            y, final = layer(self.dropout(x) if index else x, lengths)
            x = x + y if self.residual and x.size(-1) == y.size(-1) else y
            finals.append(final)
        return x, tuple(finals)
