"""The contract of attention, and what all kinds share: heads, normalisation, mixing, steps.

    e[t, s] = score(query_t, key_s, state_t)      α[t, ·] = normalise(e[t, ·])      c_t = Σ_s α[t, s] value_s
    state_{t+1} = advance(state_t, α[t, ·])

(Bahdanau et al. 2015, eqs. 5-6; Luong et al. 2015, eq. 7.) Members give the keys and the scores. A member whose scores
depend on earlier steps, such as coverage, sets `stateful` and gives the first state and the next one, too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.errors import ConfigError
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.product import Product, direct, step_product
from seqloom.nn.tree import tree_map


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
    keys: Any
    """What queries are compared with, as the kind of attention made it: a tree of tensors, sentences first."""
    mask: Bool[Tensor, "B S"]


class Attention(nn.Module, ABC):
    """Queries → contexts. The module holds weights only; a state comes in and goes out.

    A state is a tree of float tensors whose first axis is rows, one row for each query of a step. Kinds without
    memory of earlier steps have the state ().
    """

    stateful: ClassVar[bool] = False
    """Whether the scores of a step depend on earlier steps, so that the steps of a target must be taken in order."""

    def __init__(self, config: AttentionConfig, query_size: int, value_size: int) -> None:
        super().__init__()
        self.heads, self.query_size, self.value_size = config.heads, query_size, value_size
        self.normalise = NORMALISERS[config.normaliser]
        self.value_projection = nn.Linear(value_size, value_size) if config.heads > 1 else None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if (cls.start is not Attention.start or cls.advance is not Attention.advance) != cls.stateful:
            raise TypeError(
                f"an attention has `stateful = True` if it has a `start` or an `advance` of its own, and only then; "
                f"{cls.__name__} has stateful = {cls.stateful}"
            )

    @abstractmethod
    def project_keys(self, values: Float[Tensor, "B S H"]) -> Any:
        """What a query is compared with, computed once a sentence."""

    @abstractmethod
    def scores(
        self, query: Float[Tensor, "B T Q"], memory: Memory, state: Any, product: Product
    ) -> Float[Tensor, "B n T S"]:
        """Unnormalised scores of each head. What is scored on padding does not count.

        The state's tensors are [B, T, ...]: query [b, t] has the state [b, t]. Products of the query with a weight
        are taken with `product`.
        """

    def prepare(self, values: Float[Tensor, "B S H"], mask: Bool[Tensor, "B S"]) -> Memory:
        """The memory of a batch of encoded sources."""
        mixed = values if self.value_projection is None else self.value_projection(values)
        return Memory(mixed, self.project_keys(values), mask)

    def start(self, memory: Memory) -> Any:
        """The state before the first step, one row a sentence: tensors [B, ...]."""
        del memory
        return ()

    def advance(self, state: Any, weights: Float[Tensor, "B n T S"], memory: Memory) -> Any:
        """The state after a step with these weights of each head; the state's tensors are [B, T, ...]."""
        del weights, memory
        return state

    def forward(
        self, query: Float[Tensor, "B T Q"], memory: Memory, state: Any
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"], Any]:
        """T steps of one row a sentence: contexts, weights averaged over heads, and the state after the last step.

        Weights are exactly 0 on padding and sum to 1 over the source. All steps are computed at once where there is no
        state, and otherwise one after the other: equals unrolled `step`.
        """
        if not self.stateful:
            return self._attend(query, memory, state, direct)
        product = step_product()
        contexts, weights = [], []
        for each in query.unbind(1):
            context, looked, state = self.step(each, memory, state, product)
            contexts.append(context)
            weights.append(looked)
        return torch.stack(contexts, 1), torch.stack(weights, 1), state

    def step(
        self, query: Float[Tensor, "N Q"], memory: Memory, state: Any, product: Product = direct
    ) -> tuple[Float[Tensor, "N H"], Float[Tensor, "N S"], Any]:
        """One step of N = B·K rows that share B memories: contexts, weights averaged over heads, and the next state.

        Rows b·K … b·K + K - 1 of the query and of the state belong to sentence b. Nothing of the memory is copied.
        """
        grouped = partial(torch.unflatten, dim=0, sizes=(memory.mask.size(0), -1))  # [B·K, ...] → [B, K, ...]
        flat = partial(torch.flatten, start_dim=0, end_dim=1)
        context, weights, after = self._attend(grouped(query), memory, tree_map(grouped, state), product)
        return flat(context), flat(weights), tree_map(flat, after)

    def _attend(
        self, query: Float[Tensor, "B T Q"], memory: Memory, state: Any, product: Product
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"], Any]:
        """T queries of each sentence that do not see one another, each with its own state."""
        scores = self.scores(query, memory, state, product).float()
        weights = self.normalise(torch.where(memory.mask[:, None, None, :], scores, -torch.inf))  # [B, n, T, S]
        after = self.advance(state, weights, memory)
        if self.heads == 1:
            single = weights.squeeze(1)
            return torch.bmm(single.to(memory.values.dtype), memory.values), single, after
        values = split_heads(memory.values, self.heads)
        context = torch.matmul(weights.to(values.dtype), values)  # [B, n, T, H / n]
        return context.transpose(1, 2).flatten(2), weights.mean(1), after


def split_heads(x: Float[Tensor, "B L H"], heads: int) -> Float[Tensor, "B n L D"]:
    """[B, L, n·D] → [B, n, L, D]."""
    parts: Tensor = x.unflatten(2, (heads, -1))
    return parts.transpose(1, 2)


def inner(query: Float[Tensor, "B T A"], keys: Float[Tensor, "B S A"], heads: int) -> Float[Tensor, "B n T S"]:
    """Inner products of queries and keys, head by head."""
    if heads == 1:
        return torch.bmm(query, keys.transpose(1, 2).to(query.dtype)).unsqueeze(1)
    return torch.matmul(split_heads(query, heads), split_heads(keys.to(query.dtype), heads).transpose(2, 3))
