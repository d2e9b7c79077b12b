"""What of a search is traced. None of it knows the model; none of it holds arithmetic of its own.

These modules call what `seqloom.search` calls, with values as flat lists of tensors.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqloom.search.hypotheses import Record, outputs
from seqloom.search.rules import Limits, Settings, Written, allowed
from seqloom.search.step import Finished, Live, beam_step, greedy_step, remembered


class Normalise(nn.Module):
    """Logits [B·K, V] → log-probabilities [B, K, V]; sizes are read from the beam's scores [B, K]."""

    def forward(self, logits: Tensor, scores: Tensor) -> Tensor:
        """The log-softmax."""
        log_probs: Tensor = torch.log_softmax(logits, -1).unflatten(0, scores.shape)
        return log_probs


class Listed(nn.Module):
    """Features [B·K, R] → log-probabilities [B, K, L] of a shortlist's words."""

    def forward(self, features: Tensor, weights: Tensor, biases: Tensor, opened: Tensor, scores: Tensor) -> Tensor:
        """From weights [L, R] and biases [L]; `opened` [B, L] is 0, or -∞ for a word that a sentence may not use."""
        logits = F.linear(features, weights, biases).unflatten(0, scores.shape)
        return torch.log_softmax(logits + opened[:, None], -1)


class Rules(nn.Module):
    """Log-probabilities [B, K, V] → the same, -∞ where a rule forbids a word."""

    def forward(
        self,
        log_probs: Tensor,
        position: Tensor,
        written: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> Tensor:
        """`limits`: longest, prefix, prefix lengths."""
        return allowed(log_probs, Written(*written), position, Limits(*limits), Settings(*settings))


class Search(nn.Module):
    """One step of greedy search or, with rows for the states to be taken from, of a beam."""

    def __init__(self, *, greedy: bool) -> None:
        super().__init__()
        self.greedy = greedy

    def forward(
        self,
        log_probs: Tensor,
        position: Tensor,
        numbers: Tensor,
        live: list[Tensor],
        finished: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> tuple[Tensor, ...]:
        """→ whether to go on, live, finished, and for a beam the places [B, K] and the rows [B·K] they come from."""
        step, bounds = greedy_step if self.greedy else beam_step, Limits(*limits)
        before = Live(live[0], live[1], live[2], None)
        after = step(log_probs, position, before, Finished(*finished), bounds, Settings(*settings))
        more = ~after.done.all() & (position <= bounds.longest.max())
        scores, token, path = after.live[:3]
        if self.greedy:
            return more, scores, token, path, *after.finished
        # what is settled stays as it is while it waits for others
        scores = scores.masked_fill(after.done[:, None], -torch.inf)
        rows = (after.places + numbers[:, None] * scores.size(1)).flatten()
        return more, scores, token, path, *after.finished, after.places, rows


class Remember(nn.Module):
    """What rules look at, after one more step."""

    def forward(self, written: list[Tensor], places: Tensor, token: Tensor, position: Tensor) -> tuple[Tensor, ...]:
        """→ tokens and matches of the hypotheses that came from `places` and were continued by `token`."""
        return tuple(remembered(Written(*written), places, token, position))


class End(nn.Module):
    """The record of all steps → the outputs."""

    def forward(self, record: list[Tensor], finished: list[Tensor], n_best: Tensor) -> tuple[Tensor, ...]:
        """→ scores [B, n], lengths [B, n], tokens [B, n, T], their log-probabilities and attention weights [.., S]."""
        count = n_best.item()
        torch._check(count >= 1)
        numbers = torch.arange(finished[0].size(0), device=n_best.device)
        return tuple(outputs(Record(*record), numbers, Finished(*finished), torch.arange(count, device=n_best.device)))
