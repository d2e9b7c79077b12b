"""Token embeddings whose vectors enter the network at a set scale."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn


class Embedding(nn.Embedding):
    """Ids → vectors that start with the given deviation in each feature; id 0, padding, is the zero vector.

    Small vectors starve the recurrence: with a deviation of 1/√E, attention on 3,600 words found no alignment in 14
    epochs (dev loss 1.45 nats a phone against 0.35 with 1). A matrix that is also the readout's is stored 1/√E as
    large, so that the first logits are small, and its vectors are multiplied by √E on the way in (Vaswani et al. 2017,
    §3.4).
    """

    def __init__(self, size: int, width: int, deviation: float = 1.0, *, tied: bool = False) -> None:
        super().__init__(size, width, padding_idx=0)
        self.scale = width**0.5 if tied else 1.0
        self.weight.data.mul_(deviation / self.scale)

    def forward(self, ids: Int[Tensor, "*rows"]) -> Float[Tensor, "*rows E"]:
        """Looks the vectors up."""
        vectors = super().forward(ids)
        return vectors * self.scale if self.scale != 1 else vectors
