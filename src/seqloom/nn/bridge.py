"""The bridge makes the decoder's first state from what the encoder found."""

from __future__ import annotations

from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.nn.cells import Cell
from seqloom.nn.shapes import mean_by_length
from seqloom.nn.tree import leaves, rebuild

BridgeKind = Literal["dense", "copy", "zero"]


class Bridge(nn.Module):
    """Gives each decoder layer its first state.

    `zero` starts from zeros, so that only attention carries the source. `copy` hands on the encoder's final states
    layer by layer, the top ones where the encoder has more layers (Sutskever et al. 2014, §2); it needs an encoder
    that ends in states. `dense` computes s_0 = tanh(W_s v + b) from one vector v of the source: see `source_vector`.
    """

    def __init__(self, kind: BridgeKind, encoder_hidden: int, cells: list[Cell]) -> None:
        super().__init__()
        self.kind = kind
        self.widths = [leaf.size(1) for cell in cells for leaf in leaves(cell.start(1, torch.zeros(1)))]
        self.dense = nn.Linear(encoder_hidden, sum(self.widths)) if kind == "dense" else None

    def forward(self, summary: tuple[Any, ...] | None, vector: Tensor, zeros: tuple[Any, ...]) -> tuple[Any, ...]:
        """First states of the form of `zeros`, rows first.

        `summary` holds the encoder's final states, if it has any, and `vector` [B, H] is the source's vector.
        """
        if self.kind == "zero":
            return zeros
        if self.kind == "copy":
            assert summary is not None, "bridge = copy needs final states"  # checked with the configuration
            return summary[-len(zeros) :]
        assert self.dense is not None
        return rebuild(zeros, torch.tanh(self.dense(vector)).split(self.widths, -1))


def source_vector(
    values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: tuple[Any, ...] | None
) -> Float[Tensor, "B H"]:
    """The vector of a source that the `dense` bridge reads.

    With final states it is the top layer's final output, both directions side by side, where each direction has seen
    the whole source (Bahdanau et al. 2015, §A.2.2, takes the backward direction alone). Without final states it is the
    mean of the values over the real positions, as in Xu et al. 2015 (Show, attend and tell), §3.1.2.
    """
    return mean_by_length(values, lengths) if summary is None else leaves(summary[-1])[0]
