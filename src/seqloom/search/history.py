"""All tokens, scores and attention weights of a search, from which the answers are read at the end.

In shapes, R is the largest number of steps, K the beam size, and C a number of selected sentences.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.found import Found
from seqloom.search.step import Finished


class History(NamedTuple):
    """The unfinished hypotheses after each step, for all B sentences of the batch."""

    tokens: Int[Tensor, "R B K"]
    totals: Float[Tensor, "R B K"]
    """Summed log-probability of the hypothesis so far."""
    weights: Float[Tensor, "R B K S"]
    """Attention weights of the step, by the beam place of the hypothesis that was continued; S = 0 if not requested."""

    def write(self, step: int, numbers: Int[Tensor, " C"], values: tuple[Tensor, ...]) -> None:
        """Store one step, counted from 0, for the sentences `numbers`; `values` are in the order of the fields."""
        for part, value in zip(self, values, strict=True):
            if part.numel():
                part[step].index_copy_(0, numbers, value.to(part.dtype))


class Outputs(NamedTuple):
    """The n best finished hypotheses of C sentences, best first. Entries beyond a length have no meaning."""

    scores: Float[Tensor, "C n"]
    """Log-probability after the length penalty; -∞ where there is no hypothesis."""
    lengths: Int[Tensor, "C n"]
    """Number of tokens, including the end mark."""
    tokens: Int[Tensor, "C n R"]
    log_probs: Float[Tensor, "C n R"]
    weights: Float[Tensor, "C n R S"]


def empty_history(room: int, sentences: int, beam: int, width: int, device: torch.device) -> History:
    """A record with space for `room` steps and for attention weights over `width` source positions."""
    shape = room, sentences, beam
    tokens = torch.zeros(shape, dtype=torch.long, device=device)
    return History(tokens, torch.zeros(shape, device=device), torch.zeros(*shape, width, device=device))


def outputs(record: History, numbers: Int[Tensor, " C"], finished: Finished, count: Int[Tensor, " n"]) -> Outputs:
    """Read finished hypotheses of the sentences `numbers` from the record by following their paths.

    `count` holds the ranks that are wanted, 0 being the best.
    """
    scores, totals, lengths = (part.index_select(1, count) for part in finished[:3])
    path = finished.path.index_select(1, count)  # [C, n, R]
    steps, rows = torch.arange(record.tokens.size(0), device=path.device), numbers[:, None, None]
    path = path[..., : record.tokens.size(0)]
    sums = torch.where(steps + 1 < lengths[..., None], record.totals[steps, rows, path], totals[..., None])
    before = F.pad(sums, (1, -1))
    weights = record.weights[steps, rows, F.pad(path, (1, -1))]
    return Outputs(scores, lengths, record.tokens[steps, rows, path], sums - before, weights)


def as_found(found: Outputs) -> Found:
    """Copy the outputs to the host, as NumPy arrays."""
    weights = found.weights.float().cpu().numpy() if found.weights.size(3) else None
    scores, lengths, tokens, log_probs = (part.cpu().numpy() for part in found[:4])
    return Found(scores, lengths, tokens, log_probs, weights)
