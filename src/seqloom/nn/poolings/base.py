"""The contract of a pooling: the vectors of a source's positions → one vector for the whole source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.config import Section
from seqloom.nn.encoders import Summary


class PoolingConfig(Section):
    """What the section of every kind of pooling begins with."""

    kind: str
    """How the vectors of the positions become one."""

    @property
    def attends(self) -> bool:
        """Whether the pooling gives each position a weight that can be shown."""
        return False


class Pooled(NamedTuple):
    """A source as one vector, and the weights of its positions where the pooling has some."""

    vector: Float[Tensor, "B P"]
    weights: Float[Tensor, "B S"] | None


class Pooling(nn.Module, ABC):
    """An encoder's vectors → one vector of width P, which is `size`.

    What stands on padding, and other rows, change nothing. Weights are at least 0, sum to 1 over the real positions and
    are 0 on padding. A member is made as `Member(config, width)`: its section, and the width H of the encoder's
    vectors.
    """

    size: int

    @abstractmethod
    def forward(self, values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: Summary | None) -> Pooled:
        """The vector of each row, of values with `lengths` real positions; `summary` holds the encoder's final states,
        if it has any."""
