"""Beam search over a batch of sentences; a beam of one is greedy search.

Each step takes the 2K best continuations of a sentence's K hypotheses. Those that end among the best K move to the
finished, which keep the best K by normalised score; the best K that do not end live on. A sentence is done when K are
finished, or when the answers that are wanted are and no unfinished hypothesis has a better score. No Python runs per
beam or per word: only one loop over steps, and one walk back for each answer.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from seqloom.search.config import SearchConfig
from seqloom.search.hypotheses import (
    Finished,
    Hypothesis,
    Live,
    empty_trace,
    first_live,
    harvest,
    merge,
    none_finished,
)
from seqloom.search.rules import Limits, Rule, forced_prefix, rules_for
from seqloom.search.scores import best_continuations, best_possible, penalty
from seqloom.search.stepper import Stepper
from seqloom.text.special import EOS, PAD


@torch.inference_mode()
def search(
    stepper: Stepper,
    source: Int[Tensor, "B S"],
    lengths: Int[Tensor, " B"],
    config: SearchConfig,
    *,
    prefix: list[list[int]] | None = None,
    alignments: bool = False,
) -> list[list[Hypothesis]]:
    """The `n_best` best outputs of each source, best first.

    `prefix` gives the ids that each output must begin with. A sentence leaves the batch when it is done, so that
    long neighbours cost it nothing.
    """
    sentences, beam, device = source.size(0), config.beam, source.device
    limits = _limits(lengths, config, prefix)
    rules = rules_for(config)
    room = int(limits.longest.max()) + 2  # begin and end mark
    trace = empty_trace(room, sentences, beam, device)
    live, finished = first_live(sentences, beam, device), none_finished(sentences, beam, device)
    numbers = torch.arange(sentences, device=device)  # the caller's numbers of the sentences still here
    state = stepper.start(source, lengths)
    if beam > 1:
        state = stepper.select(state, numbers.repeat_interleave(beam))
    results: list[list[Hypothesis]] = [[] for _ in range(sentences)]
    for position in range(1, room):
        log_probs, state, weights = stepper.step(live.tokens[..., -1].flatten(), state)
        allowed = _allowed(log_probs.unflatten(0, (-1, beam)), live, position, rules, limits)
        live, finished, places = _advance(live, finished, allowed, position, config)
        seen = None
        if alignments and weights is not None:
            if position == 1:
                trace = trace._replace(weights=weights.new_zeros(room, sentences, beam, weights.size(1)))
            seen = weights.unflatten(0, (-1, beam))
            seen = seen.gather(1, places[..., None].expand(-1, -1, seen.size(2)))
        trace.write(position, numbers, (live.tokens[..., -1], places, live.scores), seen)

        done = _done(live, finished, position, config, limits)
        count = len(numbers) if position == room - 1 else int(done.sum())
        rows = places + torch.arange(len(numbers), device=device)[:, None] * beam
        if count * 4 < len(numbers):
            if count:  # what is settled stays as it is while it waits for others to leave
                live = live._replace(scores=live.scores.masked_fill(done[:, None], -torch.inf))
            if beam > 1:
                state = stepper.select(state, rows.flatten())
            continue
        leaving = range(len(numbers)) if count == len(numbers) else done.nonzero().flatten().tolist()
        for row in leaving:
            number = int(numbers[row])
            results[number] = harvest(trace, number, finished, row, config.n_best, int(lengths[number]))
        if count == len(numbers):
            break
        kept = (~done).nonzero().flatten()
        live, finished = Live(*(part[kept] for part in live)), Finished(*(part[kept] for part in finished))
        limits, numbers = Limits(*(part[kept] for part in limits)), numbers[kept]
        state = stepper.select(state, rows[kept].flatten(), kept)
    return results


def _allowed(log_probs: Tensor, live: Live, position: int, rules: list[Rule], limits: Limits) -> Tensor:
    """The log-probabilities [B, K, V] with what the rules forbid at -∞; written over."""
    given = log_probs.clone() if position <= limits.prefix.size(1) else None
    for rule in rules:
        rule(log_probs, live.tokens, limits)
    return log_probs if given is None else forced_prefix(given, log_probs, position - 1, limits)


def _advance(
    live: Live, finished: Finished, allowed: Tensor, position: int, config: SearchConfig
) -> tuple[Live, Finished, Int[Tensor, "B K"]]:
    """One step for all sentences: those that live on, those finished, and the places that the former came from."""
    beam = config.beam
    totals, places, tokens = best_continuations(live.scores, allowed, 2 * beam)
    ends = tokens == EOS
    if bool(ends[:, :beam].any()):
        closing = torch.where(ends, totals, -torch.inf)[:, :beam]
        lengths = torch.full_like(finished.lengths, position)
        finished = merge(finished, Finished(closing / penalty(position, config), closing, lengths, places[:, :beam]))
    scores, best = totals.masked_fill(ends, -torch.inf).topk(beam, -1)
    places, tokens = places.gather(1, best), tokens.gather(1, best)
    written = live.tokens
    if beam > 1:
        written = written.gather(1, places[..., None].expand(-1, -1, written.size(2)))
    return Live(scores, torch.cat([written, tokens[..., None]], 2)), finished, places


def _done(live: Live, finished: Finished, position: int, config: SearchConfig, limits: Limits) -> Tensor:
    """True for each sentence whose answer is settled."""
    best = live.scores[:, 0]
    if config.exhaustive:
        worst = finished.scores[:, -1]
        settled = (worst > -torch.inf) & (best_possible(best, position, limits.longest, config) <= worst)
    else:
        wanted = finished.scores[:, config.n_best - 1]
        settled = (finished.scores[:, -1] > -torch.inf) | (best / penalty(position, config) < wanted)
    return settled | (best == -torch.inf)


def _limits(lengths: Tensor, config: SearchConfig, prefix: list[list[int]] | None) -> Limits:
    prefixes = prefix or [[] for _ in range(len(lengths))]
    sizes = torch.tensor([len(ids) for ids in prefixes], device=lengths.device)
    padded = torch.full((len(prefixes), max(map(len, prefixes), default=0)), PAD, device=lengths.device)
    for row, ids in enumerate(prefixes):
        padded[row, : len(ids)] = torch.tensor(ids, dtype=torch.long)
    longest = (lengths * config.max_length_ratio).long() + config.max_length_extra
    return Limits(torch.maximum(longest, sizes), padded, sizes)
