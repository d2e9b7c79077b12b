"""The bridge: the encoder's final states → the decoder's first ones."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqloom.nn.cells import Cell
from seqloom.nn.tree import leaves, rebuild

BridgeKind = Literal["dense", "copy", "zero"]


class Bridge(nn.Module):
    """Starts each decoder layer.

    `zero`: from nothing; only attention carries the source. `copy`: layer by layer, the top ones where the encoder
    has more (Sutskever et al. 2014, §2). `dense`: s_0 = tanh(W_s h), with h the top encoder layer's final output, both
    directions (Bahdanau et al. 2015, §A.2.2 takes the backward one alone).
    """

    def __init__(self, kind: BridgeKind, encoder_hidden: int, cells: list[Cell]) -> None:
        super().__init__()
        self.kind = kind
        self.widths = [leaf.size(1) for cell in cells for leaf in leaves(cell.start(1, torch.zeros(1)))]
        self.dense = nn.Linear(encoder_hidden, sum(self.widths)) if kind == "dense" else None

    def forward(self, summary: tuple[Any, ...], output: Tensor, zeros: tuple[Any, ...]) -> tuple[Any, ...]:
        """First states of the form of `zeros` [B, ..], from the encoder's final states and top final output [B, H]."""
        if self.kind == "zero":
            return zeros
        if self.kind == "copy":
            return summary[-len(zeros) :]
        assert self.dense is not None
        return rebuild(zeros, torch.tanh(self.dense(output)).split(self.widths, -1))
