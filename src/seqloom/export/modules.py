"""What of a model and a search is traced: how it begins, one step of it, and how its outputs are read.

These modules hold no arithmetic of their own. They call what `seqloom.search` calls, with states as flat lists of
tensors [B, K, …], which is what a graph can hand from step to step.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from seqloom.model import ModelState, Seq2Seq
from seqloom.nn.tree import leaves, rebuild
from seqloom.search.hypotheses import Record, outputs
from seqloom.search.rules import Limits, Settings, Written
from seqloom.search.step import Finished, Live, beam_step, first_live, greedy_step, none_finished

KINDS = ("greedy", "beam", "ruled")
"""Steps of a graph: a beam of one, any beam, and a beam under rules (prefix, shortest length, repeated n-grams)."""


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
    ) -> tuple[Tensor, ...]:
        """[B, S], [B] and numbers → room, longest, live (with what rules look at), finished, decoder, memory."""
        places = cast("int", beam.item())
        torch._check(places >= 1)
        longest = torch.maximum((lengths * max_length_ratio).long() + max_length_extra, prefix_lengths)
        room = longest.max() + 1
        size = cast("int", room.item())
        torch._check(size >= 1)
        state = self.model.start(source, lengths)
        live = first_live(source.size(0), places, size, source.device, rules=True)
        finished = none_finished(source.size(0), places, size, source.device)
        decoder = [leaf[:, None].expand(-1, places, *leaf.shape[1:]) for leaf in leaves(state.decoder)]
        return room, longest, *leaves(live), *finished, *decoder, *leaves(state.memory)


class Step(nn.Module):
    """One step of one kind."""

    def __init__(self, model: Seq2Seq, like: ModelState, kind: str) -> None:
        super().__init__()
        self.model, self.like, self.kind = model, like, kind

    def forward(
        self,
        position: Tensor,
        live: list[Tensor],
        finished: list[Tensor],
        decoder: list[Tensor],
        memory: list[Tensor],
        limits: list[Tensor],
        settings: list[Tensor],
    ) -> tuple[Tensor, ...]:
        """→ whether to go on, what the next step reads, and what is recorded: tokens, totals, weights."""
        greedy = self.kind == "greedy"
        sentences, beam = live[1].size(0), 1 if greedy else live[1].size(1)
        written = Written(*live[3:]) if self.kind == "ruled" else None
        rows = [leaf.squeeze(1) if greedy else leaf.flatten(0, 1) for leaf in decoder]
        state = ModelState(rebuild(self.like.memory, memory), rebuild(self.like.decoder, rows))
        # in the empty places of a wide beam stand words that fill the vocabulary's last block: they have no embedding
        tokens = live[1].flatten().clamp_max(self.model.target_size - 1)
        logits, state, weights = self.model.step(tokens, state)
        log_probs = torch.log_softmax(logits, -1)
        by_beam = log_probs[:, None] if greedy else log_probs.unflatten(0, (sentences, beam))
        step = greedy_step if greedy else beam_step
        allowed, numbers = Limits(*limits), Settings(*settings)
        after = step(by_beam, position, Live(live[0], live[1], live[2], written), Finished(*finished), allowed, numbers)
        width = memory[0].size(1)
        seen = log_probs.new_zeros(sentences, beam, width) if weights is None else weights.view(sentences, beam, width)
        more = ~after.done.all() & (position <= allowed.longest.max())
        hypotheses, rows = after.live, leaves(state.decoder)
        record = (hypotheses.token, hypotheses.scores, seen)
        if greedy:
            rows = [leaf[:, None] for leaf in rows]
        else:
            # what is settled stays as it is while it waits for others
            hypotheses = hypotheses._replace(scores=hypotheses.scores.masked_fill(after.done[:, None], -torch.inf))
            places = (after.places + torch.arange(sentences, device=position.device)[:, None] * beam).flatten()
            rows = [leaf.index_select(0, places).unflatten(0, (sentences, beam)) for leaf in rows]
        return more, position + 1, *leaves(hypotheses), *after.finished, *rows, *record


class End(nn.Module):
    """The record of all steps → the outputs."""

    def forward(self, record: list[Tensor], finished: list[Tensor], n_best: Tensor) -> tuple[Tensor, ...]:
        """→ scores [B, n], lengths [B, n], tokens [B, n, T], their log-probabilities and attention weights [.., S]."""
        count = n_best.item()
        torch._check(count >= 1)
        numbers = torch.arange(finished[0].size(0), device=n_best.device)
        return tuple(outputs(Record(*record), numbers, Finished(*finished), torch.arange(count, device=n_best.device)))
