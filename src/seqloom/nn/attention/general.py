"""General (bilinear) attention (Luong et al. 2015, §3.1)."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from seqloom.nn.attention.base import Attention, AttentionConfig, Memory, inner
from seqloom.nn.product import Product


class GeneralConfig(AttentionConfig):
    """Settings of general attention."""

    kind: Literal["general"] = "general"
    """How a query is scored against a source position."""


class General(Attention):
    """score(h_t, h̄_s) = h_tᵀ W_a h̄_s. W_a h̄_s is the key, taken once a sentence.

    The matrix held is √Q W_a. Adam moves each of its Q × H weights by the learning rate and all in step, so that
    without the factor one update would move a score by tens, and attention would be shut on single positions before
    it has learned where to look.
    """

    def __init__(self, config: GeneralConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        self.key = nn.Linear(value_size, query_size, bias=False)

    def project_keys(self, values: Tensor) -> Tensor:
        """W_a h̄_s."""
        keys: Tensor = self.key(values) * self.query_size**-0.5
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state, product
        return inner(query, memory.keys, self.heads)
