"""Concat attention (Luong et al. 2015, §3.1)."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqloom.nn.attention.additive import perceptron
from seqloom.nn.attention.base import Attention, Memory, SizedAttentionConfig
from seqloom.nn.product import Product


class ConcatConfig(SizedAttentionConfig):
    """Settings of concat attention."""

    kind: Literal["concat"] = "concat"
    """How a query is scored against a source position."""


class Concat(Attention):
    """score(h_t, h̄_s) = v_aᵀ tanh(W_a [h_t; h̄_s]).

    One matrix without bias, as printed in the paper. Its columns for h̄_s are applied once a sentence, those for h_t
    once a step, which is the same sum without building the T × S concatenations.
    """

    def __init__(self, config: ConcatConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        size = config.compared_size(query_size)
        self.weight = nn.Parameter(torch.empty(size, query_size + value_size))
        self.energy = nn.Parameter(torch.empty(config.heads, size // config.heads))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.energy)

    def project_keys(self, values: Tensor) -> Tensor:
        """The columns of W_a that read h̄_s, applied."""
        return torch.nn.functional.linear(values, self.weight[:, self.query_size :])

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state
        return perceptron(product(query, self.weight[:, : self.query_size], None), memory.keys, self.energy)
