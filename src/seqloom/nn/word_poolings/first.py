"""The vector of a word's first position, or of its last one."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.word_poolings.base import WordPooling, WordPoolingConfig, added


class FirstOfWordConfig(WordPoolingConfig):
    """Settings of the first position; there are none."""

    kind: Literal["first"] = "first"
    """How the vectors of a word's positions become one."""


class LastOfWordConfig(WordPoolingConfig):
    """Settings of the last position; there are none."""

    kind: Literal["last"] = "last"
    """How the vectors of a word's positions become one."""


class FirstOfWord(WordPooling):
    """v_w = h_s with the first position s of the word, its mark, which an encoder of both directions reads before and
    after the word (Devlin et al. 2019, §5.3, where it is the first piece)."""

    def __init__(self, config: FirstOfWordConfig) -> None:
        super().__init__()
        del config

    def forward(self, values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
        """The vector of each word's first position."""
        before = torch.cat([torch.full_like(words[:, :1], -1), words[:, :-1]], 1)
        return added(values, torch.where(words != before, words, -1), count)


class LastOfWord(WordPooling):
    """v_w = h_s with the last position s of the word, its last piece."""

    def __init__(self, config: LastOfWordConfig) -> None:
        super().__init__()
        del config

    def forward(self, values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
        """The vector of each word's last position."""
        after = torch.cat([words[:, 1:], torch.full_like(words[:, :1], -1)], 1)
        return added(values, torch.where(words != after, words, -1), count)
