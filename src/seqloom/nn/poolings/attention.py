"""Structured self-attention: weighted means of the vectors, with weights that are learned from the vectors themselves.

    A = softmax(W_2 tanh(W_1 Hᵀ))      M = A H

(Lin et al. 2017, "A structured self-attentive sentence embedding", §2.1, eqs. 6 and 7.) H [S, H] are the vectors of a
source, A [r, S] the weights of r views, of which each sums to 1 over the real positions, and M [r, H] their means,
which are put side by side. The paper's penalty for views that look alike (eq. 8) is left out; with one view there is
nothing to penalise.
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.nn.encoders import Summary
from seqloom.nn.poolings.base import Pooled, Pooling, PoolingConfig
from seqloom.nn.shapes import length_mask


class AttentionPoolingConfig(PoolingConfig):
    """Settings of the pooling by attention."""

    kind: Literal["attention"] = "attention"
    """How the vectors of the positions become one."""
    size: int = Field(default=0, ge=0)
    """Inner width d_a of the weights' network; 0 = the width of the encoder's vectors."""
    views: int = Field(default=1, ge=1)
    """Number r of weighted means, which are put side by side."""

    @property
    def attends(self) -> bool:
        """Each position has a weight."""
        return True


class AttentionPooling(Pooling):
    """The weighted means of all views side by side. The weights that are shown are the mean over the views."""

    def __init__(self, config: AttentionPoolingConfig, width: int) -> None:
        super().__init__()
        self.size = config.views * width
        inner = config.size or width
        self.keys = nn.Linear(width, inner, bias=False)
        self.views = nn.Linear(inner, config.views, bias=False)
        for linear in (self.keys, self.views):
            nn.init.xavier_uniform_(linear.weight)

    def forward(self, values: Float[Tensor, "B S H"], lengths: Int[Tensor, " B"], summary: Summary | None) -> Pooled:
        """The means [B, r·H], and the weights [B, S]."""
        del summary
        scores = self.views(torch.tanh(self.keys(values))).float()  # [B, S, r]
        real = length_mask(lengths, values.size(1))[:, :, None]
        # the least number, not -∞: padding gets the weight 0 exactly, and a row of padding alone stays finite
        weights = torch.softmax(torch.where(real, scores, torch.finfo(scores.dtype).min), 1)
        # what stands on padding may be anything finite; times 0 it is 0
        means = torch.matmul(weights.transpose(1, 2).to(values.dtype), values)  # [B, r, H]
        return Pooled(means.flatten(1), weights.mean(2))
