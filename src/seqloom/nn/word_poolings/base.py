"""The contract of a pooling of words: the vectors of a source's positions → one vector for each of its words."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.shapes import length_mask
from seqloom.text.special import BOS, EOS


class WordPoolingConfig(Section):
    """What the section of every kind of pooling of words begins with."""

    kind: str
    """How the vectors of a word's positions become one."""


class WordPooling(nn.Module, ABC):
    """An encoder's vectors → one vector of width H for each word.

    The positions of a word are its mark and its pieces. What stands elsewhere, such as on tags, the end mark and
    padding, and other words and rows, change nothing; the vector of a word without positions is 0.
    """

    @abstractmethod
    def forward(self, values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
        """The vectors of the first `count` words, W, of each row; `words` has the number of the word of each position,
        and -1 for none."""


def word_numbers(
    source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]
) -> tuple[Int[Tensor, "B S"], Int[Tensor, " B"]]:
    """The number of the word of each position, counted from 0 and -1 for none, and the number of words of each row.

    A word begins with the begin mark.
    """
    inside = length_mask(lengths, source.size(1)) & (source != EOS)
    marks = (inside & (source == BOS)).long()
    return torch.where(inside, marks.cumsum(1) - 1, -1), marks.sum(1)


def added(values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
    """The sum of the vectors of each of the first `count` words."""
    places = _places(words, count)[:, :, None].expand(-1, -1, values.size(2))
    sums = values.new_zeros(values.size(0), count + 1, values.size(2))
    return sums.scatter_add(1, places, values)[:, :count]


def largest(values: Float[Tensor, "B S H"], words: Int[Tensor, "B S"], count: int) -> Float[Tensor, "B W H"]:
    """The largest value of each feature of each of the first `count` words; 0 for a word without positions."""
    places = _places(words, count)[:, :, None].expand(-1, -1, values.size(2))
    least = torch.finfo(values.dtype).min
    found = values.new_full((values.size(0), count + 1, values.size(2)), least)
    found = found.scatter_reduce(1, places, values, "amax")[:, :count]
    return torch.where(found == least, 0.0, found)


def _places(words: Int[Tensor, "B S"], count: int) -> Int[Tensor, "B S"]:
    """The places of the words' vectors; what is of no word has one place more, which is cut off."""
    return torch.where((words >= 0) & (words < count), words, count)
