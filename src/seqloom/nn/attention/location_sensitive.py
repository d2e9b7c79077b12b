"""Location-sensitive attention (Chorowski et al. 2015, §2.1): additive attention that sees where it looked before."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor, nn

from seqloom.nn.attention.additive import perceptron
from seqloom.nn.attention.base import Attention, Memory, SizedAttentionConfig
from seqloom.nn.product import Product


class LocationSensitiveConfig(SizedAttentionConfig):
    """Settings of location-sensitive attention."""

    kind: Literal["location_sensitive"] = "location_sensitive"
    """How a query is scored against a source position."""
    channels: int = Field(default=10, ge=1)
    """Number k of features that the convolution takes from the previous weights around a position."""
    width: int = Field(default=15, ge=1)
    """Number r of source positions that the convolution spans; odd, so that it is centred on a position."""
    cumulative: bool = False
    """Convolve the sum of the weights of all previous steps instead of the weights of the last step (Tacotron 2)."""

    @field_validator("width")
    @classmethod
    def _odd(cls, width: int) -> int:
        if width % 2 == 0:
            raise ValueError(f"the convolution is centred on a position: its width must be odd, not {width}")
        return width


class LocationSensitive(Attention):
    """e_ij = wᵀ tanh(W s_{i-1} + V h_j + U f_ij + b) with f_i = F * α_{i-1} (Chorowski et al. 2015, eqs. 8-9).

    V h_j is the key, taken once a sentence. The state holds α_{i-1}, zeros before the first step; with `cumulative`
    it holds α_1 + … + α_{i-1} (Shen et al. 2018, §2.2). With several heads, F reads the previous weights of all of
    them. Padding has no weight, so the convolution sees it as it sees what lies outside the source: as zeros.
    """

    stateful: ClassVar[bool] = True

    def __init__(self, config: LocationSensitiveConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        size = config.compared_size(query_size)
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(value_size, size, bias=False)
        self.filters = nn.Parameter(torch.empty(config.channels, config.heads, config.width))
        self.location = nn.Linear(config.channels, size, bias=False)
        self.energy = nn.Parameter(torch.empty(config.heads, size // config.heads))
        self.cumulative = config.cumulative
        nn.init.xavier_uniform_(self.filters)
        nn.init.xavier_uniform_(self.energy)

    def project_keys(self, values: Tensor) -> Tensor:
        """V h."""
        keys: Tensor = self.key(values)
        return keys

    def start(self, memory: Memory) -> Float[Tensor, "B n S"]:
        """Nothing has been looked at: zeros."""
        rows, positions = memory.mask.shape
        return torch.zeros(rows, self.heads, positions, device=memory.mask.device)

    def advance(
        self, state: Float[Tensor, "B T n S"], weights: Float[Tensor, "B n T S"], memory: Memory
    ) -> Float[Tensor, "B T n S"]:
        """The weights of this step, added to the earlier ones with `cumulative`."""
        del memory
        latest = weights.transpose(1, 2)
        return state + latest if self.cumulative else latest

    def scores(
        self, query: Tensor, memory: Memory, state: Float[Tensor, "B T n S"], product: Product
    ) -> Float[Tensor, "B n T S"]:
        """The equation above."""
        before = state.flatten(0, 1).to(self.filters.dtype)
        features = F.conv1d(before, self.filters, padding=self.filters.size(2) // 2)  # [B·T, k, S]
        history = self.location(features.transpose(1, 2))  # [B·T, S, A]
        history = history.unflatten(0, state.shape[:2]).unflatten(3, (self.heads, -1)).permute(0, 3, 1, 2, 4)
        return perceptron(product(query, self.query.weight, self.query.bias), memory.keys, self.energy, history)
