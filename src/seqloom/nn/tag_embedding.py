"""A vector for the tags of a source, such as its language, which every step on both sides reads.

    v = W Σ_s t(x_s)  over the positions s whose token x_s is a tag      x_s ← e(x_s) + v      y_{t-1} ← e(y_{t-1}) + v

Peters & Martins 2020, §3 (the DeepSPIN systems of SIGMORPHON 2020) place an embedding of the language beside that of
each character, in the encoder and in the decoder: [e; t]. The layer that reads it multiplies the two by [U, U'], and
with U' = U W that is the sum above. So no width of the network depends on whether there are tags.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.nn.shapes import length_mask


class TagEmbedding(nn.Module):
    """The vector v of width E of each source, zeros for a source without tags.

    The ids of the tags are the last `count` below `end`. A tag that was not met in training has the id of the unknown
    token, which is none of them, and adds nothing.
    """

    def __init__(self, count: int, end: int, size: int, width: int) -> None:
        super().__init__()
        self.first, self.end = end - count, end
        self.vectors = nn.Embedding(count, size)
        self.projection = nn.Linear(size, width, bias=False)

    def forward(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Float[Tensor, "B E"]:
        """The sum of the vectors of all tags, wherever they stand, projected to width E."""
        tags = (source >= self.first) & (source < self.end) & length_mask(lengths, source.size(1))
        vectors = self.vectors(torch.where(tags, source - self.first, 0))
        vector: Tensor = self.projection(torch.where(tags[:, :, None], vectors, 0.0).sum(1))
        return vector
