"""Token embeddings whose vectors enter the network at a set scale."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn


class Embedding(nn.Embedding):
    """Ids → vectors that start with the given deviation in each feature; id 0, padding, is the zero vector.

    The matrix holds them 1/√E as large and they are multiplied by √E on the way in (Vaswani et al. 2017, §3.4). Small
    vectors would starve the recurrence: with a deviation of 1/√E, attention on 3,600 words found no alignment in 14
    epochs. A matrix of full size would hardly move: Adam changes every weight by about the learning rate, so that a
    smaller one learns √E times as fast. And a readout that shares the matrix begins with small logits.
    """

    def __init__(self, size: int, width: int, deviation: float = 1.0) -> None:
        super().__init__(size, width, padding_idx=0)
        self.scale = float(width**0.5)
        self.weight.data.mul_(deviation / self.scale)

    def forward(self, ids: Int[Tensor, "*rows"]) -> Float[Tensor, "*rows E"]:
        """Looks the vectors up."""
        vectors: Tensor = super().forward(ids)
        return vectors * self.scale
