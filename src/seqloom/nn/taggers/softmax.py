"""Each word's tag by itself: a softmax over the scores of its tags."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqloom.nn.taggers.base import Tagged, Tagger, TaggerConfig, smoothed
from seqloom.tag_scheme import Legal


class SoftmaxConfig(TaggerConfig):
    """Settings of the softmax; there are none."""

    kind: Literal["softmax"] = "softmax"
    """How the tags of a text are found from the scores of each word's tags."""


class Softmax(Tagger):
    """p(y | x) = Π_t softmax(s_t)_{y_t}; answers need not keep to a scheme."""

    def __init__(self, config: SoftmaxConfig, count: int, legal: Legal | None = None) -> None:
        super().__init__()
        del config, legal
        self.count = count

    def loss(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"], smoothing: float
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """The cross-entropy of each word's tag."""
        log_probs = torch.log_softmax(scores.float(), 2)
        right = log_probs.gather(2, tags[:, :, None])[:, :, 0]
        nll = -torch.where(real, right, 0.0).sum()
        if not smoothing:
            return nll, nll.detach()
        wanted = smoothed(tags, self.count, smoothing)
        return -torch.where(real, (wanted * log_probs).sum(2), 0.0).sum(), nll.detach()

    def given_log_probs(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"]
    ) -> Float[Tensor, "B W"]:
        """The log-probability of each given tag."""
        found = torch.log_softmax(scores.float(), 2).gather(2, tags[:, :, None])[:, :, 0]
        return torch.where(real, found, 0.0)

    def decode(self, scores: Float[Tensor, "B W C"], real: Bool[Tensor, "B W"]) -> Tagged:
        """The most probable tag of each word."""
        log_probs = torch.log_softmax(scores.float(), 2)
        best, tags = log_probs.max(2)
        return Tagged(tags, log_probs.exp(), torch.where(real, best, 0.0).sum(1))
