"""A plugin for Seqloom: cosine attention, and a metric that compares only the first symbol of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from seqloom.metrics import Entry, Metric
from seqloom.nn.attention import Attention, AttentionConfig, Memory
from seqloom.nn.attention.base import inner
from seqloom.nn.product import Product


class CosineConfig(AttentionConfig):
    """Settings of cosine attention."""

    kind: Literal["cosine"] = "cosine"
    """How a query is scored against a source position."""
    sharpness: float = Field(default=4.0, gt=0)
    """The first value of β, by which cosines are multiplied before they become weights."""


class Cosine(Attention):
    """score(h_t, h̄_s) = β · cos(h_t, W h̄_s), with a learned β: content-based addressing (Graves et al. 2014, eqs. 5-6).

    With several heads the cosine is that of the whole vectors, split into one part for each head.
    """

    def __init__(self, config: CosineConfig, query_size: int, value_size: int) -> None:
        super().__init__(config, query_size, value_size)
        self.key = nn.Linear(value_size, query_size, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(config.sharpness))

    def project_keys(self, values: Tensor) -> Tensor:
        """Each W h̄_s divided by its length: [B, S, H] → [B, S, Q]."""
        return F.normalize(self.key(values), dim=-1)

    def scores(self, query: Tensor, memory: Memory, state: Any, product: Product) -> Tensor:
        """The equation above: queries [B, T, Q] and keys [B, S, Q] → [B, n, T, S]."""
        del state, product  # only products of a step with weights go through `product`; this one is with the keys
        return self.sharpness * inner(F.normalize(query, dim=-1), memory.keys, self.heads)


class FirstSymbol(Metric):
    """The share of answers, in percent, whose first symbol is that of a reference."""

    def statistics(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """Right or not, and 1, for each example: [examples, 2]."""
        right = [
            any(answer[:1] == text[:1] for text in accepted)
            for answer, accepted in zip(predictions, references, strict=True)
        ]
        return np.array([(each, 1) for each in right], dtype=np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """The share that summed statistics stand for."""
        return 100 * float(total[0]) / float(total[1])


ATTENTIONS = {"cosine": (CosineConfig, Cosine)}
METRICS = {"first_symbol": Entry("share of answers whose first symbol is right", FirstSymbol)}
