"""Beam search over a batch of sentences; a beam of one is greedy search.

Each step takes the 2K best continuations of a sentence's K hypotheses. Those that end among the best K move to the
finished, which keep the best K by normalised score; the best K that do not end live on. No Python runs per beam or
per word: only one loop over steps.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from seqloom.search.config import SearchConfig
from seqloom.search.hypotheses import Hypothesis, Strands, empty_strands, extend, harvest, join, keep, take
from seqloom.search.rules import Limits, Rule, forced_prefix, rules_for
from seqloom.search.scores import best_possible, penalty
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
    sentences = source.size(0)
    limits = _limits(lengths, config, prefix)
    rules = rules_for(config)
    room = int(limits.longest.max()) + 2  # begin and end mark
    width = source.size(1) if alignments else None
    live = empty_strands(sentences, config.beam, room, width, source.device)
    live.scores[:, 0] = 0.0  # the others of the beam are copies of the first
    finished = empty_strands(sentences, config.beam, room, width, source.device)
    beams = torch.arange(sentences, device=source.device).repeat_interleave(config.beam)
    state = stepper.select(stepper.start(source, lengths), beams)
    numbers = torch.arange(sentences)  # the caller's numbers of the sentences still here
    results: list[list[Hypothesis]] = [[] for _ in range(sentences)]
    for position in range(1, room):
        log_probs, state, weights = stepper.step(live.tokens[..., position - 1].flatten(), state)
        live, finished, parents = _advance(live, finished, log_probs, weights, position, config, rules, limits)
        done = _done(live, finished, position, config, limits)
        last = position == room - 1 or bool(done.all())
        if last or int(done.sum()) * 4 >= len(numbers):
            for index in range(len(numbers)) if last else done.nonzero().flatten().tolist():
                number = int(numbers[index])
                results[number] = harvest(finished, index, config.n_best, int(lengths[number]))
            if last:
                break
            kept = (~done).nonzero().flatten()
            live, finished = keep(live, kept), keep(finished, kept)
            limits = Limits(*(part[kept] for part in limits))
            numbers, parents = numbers[kept.cpu()], parents[kept]
            state = stepper.select(state, parents.flatten(), kept)
        else:
            state = stepper.select(state, parents.flatten())
    return results


def _advance(
    live: Strands,
    finished: Strands,
    log_probs: Tensor,
    weights: Tensor | None,
    position: int,
    config: SearchConfig,
    rules: list[Rule],
    limits: Limits,
) -> tuple[Strands, Strands, Int[Tensor, "B K"]]:
    """One step for all sentences: the hypotheses that live on, those finished, and the rows the former came from."""
    sentences, beam = live.scores.shape
    allowed = log_probs.unflatten(0, (sentences, beam))  # [B, K, V]
    for rule in rules:
        allowed = rule(allowed, live.tokens, position, limits)
    if position <= limits.prefix.size(1):
        allowed = forced_prefix(log_probs.unflatten(0, (sentences, beam)), allowed, position, limits)
    # a sentence's 2K best lie among each hypothesis's 2K best
    best, words = allowed.topk(min(2 * beam, allowed.size(2)), -1)  # [B, K, W]
    totals, index = (live.scores[..., None] + best).flatten(1).topk(min(2 * beam, best[0].numel()), -1)  # [B, C]
    origins = index // best.size(2)
    tokens = words.flatten(1).gather(1, index)
    ends = tokens == EOS
    seen = None if weights is None or live.alignment is None else weights.unflatten(0, (sentences, beam))

    if bool(ends[:, :beam].any()):
        closing = torch.where(ends, totals, -torch.inf)[:, :beam]
        closed = extend(take(live, origins[:, :beam]), tokens[:, :beam], closing, position, None)
        closed = closed._replace(scores=closing / penalty(position, config))
        both = join(finished, closed)
        finished = take(both, both.scores.topk(beam, -1).indices)

    scores, places = torch.where(ends, -torch.inf, totals).topk(beam, -1)
    origins, tokens = origins.gather(1, places), tokens.gather(1, places)
    if seen is not None:
        seen = seen.gather(1, origins[..., None].expand(-1, -1, seen.size(2)))
    live = extend(take(live, origins), tokens, scores, position, seen)
    rows = origins + torch.arange(sentences, device=origins.device)[:, None] * beam
    return live, finished, rows


def _done(live: Strands, finished: Strands, position: int, config: SearchConfig, limits: Limits) -> Tensor:
    """True for each sentence whose answer is settled."""
    full = finished.scores.amin(1) > -torch.inf
    if config.exhaustive:
        hope = best_possible(live.scores, position + 1, limits.longest, config).amax(1)
        full = full & (hope <= finished.scores.amin(1))
    return full | (live.scores.amax(1) == -torch.inf)


def _limits(lengths: Tensor, config: SearchConfig, prefix: list[list[int]] | None) -> Limits:
    prefixes = prefix or [[] for _ in range(len(lengths))]
    sizes = torch.tensor([len(ids) for ids in prefixes], device=lengths.device)
    padded = torch.full((len(prefixes), max(map(len, prefixes), default=0)), PAD, device=lengths.device)
    for row, ids in enumerate(prefixes):
        padded[row, : len(ids)] = torch.tensor(ids, dtype=torch.long)
    longest = (lengths * config.max_length_ratio).long() + config.max_length_extra
    return Limits(torch.maximum(longest, sizes), padded, sizes)
