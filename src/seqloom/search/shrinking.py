"""Removal of sentences that are done from the batch of a search, so that they cost no further time."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from seqloom.search.step import Finished, Live

SHARE = 4
"""Sentences that are done are removed when they make up at least 1/SHARE of the batch, because each removal copies the
whole state. An exported graph copies the state in every step anyway, and removes them at once."""


def staying(done: Bool[Tensor, " C"]) -> Int[Tensor, " D"]:
    """The indices of the sentences that are not done."""
    return (~done).nonzero().flatten()


def waiting(live: Live, done: Bool[Tensor, " C"]) -> Live:
    """Disable the hypotheses of sentences that are done but not yet removed, so that their answers do not change."""
    return live._replace(scores=live.scores.masked_fill(done[:, None], -torch.inf))


def kept(answers: Finished, numbers: Int[Tensor, " C"], finished: Finished) -> Finished:
    """Copy the answers of the sentences `numbers` into the answers of all sentences."""
    return Finished(*(whole.index_copy(0, numbers, part) for whole, part in zip(answers, finished, strict=True)))
