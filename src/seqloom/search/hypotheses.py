"""What a search holds and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from seqloom.text.special import BOS


@dataclass(frozen=True)
class Hypothesis:
    """One finished output: ids without marks, normalised score, each token's log-probability with the end mark's last.

    `alignment` [T, S] holds the attention weights of the tokens without the end mark; None if not asked for.
    """

    ids: tuple[int, ...]
    score: float
    token_log_probs: tuple[float, ...]
    alignment: NDArray[np.float32] | None = field(default=None, compare=False)


class Live(NamedTuple):
    """The K unfinished hypotheses of each sentence, best first."""

    scores: Float[Tensor, "B K"]
    """Summed log-probability; -∞ for empty places."""
    tokens: Int[Tensor, "B K L"]
    """All that was written, the begin mark first."""


class Finished(NamedTuple):
    """The best K finished hypotheses of each sentence, best first: where in the trace they ended."""

    scores: Float[Tensor, "B K"]
    """Normalised; -∞ for empty places."""
    totals: Float[Tensor, "B K"]
    """Summed log-probability."""
    lengths: Int[Tensor, "B K"]
    """Tokens, the end mark counted."""
    places: Int[Tensor, "B K"]
    """Place in the beam of the hypothesis that the end mark closed."""


class Trace(NamedTuple):
    """Every step of the unfinished hypotheses, from which a finished one is read by walking back.

    B are all the sentences that the search began with; step 0 is the begin mark.
    """

    tokens: Int[Tensor, "L B K"]
    places: Int[Tensor, "L B K"]
    """Place of the hypothesis that the token was appended to."""
    totals: Float[Tensor, "L B K"]
    weights: Float[Tensor, "L B K S"] | None

    def write(self, position: int, numbers: Int[Tensor, " C"], step: tuple[Tensor, ...], seen: Tensor | None) -> None:
        """Keeps one step of the sentences `numbers`: tokens, places and totals, and what each hypothesis looked at."""
        for part, values in zip((self.tokens, self.places, self.totals), step, strict=True):
            part[position].index_copy_(0, numbers, values)
        if self.weights is not None and seen is not None:
            self.weights[position].index_copy_(0, numbers, seen.to(self.weights.dtype))


def first_live(sentences: int, beam: int, device: torch.device) -> Live:
    """One empty hypothesis for each sentence; the other places of the beam are empty."""
    scores = torch.full((sentences, beam), -torch.inf, device=device)
    scores[:, 0] = 0.0
    return Live(scores, torch.full((sentences, beam, 1), BOS, device=device))


def none_finished(sentences: int, beam: int, device: torch.device) -> Finished:
    """Empty places."""
    empty = torch.full((sentences, beam), -torch.inf, device=device)
    zeros = torch.zeros(sentences, beam, dtype=torch.long, device=device)
    return Finished(empty, empty, zeros, zeros)


def empty_trace(room: int, sentences: int, beam: int, device: torch.device) -> Trace:
    """Room for that many steps, without attention weights."""
    shape = room, sentences, beam
    return Trace(
        torch.zeros(shape, dtype=torch.long, device=device),
        torch.zeros(shape, dtype=torch.long, device=device),
        torch.zeros(shape, device=device),
        None,
    )


def merge(finished: Finished, closed: Finished) -> Finished:
    """The best of both."""
    both = [torch.cat(parts, 1) for parts in zip(finished, closed, strict=True)]
    scores, best = both[0].topk(finished.scores.size(1), -1)
    return Finished(scores, *(part.gather(1, best) for part in both[1:]))


def harvest(
    trace: Trace, number: int, finished: Finished, row: int, n_best: int, source_length: int
) -> list[Hypothesis]:
    """The best finished hypotheses of a sentence, best first: its number in the trace, its row among the finished."""
    scores, totals, lengths, places = (part[row, :n_best].tolist() for part in finished)
    steps = max(lengths)
    tokens, parents, sums = (part[:steps, number].tolist() for part in trace[:3])
    results = []
    for score, total, length, last in zip(scores, totals, lengths, places, strict=True):
        if score == -torch.inf:
            break
        path = [last]  # the place at each step, the last one first
        for step in range(length - 1, 1, -1):
            path.append(parents[step][path[-1]])
        path = path[: length - 1][::-1]
        running = [0.0, *(sums[step][place] for step, place in enumerate(path, 1)), total]
        weights = None
        if trace.weights is not None:
            found = trace.weights[torch.arange(1, length), number, torch.tensor(path, dtype=torch.long)]
            weights = found[:, :source_length].float().cpu().numpy()
        results.append(
            Hypothesis(
                tuple(tokens[step][place] for step, place in enumerate(path, 1)),
                score,
                tuple(after - before for before, after in pairwise(running)),
                weights,
            )
        )
    return results
