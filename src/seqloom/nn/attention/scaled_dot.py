"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1) over a recurrent memory."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from seqloom.nn.attention.base import Attention, Memory, SizedAttentionConfig, inner
from seqloom.nn.product import Product


class ScaledDotConfig(SizedAttentionConfig):
    """Settings of scaled dot-product attention."""

    kind: Literal["scaled_dot"] = "scaled_dot"
    """How a query is scored against a source position."""


class ScaledDot(Attention):
    """score(h_t, h̄_s) = (W_q h_t)ᵀ (W_k h̄_s) / √d, with d the width of one head."""

    def __init__(self, config: ScaledDotConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        size = config.compared_size(query_size)
        self.scale = (size / config.heads) ** -0.5
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(value_size, size, bias=False)

    def project_keys(self, values: Tensor) -> Tensor:
        """W_k h̄_s."""
        keys: Tensor = self.key(values)
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state
        projected = product(query, self.query.weight, self.query.bias) * self.scale
        return inner(projected, memory.keys, self.heads)
