"""Additive attention with linguistic coverage and fertility (Tu et al. 2016)."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from seqloom.nn.attention.additive import perceptron
from seqloom.nn.attention.base import Attention, Memory, SizedAttentionConfig
from seqloom.nn.product import Product


class CoverageConfig(SizedAttentionConfig):
    """Settings of attention with coverage."""

    kind: Literal["coverage"] = "coverage"
    """How a query is scored against a source position."""
    max_fertility: float = Field(default=2.0, gt=0)
    """Number N of target tokens that one source position can account for at most."""


class CoverageKeys(NamedTuple):
    """What is taken once a sentence."""

    compared: Float[Tensor, "B S A"]
    """U_a h_j."""
    fertility: Float[Tensor, "B n S"]
    """Φ_j of each head."""


class Coverage(Attention):
    """score(s_{i-1}, h_j) = vᵀ tanh(W_a s_{i-1} + U_a h_j + V_a C_{i-1,j}), Tu et al. 2016, linguistic coverage.

    The state is the coverage: how much each source position has been attended to so far, in shares of its fertility,

        C_{i,j} = C_{i-1,j} + α_{i,j} / Φ_j      C_{0,j} = 0      Φ_j = N σ(U_f h_j)

    With several heads each has a fertility and a coverage of its own, which enters the head's own part of the score.
    """

    stateful: ClassVar[bool] = True

    def __init__(self, config: CoverageConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        size = config.compared_size(query_size)
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(value_size, size, bias=False)
        self.fertility = nn.Linear(value_size, config.heads, bias=False)
        self.covered = nn.Parameter(torch.empty(config.heads, size // config.heads))
        self.energy = nn.Parameter(torch.empty(config.heads, size // config.heads))
        self.max_fertility = config.max_fertility
        nn.init.uniform_(self.covered, -(size**-0.5), size**-0.5)
        nn.init.xavier_uniform_(self.energy)

    def prepare(self, values: Float[Tensor, "B S H"], mask: Bool[Tensor, "B S"]) -> Memory:
        """The memory of a batch of encoded sources; padding gets a harmless fertility whatever stands there."""
        return super().prepare(values.masked_fill(~mask[:, :, None], 0.0), mask)

    def project_keys(self, values: Tensor) -> CoverageKeys:
        """U_a h and the fertilities."""
        chance = torch.sigmoid(self.fertility(values).float())
        return CoverageKeys(self.key(values), self.max_fertility * chance.transpose(1, 2))

    def start(self, memory: Memory) -> Float[Tensor, "B n S"]:
        """Nothing is covered: zeros."""
        keys: CoverageKeys = memory.keys
        return torch.zeros_like(keys.fertility)

    def advance(
        self, state: Float[Tensor, "B T n S"], weights: Float[Tensor, "B n T S"], memory: Memory
    ) -> Float[Tensor, "B T n S"]:
        """C_i of the equations above."""
        keys: CoverageKeys = memory.keys
        return state + weights.transpose(1, 2) / keys.fertility[:, None]

    def scores(
        self, query: Tensor, memory: Memory, state: Float[Tensor, "B T n S"], product: Product
    ) -> Float[Tensor, "B n T S"]:
        """The equation above."""
        history = state.transpose(1, 2)[..., None] * self.covered[:, None, None]  # [B, n, T, S, A / n]
        queries = product(query, self.query.weight, self.query.bias)
        return perceptron(queries, memory.keys.compared, self.energy, history)
