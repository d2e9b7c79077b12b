"""The record of a search's steps, and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from seqloom.search.step import Finished


@dataclass(frozen=True)
class Hypothesis:
    """One finished output: ids without marks, normalised score, each token's log-probability with the end mark's last.

    `alignment` [T, S] holds the attention weights of the tokens without the end mark; None if not asked for.
    """

    ids: tuple[int, ...]
    score: float
    token_log_probs: tuple[float, ...]
    alignment: NDArray[np.float32] | None = field(default=None, compare=False)


class Record(NamedTuple):
    """Every step of the unfinished hypotheses of all B sentences that a search began with."""

    tokens: Int[Tensor, "R B K"]
    totals: Float[Tensor, "R B K"]
    """Summed log-probability."""
    weights: Float[Tensor, "R B K S"]
    """What each hypothesis looked at; S = 0 if not asked for."""

    def write(self, step: int, numbers: Int[Tensor, " C"], values: tuple[Tensor, ...]) -> None:
        """Keeps one step of the sentences `numbers`, from 0."""
        for part, value in zip(self, values, strict=True):
            if part.numel():
                part[step].index_copy_(0, numbers, value.to(part.dtype))


def empty_record(room: int, sentences: int, beam: int, width: int, device: torch.device) -> Record:
    """Room for that many steps, and for attention weights over `width` positions."""
    shape = room, sentences, beam
    tokens = torch.zeros(shape, dtype=torch.long, device=device)
    return Record(tokens, torch.zeros(shape, device=device), torch.zeros(*shape, width, device=device))


def harvest(
    record: Record, number: int, finished: Finished, row: int, n_best: int, source_length: int
) -> list[Hypothesis]:
    """The best finished hypotheses of a sentence, best first: its number in the record, its row among the finished."""
    scores, totals, lengths = (part[row, :n_best].tolist() for part in finished[:3])
    results = []
    for rank, (score, total, length) in enumerate(zip(scores, totals, lengths, strict=True)):
        if score == -torch.inf:
            break
        steps, path = torch.arange(length - 1, device=record.tokens.device), finished.path[row, rank, : length - 1]
        tokens, sums, weights = (part[steps, number, path] for part in record)
        running = np.array([0.0, *sums.tolist(), total])
        alignment = weights[:, :source_length].float().cpu().numpy() if record.weights.size(3) else None
        results.append(Hypothesis(tuple(tokens.tolist()), score, tuple(np.diff(running).tolist()), alignment))
    return results
