"""An attention whose state is unlike that of any real member: the laws must hold for any state, not only for ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from seqloom.nn.attention import ATTENTIONS
from seqloom.nn.attention.base import Attention, AttentionConfig, Memory, inner
from seqloom.nn.product import Product


class RememberingConfig(AttentionConfig):
    """Settings of the attention below."""

    kind: Literal["remembering"] = "remembering"
    """How a query is scored against a source position."""


class Step(NamedTuple):
    number: Tensor
    """How many steps there have been [.., 1]."""
    last: Tensor
    """The weights of the last step [.., S, n]: a source axis that is not the last one."""


class Remembered(NamedTuple):
    looked: Tensor
    """Sum of the weights of all steps, averaged over heads [.., S]."""
    step: Step


class Remembering(Attention):
    """score = hᵀ W h̄ + a · Σ earlier weights + b · last weights + d · sin(number of the step) · position."""

    stateful: ClassVar[bool] = True

    def __init__(self, config: RememberingConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        self.key = nn.Linear(value_size, query_size, bias=False)
        self.factors = nn.Parameter(torch.tensor([-0.7, 0.4, 0.3]))

    def project_keys(self, values: Tensor) -> Tensor:
        keys: Tensor = self.key(values)
        return keys

    def start(self, memory: Memory) -> Remembered:
        looked = torch.zeros(memory.mask.shape, device=memory.mask.device)
        return Remembered(
            looked, Step(looked.new_zeros(looked.size(0), 1), looked[:, :, None].repeat(1, 1, self.heads))
        )

    def advance(self, state: Remembered, weights: Tensor, memory: Memory) -> Remembered:
        return Remembered(
            state.looked + weights.mean(1),
            Step(state.step.number + memory.mask.any(1)[:, None, None].float(), weights.permute(0, 2, 3, 1)),
        )

    def scores(self, query: Tensor, memory: Memory, state: Remembered, product: Product) -> Tensor:
        all_steps, last, number = self.factors.unbind()
        places = torch.arange(memory.mask.size(1), device=query.device) / 5
        added = all_steps * state.looked + number * torch.sin(state.step.number) * places  # [B, T, S]
        history = added[:, None] + last * state.step.last.permute(0, 3, 1, 2)
        return inner(query, memory.keys, self.heads).float() + history


@contextmanager
def remembering() -> Iterator[None]:
    """The attention is a member of its family meanwhile."""
    members = dict(ATTENTIONS.own)
    vars(ATTENTIONS)["own"] = {**members, "remembering": (RememberingConfig, Remembering)}
    try:
        yield
    finally:
        vars(ATTENTIONS)["own"] = members
