"""The record of a search's steps, and what is read from it."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from seqloom.search.found import Found
from seqloom.search.step import Finished


class Record(NamedTuple):
    """Every step of the unfinished hypotheses of all B sentences that a search began with."""

    tokens: Int[Tensor, "R B K"]
    totals: Float[Tensor, "R B K"]
    """Summed log-probability."""
    weights: Float[Tensor, "R B K S"]
    """What was looked at from each place before the step; S = 0 if not asked for."""

    def write(self, step: int, numbers: Int[Tensor, " C"], values: tuple[Tensor, ...]) -> None:
        """Keeps one step of the sentences `numbers`, from 0."""
        for part, value in zip(self, values, strict=True):
            if part.numel():
                part[step].index_copy_(0, numbers, value.to(part.dtype))


class Outputs(NamedTuple):
    """The n best finished hypotheses of some sentences, best first; beyond their lengths without meaning."""

    scores: Float[Tensor, "C n"]
    """Normalised; -∞ for empty places."""
    lengths: Int[Tensor, "C n"]
    """Tokens, the end mark counted."""
    tokens: Int[Tensor, "C n R"]
    log_probs: Float[Tensor, "C n R"]
    weights: Float[Tensor, "C n R S"]


def empty_record(room: int, sentences: int, beam: int, width: int, device: torch.device) -> Record:
    """Room for that many steps, and for attention weights over `width` positions."""
    shape = room, sentences, beam
    tokens = torch.zeros(shape, dtype=torch.long, device=device)
    return Record(tokens, torch.zeros(shape, device=device), torch.zeros(*shape, width, device=device))


def outputs(record: Record, numbers: Int[Tensor, " C"], finished: Finished, count: Int[Tensor, " n"]) -> Outputs:
    """What the record holds along the paths of the hypotheses `count`, 0 being the best, of the sentences `numbers`."""
    scores, totals, lengths = (part.index_select(1, count) for part in finished[:3])
    path = finished.path.index_select(1, count)  # [C, n, R]
    steps, rows = torch.arange(record.tokens.size(0), device=path.device), numbers[:, None, None]
    path = path[..., : record.tokens.size(0)]
    sums = torch.where(steps + 1 < lengths[..., None], record.totals[steps, rows, path], totals[..., None])
    before = F.pad(sums, (1, -1))
    weights = record.weights[steps, rows, F.pad(path, (1, -1))]
    return Outputs(scores, lengths, record.tokens[steps, rows, path], sums - before, weights)


def as_found(found: Outputs) -> Found:
    """The same on the host, as arrays."""
    weights = found.weights.float().cpu().numpy() if found.weights.size(3) else None
    scores, lengths, tokens, log_probs = (part.cpu().numpy() for part in found[:4])
    return Found(scores, lengths, tokens, log_probs, weights)
