"""Sentences that are done leave a search, so that long neighbours cost them nothing; their answers stay."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from seqloom.search.step import Finished, Live

SHARE = 4
"""In Python sentences leave together, when one of so many is done, because to leave all that is present is copied; a
graph copies it at every step, so that in graphs they leave at once."""


def staying(done: Bool[Tensor, " C"]) -> Int[Tensor, " D"]:
    """Which sentences are not done."""
    return (~done).nonzero().flatten()


def waiting(live: Live, done: Bool[Tensor, " C"]) -> Live:
    """What is settled stays as it is while it waits for others to leave."""
    return live._replace(scores=live.scores.masked_fill(done[:, None], -torch.inf))


def kept(answers: Finished, numbers: Int[Tensor, " C"], finished: Finished) -> Finished:
    """The answers of all sentences with those of the sentences `numbers` as they are now."""
    return Finished(*(whole.index_copy(0, numbers, part) for whole, part in zip(answers, finished, strict=True)))
