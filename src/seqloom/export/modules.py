"""What of a model and a search is traced: how it begins, one step of the model, one of each kind of search, the end.

These modules hold no arithmetic of their own. They call what `seqloom.search` calls, with states as flat lists of
tensors, which is what a graph can hand from step to step.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqloom.model import ModelState, Seq2Seq
from seqloom.nn.tree import leaves, rebuild
from seqloom.search.hypotheses import Record, outputs
from seqloom.search.rules import Limits, Settings, Written
from seqloom.search.step import Finished, Live, beam_step, first_live, greedy_step, none_finished

KINDS = ("greedy", "beam", "ruled")
"""Kinds of search: a beam of one, any beam, and a beam under rules (prefix, shortest length, repeated n-grams)."""


class Begin(nn.Module):
    """Sources → the memory, the limits, and all that the first step reads."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        beam: Tensor,
        max_length_ratio: Tensor,
        max_length_extra: Tensor,
        prefix_lengths: Tensor,
        rules: Tensor,
    ) -> tuple[Tensor, ...]:
        """[B, S], [B] and numbers → room, longest, numbers, live, written, finished, decoder [B·K, …], memory.

        `rules` is 1 or 0; with 0 nothing is remembered of what was written.
        """
        places = cast("int", beam.item())
        torch._check(places >= 1)
        longest = torch.maximum((lengths * max_length_ratio).long() + max_length_extra, prefix_lengths)
        room = longest.max() + 1
        size, remembered = cast("int", room.item()), cast("int", (room * rules).item())
        torch._check(size >= 1)
        torch._check(remembered >= 0)
        state = self.model.start(source, lengths)
        sentences, device = source.size(0), source.device
        live = first_live(sentences, places, size, device, rules=False)
        written = torch.zeros(2, sentences, places, remembered, dtype=torch.long, device=device).unbind(0)
        finished = none_finished(sentences, places, size, device)
        decoder = [leaf[:, None].expand(-1, places, *leaf.shape[1:]).flatten(0, 1) for leaf in leaves(state.decoder)]
        numbers = torch.arange(sentences, device=device)
        return room, longest, numbers, *live[:3], *written, *finished, *decoder, *leaves(state.memory)


class Advance(nn.Module):
    """One step of the model, whatever the search."""

    def __init__(self, model: Seq2Seq, like: ModelState) -> None:
        super().__init__()
        self.model, self.like = model, like

    def forward(
        self, token: Tensor, compared: Tensor, decoder: list[Tensor], memory: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """[B, K] and states [B·K, …] → logits [C, V], features [B·K, R], attention weights [B, K, S], the next states.

        Only the first C = `compared` rows are compared with the whole vocabulary: all of them, or none where there is a
        shortlist.
        """
        state = ModelState(rebuild(self.like.memory, memory), rebuild(self.like.decoder, decoder))
        features, after, weights = self.model.decoder.step(token.flatten(), state.decoder, state.memory)
        rows = cast("int", compared.item())
        torch._check(rows >= 0)
        torch._check(rows <= features.size(0))
        logits = self.model.decoder.readout.logits(features.narrow(0, 0, rows))
        shape = *token.shape, memory[0].size(1)
        seen = features.new_zeros(shape) if weights is None else weights.view(shape)
        return logits, features, seen, *leaves(after)


class Shortlist(nn.Module):
    """What the features are compared with where there is a shortlist."""

    def __init__(self, model: Seq2Seq) -> None:
        super().__init__()
        self.model = model

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """[L] → weights [L, R] and biases [L]."""
        readout = self.model.decoder.readout
        return readout.weight.index_select(0, words), readout.bias.index_select(0, words)


class Choose(nn.Module):
    """One step of one kind of search."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(
        self,
        logits: Tensor,
        position: Tensor,
        numbers: Tensor,
        live: list[Tensor],
        written: list[Tensor],
        finished: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> tuple[Tensor, ...]:
        """→ whether to go on, what the next step reads, and the rows [B·K] where its states come from."""
        greedy = self.kind == "greedy"
        sentences, beam = live[0].size(0), 1 if greedy else live[0].size(1)
        log_probs = torch.log_softmax(logits, -1)
        by_beam = log_probs[:, None] if greedy else log_probs.unflatten(0, (sentences, beam))
        before = Live(live[0], live[1], live[2], Written(*written) if self.kind == "ruled" else None)
        step = greedy_step if greedy else beam_step
        allowed = Limits(*limits)
        after = step(by_beam, position, before, Finished(*finished), allowed, Settings(*settings))
        more = ~after.done.all() & (position <= allowed.longest.max())
        hypotheses, rows = after.live, numbers
        if not greedy:
            # what is settled stays as it is while it waits for others
            hypotheses = hypotheses._replace(scores=hypotheses.scores.masked_fill(after.done[:, None], -torch.inf))
            rows = (after.places + numbers[:, None] * beam).flatten()
        remembered = written if hypotheses.written is None else hypotheses.written
        return more, *hypotheses[:3], *remembered, *after.finished, rows


class ChooseListed(nn.Module):
    """The same among the words of a shortlist: within the step they are known by their places in it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.choose = Choose(kind)

    def forward(
        self,
        features: Tensor,
        listed: list[Tensor],
        position: Tensor,
        numbers: Tensor,
        live: list[Tensor],
        written: list[Tensor],
        finished: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> tuple[Tensor, ...]:
        """`listed`: weights [L, R], biases [L], words [L], and 0 or -∞ for each sentence and word [B, L]."""
        weights, biases, words, opened = listed
        beam = 1 if self.choose.kind == "greedy" else live[0].size(1)
        logits = F.linear(features, weights, biases)
        logits = (logits.unflatten(0, (-1, beam)) + opened[:, None]).flatten(0, 1)
        more, scores, token, *rest = self.choose(logits, position, numbers, live, written, finished, limits, settings)
        return more, scores, words[token], *rest


class End(nn.Module):
    """The record of all steps → the outputs."""

    def forward(self, record: list[Tensor], finished: list[Tensor], n_best: Tensor) -> tuple[Tensor, ...]:
        """→ scores [B, n], lengths [B, n], tokens [B, n, T], their log-probabilities and attention weights [.., S]."""
        count = n_best.item()
        torch._check(count >= 1)
        numbers = torch.arange(finished[0].size(0), device=n_best.device)
        return tuple(outputs(Record(*record), numbers, Finished(*finished), torch.arange(count, device=n_best.device)))
