"""Modules of the search that are traced for the exported graph.

They wrap the functions that `seqloom.search` itself uses, so that both searches compute the same, and take structured
values as flat lists of tensors. None of them depends on the model.

In shapes, C is the number of sentences that are still searched, and B that of all sentences of the batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqloom.nn.tree import select_rows
from seqloom.search.history import History, outputs
from seqloom.search.rules import Limits, StepSettings, Written, allowed
from seqloom.search.shrinking import kept, staying
from seqloom.search.step import Finished, Live, beam_step, greedy_step, remembered


class Normalise(nn.Module):
    """Turns logits [C·K, V] into log-probabilities [C, K, V]; C and K are taken from the beam's scores [C, K]."""

    def forward(self, logits: Tensor, scores: Tensor) -> Tensor:
        """Compute the log-softmax."""
        log_probs: Tensor = torch.log_softmax(logits, -1).unflatten(0, scores.shape)
        return log_probs


class Listed(nn.Module):
    """Turns features [C·K, R] into log-probabilities [C, K, L] of a shortlist's words."""

    def forward(
        self, features: Tensor, weights: Tensor, biases: Tensor, opened: Tensor, numbers: Tensor, scores: Tensor
    ) -> Tensor:
        """Compute them from the words' weights [L, R] and biases [L].

        `opened` [B, L] is 0 for a word that a sentence may use and -∞ for others; a single row holds for all sentences.
        `numbers` [C] are the numbers of the sentences that are still searched.
        """
        logits = F.linear(features, weights, biases).unflatten(0, scores.shape)
        return torch.log_softmax(logits + opened[_own(numbers, opened), None], -1)


class Present(nn.Module):
    """Selects the limits and answers of the sentences that are still searched from those of all sentences."""

    def forward(
        self, numbers: Tensor, longest: Tensor, prefix: Tensor, prefix_lengths: Tensor, answers: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Return the limits and answers of the sentences `numbers` [C]. A single prefix holds for all sentences."""
        own = _own(numbers, prefix_lengths)
        return longest[numbers], prefix[own], prefix_lengths[own], *select_rows(tuple(answers), numbers)


class Rules(nn.Module):
    """Sets log-probabilities [C, K, V] to -∞ where a rule forbids a word."""

    def forward(
        self,
        log_probs: Tensor,
        position: Tensor,
        written: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> Tensor:
        """Apply the rules; `limits` holds the longest lengths, the prefixes and the prefix lengths."""
        return allowed(log_probs, Written(*written), position, Limits(*limits), StepSettings(*settings))


def _own(numbers: Tensor, rows: Tensor) -> Tensor:
    """The indices of the rows that belong to the sentences `numbers`; a single row belongs to all of them."""
    return numbers.clamp_max(rows.size(0) - 1)


class Search(nn.Module):
    """One step of greedy search or of beam search."""

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
        """Return live and finished hypotheses, the places [C, K] that the live ones continue, and what is done [C]."""
        step = greedy_step if self.greedy else beam_step
        before = Live(live[0], live[1], live[2], None)
        after = step(log_probs, position, before, Finished(*finished), Limits(*limits), StepSettings(*settings))
        return *after.live[:3], *after.finished, after.places, after.done


class Leave(nn.Module):
    """Removes the sentences that are done from the search and stores their answers."""

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
        """Return the values of `connecting.CHOSEN`, in that order.

        They are: whether any sentence stays; live hypotheses, `written`, numbers and decoder rows of the sentences that
        stay; the answers of all sentences so far; tokens, totals and attention weights of this step for all sentences.
        """
        stay, everyone = staying(done), Finished(*answers)
        rows = places + torch.arange(places.size(0), device=places.device)[:, None] * places.size(1)
        after = select_rows((*live, *written, numbers), stay)
        token = live[1].new_zeros(everyone.lengths.shape).index_copy(0, numbers, live[1])
        totals = live[0].new_zeros(everyone.lengths.shape).index_copy(0, numbers, live[0])
        seen = weights.new_zeros(*everyone.lengths.shape, weights.size(2)).index_copy(0, numbers, weights)
        answered = kept(everyone, numbers, Finished(*finished))
        return ~done.all(), *after, rows[stay].flatten(), *answered, token, totals, seen


class Remember(nn.Module):
    """Updates what the rules read (the tokens written and the n-gram matches) after a step."""

    def forward(self, written: list[Tensor], places: Tensor, token: Tensor, position: Tensor) -> tuple[Tensor, ...]:
        """Return tokens and matches of the hypotheses that continue those at `places` by `token`."""
        return tuple(remembered(Written(*written), places, token, position))


class End(nn.Module):
    """Reads the outputs of the graph from the record of all steps."""

    def forward(self, record: list[Tensor], finished: list[Tensor], n_best: Tensor) -> tuple[Tensor, ...]:
        """Return scores and lengths [B, n], tokens and log-probabilities [B, n, T], attention weights [B, n, T, S]."""
        count = n_best.item()
        torch._check(count >= 1)
        numbers = torch.arange(finished[0].size(0), device=n_best.device)
        return tuple(outputs(History(*record), numbers, Finished(*finished), torch.arange(count, device=n_best.device)))
