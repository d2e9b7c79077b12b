"""The contract of attention, and what all kinds share: heads, normalisation, mixing.

    e[t, s] = score(query_t, key_s)      α[t, ·] = normalise(e[t, ·])      c_t = Σ_s α[t, s] value_s

(Bahdanau et al. 2015, eqs. 5-6; Luong et al. 2015, eq. 7.) Members give the keys and the scores.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.errors import ConfigError
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.product import Product, direct


class AttentionConfig(Section):
    """What every kind of attention's section begins with."""

    kind: str
    """How a query is scored against a source position."""
    heads: int = Field(default=1, ge=1)
    """Number of heads; with more than one, values are projected and each head mixes its own part of them."""
    normaliser: Literal["softmax", "sparsemax", "entmax15"] = "softmax"
    """How scores become weights; the last two can give exact zeros."""

    def compared_size(self, query_size: int) -> int:
        """Width, over all heads, in which a query is compared with a position."""
        return query_size

    def check(self, query_size: int, value_size: int) -> None:
        """Refuses widths that do not go with this kind or with the number of heads."""
        compared = self.compared_size(query_size)
        if value_size % self.heads or compared % self.heads:
            raise ConfigError(
                f"attention.heads = {self.heads} must divide the encoder's width {value_size} "
                f"and the compared width {compared}"
            )


class SizedAttentionConfig(AttentionConfig):
    """Settings of the kinds that compare in a space of their own."""

    size: int = Field(default=0, ge=0)
    """Width A of that space over all heads; 0 = the decoder's width."""

    def compared_size(self, query_size: int) -> int:
        """A."""
        return self.size or query_size


class Memory(NamedTuple):
    """The source as the decoder sees it. Keys are projected once, here."""

    values: Float[Tensor, "B S H"]
    keys: Tensor
    mask: Bool[Tensor, "B S"]


class Attention(nn.Module, ABC):
    """Queries → contexts. Stateless kinds have the state ()."""

    def __init__(self, config: AttentionConfig, query_size: int, value_size: int) -> None:
        super().__init__()
        self.heads, self.query_size, self.value_size = config.heads, query_size, value_size
        self.normalise = NORMALISERS[config.normaliser]
        self.value_projection = nn.Linear(value_size, value_size) if config.heads > 1 else None

    @abstractmethod
    def project_keys(self, values: Float[Tensor, "B S H"]) -> Tensor:
        """What a query is compared with, computed once a sentence."""

    @abstractmethod
    def scores(self, query: Float[Tensor, "B T Q"], keys: Tensor, product: Product) -> Float[Tensor, "B n T S"]:
        """Unnormalised scores of each head."""

    def prepare(self, values: Float[Tensor, "B S H"], mask: Bool[Tensor, "B S"]) -> Memory:
        """The memory of a batch of encoded sources."""
        mixed = values if self.value_projection is None else self.value_projection(values)
        return Memory(mixed, self.project_keys(values), mask)

    def start(self, memory: Memory) -> Any:
        """The state before the first step."""
        del memory
        return ()

    def forward(
        self, query: Float[Tensor, "B T Q"], memory: Memory, state: Any, product: Product = direct
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"], Any]:
        """Contexts, weights averaged over heads (exactly 0 on padding, rows sum to 1), and the next state."""
        scores = self.scores(query, memory.keys, product).float()
        weights = self.normalise(torch.where(memory.mask[:, None, None, :], scores, -torch.inf))  # [B, n, T, S]
        if self.heads == 1:
            single = weights.squeeze(1)
            return torch.bmm(single.to(memory.values.dtype), memory.values), single, state
        values = split_heads(memory.values, self.heads)
        context = torch.matmul(weights.to(values.dtype), values)  # [B, n, T, H / n]
        return context.transpose(1, 2).flatten(2), weights.mean(1), state


def split_heads(x: Float[Tensor, "B L H"], heads: int) -> Float[Tensor, "B n L D"]:
    """[B, L, n·D] → [B, n, L, D]."""
    parts: Tensor = x.unflatten(2, (heads, -1))
    return parts.transpose(1, 2)


def inner(query: Float[Tensor, "B T A"], keys: Float[Tensor, "B S A"], heads: int) -> Float[Tensor, "B n T S"]:
    """Inner products of queries and keys, head by head."""
    if heads == 1:
        return torch.bmm(query, keys.transpose(1, 2).to(query.dtype)).unsqueeze(1)
    return torch.matmul(split_heads(query, heads), split_heads(keys.to(query.dtype), heads).transpose(2, 3))
