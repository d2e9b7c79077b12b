"""The mean of the vectors of a word's positions."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.word_poolings.base import WordPooling, WordPoolingConfig, added


class MeanOfWordConfig(WordPoolingConfig):
    """Settings of the mean; there are none."""

    kind: Literal["mean"] = "mean"
    """How the vectors of a word's positions become one."""


class MeanOfWord(WordPooling):
    """v_w = 1/|w| Σ_{s ∈ w} h_s (Ács et al. 2021, "Subword pooling makes a difference", §3)."""

    def __init__(self, config: MeanOfWordConfig) -> None:
        super().__init__()
        del config

    def forward(self, values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
        """The mean of each word."""
        sizes = added(values.new_ones(*words.shape, 1), words, count)
        return added(values, words, count) / sizes.clamp_min(1)
