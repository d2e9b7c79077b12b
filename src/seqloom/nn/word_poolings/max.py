"""The largest value of each feature over a word's positions."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.word_poolings.base import WordPooling, WordPoolingConfig, largest


class MaxOfWordConfig(WordPoolingConfig):
    """Settings of the maximum; there are none."""

    kind: Literal["max"] = "max"
    """How the vectors of a word's positions become one."""


class MaxOfWord(WordPooling):
    """v_{w,i} = max_{s ∈ w} h_{s,i} (Ács et al. 2021, "Subword pooling makes a difference", §3)."""

    def __init__(self, config: MaxOfWordConfig) -> None:
        super().__init__()
        del config

    def forward(self, values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
        """The maximum of each feature of each word."""
        return largest(values, words, count)
