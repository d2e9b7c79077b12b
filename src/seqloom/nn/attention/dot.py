"""Dot-product attention (Luong et al. 2015, §3.1)."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from seqloom.errors import ConfigError
from seqloom.nn.attention.base import Attention, AttentionConfig, Memory, inner
from seqloom.nn.product import Product


class DotConfig(AttentionConfig):
    """Settings of dot-product attention."""

    kind: Literal["dot"] = "dot"
    """How a query is scored against a source position."""

    def check(self, query_size: int, value_size: int) -> None:
        """Query and values are compared as they are."""
        if query_size != value_size:
            raise ConfigError(
                f"attention dot needs encoder and decoder of equal width, not {value_size} and {query_size}",
                hint="use general, or set model.encoder.hidden and model.decoder.hidden alike",
            )
        super().check(query_size, value_size)


class Dot(Attention):
    """score(h_t, h̄_s) = h_tᵀ h̄_s. No weights, so query and values must be equally wide."""

    def project_keys(self, values: Tensor) -> Tensor:
        """The values themselves."""
        return values

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state, product
        return inner(query, memory.keys, self.heads)
