"""What of a search is traced. None of it knows the model; none of it holds arithmetic of its own.

These modules call what `seqloom.search` calls, with values as flat lists of tensors.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqloom.nn.tree import select_rows
from seqloom.search.history import Record, outputs
from seqloom.search.rules import Limits, Settings, Written, allowed
from seqloom.search.shrinking import kept, staying
from seqloom.search.step import Finished, Live, beam_step, greedy_step, remembered


class Normalise(nn.Module):
    """Logits [B·K, V] → log-probabilities [B, K, V]; sizes are read from the beam's scores [B, K]."""

    def forward(self, logits: Tensor, scores: Tensor) -> Tensor:
        """The log-softmax."""
        log_probs: Tensor = torch.log_softmax(logits, -1).unflatten(0, scores.shape)
        return log_probs


class Listed(nn.Module):
    """Features [B·K, R] → log-probabilities [B, K, L] of a shortlist's words."""

    def forward(
        self, features: Tensor, weights: Tensor, biases: Tensor, opened: Tensor, numbers: Tensor, scores: Tensor
    ) -> Tensor:
        """From weights [L, R] and biases [L]; `opened` is 0, or -∞ for a word that a sentence may not use.

        It has a row for every sentence that the search began with, of which `numbers` are present, or one for all.
        """
        logits = F.linear(features, weights, biases).unflatten(0, scores.shape)
        return torch.log_softmax(logits + opened[_own(numbers, opened), None], -1)


class Present(nn.Module):
    """What belongs to all sentences → the parts of those that are present."""

    def forward(
        self, numbers: Tensor, longest: Tensor, prefix: Tensor, prefix_lengths: Tensor, answers: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """`numbers` [C] → limits and answers of C sentences. A single prefix is everybody's."""
        own = _own(numbers, prefix_lengths)
        return longest[numbers], prefix[own], prefix_lengths[own], *select_rows(tuple(answers), numbers)


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


def _own(numbers: Tensor, rows: Tensor) -> Tensor:
    """Which of the rows belong to the sentences `numbers`: a single one is everybody's."""
    return numbers.clamp_max(rows.size(0) - 1)


class Search(nn.Module):
    """One step of greedy search or of a beam."""

    def __init__(self, *, greedy: bool) -> None:
        super().__init__()
        self.greedy = greedy

    def forward(
        self,
        log_probs: Tensor,
        position: Tensor,
        live: list[Tensor],
        finished: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> tuple[Tensor, ...]:
        """→ live, finished, the places [C, K] where the live ones come from, which sentences are done [C]."""
        step = greedy_step if self.greedy else beam_step
        before = Live(live[0], live[1], live[2], None)
        after = step(log_probs, position, before, Finished(*finished), Limits(*limits), Settings(*settings))
        return *after.live[:3], *after.finished, after.places, after.done


class Leave(nn.Module):
    """Sentences that are done leave the search."""

    def forward(
        self,
        numbers: Tensor,
        done: Tensor,
        places: Tensor,
        live: list[Tensor],
        written: list[Tensor],
        finished: list[Tensor],
        answers: list[Tensor],
        weights: Tensor,
    ) -> tuple[Tensor, ...]:
        """→ whether any stay, those who stay: live, written, numbers, rows; the answers and this step of all."""
        stay, everyone = staying(done), Finished(*answers)
        rows = places + torch.arange(places.size(0), device=places.device)[:, None] * places.size(1)
        after = select_rows((*live, *written, numbers), stay)
        token = live[1].new_zeros(everyone.lengths.shape).index_copy(0, numbers, live[1])
        totals = live[0].new_zeros(everyone.lengths.shape).index_copy(0, numbers, live[0])
        seen = weights.new_zeros(*everyone.lengths.shape, weights.size(2)).index_copy(0, numbers, weights)
        answered = kept(everyone, numbers, Finished(*finished))
        return ~done.all(), *after, rows[stay].flatten(), *answered, token, totals, seen


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
