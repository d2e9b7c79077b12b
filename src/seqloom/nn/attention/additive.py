"""Additive attention (Bahdanau, Cho & Bengio 2015, §A.1.2)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqloom.nn.attention.base import Attention, Memory, SizedAttentionConfig, split_heads
from seqloom.nn.product import Product


class AdditiveConfig(SizedAttentionConfig):
    """Settings of additive attention."""

    kind: Literal["additive"] = "additive"
    """How a query is scored against a source position."""


class Additive(Attention):
    """score(s, h) = vᵀ tanh(W_a s + U_a h). U_a h is the key, taken once a sentence."""

    def __init__(self, config: AdditiveConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        size = config.compared_size(query_size)
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(value_size, size, bias=False)
        self.energy = nn.Parameter(torch.empty(config.heads, size // config.heads))
        nn.init.xavier_uniform_(self.energy)

    def project_keys(self, values: Tensor) -> Tensor:
        """U_a h."""
        keys: Tensor = self.key(values)
        return keys

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state
        return perceptron(product(query, self.query.weight, self.query.bias), memory.keys, self.energy)


def perceptron(query: Tensor, keys: Tensor, energy: Tensor, history: Tensor | None = None) -> Tensor:
    """vᵀ tanh(query + key + history) for each pair: [B, T, A], [B, S, A], [n, A / n] → [B, n, T, S].

    `history` [B, n, T, S, A / n] is what kinds with a state add for each pair, if anything.
    """
    heads = energy.size(0)
    queries, compared = split_heads(query, heads)[:, :, :, None], split_heads(keys, heads)[:, :, None]
    before = queries + compared  # [B, n, T, S, A / n]
    hidden = torch.tanh(before if history is None else before + history.to(before.dtype))
    return torch.matmul(hidden, energy[None, :, None, :, None].to(hidden.dtype)).squeeze(-1)
