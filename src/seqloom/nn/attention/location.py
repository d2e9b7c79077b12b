"""Location-based attention (Luong et al. 2015, §3.1, eq. 8): scores from the decoder's state alone."""

from __future__ import annotations

from typing import Any, Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from seqloom.nn.attention.base import Attention, AttentionConfig, Memory
from seqloom.nn.product import Product


class LocationConfig(AttentionConfig):
    """Settings of location attention."""

    kind: Literal["location"] = "location"
    """How a query is scored against a source position."""
    max_positions: int = Field(default=256, ge=1)
    """Source positions that can be attended to; later ones are out of sight, as in the paper."""

    def compared_size(self, query_size: int) -> int:
        """Nothing is compared."""
        del query_size
        return 0


class Location(Attention):
    """α_t = softmax(W_a h_t): row s of W_a scores position s, whatever stands there.

    "For short sentences, we only use the top part of α_t, and for long sentences, we ignore words near the end."
    """

    def __init__(self, config: LocationConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        self.position = nn.Linear(query_size, config.heads * config.max_positions, bias=False)
        self.max_positions = config.max_positions

    def project_keys(self, values: Tensor) -> Tensor:
        """Only the number of positions matters: [B, S, 0]."""
        return values[:, :, :0]

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above."""
        del state
        scores = product(query, self.position.weight, None).unflatten(2, (self.heads, -1)).transpose(1, 2)
        beyond = max(memory.keys.size(1) - self.max_positions, 0)
        return F.pad(scores[..., : memory.keys.size(1)], (0, beyond), value=float("-inf"))
